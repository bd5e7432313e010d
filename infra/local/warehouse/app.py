"""The routes: ClickHouse's HTTP interface over the engine."""

import asyncio
import socket
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from connectors.principals import PrincipalFile
from infra.local.warehouse.auth import principal_of
from infra.local.warehouse.compression import too_large
from infra.local.warehouse.engine import Engine
from infra.local.warehouse.errors import ClickHouseError, Code, refused
from infra.local.warehouse.execute import Executor, Reply
from infra.local.warehouse.gate import Gate
from infra.local.warehouse.limits import Limits
from infra.local.warehouse.readers import ReaderExecutor
from infra.local.warehouse.request import Asked, Received, asked, new_query_id
from infra.local.warehouse.rows import Worlds
from infra.local.warehouse.sessions import Sessions
from schemas.principals import Principal, Role

OK = "Ok.\n"
CONTENT_TYPES = {
    "CSV": "text/csv; charset=UTF-8; header=absent",
    "CSVWithNames": "text/csv; charset=UTF-8; header=present",
    "JSON": "application/json; charset=UTF-8",
    "JSONCompact": "application/json; charset=UTF-8",
    "JSONEachRow": "application/x-ndjson; charset=UTF-8",
    "TabSeparated": "text/tab-separated-values; charset=UTF-8",
    "TSV": "text/tab-separated-values; charset=UTF-8",
    "TabSeparatedWithNames": "text/tab-separated-values; charset=UTF-8",
    "TabSeparatedWithNamesAndTypes": "text/tab-separated-values; charset=UTF-8",
    "XML": "application/xml; charset=UTF-8",
    "Arrow": "application/vnd.apache.arrow.file",
    "ArrowStream": "application/vnd.apache.arrow.stream",
    "Parquet": "application/vnd.apache.parquet",
    "HTML": "text/html; charset=UTF-8",
    "Markdown": "text/markdown; charset=UTF-8",
}
BINARY = ("Native", "RowBinary", "Avro", "ORC", "Protobuf", "MsgPack", "Npy", "Cap")


class Warehouse:
    """One open warehouse behind its routes."""

    def __init__(self, engine: Engine, principals: PrincipalFile, limits: Limits) -> None:
        self._engine, self._principals, self._limits = engine, principals, limits
        self._sessions = Sessions(engine.handle, limits.sessions_max, limits.session_seconds)
        self._writer = Executor(engine, self._sessions, limits)
        self._reader = ReaderExecutor(engine, limits, Worlds(engine))
        self._gate = Gate(limits.readers_max, limits.reader_waiting_max, limits.reader_wait_seconds)
        self._writers = ThreadPoolExecutor(limits.writers_max, "writer")
        self._readers = ThreadPoolExecutor(limits.readers_max, "reader")
        self._host = socket.gethostname()

    async def answer(self, request: Request) -> Response:
        """Answer a request with SQL in it."""
        query, headers = request.query_params, request.headers
        query_id = new_query_id(query, headers)
        try:
            principal = principal_of(headers, query, self._principals)
            received = Received(request.method, query, headers, await self._body(request))
            done = await self._reply(principal, received, query_id)
        except ClickHouseError as error:
            return self._refusal(error, query_id)
        return self._response(done, query_id, request.method == "HEAD")

    async def _reply(self, principal: Principal, received: Received, query_id: str) -> Reply:
        def work(run: Callable[[Asked], Reply]) -> Reply:  # unpacking a body is work as well
            return run(asked(received, query_id, self._limits.body_bytes))

        loop = asyncio.get_running_loop()
        if principal.role is Role.SERVICE:
            run = partial(self._writer.run, owner=principal.name)
            return await loop.run_in_executor(self._writers, work, run)
        async with self._gate.turn(principal.name):
            run = partial(self._reader.run, principal=principal)
            return await loop.run_in_executor(self._readers, work, run)

    async def _body(self, request: Request) -> bytes:
        parts, size = [], 0
        async for part in request.stream():
            size += len(part)
            if size > self._limits.body_bytes:
                raise too_large(self._limits.body_bytes)
            parts.append(part)
        return b"".join(parts)

    def _response(self, done: Reply, query_id: str, head_only: bool) -> Response:
        headers = {
            **self._headers(query_id),
            "X-ClickHouse-Format": done.fmt,
            "X-ClickHouse-Summary": done.summary,
            "X-ClickHouse-Timezone": done.time_zone,
            "Content-Type": _content_type(done.fmt),
        }
        if done.encoding:
            headers["Content-Encoding"] = done.encoding
        return Response(b"" if head_only else done.body, headers=headers)

    def _refusal(self, error: ClickHouseError, query_id: str) -> Response:
        headers = {
            **self._headers(query_id),
            "X-ClickHouse-Exception-Code": str(error.code),
            "X-ClickHouse-Timezone": self._engine.time_zone,
        }
        if error.code == Code.REQUIRED_PASSWORD:
            headers["WWW-Authenticate"] = 'Basic realm="ClickHouse server HTTP API"'
        return PlainTextResponse(error.text(self._engine.version), error.status, headers)

    async def failure(self, request: Request, error: Exception) -> Response:
        """Answer where this server itself is at fault; the trace goes to the log."""
        query_id = new_query_id(request.query_params, request.headers)
        said = f"{type(error).__name__} inside this server, which is its fault; see its log"
        return self._refusal(refused(Code.UNKNOWN_EXCEPTION, said), query_id)

    def _headers(self, query_id: str) -> dict[str, str]:
        return {
            "X-ClickHouse-Query-Id": query_id,
            "X-ClickHouse-Server-Display-Name": self._host,
            "Cache-Control": "no-store",  # answers differ by principal
        }

    def close(self) -> None:
        """Let what runs finish, then close sessions and engine."""
        self._readers.shutdown(cancel_futures=True)
        self._writers.shutdown(cancel_futures=True)
        self._sessions.close()
        self._writer.close()
        self._engine.close()


def app_of(warehouse: Warehouse) -> Starlette:
    """Return the ASGI application of a warehouse."""

    async def ok(_: Request) -> Response:
        return PlainTextResponse(OK, headers={"Content-Type": "text/html; charset=UTF-8"})

    async def anything(request: Request) -> Response:
        if request.method == "POST" or "query" in request.query_params:
            return await warehouse.answer(request)
        if request.url.path == "/" and not request.url.query:
            return await ok(request)
        if request.url.path == "/":
            return await warehouse.answer(request)
        return PlainTextResponse(
            f"There is no handle {request.url.path}\n\nUse / or /ping for health checks.\n"
            "Or /replicas_status for more sophisticated health checks.\n"
            "Send queries with POST, or with GET and the parameter query.\n",
            404,
        )

    routes: list[Any] = [
        Route("/ping", ok, methods=["GET", "HEAD"]),
        Route("/replicas_status", ok, methods=["GET", "HEAD"]),
        Route("/{path:path}", anything, methods=["GET", "HEAD", "POST"]),
    ]
    return Starlette(routes=routes, exception_handlers={Exception: warehouse.failure})


def _content_type(fmt: str) -> str:
    if fmt in CONTENT_TYPES:
        return CONTENT_TYPES[fmt]
    return "application/octet-stream" if fmt.startswith(BINARY) else "text/plain; charset=UTF-8"
