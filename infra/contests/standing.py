"""Standings of a contest, computed when they are asked for, and what finalize keeps of them."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from infra.bi.context import Context
from infra.bi.explaining import explained
from infra.bi.subjects import Subject
from infra.contests import reading
from schemas.contest_choices import Of
from schemas.contests import Contest
from schemas.definitions import Bundle
from schemas.kpis import Direction
from streams.domain.contest_field import Field, field
from streams.domain.contest_results import Result, of_values, result
from streams.domain.contest_targets import targets
from streams.domain.contest_times import millis
from streams.domain.kpis import Catalogue
from streams.domain.spans import before


def named(bundle: Bundle, contest_id: str) -> Contest:
    """Return a contest of the definitions in force.

    Raises:
        LookupError: there is none of that id.
    """
    known = {c.contest_id: c for c in bundle.contests.contests}
    if contest_id not in known:
        ids = ", ".join(known) or "none"
        raise LookupError(f"no contest is {contest_id!r}; contests are {ids}")
    return known[contest_id]


def standing(
    client: Any, bundle: Bundle, contest: Contest, now: datetime, until: reading.Cut | None = None
) -> Result:
    """Return a contest as it stands at an instant.

    Args:
        until: facts behind it are not seen; a KPI with a formula is always as of now.
    """
    there = field(contest, bundle.roster)
    asked = targets(contest, there, bundle)
    lower = is_lower_better(bundle, contest)
    if by_formula(bundle, contest):
        values = _values(client, bundle, contest, there)
        return of_values(contest, values, millis(now), targets=asked, is_lower_better=lower)
    made = reading.events(client, bundle, contest, until)
    return result(contest, there, made, millis(now), targets=asked, is_lower_better=lower)


def by_formula(bundle: Bundle, contest: Contest) -> bool:
    """Return whether a contest goes by a KPI with a formula, which no event makes."""
    return contest.metrics[0].kpi not in {m.measure for m in bundle.measures.measures}


def is_lower_better(bundle: Bundle, contest: Contest) -> bool:
    """Return whether less of what a contest goes by is better."""
    every = {**{k.kpi_id: k.direction for k in bundle.kpis.kpis},
             **{m.measure: m.direction for m in bundle.measures.measures}}  # fmt: skip
    return any(every.get(metric.kpi) is Direction.LOWER for metric in contest.metrics)


def _values(
    client: Any, bundle: Bundle, contest: Contest, there: Field
) -> Mapping[str, Decimal | None]:
    """Return each participant's value of a KPI with a formula over the days of the contest."""
    computed = Catalogue(bundle).computed(contest.metrics[0].kpi)
    context = Context.of(bundle)
    kind = Subject.TEAM if contest.of is Of.TEAMS else Subject.REP
    spans = (there.span, before(there.span, bundle.company))
    found = {}
    for name in there.participants:
        one = explained(client, bundle, computed, subject=(kind, name), spans=spans,
                        context=context)  # fmt: skip
        found[name] = one.reading.value
    return found
