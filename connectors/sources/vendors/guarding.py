"""Clients whose every call keeps the contract: what a vendor answers raises its troubles alone."""

from collections.abc import Callable, Iterator
from typing import Any

from connectors.sources.vendors.contract import Unavailable, Unreadable
from connectors.sources.vendors.understanding import understood


def guarded(title: str, make: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Return what makes a client that holds to the contract, whatever the vendor answers."""
    return lambda settings: _Guarded(title, make(settings))


class _Guarded:
    def __init__(self, title: str, client: Any) -> None:
        self._title, self._client = title, client

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._client, name)  # absent here when it is absent there, as `subscribe`

        def call(*arguments: Any) -> Any:
            answer = self._kept(lambda: found(*arguments))
            return self._each(answer) if isinstance(answer, Iterator) else answer

        return call

    def _each(self, pages: Iterator[Any]) -> Iterator[Any]:
        end = object()
        while (page := self._kept(lambda: next(pages, end))) is not end:
            yield page

    def _kept(self, ask: Callable[[], Any]) -> Any:
        try:
            with understood(self._title):
                return ask()
        except Unreadable as lacking:
            raise Unavailable(
                f"{self._title} answers unlike its documents ({lacking})"
            ) from lacking
