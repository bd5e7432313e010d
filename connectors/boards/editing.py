"""Contests by a form: the page, and who may look ahead at one, begin it and end it.

What a contest is, and how it takes effect, is not said here: whoever serves the board hands in what
answers. Only managers get that far. A page of another site does not: the cookie is not sent along
(SameSite=Strict), the origin has to be ours, and only JSON is listened to, which a form of another
site cannot send.
"""

import asyncio
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route

from connectors.boards.door import COOKIE, Door, refusal
from schemas.principals import Role

PAGE = Path(__file__).with_name("page") / "editing.html"
BODY_BYTES_MAX = 64 * 1024  # a contest with a hundred names has ten of them
WAITING_MAX = 8  # one at a time is answered; a longer queue is a page gone wild


class Answer(NamedTuple):
    """What came of an action: a status of HTTP, and a body."""

    status: int
    body: Mapping[str, Any]


Edit = Callable[[str, Mapping[str, Any], str], Answer]  # action, what was asked, who asks


def routes(door: Door, edit: Edit | None) -> list[Route]:
    """Return the routes of the form; none where nobody answers it."""
    if edit is None:
        return []
    desk = _Desk(door, edit)
    return [
        Route("/contests/edit", _page),
        Route("/contests/edit/form", desk.form, methods=["GET"]),
        Route("/contests/edit/{action:str}", desk.act, methods=["POST"]),
    ]


async def _page(_: Request) -> Response:
    return FileResponse(PAGE, headers={"cache-control": "no-cache"})


class _Desk:
    ACTIONS = frozenset({"preview", "start", "end"})

    def __init__(self, door: Door, edit: Edit) -> None:
        self._door, self._edit = door, edit
        self._turn, self._waiting = asyncio.Lock(), 0

    async def form(self, request: Request) -> Response:
        """Answer what there is to choose from."""
        return self._refused(request) or await self._answer("form", {}, request)

    async def act(self, request: Request) -> Response:
        """Answer what came of an action."""
        if (refused := self._refused(request)) is not None:
            return refused
        if (refused := _foreign(request)) is not None:
            return refused
        action = request.path_params["action"]
        if action not in self.ACTIONS:
            known = ", ".join(sorted(self.ACTIONS))
            return refusal(404, f"{action} is nothing to do", f"there are {known}")
        asked = await _asked(request)
        if asked is None:
            return refusal(400, "the body is no JSON object, or too large", "send less, as JSON")
        return await self._answer(action, asked, request)

    def _refused(self, request: Request) -> JSONResponse | None:
        principal = self._door.who(request)
        if principal is None:
            return refusal(401, "nobody is signed in", "sign in with your own token")
        if principal.role is not Role.MANAGER:
            return refusal(
                403, f"role {principal.role} may not begin or end contests", "ask a manager"
            )
        return None

    async def _answer(self, action: str, asked: Mapping[str, Any], request: Request) -> Response:
        if self._waiting >= WAITING_MAX:
            return refusal(503, "others are at it", "try again in a moment")
        self._waiting += 1
        try:
            async with self._turn:
                # Asked again: whoever waited may have lost the right to it meanwhile.
                if (refused := self._refused(request)) is not None:
                    return refused
                principal = self._door.who(request)
                assert principal is not None, "_refused() lets nobody unknown pass"
                found = await asyncio.to_thread(self._edit, action, asked, principal.name)
        finally:
            self._waiting -= 1
        return JSONResponse(dict(found.body), found.status, {"cache-control": "no-store"})


def _foreign(request: Request) -> JSONResponse | None:
    """Return the answer for what a page of another site may have sent; None: it is none."""
    origin = request.headers.get("origin")
    by_cookie = COOKIE in request.cookies
    if (by_cookie and origin is None) or (
        origin is not None and urlsplit(origin).netloc != request.headers.get("host")
    ):
        return refusal(403, "the request comes from another site", "open the board itself")
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        return refusal(415, f"{kind or 'nothing'} is not listened to", "send application/json")
    return None


async def _asked(request: Request) -> Mapping[str, Any] | None:
    """Return what was asked; None: it is no JSON object, or too large."""
    raw = b""
    async for chunk in request.stream():
        raw += chunk
        if len(raw) > BODY_BYTES_MAX:
            return None
    try:
        body = json.loads(raw)
    except (ValueError, RecursionError):
        return None
    return body if isinstance(body, dict) else None
