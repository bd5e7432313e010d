"""The hooks there are: looked up by name, read anew when their files change."""

import logging
import time
from typing import NamedTuple

from connectors.sources.runtime.folder import BadSource, Sources, vendor_named
from connectors.sources.vendors.contract import Hook

log = logging.getLogger(__name__)

LOOK_SECONDS = 2.0  # how soon a source that was added, or a secret that was replaced, counts


class Known(NamedTuple):
    """A source that is pushed to."""

    name: str
    hook: Hook
    secrets: tuple[str, ...]
    answer_seconds_max: float


class Hooks:
    """All hooks of an installation; of paused sources too, which map what came when they go on."""

    def __init__(self, sources: Sources) -> None:
        self._sources = sources
        self._known: dict[str, Known] = {}
        self._looked_at = float("-inf")

    def get(self, name: str) -> Known | None:
        """Return a hook; None: there is none of this name."""
        now = time.monotonic()
        if now - self._looked_at > LOOK_SECONDS:
            self._looked_at = now
            self._known = {known.name: known for known in self._read()}
        return self._known.get(name)

    def names(self) -> list[str]:
        """Return the sources that have one."""
        self.get("")
        return list(self._known)

    def _read(self) -> list[Known]:
        found = []
        for name in self._sources.names():
            try:
                vendor = vendor_named(self._sources.read(name))
                secrets = self._sources.hook_secrets(name)
            except (BadSource, OSError) as error:
                log.warning("%s", error)
                continue
            if vendor.hook is not None and secrets:
                found.append(Known(name, vendor.hook, secrets, vendor.answer_seconds_max))
        return found
