"""Answers unlike any vendor's documents: no client may break at them, or take them for an end."""

from collections.abc import Callable
from typing import Any

from connectors.sources.vendors.contract import Client, CursorExpired, Denied, Unavailable

ANSWERS: tuple[Any, ...] = (
    None, [], {}, "text", 7, [None], {"data": None}, {"results": None}, {"data": {}},
    {"results": [None]}, {"data": [7]}, {"results": [{}], "total": "many"},
    {"data": [{"id": 1, "update_time": "soon", "Modified_Time": 5}]},
    {"results": [{"id": "1", "properties": {"hs_lastmodifieddate": "soon"}}]},
    {"success": True, "data": [{"id": None}], "info": []},
)  # fmt: skip


def troubles(client: Client, thing: str) -> list[str]:
    """Return what each public call of a client does with the vendor's answer."""
    calls: dict[str, Callable[[], Any]] = {
        "read": lambda: client.read(thing, ["1"]),
        "changed": lambda: list(client.changed(thing, None, None)),
        "users": lambda: list(client.users()),
        "check": client.check,
    }
    said = []
    for name, call in calls.items():
        try:
            said.append(f"{name}: {call()}")
        except (Unavailable, Denied, CursorExpired) as trouble:
            said.append(f"{name}: {type(trouble).__name__}")
    return said
