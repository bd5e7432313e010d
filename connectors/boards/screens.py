"""Screens: displays that managers put on walls, by a pairing code or by a link.

A screen's secret opens the board for looking, and for nothing else, until it is taken back, its
time is over, or whoever put it up has no access any more. Only digests are kept.
"""

import json
import os
import secrets
import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

from connectors.boards.access import MANAGES
from connectors.principals import PrincipalFile
from schemas.principals import digest

ALPHABET = "ABCDEFGHJKMNPQRSTUVWXYZ23456789"  # nothing that is read as something else
CODE_LETTERS = 6
CODE_LASTS = timedelta(minutes=10)
WAITING_MAX = 200  # televisions that show a code; more at once is somebody at play
WRONG_MAX = 10  # codes a manager may get wrong within CODE_LASTS: of 887 million
SCREENS_MAX = 500
LASTS_DAYS_MAX = 365
SECRET_BYTES = 24
SLIDES_MAX = 20
SLIDE_LETTERS_MAX = 120
SECONDS = range(5, 3601)  # a slide is seen for so long; shorter, and nobody can read it


@dataclass(frozen=True, slots=True)
class Shows:
    """What a screen shows.

    Attributes:
        slides: as the page names them: `board:revenue:month`, `contest:<id>`, `contests`.
        seconds: for how long each is seen.
    """

    slides: tuple[str, ...] = ("board:revenue:month", "contests")
    seconds: int = 20


@dataclass(frozen=True, slots=True)
class Screen:
    """One display.

    Attributes:
        screen_id: names it for people; no secret.
        secret: digest of what opens it; of a link, or of a television that was paired.
        kind: CODE or LINK.
        by: name of the principal who put it up.
        made_at, ends_at, seen_at: seconds since 1970; `seen_at` 0: never.
    """

    screen_id: str
    name: str
    secret: str
    kind: str
    by: str
    made_at: float
    ends_at: float
    seen_at: float = 0
    shows: Shows = field(default_factory=Shows)


@dataclass(slots=True)
class Waiting:
    """A television that shows a code."""

    code: str
    ends_at: float
    screen: str | None = None  # secret of its screen, once somebody entered the code


class Full(RuntimeError):
    """There is no room for one more; str() says of what."""


class Screens:
    """All screens, in one JSON file that is rewritten whole."""

    def __init__(
        self, path: Path, principals: PrincipalFile, clock: Callable[[], datetime]
    ) -> None:
        self._path, self._principals, self._clock = path, principals, clock
        self._screens = _read(path)
        self._waiting: dict[str, Waiting] = {}  # by digest of the television's own secret
        self._wrong: dict[str, list[float]] = {}

    def ask(self) -> tuple[str, str]:
        """Return a code to be shown, and the secret by which its television asks what came of it.

        Raises:
            Full: too many televisions wait.
        """
        now = self._now()
        self._waiting = {d: w for d, w in self._waiting.items() if w.ends_at >= now}
        if len(self._waiting) >= WAITING_MAX:
            raise Full("too many televisions wait to be paired")
        code = "".join(secrets.choice(ALPHABET) for _ in range(CODE_LETTERS))
        secret = secrets.token_urlsafe(SECRET_BYTES)
        self._waiting[digest(secret)] = Waiting(code, now + CODE_LASTS.total_seconds())
        return code, secret

    def claim(self, secret: str) -> str | None:
        """Return what opens a television's screen, once; None: nobody has entered its code yet.

        Raises:
            KeyError: the code is too old, or was never given.
        """
        waiting = self._waiting[digest(secret)]
        if waiting.ends_at < self._now():
            raise KeyError(secret)
        if waiting.screen is not None:
            del self._waiting[digest(secret)]
        return waiting.screen

    def pair(self, code: str, name: str, by: str, days: int, shows: Shows) -> Screen | None:
        """Return the screen of the television that shows a code; None: none shows it.

        Raises:
            Full: too many screens, or too many wrong codes of one manager.
        """
        now = self._now()
        wrong = [at for at in self._wrong.get(by, ()) if now - at < CODE_LASTS.total_seconds()]
        if len(wrong) >= WRONG_MAX:
            raise Full("too many wrong codes")
        for waiting in self._waiting.values():
            if waiting.screen is None and waiting.ends_at >= now and _same(code, waiting.code):
                screen, secret = self._new(name, "CODE", by, days, shows)
                waiting.screen = secret
                return screen
        self._wrong[by] = [*wrong, now]
        return None

    def link(self, name: str, by: str, days: int, shows: Shows) -> tuple[Screen, str]:
        """Return a screen, and the secret a link to it holds."""
        return self._new(name, "LINK", by, days, shows)

    def opened(self, secret: str) -> Screen | None:
        """Return the screen a secret opens; None: it is nobody's, was taken back or is too old."""
        return self.by_digest(digest(secret))

    def by_digest(self, secret_digest: str) -> Screen | None:
        """Return the screen of a secret, given what is kept of it."""
        screen = self._screens.get(secret_digest)
        if screen is None or screen.ends_at < self._now() or not self._may(screen.by):
            return None
        return screen

    def all(self) -> tuple[Screen, ...]:
        """Return the screens that work, the newest first."""
        live = [s for d, s in self._screens.items() if self.by_digest(d)]
        return tuple(sorted(live, key=lambda s: -s.made_at))

    def seen(self, screen: Screen) -> None:
        """Note that a screen asked for something; kept with the next change."""
        if screen.secret in self._screens:
            self._screens[screen.secret] = replace(screen, seen_at=self._now())

    def show(self, screen_id: str, shows: Shows) -> bool:
        """Return whether there is such a screen; it shows something else now."""
        for secret, screen in self._screens.items():
            if screen.screen_id == screen_id:
                self._screens[secret] = replace(screen, shows=shows)
                self._write()
                return True
        return False

    def take_back(self, screen_id: str) -> bool:
        """Return whether there was such a screen; there is none now."""
        kept = {d: s for d, s in self._screens.items() if s.screen_id != screen_id}
        found = len(kept) < len(self._screens)
        self._screens = kept
        if found:
            self._write()
        return found

    def _new(self, name: str, kind: str, by: str, days: int, shows: Shows) -> tuple[Screen, str]:
        now = self._now()
        live = {d: s for d, s in self._screens.items() if s.ends_at >= now}
        if len(live) >= SCREENS_MAX:
            raise Full("too many screens")
        secret = secrets.token_urlsafe(SECRET_BYTES)
        ends = now + timedelta(days=days).total_seconds()
        screen = Screen(secrets.token_hex(4), name, digest(secret), kind, by, now, ends, 0, shows)
        self._screens = {**live, screen.secret: screen}
        self._write()
        return screen, secret

    def _may(self, name: str) -> bool:
        return any(p.name == name and p.role in MANAGES for p in self._principals.everyone())

    def _now(self) -> float:
        return self._clock().timestamp()

    def _write(self) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=self._path.parent, prefix=".screens")
        with os.fdopen(handle, "w") as file:  # mkstemp opens for the owner alone
            json.dump([asdict(s) for s in self._screens.values()], file, indent=1)
        Path(name).replace(self._path)


def _same(one: str, other: str) -> bool:
    cleaned = "".join(each for each in one.upper() if each.isalnum())
    return secrets.compare_digest(cleaned.encode(), other.encode())


def _read(path: Path) -> dict[str, Screen]:
    try:
        listed = json.loads(path.read_text("utf-8"))
        made = [Screen(**{**each, "shows": _shows(each["shows"])}) for each in listed]
        return {screen.secret: screen for screen in made}
    except FileNotFoundError:
        return {}
    except (ValueError, TypeError, KeyError) as error:
        raise ValueError(f"{path} is no file of screens ({error}); remove it") from error


def _shows(raw: dict[str, object]) -> Shows:
    slides, seconds = raw["slides"], raw["seconds"]
    if not isinstance(slides, list) or not isinstance(seconds, int):
        raise TypeError("slides are a list, seconds a number")
    return Shows(tuple(map(str, slides)), seconds)
