"""Prizes of final results, said a second time: in whole minor units, cent by cent."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any, NamedTuple

from schemas.money import minor_units


class Ranked(NamedTuple):
    """Who competes for prizes.

    Attributes:
        place: 0 for none.
        is_in: did enough to win anything.
    """

    name: str
    place: int
    is_in: bool


class Prize(NamedTuple):
    """What somebody should have won."""

    amount: Decimal
    currency: str
    things: tuple[str, ...]


NOTHING = Prize(Decimal(0), "", ())


def won(contest: Mapping[str, Any], ranked: Sequence[Ranked]) -> dict[str, Prize]:
    """Return what everybody who wins anything should have won."""
    currency = contest.get("prize_currency") or ""
    unit = 10 ** minor_units(currency)
    offered = contest.get("prizes") or ()
    money = {p["place"]: int(Decimal(str(p["amount"])) * unit) for p in offered if p.get("amount")}
    things = {p["place"]: p["thing"] for p in offered if p.get("thing")}
    there = sorted((r.place, r.name) for r in ranked if r.place and r.is_in)
    split = _shared if contest.get("tied_prizes") == "SHARE" else _pooled
    found = {}
    for (place, name), units in zip(there, split([p for p, _ in there], money), strict=True):
        gets = (things[place],) if place in things else ()
        if units or gets:
            paid = currency if units else ""
            found[name] = Prize(Decimal(units) / unit, paid, gets)
    return found


def _pooled(places: Sequence[int], money: Mapping[int, int]) -> list[int]:
    """Return for each place, in order, its part of the prizes of all places its sharers take up."""
    units: list[int] = []
    for place in dict.fromkeys(places):
        many = places.count(place)
        pot = sum(money.get(place + n, 0) for n in range(many))
        units += [pot // many + (n < pot % many) for n in range(many)]
    return units


def _shared(places: Sequence[int], money: Mapping[int, int]) -> list[int]:
    """Return for each place its part of all there is, by the size of its prize."""
    pot = sum(money.get(n, 0) for n in range(1, len(places) + 1))
    weights = [money.get(place, 0) for place in places]
    if not any(weights):
        return [0] * len(places)
    exact = [Fraction(pot * weight, sum(weights)) for weight in weights]
    units = [int(each) for each in exact]
    by_rest = sorted(range(len(exact)), key=lambda n: units[n] - exact[n])  # the first of equals
    for n in by_rest[: pot - sum(units)]:
        units[n] += 1
    return units
