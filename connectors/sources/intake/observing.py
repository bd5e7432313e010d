"""Middleware that counts requests and times the ones that bring events."""

import time

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from connectors.sources.intake.measuring import Measures

_PATHS = frozenset({"/v1/events", "/v1/progress", "/v1/schema", "/livez", "/readyz", "/metrics"})
_TIMED = frozenset({"/v1/events", "/v1/progress"})


class Observing:
    """Notes path, status and duration of every request."""

    def __init__(self, app: ASGIApp, measures: Measures) -> None:
        self._app = app
        self._measures = measures

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on and note what came of it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        path = scope["path"] if scope["path"] in _PATHS else "other"
        begun = time.perf_counter()
        status = 500

        async def noting(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, noting)
        finally:
            self._measures.requests.labels(path, str(status)).inc()
            if path in _TIMED:
                self._measures.seconds.observe(time.perf_counter() - begun)
