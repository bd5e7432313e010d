"""What an HR system is to the rest: everybody it knows, asked for at once."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

from pydantic import BaseModel

from connectors.sources.vendors.contract import Unavailable

Call = Callable[[Callable[[], Any]], Any]  # makes a call, again where the system asks for patience
Pull = Callable[[Any, frozenset[str], Call], "Snapshot"]


class Moved(Unavailable):
    """People came or left between two pages of the list: it has to be read again, all of it."""


class Snapshot(NamedTuple):
    """Everybody a system knows.

    Attributes:
        suffix: .jsonl or .csv: how `data` is to be read.
        people: how many there are; None: the system does not say.
    """

    suffix: str
    data: bytes
    people: int | None = None


@dataclass(frozen=True, slots=True)
class System:
    """One line of the registry.

    Attributes:
        settings: pydantic model; its descriptions are what `people connect` asks, SecretStr fields
            are kept in files of their own.
        pull: returns a whole snapshot or raises, for a part of one would say that people left. Its
            second argument are the names the mapping reads, so that no more is asked for.
        mapping: the shipped mapping of people, which `people connect` copies to be edited.
        setup: what a person does in the system first.
    """

    name: str
    title: str
    settings: type[BaseModel]
    pull: Pull
    mapping: str
    setup: tuple[str, ...] = ()
