"""Whether territories make sense: parents and holders exist, nobody is in two regions at once."""

from collections.abc import Iterator, Mapping
from datetime import date
from typing import NamedTuple, cast

from infra.definitions import checking_rules
from infra.definitions.checking_roster import cycles
from infra.definitions.problems import Finding, Path, did_you_mean
from schemas.defining import Definition
from schemas.definitions import NO_END, Roster
from schemas.territories import Territories, Territory
from streams.domain.hierarchy import region_of

_KIND = "territories"


class _Held(NamedTuple):
    valid_from: date
    valid_to: date
    territory_id: str
    region: str | None
    path: Path


def check(values: Mapping[str, Definition]) -> Iterator[Finding]:
    """Yield everything wrong with territories and who holds them."""
    territories = cast(Territories, values[_KIND]).territories
    yield from _tree(territories)
    roster = cast(Roster | None, values.get("roster"))
    if roster is not None:
        yield from _known_holders(territories, {rep.rep_id for rep in roster.reps})
    for held in _by_rep(territories).values():
        yield from _overlaps(held)
    yield from checking_rules.check(values)


def _tree(territories: tuple[Territory, ...]) -> Iterator[Finding]:
    first: dict[str, int] = {}
    for i, each in enumerate(territories):
        if each.territory_id in first:
            yield Finding(_KIND, ("territories", i, "territory_id"), each.territory_id,
                          f"stands already in entry {first[each.territory_id]}, counted from 0",
                          "keep one; who held it when are its holders")  # fmt: skip
        first.setdefault(each.territory_id, i)
    for i, each in enumerate(territories):
        if each.parent_territory_id and each.parent_territory_id not in first:
            yield Finding(_KIND, ("territories", i, "parent_territory_id"),
                          each.parent_territory_id, "is no territory that exists",
                          did_you_mean(each.parent_territory_id, first, "add it to territories")
                          )  # fmt: skip
    for members in cycles({t.territory_id: t.parent_territory_id for t in territories}):
        at = min(first[m] for m in members)
        yield Finding(_KIND, ("territories", at, "parent_territory_id"), " > ".join(members),
                      "goes round in a circle", "let one of them have none above")  # fmt: skip


def _known_holders(territories: tuple[Territory, ...], reps: set[str]) -> Iterator[Finding]:
    for i, each in enumerate(territories):
        for j, holder in enumerate(each.holders):
            if holder.rep_id not in reps:
                yield Finding(_KIND, ("territories", i, "holders", j, "rep_id"), holder.rep_id,
                              "is no rep that exists",
                              did_you_mean(holder.rep_id, reps, "add the rep to the roster")
                              )  # fmt: skip


def _by_rep(territories: tuple[Territory, ...]) -> dict[str, list[_Held]]:
    by_id = {each.territory_id: each for each in territories}
    held: dict[str, list[_Held]] = {}
    for i, each in enumerate(territories):
        region = region_of(each.territory_id, by_id)
        for j, one in enumerate(each.holders):
            path = ("territories", i, "holders", j)
            until = one.valid_to or NO_END
            held.setdefault(one.rep_id, []).append(
                _Held(one.valid_from, until, each.territory_id, region, path)
            )
    return held


def _overlaps(held: list[_Held]) -> Iterator[Finding]:
    """Yield what is wrong between the spans of one rep."""
    for each in held:
        if each.valid_to <= each.valid_from:
            yield Finding(_KIND, (*each.path, "valid_to"), str(each.valid_to),
                          f"is not after valid_from {each.valid_from}",
                          "name the first day on which it is no longer held")  # fmt: skip
    order = sorted(held, key=lambda h: (h.valid_from, h.path[1], h.path[3]))
    for i, after in enumerate(order):
        for before in order[:i]:
            if before.valid_to <= after.valid_from:
                continue
            if before.territory_id == after.territory_id:
                yield Finding(_KIND, (*after.path, "valid_from"), str(after.valid_from),
                              f"overlaps the span from {before.valid_from} of the same rep",
                              f"end that one with valid_to: {after.valid_from}")  # fmt: skip
            elif before.region and after.region and before.region != after.region:
                yield Finding(_KIND, (*after.path, "rep_id"), str(after.valid_from),
                              f"puts the rep into {after.region}, while {before.territory_id} has"
                              f" them in {before.region}: sums of regions would count them twice",
                              "end one of the two, or let both be of one region")  # fmt: skip
