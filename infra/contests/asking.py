"""What the form of contests offers: measures, teams, people, usual contests and those there are."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from infra.contests.final import are_final
from infra.contests.naming import names_of
from infra.contests.presets import presets
from infra.contests.words import Names, below_its_name
from infra.definitions.stored import Stored
from schemas.contest_choices import VERIFIED_RULES, State
from schemas.contests import Contest
from schemas.definitions import NO_END, Bundle
from streams.domain.contest_times import frozen_at, millis, moment, phase

SHOWN_FOR = timedelta(days=7)  # a contest that was over for longer is history


def form(client: Any, now: datetime) -> dict[str, Any]:
    """Return what people choose from, and the contests there are."""
    stored = Stored(client)
    bundle = stored.in_force().bundle()
    names, company = names_of(stored, bundle), bundle.company
    zones = {company.time_zone, *(s.time_zone for r in bundle.roster.reps for s in r.history)}
    return {
        "now": now.isoformat(timespec="seconds"), "currency": company.reporting_currency,
        "zone": company.time_zone, "zones": sorted(zones),
        "measures": list(_measures(bundle)),
        "teams": [{"id": t.team_id, "name": t.name} for t in bundle.roster.teams],
        "reps": sorted(_reps(bundle, names, now), key=lambda rep: str(rep["name"])),
        "presets": [one._asdict() for one in presets(bundle, now)],
        "contests": list(_contests(bundle, names, are_final(client), now)),
    }  # fmt: skip


def _measures(bundle: Bundle) -> Iterator[Mapping[str, Any]]:
    for one in bundle.measures.measures:
        yield {"id": one.measure, "name": one.label, "unit": one.unit,
               "is_verified": one.rule in VERIFIED_RULES}  # fmt: skip


def _reps(bundle: Bundle, names: Names, now: datetime) -> Iterator[Mapping[str, Any]]:
    """Yield who is there today, and whether others report to them."""
    today = now.astimezone(ZoneInfo(bundle.company.time_zone)).date()
    there = {
        rep.rep_id: stint
        for rep in bundle.roster.reps
        for stint in rep.history
        if stint.valid_from <= today < (stint.valid_to or NO_END)
    }
    bosses = {stint.manager_id for stint in there.values()}
    for rep_id, stint in there.items():
        yield {"id": rep_id, "name": names(rep_id), "team": stint.team_id,
               "manages": rep_id in bosses}  # fmt: skip


def _contests(
    bundle: Bundle, names: Names, final: set[str], now: datetime
) -> Iterator[Mapping[str, Any]]:
    """Yield contests that are not long over, the newest first."""
    ordered = sorted(bundle.contests.contests, key=lambda one: one.starts_at, reverse=True)
    for one in ordered:
        if moment(frozen_at(one)) + SHOWN_FOR > now and one.state is not State.DRAFT:
            yield {
                "contest_id": one.contest_id, "name": one.name, "format": one.format,
                "state": one.state, "phase": phase(one, millis(now)), "hidden": one.hidden,
                "starts_at": one.starts_at, "ends_at": one.ends_at, "time_zone": one.time_zone,
                "is_final": one.contest_id in final, "may_end": _may_end(one, final, now),
                "words": below_its_name(one, names),
            }  # fmt: skip


def _may_end(one: Contest, final: set[str], now: datetime) -> bool:
    """Return whether there is still something to end or call off."""
    is_open = one.state is State.OPEN and one.contest_id not in final
    return is_open and millis(now) < frozen_at(one)
