"""REST calls: rows of a query page by page, descriptions of objects, limits and the server's clock.

By the house's own wrapper of httpx and not simple-salesforce: of that only query and describe would
be used, it brings zeep and lxml along, reads numbers as floats, and knows neither patience asked
for nor the server's clock.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any, NamedTuple

from connectors.sources.vendors.contract import Quota
from connectors.sources.vendors.http import Answer, Api
from connectors.sources.vendors.salesforce.auth import Login

DAILY_PAUSE_SECONDS = (
    900.0  # the daily limit is a sliding 24 h: some of it is back in a quarter hour
)
_PATIENCE = {
    "REQUEST_LIMIT_EXCEEDED": DAILY_PAUSE_SECONDS,
    "CONCURRENT_REQUESTS_LIMIT_EXCEEDED": 30.0,  # long-running calls of others end
    "SERVER_UNAVAILABLE": 30.0,
    "QUERY_TIMEOUT": 60.0,
    "INVALID_QUERY_LOCATOR": 1.0,  # the pages were dropped; the query is asked again
    "UNKNOWN_EXCEPTION": 30.0,
}


class Described(NamedTuple):
    """An object as the organisation has it.

    Attributes:
        types: of the fields we may see.
        relations: names of lists of children.
    """

    types: Mapping[str, str]
    relations: frozenset[str]


class Rest:
    """Salesforce's REST API, signed in by itself."""

    def __init__(self, login: Login, version: str) -> None:
        self._login = login
        self._base = f"/services/data/{version}"
        self._api: Api | None = None
        self._at = ""
        self._ahead = timedelta()
        self._quota: Quota | None = None

    def ask(self, method: str, path: str, **how: Any) -> Answer:
        """Return the answer to a call below the version, or to a path from the root.

        Raises:
            Unavailable, Denied
        """
        whole = path if path.startswith("/services/") else f"{self._base}/{path}"
        return self._open().ask(method, whole, **how)

    def pages(self, soql: str) -> Iterator[list[Mapping[str, Any]]]:
        """Yield the rows of a query, deleted and archived ones too, as they come."""
        body = self.ask("GET", "queryAll", params={"q": soql}).body
        while True:
            rows = body.get("records") or []
            for row in rows:
                self._fill(row)
            yield rows
            if body.get("done", True):
                return
            body = self.ask("GET", body["nextRecordsUrl"]).body

    def rows(self, soql: str) -> Iterator[Mapping[str, Any]]:
        """Yield every row of a query."""
        for page in self.pages(soql):
            yield from page

    def count(self, soql: str) -> int:
        """Return what a SELECT COUNT() says."""
        return int(self.ask("GET", "queryAll", params={"q": soql}).body["totalSize"])

    def record_count(self, name: str) -> int | None:
        """Return about how many records an object has, at once; None: Salesforce does not say."""
        answer = self.ask("GET", "limits/recordCount", params={"sObjects": name}, also=(404,))
        told = (answer.body or {}).get("sObjects") if answer.status == 200 else None
        return int(told[0]["count"]) if told else None

    def described(self, name: str) -> Described | None:
        """Return an object's description; None: there is none, or we may not see it."""
        answer = self.ask("GET", f"sobjects/{name}/describe", also=(404,))
        if answer.status == 404:
            return None
        children = answer.body.get("childRelationships") or []
        return Described(
            {field["name"]: field["type"] for field in answer.body["fields"]},
            frozenset(one["relationshipName"] for one in children if one.get("relationshipName")),
        )

    def now(self) -> datetime:
        """Return the server's time, as its last answer told it."""
        return datetime.now(UTC) + self._ahead

    def quota(self) -> Quota | None:
        """Return what is left of the day's calls."""
        return self._quota

    def close(self) -> None:
        """Let go of connections."""
        if self._api is not None:
            self._api.close()

    def _open(self) -> Api:
        url = self._login.session().instance_url
        if self._api is None or url != self._at:
            self.close()
            self._at = url
            self._api = Api(url, headers=self._headers, renew=self._login.renew,
                            limited=_limited, heard=self._heard)  # fmt: skip
        return self._api

    def _headers(self) -> Mapping[str, str]:
        return {"Authorization": f"Bearer {self._login.session().token}"}

    def _heard(self, answer: Answer) -> None:
        usage = answer.headers.get("sforce-limit-info", "")  # api-usage=18/5000
        used, slash, most = (
            usage.partition(";")[0].strip().removeprefix("api-usage=").partition("/")
        )
        if slash and used.isdigit() and most.isdigit():
            self._quota = Quota(max(0, int(most) - int(used)), int(most))
        try:
            told = parsedate_to_datetime(answer.headers.get("date", ""))
        except (ValueError, TypeError):
            return
        self._ahead = told.replace(tzinfo=UTC) - datetime.now(UTC)

    def _fill(self, row: Mapping[str, Any]) -> None:
        """Fetch what a long list of children still lacks."""
        for value in row.values():
            if isinstance(value, dict) and value.get("done") is False:
                rest = value["nextRecordsUrl"]
                while rest:
                    body = self.ask("GET", rest).body
                    value["records"] += body["records"]
                    rest = "" if body.get("done", True) else body["nextRecordsUrl"]


def _limited(answer: Answer) -> float | None:
    errors = answer.body if isinstance(answer.body, list) else []
    codes = [one.get("errorCode") for one in errors if isinstance(one, dict)]
    return next((_PATIENCE[code] for code in codes if code in _PATIENCE), None)
