"""The shipped Avro schemas: every version of every message, and the ids the embedded mode uses.

With a schema registry the ids are the registry's; without one they are those of
`avro/catalogue.json`, which only ever grows.
"""

import json
from functools import cache
from importlib.resources import files
from typing import Any, NamedTuple

Schema = dict[str, Any]


class Version(NamedTuple):
    """One version of one message, such as deal/1."""

    message: str
    number: int

    def __str__(self) -> str:
        return f"{self.message}/{self.number}"


@cache
def ids() -> dict[Version, int]:
    """Return the fixed schema id of every shipped version."""
    table = json.loads((_folder() / "catalogue.json").read_text("utf-8"))
    return {Version(m, int(n)): int(i) for v, i in table.items() for m, n in [v.split("/")]}


@cache
def schema(version: Version) -> Schema:
    """Return the Avro schema of one version, as parsed JSON.

    Raises:
        FileNotFoundError: no such message or version is shipped.
    """
    loaded: Schema = json.loads(
        (_folder() / version.message / f"{version.number}.avsc").read_text("utf-8")
    )
    return loaded


@cache
def latest(message: str) -> Version:
    """Return the newest shipped version of a message.

    Raises:
        KeyError: there is no such message.
    """
    numbers = [v.number for v in ids() if v.message == message]
    if not numbers:
        raise KeyError(f"no message {message!r}; there are {', '.join(sorted(messages()))}")
    return Version(message, max(numbers))


def messages() -> set[str]:
    """Return the names of all messages."""
    return {v.message for v in ids()}


def subject_name(message: str) -> str:
    """Return the full Avro name, which is also the registry's subject (record name strategy)."""
    name = schema(latest(message))
    return f"{name['namespace']}.{name['name']}"


def _folder() -> Any:
    return files("schemas") / "avro"
