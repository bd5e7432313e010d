"""The HTTP side of the stand-in: sign-in, queries, descriptions, limits, bulk query jobs."""

import csv
import io
import json
import threading
import uuid
from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.connectors.vendors import salesforce_soql as soql
from tests.connectors.vendors.salesforce_org import CHILDREN, OBJECTS, Org, Refused

ORG_ID = "00D5f000003abcdEAA"
URL_MAX = 16_384  # of a request, by the REST API Developer Guide


class HttpSide:
    """Salesforce's login and REST hosts in one.

    Attributes:
        page_rows: of an answer; the real ones hold up to 2,000, fewer with children.
        bulk_rows: of a page of a bulk result at most; bulk_waits: questions until a job is done.
        to_refuse: so many of the next requests get 429.
        is_used_up: the calls of 24 hours are.
    """

    client_id = "3MVG9.standin"
    client_secret = "5DB21F0standin"

    def __init__(self, org: Org) -> None:
        self.org = org
        self.url = ""
        self.asked = self.to_refuse = 0
        self.is_away = self.is_used_up = False
        self.page_rows, self.bulk_rows, self.bulk_waits = 2000, 10_000, 1
        self.tokens: set[str] = set()
        self.assertions: list[str] = []
        self.jobs: dict[str, dict[str, Any]] = {}
        self.locators: dict[str, list[dict[str, Any]]] = {}
        self.queries: list[str] = []
        self.hidden: set[str] = set()  # objects, or Object.Field, that the user may not see
        self._server: ThreadingHTTPServer | None = None
        self._port = 0

    def start(self) -> None:
        """Listen; on the same port when it was stopped before."""
        handler = type("Handler", (_Handler,), {"side": self})
        ThreadingHTTPServer.allow_reuse_address = True
        self._server = ThreadingHTTPServer(("127.0.0.1", self._port), handler)
        self._server.daemon_threads = True
        self._port = self._server.server_address[1]
        self.url = f"http://127.0.0.1:{self._port}"
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def stop(self) -> None:
        """Stop listening."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    def expire_tokens(self) -> None:
        """Let every session end."""
        self.tokens.clear()

    def answer(self, method: str, target: str, token: str, body: bytes) -> "Reply":
        """Return what Salesforce would."""
        self.asked += 1
        url = urlsplit(target)
        is_login = url.path == "/services/oauth2/token" and method == "POST"
        refusal = self._refusal(target, "" if is_login else token, is_login)
        if refusal is not None:
            return refusal
        if is_login:
            return self._token(parse_qs(body.decode()))
        params = {name: values[0] for name, values in parse_qs(url.query).items()}
        version, _, path = url.path.removeprefix("/services/data/").partition("/")
        try:
            return self._rest(method, version, path, params, body)
        except Refused as refused:
            return _error(refused.status, refused.code, str(refused))
        except soql.Malformed as wrong:
            return _error(400, "MALFORMED_QUERY", str(wrong))

    def _refusal(self, target: str, token: str, is_login: bool) -> "Reply | None":
        if self.is_away:
            return _error(503, "SERVER_UNAVAILABLE", "try again later")
        if self.to_refuse > 0:
            self.to_refuse -= 1
            return Reply(429, [_said("REQUEST_LIMIT", "too many requests")], {"Retry-After": "1"})
        if not is_login and token not in self.tokens:
            return _error(401, "INVALID_SESSION_ID", "Session expired or invalid")
        if len(target) > URL_MAX:
            return _error(414, "URI_TOO_LONG", "URI Too Long")
        if self.is_used_up and not is_login:
            return _error(403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.")
        return None

    def _token(self, form: Mapping[str, list[str]]) -> "Reply":
        grant = form.get("grant_type", [""])[0]
        if grant == "client_credentials":
            if form.get("client_id") != [self.client_id]:
                return Reply(
                    400,
                    {
                        "error": "invalid_client_id",
                        "error_description": "client identifier invalid",
                    },
                )
            if form.get("client_secret") != [self.client_secret]:
                return Reply(
                    400,
                    {"error": "invalid_client", "error_description": "invalid client credentials"},
                )
        elif grant == "urn:ietf:params:oauth:grant-type:jwt-bearer":
            self.assertions.append(form["assertion"][0])
        else:
            return Reply(400, {"error": "unsupported_grant_type"})
        token = f"{ORG_ID[:15]}!AQ{uuid.uuid4().hex}"
        self.tokens.add(token)
        return Reply(
            200,
            {
                "access_token": token,
                "instance_url": self.url,
                "token_type": "Bearer",
                "id": f"https://login.salesforce.com/id/{ORG_ID}/0055f000005mc66AAA",
                "issued_at": "1714156685000",
                "signature": "c2lnbmF0dXJl",
            },
        )

    def _rest(
        self, method: str, version: str, path: str, params: Mapping[str, str], body: bytes
    ) -> "Reply":
        first, _, rest = path.partition("/")
        if first in ("query", "queryAll") and not rest:
            return self._query(params["q"], version, first == "queryAll")
        if first == "query":
            return self._page(rest, version)
        if first == "sobjects" and rest.endswith("/describe"):
            return self._described(rest.removesuffix("/describe"))
        if path == "limits/recordCount":
            name = params["sObjects"]
            there = [row for row in self.org.rows[name].values() if not row["IsDeleted"]]
            return Reply(200, {"sObjects": [{"count": len(there), "name": name}]})
        if first == "limits":
            return Reply(200, {"DailyApiRequests": {"Max": 100_000, "Remaining": 99_000}})
        if path.startswith("jobs/query"):
            return self._job(method, version, path.split("/")[2:], params, body)
        raise Refused("NOT_FOUND", "The requested resource does not exist", 404)

    def _query(self, text: str, version: str, with_deleted: bool) -> "Reply":
        self.queries.append(text)
        query = soql.parse(text)
        self._look(query)
        rows = self.org.answer(query, with_deleted)
        if query.is_count:
            return Reply(200, {"totalSize": len(rows), "done": True, "records": []})
        return self._paged([_json(row, version) for row in rows], version)

    def _page(self, locator: str, version: str) -> "Reply":
        if locator not in self.locators:
            raise Refused("INVALID_QUERY_LOCATOR", "invalid query locator")
        return self._paged(self.locators.pop(locator), version)

    def _paged(self, rows: list[dict[str, Any]], version: str) -> "Reply":
        made = {
            "totalSize": len(rows),
            "done": len(rows) <= self.page_rows,
            "records": rows[: self.page_rows],
        }
        if not made["done"]:
            locator = f"01g{uuid.uuid4().hex[:12]}-{self.page_rows}"
            self.locators[locator] = rows[self.page_rows :]
            made["nextRecordsUrl"] = f"/services/data/{version}/query/{locator}"
        return Reply(200, made)

    def _look(self, query: soql.Query) -> None:
        """Refuse what the user may not see, in the words for what is not there."""
        if query.source in self.hidden:
            raise Refused("INVALID_TYPE", f"sObject type '{query.source}' is not supported.")
        for path in query.fields:
            if f"{query.source}.{path}" in self.hidden:
                raise Refused("INVALID_FIELD", f"No such column '{path}'")

    def _described(self, name: str) -> "Reply":
        if name not in OBJECTS or name in self.hidden:
            raise Refused("NOT_FOUND", "The requested resource does not exist", 404)
        fields = [
            {"name": field, "type": kind, "label": field}
            for field, kind in OBJECTS[name].items()
            if f"{name}.{field}" not in self.hidden
        ]
        children = [
            {"childSObject": child, "field": field, "relationshipName": relation}
            for (parent, relation), (child, field) in CHILDREN.items()
            if parent == name and child not in self.hidden
        ]
        described = {
            "name": name,
            "queryable": True,
            "fields": fields,
            "childRelationships": [*children, {"relationshipName": None}],
        }
        return Reply(200, described)

    def _job(
        self, method: str, version: str, path: list[str], params: Mapping[str, str], body: bytes
    ) -> "Reply":
        if not path and method == "POST":
            return self._new_job(json.loads(body), version)
        job = self.jobs.get(path[0])
        if job is None:
            raise Refused("NOTFOUND", "The requested resource does not exist", 404)
        if method == "DELETE":
            del self.jobs[path[0]]
            return Reply(204, None)
        if job["version"] != version:
            raise Refused("VERSION_CONFLICT", "use the API version of the job", 409)
        if path[1:] == ["results"]:
            return self._results(job, params)
        job["asked"] += 1
        is_done = job["asked"] > self.bulk_waits
        state = job.get("ends_as", "JobComplete") if is_done else "InProgress"
        return Reply(
            200,
            {
                "id": path[0],
                "operation": job["operation"],
                "state": state,
                "errorMessage": job.get("error"),
                "numberRecordsProcessed": len(job["rows"]) if is_done else 0,
            },
        )

    def _new_job(self, said: Mapping[str, Any], version: str) -> "Reply":
        query = soql.parse(said["query"])
        self._look(query)
        if query.children or query.is_count:
            raise Refused("API_ERROR", "this query is not supported in Bulk API 2.0")
        self.queries.append(said["query"])
        rows = self.org.answer(query, said["operation"] == "queryAll")
        job_id = f"750{uuid.uuid4().hex[:12]}AAA"
        self.jobs[job_id] = {
            "rows": rows,
            "fields": query.fields,
            "version": version,
            "asked": 0,
            "operation": said["operation"],
        }
        return Reply(200, {"id": job_id, "state": "UploadComplete", "contentType": "CSV"})

    def _results(self, job: Mapping[str, Any], params: Mapping[str, str]) -> "Reply":
        start = int(params.get("locator", "0"))
        many = min(int(params.get("maxRecords", self.bulk_rows)), self.bulk_rows)
        rows = job["rows"][start : start + many]
        text = io.StringIO()
        writer = csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\n")
        writer.writerow(job["fields"])
        writer.writerows([_cell(row[field]) for field in job["fields"]] for row in rows)
        is_last = start + many >= len(job["rows"])
        headers = {
            "Sforce-Locator": "null" if is_last else str(start + many),
            "Sforce-NumberOfRecords": str(len(rows)),
            "Content-Type": "text/csv",
        }
        return Reply(200, text.getvalue(), headers)


class Reply:
    """An answer; a text is sent as it is, all else as JSON."""

    def __init__(self, status: int, body: Any, headers: Mapping[str, str] | None = None) -> None:
        is_text = isinstance(body, str)
        self.status = status
        self.body = body.encode() if is_text else b"" if body is None else _dumped(body)
        self.headers = {"Content-Type": "application/json;charset=UTF-8", **(headers or {})}


class _Handler(BaseHTTPRequestHandler):
    side: HttpSide
    protocol_version = "HTTP/1.1"

    def _do(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        token = self.headers.get("Authorization", "").removeprefix("Bearer ")
        reply = self.side.answer(self.command, self.path, token, body)
        self.send_response(reply.status)  # with the Date of the server
        for name, value in reply.headers.items():
            self.send_header(name, value)
        self.send_header("Sforce-Limit-Info", f"api-usage={self.side.asked}/100000")
        self.send_header("Content-Length", str(len(reply.body)))
        self.end_headers()
        self.wfile.write(reply.body)

    do_GET = do_POST = do_DELETE = _do

    def date_time_string(self, timestamp: float | None = None) -> str:
        """Return the organisation's time, from which stamps are taken too."""
        return super().date_time_string(self.side.org.now.timestamp())

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


def _json(row: Mapping[str, Any], version: str) -> dict[str, Any]:
    kind = row[""]
    url = f"/services/data/{version}/sobjects/{kind}/{row['Id']}"
    made: dict[str, Any] = {"attributes": {"type": kind, "url": url}}
    for path, value in row.items():
        name, dot, rest = path.partition(".")
        if path == "":
            continue
        if dot:
            made.setdefault(name, {"attributes": {"type": name}})[rest] = _plain(value)
        elif isinstance(value, list):
            inner = [_json(one, version) for one in value]
            made[path] = (
                {"totalSize": len(inner), "done": True, "records": inner} if inner else None
            )
        else:
            made[path] = _plain(value)
    return made


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000+0000")
    return value.isoformat() if isinstance(value, date) else value


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
    return value.isoformat() if isinstance(value, date) else str(value)


def _dumped(body: Any) -> bytes:
    """Return JSON with decimals as the numbers they are."""
    held: dict[str, str] = {}

    def number(value: Decimal) -> str:
        mark = f"@@{len(held)}@@"
        held[mark] = str(value)
        return mark

    text = json.dumps(body, default=number)
    for mark, written in held.items():
        text = text.replace(f'"{mark}"', written)
    return text.encode()


def _error(status: int, code: str, message: str) -> Reply:
    return Reply(status, [_said(code, message)])


def _said(code: str, message: str) -> dict[str, str]:
    return {"errorCode": code, "message": message}
