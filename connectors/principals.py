"""The file of principals: digests of tokens and whom they name, read by every door.

The file is small and rewritten whole; doors look at its time stamp on each question, so that a
revoked token stops working at once and without a restart.
"""

import json
import os
import tempfile
from dataclasses import asdict
from pathlib import Path

from schemas.principals import Principal, Role, digest, new_token


class PrincipalFile:
    """Principals kept in one JSON file, {digest: principal}."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seen: tuple[int, int] | None = None
        self._by_digest: dict[str, Principal] = {}

    def by_token(self, token: str) -> Principal | None:
        """Return whom a token names; None for nobody.

        Raises:
            ValueError: the file is damaged; the message names it.
        """
        return self.by_digest(digest(token))

    def by_digest(self, token_digest: str) -> Principal | None:
        """Return whom a token names, given what is stored of it; None for nobody."""
        return self._current().get(token_digest)

    def everyone(self) -> tuple[Principal, ...]:
        """Return all principals, by name."""
        return tuple(sorted(self._current().values(), key=lambda p: p.name))

    def add(self, principal: Principal) -> str:
        """Return a new token for a principal; an older token of the same name stops working."""
        token = new_token()
        kept = {d: p for d, p in self._current().items() if p.name != principal.name}
        self._write({**kept, digest(token): principal})
        return token

    def remove(self, name: str) -> bool:
        """Return whether there was such a principal; there is none now."""
        kept = {d: p for d, p in self._current().items() if p.name != name}
        found = len(kept) < len(self._by_digest)
        self._write(kept)
        return found

    def _current(self) -> dict[str, Principal]:
        try:
            stat = self._path.stat()
        except FileNotFoundError:
            self._seen, self._by_digest = None, {}
            return self._by_digest
        stamp = (stat.st_mtime_ns, stat.st_size)
        if stamp != self._seen:
            self._by_digest = _parsed(self._path)
            self._seen = stamp
        return self._by_digest

    def _write(self, principals: dict[str, Principal]) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        text = json.dumps({d: asdict(p) for d, p in principals.items()}, indent=1)
        handle, name = tempfile.mkstemp(dir=self._path.parent, prefix=".principals")
        with os.fdopen(handle, "w") as file:  # mkstemp opens for the owner alone
            file.write(text)
        Path(name).replace(self._path)
        self._seen = None


def _parsed(path: Path) -> dict[str, Principal]:
    try:
        table = json.loads(path.read_text("utf-8"))
        return {d: Principal(**{**p, "role": Role(p["role"])}) for d, p in table.items()}
    except (ValueError, TypeError, KeyError) as error:
        raise ValueError(
            f"{path} is no file of principals ({error}); restore or remove it"
        ) from error
