"""The usual contests, ready to begin: drafts for a form, made for this company and this moment."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from infra.contests.changing import next_minute
from schemas.definitions import Bundle, Measure, MeasureUnit

CAPS = {"calls_connected": 40, "meetings_held": 6, "meetings_booked": 6, "calls": 80}
# What a rule of a measure is worth by default, in points; what is easy to do counts little.
POINTS = {"calls_connected": 1, "meetings_booked": 3, "meetings_held": 5, "deals_won": 25}
RACE_TARGET, RACE_DAYS, DUEL_DAYS, TEAM_DAYS = 10, 7, 1, 5
SHORT_HOURS = 2  # a contest of today that would end sooner runs through tomorrow


class Preset(NamedTuple):
    """One of the usual contests. `needs`: what people still have to say."""

    preset_id: str
    title: str
    about: str
    needs: str
    draft: Mapping[str, Any]


def presets(bundle: Bundle, now: datetime) -> list[Preset]:
    """Return the contests that can be begun with the measures there are."""
    return list(_presets(bundle, now))


def _presets(bundle: Bundle, now: datetime) -> Iterator[Preset]:
    zone = bundle.company.time_zone
    base: dict[str, Any] = {"time_zone": zone, "starts_at": next_minute(now, zone)}
    points = _points(bundle)
    if points:
        draft = {**base, "name": "Most points today", "format": "RANKING", "score": "POINTS",
                 "metrics": points, "ends_at": _end_of_day(now, zone)}  # fmt: skip
        yield Preset("points", "Most points today", "Calls, meetings and deals make points until"
                     " midnight; the most points win.", "", draft)  # fmt: skip
    one = _single(bundle, "deals_won", "meetings_held", "meetings_booked", "calls_connected")
    if one:
        draft = {**base, "name": f"First to {RACE_TARGET}", "format": "RACE", "score": "VALUE",
                 "metrics": one, "target": str(RACE_TARGET),
                 "ends_at": _midnight(now, zone, RACE_DAYS)}  # fmt: skip
        yield Preset("race", "Race to a target", "Whoever gets there first wins.", "", draft)
    duel = _single(bundle, "calls_connected", "meetings_booked", "meetings_held", "deals_won")
    if duel:
        draft = {**base, "name": "Head to head", "format": "DUEL", "score": "VALUE",
                 "metrics": duel, "participants": {"members": []},
                 "ends_at": _midnight(now, zone, DUEL_DAYS)}  # fmt: skip
        yield Preset("duel", "Head to head", "Two people; the better score at the end wins.",
                     "name two", draft)  # fmt: skip
    teams = _teams(bundle)
    if points and len(teams) > 1:
        draft = {**base, "name": "Team against team", "format": "RANKING", "of": "TEAMS",
                 "team_score": "AVERAGE", "score": "POINTS", "metrics": points,
                 "participants": {"teams": teams},
                 "ends_at": _midnight(now, zone, TEAM_DAYS)}  # fmt: skip
        yield Preset("teams", "Team against team", "Points by heads, so that the largest team does"
                     " not win by being large.", "", draft)  # fmt: skip
    hour = _single(bundle, "calls_connected", "calls", "meetings_booked")
    if hour:
        starts = _next_hour(now, zone)
        draft = {**base, "name": "Power hour", "format": "RANKING", "score": "VALUE",
                 "metrics": hour, "starts_at": _text(starts), "ends_at":
                 _text(starts + timedelta(hours=1)), "grace_hours": 2}  # fmt: skip
        yield Preset("hour", "Power hour", "One hour, everybody at once; the most wins.", "", draft)


def _points(bundle: Bundle) -> list[dict[str, Any]]:
    found = []
    for rule, points in POINTS.items():
        measure = _by_rule(bundle, rule)
        if measure is not None:
            found.append({**_metric(measure), "points": str(points)})
    return found


def _single(bundle: Bundle, *rules: str) -> list[dict[str, Any]]:
    """Return a metric of the first of these rules that a measure goes by; empty: none does."""
    for rule in rules:
        measure = _by_rule(bundle, rule)
        if measure is not None:
            return [_metric(measure)]
    return []


def _by_rule(bundle: Bundle, rule: str) -> Measure | None:
    return next(
        (m for m in bundle.measures.measures
         if m.rule == rule and m.unit is not MeasureUnit.MONEY), None
    )  # fmt: skip


def _metric(measure: Measure) -> dict[str, Any]:
    cap = CAPS.get(measure.rule)
    return {"kpi": measure.measure, **({"cap_per_day": str(cap)} if cap else {})}


def _teams(bundle: Bundle) -> Sequence[str]:
    """Return the teams somebody is in directly, without those that others stand below."""
    above = {team.parent_team_id for team in bundle.roster.teams}
    there = {stint.team_id for rep in bundle.roster.reps for stint in rep.history
             if stint.valid_to is None}  # fmt: skip
    return sorted(there - above)


def _midnight(now: datetime, zone: str, days: int) -> str:
    here = now.astimezone(ZoneInfo(zone)).date() + timedelta(days=days)
    return f"{here}T00:00"


def _end_of_day(now: datetime, zone: str) -> str:
    here = now.astimezone(ZoneInfo(zone))
    return _midnight(now, zone, 1 if here.hour < 24 - SHORT_HOURS else 2)


def _next_hour(now: datetime, zone: str) -> datetime:
    here = now.astimezone(ZoneInfo(zone)).replace(tzinfo=None)
    return here.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)


def _text(local: datetime) -> str:
    return local.isoformat(timespec="minutes")
