"""What a request asks for, read out of its query string, headers and body."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from infra.local.warehouse.blocks import unframed
from infra.local.warehouse.compression import unpacked
from infra.local.warehouse.errors import Code, refused
from infra.local.warehouse.external import ExternalTable, parted
from infra.local.warehouse.sessions import SESSION_SECONDS

# Keys of the query string with a meaning of their own; all others are settings.
RESERVED = frozenset({
    "query", "user", "password", "database", "default_format", "query_id", "quota_key",
    "session_id", "session_timeout", "session_check", "compress", "decompress", "role",
    "client_protocol_version", "stacktrace", "close_session",
})  # fmt: skip
DEFAULT_FORMAT = "TabSeparated"


@dataclass(frozen=True, slots=True)
class Asked:
    """One request.

    Attributes:
        raw: statement, and the data behind it.
        fmt: format of the answer unless the statement names one.
        native_revision: protocol revision of Native blocks; 0 for the plainest.
        blocks: pack the answer into ClickHouse's compressed blocks.
        accept_encoding: HTTP encodings the client takes; '' for none.
        changes_allowed: False for GET, which changes nothing.
    """

    raw: bytes
    query_id: str
    fmt: str = DEFAULT_FORMAT
    database: str = ""
    params: Mapping[str, str] = field(default_factory=dict)
    settings: Mapping[str, str] = field(default_factory=dict)
    session_id: str = ""
    session_seconds: float = SESSION_SECONDS
    session_must_exist: bool = False
    native_revision: int = 0
    blocks: bool = False
    accept_encoding: str = ""
    changes_allowed: bool = True
    tables: tuple[ExternalTable, ...] = ()


class Received(NamedTuple):
    """A request as it came."""

    method: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes


def asked(received: Received, query_id: str, bytes_max: int) -> Asked:
    """Return what a request asks for.

    Raises:
        ClickHouseError: a damaged or oversized body, or a key with an impossible value.
    """
    method, query, headers, body = received
    body = unpacked(body, headers.get("content-encoding", "").strip().lower(), bytes_max)
    if query.get("decompress") == "1":
        body = unframed(body, bytes_max)
    fields, tables = dict(query), tuple[ExternalTable, ...]()
    if headers.get("content-type", "").startswith("multipart/form-data"):
        fields, tables = parted(body, headers["content-type"], query)
        body = b""
    if fields.get("role"):
        raise refused(
            Code.NOT_IMPLEMENTED, "roles in SQL are not offered: a token has one role; drop role="
        )
    http_packing = fields.get("enable_http_compression", "1") not in ("0", "false")
    return Asked(
        raw=_joined(fields.get("query", ""), body),
        query_id=query_id,
        fmt=headers.get("x-clickhouse-format") or fields.get("default_format") or DEFAULT_FORMAT,
        database=headers.get("x-clickhouse-database") or fields.get("database", ""),
        params={k.removeprefix("param_"): v for k, v in fields.items() if k.startswith("param_")},
        settings=_settings(fields),
        session_id=fields.get("session_id", ""),
        session_seconds=_number(fields, "session_timeout", SESSION_SECONDS),
        session_must_exist=fields.get("session_check") == "1",
        native_revision=int(_number(fields, "client_protocol_version", 0)),
        blocks=fields.get("compress") == "1",
        accept_encoding=headers.get("accept-encoding", "") if http_packing else "",
        changes_allowed=method == "POST",
        tables=tables,
    )


def new_query_id(query: Mapping[str, str], headers: Mapping[str, str]) -> str:
    """Return the id of a query: the client's own, else a new one."""
    wanted = query.get("query_id") or headers.get("x-clickhouse-query-id") or ""
    return wanted if wanted.isprintable() and wanted.isascii() and wanted else str(uuid.uuid4())


def _joined(text: str, body: bytes) -> bytes:
    if not text:
        return body
    return b"%b\n%b" % (text.encode(), body) if body else text.encode()


def _settings(fields: Mapping[str, str]) -> dict[str, str]:
    return {k: v for k, v in fields.items() if k not in RESERVED and not k.startswith("param_")}


def _number(fields: Mapping[str, str], key: str, default: float) -> float:
    try:
        return max(0.0, float(fields.get(key, default)))
    except ValueError:
        raise refused(Code.BAD_ARGUMENTS, f"{key}={fields[key]} is no number") from None
