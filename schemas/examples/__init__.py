"""One example of each message, as canonical JSON. Docs show them, tests send them round."""

import json
from functools import cache
from importlib.resources import files
from typing import Any


@cache
def _loaded(message: str) -> str:
    return (files(__name__) / f"{message}.json").read_text("utf-8")


def example(message: str) -> dict[str, Any]:
    """Return the example of a message, its name under `message`, money and instants as text.

    Raises:
        FileNotFoundError: there is no such message.
    """
    loaded: dict[str, Any] = json.loads(_loaded(message))
    return loaded
