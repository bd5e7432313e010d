"""Rows of an HR system as lines of JSON, as snapshots in files have them."""

from collections.abc import Iterable, Mapping
from typing import Any

from connectors.sources.runtime.records import json_of


def as_lines(rows: Iterable[Mapping[str, Any]]) -> bytes:
    """Return rows as JSON lines, numbers exactly as the system wrote them."""
    return b"".join(json_of(row) + b"\n" for row in rows)
