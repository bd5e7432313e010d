"""Who is signed in: sessions behind a cookie, and codes that are good for one of them.

Only digests are kept, of tokens and of session ids alike. A session ends at once when the token it
was begun with is revoked.
"""

import json
import os
import secrets
import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

from connectors.principals import PrincipalFile
from schemas.principals import Principal, Role, digest

SESSION_LASTS = timedelta(days=30)  # a screen on a wall is not signed in every day
SCREEN_LASTS = timedelta(days=366)  # the screen itself ends earlier
CODE_LASTS = timedelta(minutes=10)
SESSIONS_MAX = 1000  # the oldest makes room
CODES_MAX = 100
SECRET_BYTES = 24
VIEWERS = frozenset(Role) - {Role.SOURCE}


@dataclass(frozen=True, slots=True)
class Session:
    """Somebody signed in.

    Attributes:
        principal: digest of the token it was begun with.
        as_display: begun with a code: it may look, and is nobody in particular.
        ends_at: seconds since 1970.
        screen: digest of the secret of the screen it is; empty: it is none.
    """

    principal: str
    as_display: bool
    ends_at: float
    screen: str = ""


class Sessions:
    """All sessions, in one JSON file that is rewritten whole."""

    def __init__(
        self, path: Path, principals: PrincipalFile, clock: Callable[[], datetime]
    ) -> None:
        self._path, self._principals, self._clock = path, principals, clock
        self._sessions = _read(path)
        self._codes: dict[str, Session] = {}

    def begin(self, token: str) -> str | None:
        """Return the id of a new session for a token's holder; None: the token is nobody's."""
        if self._principals.by_token(token) is None:
            return None
        return self._open(Session(digest(token), False, self._end(SESSION_LASTS)))

    def begin_with(self, code: str) -> str | None:
        """Return the id of a new session for a code; None: it is unknown, used up or too old."""
        offered = self._codes.pop(digest(code), None)
        if offered is None or offered.ends_at < self._now():
            return None
        return self._open(replace(offered, ends_at=self._end(SESSION_LASTS)))

    def begin_screen(self, secret_digest: str) -> str:
        """Return the id of a new session for a screen; it lasts as long as the screen does."""
        return self._open(Session("", True, self._end(SCREEN_LASTS), secret_digest))

    def screen_of(self, session_id: str) -> str | None:
        """Return the digest of the secret of a session's screen; None: it is no screen's."""
        session = self._sessions.get(digest(session_id))
        if session is None or session.ends_at < self._now():
            return None
        return session.screen or None

    def new_code(self, token: str) -> str:
        """Return a code that begins one session of a display within CODE_LASTS."""
        now = self._now()
        live = [(d, s) for d, s in self._codes.items() if s.ends_at >= now]
        code = secrets.token_urlsafe(SECRET_BYTES)
        offered = Session(digest(token), True, self._end(CODE_LASTS))
        self._codes = {**dict(live[-CODES_MAX + 1 :]), digest(code): offered}
        return code

    def who(self, session_id: str) -> Principal | None:
        """Return whose session it is; None: it has ended, or its token has been revoked."""
        session = self._sessions.get(digest(session_id))
        if session is None or session.ends_at < self._now():
            return None
        principal = self._principals.by_digest(session.principal)
        if principal is None or not session.as_display:
            return principal
        return Principal("display by link", Role.DISPLAY)

    def end(self, session_id: str) -> None:
        """End a session."""
        if self._sessions.pop(digest(session_id), None):
            self._write()

    def _open(self, session: Session) -> str:
        session_id = secrets.token_urlsafe(SECRET_BYTES)
        now = self._now()
        live = [(d, s) for d, s in self._sessions.items() if s.ends_at >= now]
        self._sessions = {**dict(live[-SESSIONS_MAX + 1 :]), digest(session_id): session}
        self._write()
        return session_id

    def _now(self) -> float:
        return self._clock().timestamp()

    def _end(self, lasts: timedelta) -> float:
        return (self._clock() + lasts).timestamp()

    def _write(self) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=self._path.parent, prefix=".sessions")
        with os.fdopen(handle, "w") as file:  # mkstemp opens for the owner alone
            json.dump({d: asdict(s) for d, s in self._sessions.items()}, file, indent=1)
        Path(name).replace(self._path)


def _read(path: Path) -> dict[str, Session]:
    try:
        return {d: Session(**s) for d, s in json.loads(path.read_text("utf-8")).items()}
    except FileNotFoundError:
        return {}
    except (ValueError, TypeError, AttributeError) as error:
        raise ValueError(f"{path} is no file of sessions ({error}); remove it") from error
