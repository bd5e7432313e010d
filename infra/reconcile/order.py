"""Whose word counts where several sources tell of one activity, as definitions hold it."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from schemas.precedence import KNOWN


class Order(NamedTuple):
    """Whose word counts in a company, as its definitions say it."""

    kinds: Mapping[str, str]
    first: Mapping[tuple[str, str], tuple[str, ...]]


def order_of(company: Mapping[str, Any]) -> Order:
    """Return whose word counts, from the content of a company's definitions."""
    kinds = {name: str(kind) for name, kind in KNOWN.items()}
    kinds |= {one["source"]: one["kind"] for one in company.get("sources") or ()}
    first = {
        (one["of"], one["field"]): tuple(one["sources"]) for one in company.get("precedence") or ()
    }
    return Order(kinds, first)
