"""Whether territory rules can be followed: shares add up, names exist, no two claim one deal."""

from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from itertools import combinations, groupby
from typing import cast

from infra.definitions.problems import Finding, Path, Severity, did_you_mean
from schemas.defining import Definition
from schemas.definitions import NO_END, Roster
from schemas.territories import CreditRole, CreditRule, Territories

_KIND = "territories"
_LISTS = ("segments", "regions", "products", "deal_types", "lead_sources", "accounts")
_DEAL_TYPES = ("NEW", "RENEWAL", "EXPANSION", "OTHER")


def check(values: Mapping[str, Definition]) -> Iterator[Finding]:
    """Yield everything wrong with territory rules."""
    found = cast(Territories, values[_KIND])
    roster = cast(Roster | None, values.get("roster"))
    first: dict[str, int] = {}
    for i, rule in enumerate(found.rules):
        if rule.rule_id in first:
            yield Finding(_KIND, ("rules", i, "rule_id"), rule.rule_id,
                          f"stands already in entry {first[rule.rule_id]}, counted from 0",
                          "keep one of them")  # fmt: skip
        first.setdefault(rule.rule_id, i)
        yield from _conditions(("rules", i), rule)
        yield from _shares(("rules", i), rule)
        yield from _names(("rules", i), rule, found, roster)
    yield from _claimed_twice(found.rules)


def _conditions(path: Path, rule: CreditRule) -> Iterator[Finding]:
    if rule.valid_to and rule.valid_to <= rule.valid_from:
        yield Finding(_KIND, (*path, "valid_to"), str(rule.valid_to),
                      f"is not after valid_from {rule.valid_from}",
                      "name the first day on which it no longer counts")  # fmt: skip
    low, high = rule.amount_from, rule.amount_to
    if rule.currency is None and (low is not None or high is not None):
        yield Finding(_KIND, path, "", "names an amount without its currency",
                      "add currency; deals in others do not meet this rule")  # fmt: skip
    if low is not None and high is not None and high <= low:
        yield Finding(_KIND, (*path, "amount_to"), f"{high:f}", f"is not above {low:f}",
                      "name the amount that deals stay below")  # fmt: skip
    for i, one in enumerate(rule.deal_types):
        if one not in _DEAL_TYPES:
            yield Finding(_KIND, (*path, "deal_types", i), one, "is no type of deal",
                          did_you_mean(one, _DEAL_TYPES, f"there are {', '.join(_DEAL_TYPES)}")
                          )  # fmt: skip


def _shares(path: Path, rule: CreditRule) -> Iterator[Finding]:
    shares = [c.share for c in rule.credits if c.role is CreditRole.REVENUE]
    if shares and sum(shares) != 1:
        yield Finding(_KIND, (*path, "credits"), f"{sum(shares, Decimal()):f}",
                      "the REVENUE shares do not sum to 1",
                      "let them add up to the deal, with to_owner: true for what stays the owner's"
                      )  # fmt: skip


def _names(
    path: Path, rule: CreditRule, found: Territories, roster: Roster | None
) -> Iterator[Finding]:
    reps = {rep.rep_id for rep in roster.reps} if roster else None
    territories = {t.territory_id: t for t in found.territories}
    for i, credit in enumerate(rule.credits):
        here = (*path, "credits", i)
        if credit.rep_id and reps is not None and credit.rep_id not in reps:
            yield Finding(_KIND, (*here, "rep_id"), credit.rep_id, "is no rep that exists",
                          did_you_mean(credit.rep_id, reps, "add the rep to the roster")
                          )  # fmt: skip
        if not credit.territory_id:
            continue
        territory = territories.get(credit.territory_id)
        if territory is None:
            yield Finding(_KIND, (*here, "territory_id"), credit.territory_id,
                          "is no territory that exists",
                          did_you_mean(credit.territory_id, territories, "add it to territories")
                          )  # fmt: skip
            continue
        held = sorted((h.valid_from, h.valid_to or NO_END) for h in territory.holders)
        if vacant := _first_gap(rule.valid_from, rule.valid_to or NO_END, held):
            yield Finding(_KIND, (*here, "territory_id"), credit.territory_id,
                          f"is held by nobody on {vacant}, and perhaps later",
                          "name a holder, or its deals of those days are unassigned",
                          Severity.WARNING)  # fmt: skip


def _first_gap(since: date, until: date, held: list[tuple[date, date]]) -> date | None:
    """Return the first day of a span that no other span covers."""
    for start, end in held:
        if start > since:
            break
        since = max(since, end)
    return since if since < until else None


def _claimed_twice(rules: tuple[CreditRule, ...]) -> Iterator[Finding]:
    numbered = sorted(enumerate(rules), key=lambda one: (one[1].priority, one[0]))
    for priority, same in groupby(numbered, key=lambda one: one[1].priority):
        for (_, before), (i, after) in combinations(list(same), 2):
            if _may_meet(before, after):
                yield Finding(_KIND, ("rules", i, "priority"), str(priority),
                              f"is that of {before.rule_id}, and a deal may meet both rules",
                              "give the one that goes before a smaller priority")  # fmt: skip


def _may_meet(one: CreditRule, other: CreditRule) -> bool:
    """Return whether a deal can meet both rules."""
    if one.valid_from >= (other.valid_to or NO_END) or other.valid_from >= (one.valid_to or NO_END):
        return False
    for name in _LISTS:
        mine, theirs = getattr(one, name), getattr(other, name)
        if mine and theirs and not set(mine) & set(theirs):
            return False
    if one.currency and other.currency and one.currency != other.currency:
        return False
    return _below(one.amount_from, other.amount_to) and _below(other.amount_from, one.amount_to)


def _below(low: Decimal | None, high: Decimal | None) -> bool:
    return low is None or high is None or low < high
