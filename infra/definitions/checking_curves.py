"""Whether what quotas lean on makes sense: ramps, curves, changes, calendars and leave."""

from collections.abc import Iterable, Iterator, Mapping
from typing import cast

from infra.definitions.problems import Finding, Path, Severity, did_you_mean
from schemas.calendars import Calendars, Leave
from schemas.defining import Definition
from schemas.definitions import Roster
from schemas.quotas import (
    BUSINESS_DAYS,
    LINEAR,
    Curve,
    CurveShape,
    PeriodKind,
    Proration,
    Quota,
    QuotaOwner,
    Quotas,
    Ramp,
)

Values = Mapping[str, Definition]
_PARTS = {PeriodKind.MONTH: 12, PeriodKind.QUARTER: 4}


def check(told: Quotas, values: Values) -> Iterator[Finding]:
    """Yield everything wrong with ramps and curves, and with the quotas that use them."""
    yield from _named_once("ramps", "ramp_id", (r.ramp_id for r in told.ramps))
    yield from _named_once("curves", "curve_id", (c.curve_id for c in told.curves))
    for i, ramp in enumerate(told.ramps):
        yield from _ramp(("ramps", i), ramp)
    for i, curve in enumerate(told.curves):
        yield from _curve(("curves", i), curve)
    if told.over_assignment_min > told.over_assignment_max:
        yield Finding("quotas", ("over_assignment_min",), f"{told.over_assignment_min:f}",
                      f"is above over_assignment_max {told.over_assignment_max:f}",
                      "swap them")  # fmt: skip
    calendars = cast(Calendars | None, values.get("calendars"))
    there = {c.calendar_id for c in calendars.calendars} if calendars else None
    ramps, curves = {r.ramp_id for r in told.ramps}, {c.curve_id for c in told.curves}
    for i, quota in enumerate(told.quotas):
        path: Path = ("quotas", i)
        yield from _known((*path, "curve"), quota.curve, {*curves, LINEAR, BUSINESS_DAYS}, "curve")
        if quota.ramp is not None:
            yield from _known((*path, "ramp"), quota.ramp, ramps, "ramp")
        if quota.calendar_id is not None and there is not None:
            yield from _known((*path, "calendar_id"), quota.calendar_id, there, "calendar")
        yield from _of_reps(path, quota)
        yield from _changes(path, quota)


def check_leave(values: Values) -> Iterator[Finding]:
    """Yield everything wrong with personal leave."""
    leave = cast(Leave, values["leave"]).leave
    roster = cast(Roster | None, values.get("roster"))
    reps = {r.rep_id for r in roster.reps} if roster else None
    first: dict[tuple[str, object], int] = {}
    for i, absence in enumerate(leave):
        path: Path = ("leave", i)
        if absence.valid_to <= absence.valid_from:
            yield Finding("leave", (*path, "valid_to"), str(absence.valid_to),
                          f"is not after valid_from {absence.valid_from}",
                          "name the first day back")  # fmt: skip
        if reps is not None and absence.rep_id not in reps:
            yield Finding("leave", (*path, "rep_id"), absence.rep_id, "is no rep that exists",
                          did_you_mean(absence.rep_id, reps, "add the rep to the roster")
                          )  # fmt: skip
        key = (absence.rep_id, absence.valid_from)
        if key in first:
            yield Finding("leave", (*path, "valid_from"), str(absence.valid_from),
                          f"begins where entry {first[key]} does, counted from 0",
                          "join them into one")  # fmt: skip
        first.setdefault(key, i)


def _ramp(path: Path, ramp: Ramp) -> Iterator[Finding]:
    if bool(ramp.shares) == bool(ramp.amounts):
        yield Finding("quotas", path, ramp.ramp_id, "wants either shares or amounts",
                      "write shares: {1: 0.25, 2: 0.5, 3: 0.75}")  # fmt: skip
        return
    months = sorted(ramp.shares or ramp.amounts)
    if months != list(range(1, len(months) + 1)):
        name = "shares" if ramp.shares else "amounts"
        yield Finding("quotas", (*path, name), ", ".join(map(str, months)),
                      "does not name every month from 1 on",
                      "name each month since hire up to the last that is not full")  # fmt: skip


def _curve(path: Path, curve: Curve) -> Iterator[Finding]:
    if curve.curve_id in {LINEAR, BUSINESS_DAYS}:
        yield Finding("quotas", (*path, "curve_id"), curve.curve_id, "is the name of a built-in",
                      "choose another curve_id")  # fmt: skip
    if curve.shape is CurveShape.LEARNED:
        if curve.weights:
            yield Finding("quotas", (*path, "weights"), "", "mean nothing for a learned curve",
                          "leave them out, or write shape: WEIGHTS")  # fmt: skip
        return
    parts = _PARTS.get(curve.by)
    if parts is None:
        yield Finding("quotas", (*path, "by"), curve.by, "cannot have weights",
                      "write MONTH or QUARTER")  # fmt: skip
    elif sorted(curve.weights) != list(range(1, parts + 1)):
        yield Finding("quotas", (*path, "weights"), ", ".join(map(str, sorted(curve.weights))),
                      f"does not name each {curve.by.lower()} from 1 to {parts}",
                      "give every one a weight")  # fmt: skip
    elif not any(curve.weights.values()):
        yield Finding("quotas", (*path, "weights"), "", "add up to nothing",
                      "give one of them a weight above 0")  # fmt: skip


def _of_reps(path: Path, quota: Quota) -> Iterator[Finding]:
    if quota.owner_kind is QuotaOwner.REP:
        return
    if quota.ramp is not None:
        yield Finding("quotas", (*path, "ramp"), quota.ramp, "means nothing for a"
                      f" {quota.owner_kind}", "only reps are hired: leave it out")  # fmt: skip
    if quota.proration is not Proration.NONE:
        yield Finding("quotas", (*path, "proration"), quota.proration, "means nothing for a"
                      f" {quota.owner_kind}", "only reps are hired: leave it out")  # fmt: skip


def _changes(path: Path, quota: Quota) -> Iterator[Finding]:
    first: dict[object, int] = {}
    for k, change in enumerate(quota.changes):
        if change.approver and change.approver.casefold() == change.author.casefold():
            yield Finding("quotas", (*path, "changes", k, "approver"), change.approver,
                          "wrote it, too", "let somebody else approve it")  # fmt: skip
        if not quota.period_start < change.on < quota.period_end:
            yield Finding("quotas", (*path, "changes", k, "on"), str(change.on),
                          f"is not within {quota.period_start} and {quota.period_end}",
                          "name a day behind the first, or change the amount itself"
                          )  # fmt: skip
        if change.on in first:
            yield Finding("quotas", (*path, "changes", k, "on"), str(change.on),
                          f"stands already in entry {first[change.on]}, counted from 0",
                          "keep one of them")  # fmt: skip
        first.setdefault(change.on, k)


def _known(path: Path, wanted: str, there: set[str], noun: str) -> Iterator[Finding]:
    if wanted not in there:
        otherwise = f"there are {', '.join(sorted(there))}" if there else f"no {noun} is defined"
        yield Finding("quotas", path, wanted, f"is no {noun} that exists",
                      did_you_mean(wanted, there, otherwise))  # fmt: skip


def _named_once(inside: str, name: str, ids: Iterable[str]) -> Iterator[Finding]:
    first: dict[str, int] = {}
    for i, one in enumerate(ids):
        if one in first:
            yield Finding("quotas", (inside, i, name), one,
                          f"stands already in entry {first[one]}, counted from 0",
                          "keep one of them", Severity.ERROR)  # fmt: skip
        first.setdefault(one, i)
