"""Routes of screens: a television asks for a code, a manager enters it, changes, takes back."""

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from connectors.boards.access import manages
from connectors.boards.door import Door, body_of, is_same_origin, refusal
from connectors.boards.screens import (
    CODE_LASTS,
    LASTS_DAYS_MAX,
    SECONDS,
    SLIDE_LETTERS_MAX,
    SLIDES_MAX,
    Full,
    Screen,
    Screens,
    Shows,
)
from connectors.boards.slides import EXAMPLES, slide_of
from schemas.principals import Principal

NAME_LETTERS_MAX = 60
DAYS = 90  # a link that was forgotten is over after a quarter
_NO_STORE = {"cache-control": "no-store"}


def routes(door: Door, screens: Screens) -> list[Route]:
    """Return the routes of screens."""
    desk = _Desk(door, screens)
    return [
        Route("/tv/codes", desk.ask, methods=["POST"]),
        Route("/tv/claims", desk.claim, methods=["POST"]),
        Route("/screens/list", desk.all, methods=["GET"]),
        Route("/screens/paired", desk.pair, methods=["POST"]),
        Route("/screens/links", desk.link, methods=["POST"]),
        Route("/screens/{screen_id:str}", desk.show, methods=["PUT"]),
        Route("/screens/{screen_id:str}", desk.take_back, methods=["DELETE"]),
    ]


class _Wrong(ValueError):
    """What was sent is no description of a screen; str() says what."""


class _Desk:
    def __init__(self, door: Door, screens: Screens) -> None:
        self._door, self._screens = door, screens

    async def ask(self, request: Request) -> Response:
        """Answer a television with a code to show."""
        if not is_same_origin(request):
            return _foreign()
        try:
            code, secret = self._screens.ask()
        except Full as full:
            return refusal(429, str(full), "wait ten minutes")
        body = {"code": code, "secret": secret, "seconds": CODE_LASTS.total_seconds()}
        return JSONResponse(body, 201, _NO_STORE)

    async def claim(self, request: Request) -> Response:
        """Answer a television: it is paired and signed in (204), or waits (202), or is too late."""
        if not is_same_origin(request):
            return _foreign()
        body = await body_of(request)
        try:
            opens = self._screens.claim(str(body.get("secret", "")))
        except KeyError:
            return refusal(410, "this code is too old", "ask for a new one")
        if opens is None:
            return Response(status_code=202, headers=_NO_STORE)
        return self._door.sign_in_screen(request, opens)

    async def all(self, request: Request) -> Response:
        """Answer with the screens there are."""
        who = self._manager(request)
        if isinstance(who, JSONResponse):
            return who
        return JSONResponse({"screens": [_told(s) for s in self._screens.all()]}, 200, _NO_STORE)

    async def pair(self, request: Request) -> Response:
        """Pair the television that shows a code."""
        who = self._manager(request)
        if isinstance(who, JSONResponse):
            return who
        body = await body_of(request)
        try:
            screen = self._screens.pair(
                str(body.get("code", "")), _name(body), who.name, _days(body), _shows(body)
            )
        except _Wrong as wrong:
            return refusal(422, str(wrong), "change it and try again")
        except Full as full:
            return refusal(429, str(full), "wait ten minutes, or take screens back")
        if screen is None:
            return refusal(404, "no screen shows this code", "read it again; it may be a new one")
        return JSONResponse(_told(screen), 201, _NO_STORE)

    async def link(self, request: Request) -> Response:
        """Answer with a link that opens a display."""
        who = self._manager(request)
        if isinstance(who, JSONResponse):
            return who
        body = await body_of(request)
        try:
            screen, secret = self._screens.link(_name(body), who.name, _days(body), _shows(body))
        except _Wrong as wrong:
            return refusal(422, str(wrong), "change it and try again")
        except Full as full:
            return refusal(429, str(full), "take screens back that are not used")
        return JSONResponse({**_told(screen), "path": f"/tv#screen={secret}"}, 201, _NO_STORE)

    async def show(self, request: Request) -> Response:
        """Change what a screen shows."""
        who = self._manager(request)
        if isinstance(who, JSONResponse):
            return who
        try:
            shows = _shows(await body_of(request))
        except _Wrong as wrong:
            return refusal(422, str(wrong), "change it and try again")
        there = self._screens.show(request.path_params["screen_id"], shows)
        return Response(status_code=204) if there else _gone()

    async def take_back(self, request: Request) -> Response:
        """Take a screen back: it shows nothing from now on."""
        who = self._manager(request)
        if isinstance(who, JSONResponse):
            return who
        there = self._screens.take_back(request.path_params["screen_id"])
        return Response(status_code=204) if there else _gone()

    def _manager(self, request: Request) -> Principal | JSONResponse:
        """Return the manager who asks, or the answer for anybody else."""
        if (refused := self._door.refuse(request)) is not None:
            return refused
        who = self._door.who(request)
        assert who is not None, "refuse() lets nobody unknown pass"
        if not manages(who):
            return refusal(403, f"role {who.role} may not manage screens", "ask a manager")
        if request.method != "GET" and not is_same_origin(request):
            return _foreign()
        return who


def _foreign() -> JSONResponse:
    return refusal(403, "the request comes from another site", "open the board itself")


def _gone() -> JSONResponse:
    return refusal(404, "there is no such screen", "look at the list again")


def _told(screen: Screen) -> dict[str, Any]:
    return {
        "id": screen.screen_id,
        "name": screen.name,
        "kind": screen.kind,
        "by": screen.by,
        "made_at": screen.made_at,
        "ends_at": screen.ends_at,
        "seen_at": screen.seen_at or None,
        "slides": list(screen.shows.slides),
        "seconds": screen.shows.seconds,
    }


def _name(body: dict[str, Any]) -> str:
    name = " ".join(str(body.get("name") or "").split())
    if not name or len(name) > NAME_LETTERS_MAX:
        raise _Wrong(f"a screen has a name of 1 to {NAME_LETTERS_MAX} letters")
    return name


def _days(body: dict[str, Any]) -> int:
    days = body.get("days", DAYS)
    if type(days) is not int or not 1 <= days <= LASTS_DAYS_MAX:
        raise _Wrong(f"days are a whole number from 1 to {LASTS_DAYS_MAX}")
    return days


def _shows(body: dict[str, Any]) -> Shows:
    slides, seconds = body.get("slides", list(Shows().slides)), body.get("seconds", Shows().seconds)
    if not isinstance(slides, list) or not 1 <= len(slides) <= SLIDES_MAX:
        raise _Wrong(f"slides are a list of 1 to {SLIDES_MAX}")
    if not all(isinstance(s, str) and 0 < len(s) <= SLIDE_LETTERS_MAX for s in slides):
        raise _Wrong(f"a slide is a text of 1 to {SLIDE_LETTERS_MAX} letters")
    if unknown := [s for s in slides if slide_of(s) is None]:
        raise _Wrong(f"{unknown[0]!r} is no slide; slides are such as {', '.join(EXAMPLES)}")
    if type(seconds) is not int or seconds not in SECONDS:
        raise _Wrong(f"seconds are a whole number from {SECONDS[0]} to {SECONDS[-1]}")
    return Shows(tuple(slides), seconds)
