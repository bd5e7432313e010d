"""The door: who may look, how they sign in, and what every answer says to the browser."""

import json
from dataclasses import asdict
from typing import Any
from urllib.parse import urlsplit

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from connectors.boards.access import manages
from connectors.boards.screens import Screen, Screens
from connectors.boards.sessions import CODE_LASTS, SESSION_LASTS, VIEWERS, Sessions
from connectors.principals import PrincipalFile
from schemas.principals import Principal, Role, digest

COOKIE = "pacesetter_board"
BODY_BYTES_MAX = 4096  # a token or a code, and nothing else
SAFE_HEADERS = {
    "content-security-policy": "default-src 'self'; base-uri 'none'; object-src 'none'; "
    "form-action 'self'; frame-ancestors 'none'",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=()",
}


def refusal(status: int, error: str, remedy: str) -> JSONResponse:
    """Return an answer that says what is wrong and what to do."""
    headers = {"cache-control": "no-store"}
    if status == 401:
        headers["www-authenticate"] = 'Bearer realm="Pacesetter board"'
    return JSONResponse({"error": error, "remedy": remedy}, status, headers)


class Door:
    """Knows viewers by their cookie, programs by a bearer token."""

    def __init__(
        self, sessions: Sessions, principals: PrincipalFile, screens: Screens | None = None
    ) -> None:
        self._sessions, self._principals, self._screens = sessions, principals, screens

    def who(self, request: Request) -> Principal | None:
        """Return who is asking; None for nobody known."""
        if token := _bearer(request):
            return self._principals.by_token(token)
        if (screen := self.screen(request)) is not None:
            return Principal(f"screen {screen.name}", Role.DISPLAY)
        session_id = request.cookies.get(COOKIE)
        return self._sessions.who(session_id) if session_id else None

    def refuse(self, request: Request) -> JSONResponse | None:
        """Return the answer for somebody who may not look; None for a viewer."""
        principal = self.who(request)
        if principal is None:
            return refusal(401, "nobody is signed in", "sign in with a token or a fresh link")
        if principal.role not in VIEWERS:
            return refusal(
                403, f"role {principal.role} may not see the board", f"use one of {sorted(VIEWERS)}"
            )
        return None

    async def about_me(self, request: Request) -> Response:
        """Answer who is signed in."""
        if (refused := self.refuse(request)) is not None:
            return refused
        principal = self.who(request)
        assert principal is not None, "refuse() lets nobody unknown pass"
        body: dict[str, Any] = {
            "name": principal.name,
            "role": principal.role,
            "rep_id": principal.rep_id,
            "manages": manages(principal),
        }
        if (screen := self.screen(request)) is not None:
            body["screen"] = {"name": screen.name, **asdict(screen.shows)}
        return JSONResponse(body, headers={"cache-control": "no-store"})

    async def sign_in(self, request: Request) -> Response:
        """Begin a session with a token or a code, and set its cookie."""
        if not is_same_origin(request):
            return refusal(403, "the request comes from another site", "open the board itself")
        body = await body_of(request)
        token, code = body.get("token"), body.get("code")
        if isinstance(token, str) and token:
            return self._with_token(request, token.strip())
        if isinstance(code, str) and code:
            session_id = self._sessions.begin_with(code)
            if session_id is None:
                return refusal(
                    401,
                    "this link has been used or is too old",
                    "ask for a new one (pacesetter board link), or sign in with a token",
                )
            return _signed_in(request, session_id)
        screen = body.get("screen")
        if isinstance(screen, str) and screen:
            return self.sign_in_screen(request, screen)
        return refusal(400, "the body names no token and no code", 'send JSON {"token": "ps_..."}')

    def sign_in_screen(self, request: Request, secret: str) -> Response:
        """Begin a session of the display a secret opens, and set its cookie."""
        if self._screens is None or self._screens.opened(secret) is None:
            return refusal(
                401, "this link does not open a screen any more", "ask a manager for a new one"
            )
        return _signed_in(request, self._sessions.begin_screen(digest(secret)))

    def screen(self, request: Request) -> Screen | None:
        """Return the screen that asks; None: somebody else does."""
        session_id = request.cookies.get(COOKIE)
        secret = self._sessions.screen_of(session_id) if session_id else None
        if secret is None or self._screens is None or _bearer(request):
            return None
        screen = self._screens.by_digest(secret)
        if screen is not None:
            self._screens.seen(screen)
        return screen

    async def sign_out(self, request: Request) -> Response:
        """End the session."""
        if not is_same_origin(request):
            return refusal(403, "the request comes from another site", "open the board itself")
        self._sessions.end(request.cookies.get(COOKIE, ""))
        response = Response(status_code=204)
        response.delete_cookie(COOKIE, httponly=True, samesite="strict")
        return response

    async def new_code(self, request: Request) -> Response:
        """Answer with a code that opens the board once; for the pipeline's own processes."""
        token = _bearer(request)
        principal = self._principals.by_token(token) if token else None
        if token is None or principal is None:
            return refusal(401, "no valid bearer token", "send Authorization: Bearer <token>")
        if principal.role is not Role.SERVICE:
            return refusal(403, f"role {principal.role} may not make links", "use a service token")
        body = {"code": self._sessions.new_code(token), "seconds": CODE_LASTS.total_seconds()}
        return JSONResponse(body, 201, {"cache-control": "no-store"})

    def _with_token(self, request: Request, token: str) -> Response:
        principal = self._principals.by_token(token)
        if principal is not None and principal.role not in VIEWERS:
            return refusal(
                403,
                f"this token is for role {principal.role}, which may not see the board",
                f"use a token of role {', '.join(sorted(VIEWERS))}",
            )
        session_id = self._sessions.begin(token)
        if session_id is None:
            return refusal(
                401,
                "this token is not known here",
                "check that all of it was pasted; it may have been replaced by a newer one",
            )
        return _signed_in(request, session_id)


class SafeHeaders:
    """Adds SAFE_HEADERS to every answer."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve with the headers."""

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(SAFE_HEADERS)
            await send(message)

        await self._app(scope, receive, with_headers)


def _signed_in(request: Request, session_id: str) -> Response:
    response = Response(status_code=204, headers={"cache-control": "no-store"})
    response.set_cookie(
        COOKIE,
        session_id,
        max_age=int(SESSION_LASTS.total_seconds()),
        httponly=True,
        samesite="strict",
        secure=request.url.scheme == "https",
    )
    return response


def _bearer(request: Request) -> str | None:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" and token.strip() else None


def is_same_origin(request: Request) -> bool:
    """Return whether a page of ours, or no page at all, sends this."""
    origin = request.headers.get("origin")
    return origin is None or urlsplit(origin).netloc == request.headers.get("host")


async def body_of(request: Request) -> dict[str, Any]:
    """Return a small JSON object; empty for anything else."""
    raw = b""
    async for chunk in request.stream():
        raw += chunk
        if len(raw) > BODY_BYTES_MAX:
            return {}
    try:
        body = json.loads(raw)
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}
