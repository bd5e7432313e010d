"""How the intake says no: a status, what is wrong and what to do, as application/problem+json."""

import json
from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

PROBLEM = "application/problem+json"  # RFC 9457
RETRY_SECONDS = 2


class Refusal(Exception):
    """The whole request is refused; nothing of it has been sent."""

    def __init__(self, status: int, title: str, remedy: str, retry_seconds: int | None = None):
        super().__init__(title)
        self.status, self.title, self.remedy = status, title, remedy
        self.retry_seconds = retry_seconds


def reply_to(refusal: Refusal) -> Response:
    """Return the response that tells a refusal."""
    headers = {"Cache-Control": "no-store"}
    if refusal.status == 401:
        headers["WWW-Authenticate"] = 'Bearer realm="pacesetter"'
    if refusal.retry_seconds is not None:
        headers["Retry-After"] = str(refusal.retry_seconds)
    if refusal.status in (408, 413):
        headers["Connection"] = "close"  # the rest of the body is not read
    body = {"status": refusal.status, "title": refusal.title, "remedy": refusal.remedy}
    return Response(json.dumps(body), refusal.status, headers, PROBLEM)


async def on_refusal(_: Request, refusal: Exception) -> Response:
    """Return the response to a refusal raised in a handler."""
    assert isinstance(refusal, Refusal)
    return reply_to(refusal)


def answer(body: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """Return a JSON response in ASCII, so that whatever a sender wrote can be told back to it."""
    return Response(json.dumps(body), status, dict(headers or {}), "application/json")
