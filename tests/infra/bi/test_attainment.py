"""Attainment of quotas on formulas: SQL says what the plain domain says, on random facts."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from random import Random
from typing import Any

import pytest
from clickhouse_connect.driver.client import Client

from infra.bi import attainment
from infra.bi.context import Context
from infra.bi.views import attained as parts
from infra.definitions import planning
from infra.definitions.stored import Stored
from schemas.definitions import Bundle
from schemas.kpis import Direction
from schemas.quotas import Quota, QuotaOwner, Quotas
from streams.domain.attaining import adds_up, attained, is_of_now
from streams.domain.expected import Expectations
from streams.domain.hierarchy import memberships
from streams.domain.kpi_inputs import Asked
from streams.domain.kpi_trees import Computed
from streams.domain.kpis import Catalogue
from streams.domain.pace import Pace, pace
from streams.domain.periods import DAY, Span
from streams.domain.spans import before
from tests.emptying import emptied
from tests.infra.bi.facts import NOW, TODAY, World, bundle
from tests.infra.warehouse import serving

pytestmark = pytest.mark.timeout(600)
AT = "toDateTime64('2026-03-18 10:30:00.000', 3, 'UTC')"
OWNERS = {
    ("REP", "r1"): (date(2026, 3, 1), date(2026, 4, 1)),
    ("REP", "r2"): (date(2026, 2, 1), date(2026, 3, 1)),  # over: nothing is told of now
    ("TEAM", "north"): (date(2026, 1, 1), date(2026, 4, 1)),
    ("REGION", "down"): (date(2026, 2, 10), date(2026, 4, 5)),
    ("COMPANY", "company"): (date(2026, 3, 1), date(2026, 4, 1)),
}


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    with (
        serving.migrated(tmp_path_factory.mktemp("attained")) as served,
        served.client() as made,
    ):
        yield made


def _asking(made_of: Bundle, seed: int) -> Bundle:
    """Return a company that asks for every KPI with a formula, of everybody in OWNERS."""
    chance = Random(seed)
    quotas = [
        Quota(
            owner_kind=QuotaOwner(kind), owner_id=owner, kpi=kpi.kpi_id, period_start=start,
            period_end=end, amount=Decimal(chance.choice([1, 35, 10**6])) / 100,
            currency="EUR" if kpi.unit.startswith("MONEY") else None, curve="linear",
        )
        for (kind, owner), (start, end) in OWNERS.items()
        for kpi in made_of.kpis.kpis
    ]  # fmt: skip
    told = Quotas(quotas=(*made_of.quotas.quotas, *quotas), today_counts=bool(seed % 2))
    return made_of.model_copy(update={"quotas": told})


@pytest.mark.parametrize("seed", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_sql_says_of_quotas_on_formulas_what_the_rules_say(client: Client, seed: int) -> None:
    made_of = _asking(bundle(), seed)
    world = World(seed, made_of)
    world.write(client, every_kind=True)
    emptied(client, ("quota", "planning", "plan_curve"))
    planning.write(Stored(client), 5, NOW)
    context = Context.of(made_of, now=AT)
    wanted = _expected(world, made_of)
    for by_day in (False, True):
        sql = parts(made_of, by_day=by_day, context=context)
        told = _told(client, attainment.daily(sql) if by_day else attainment.current(sql))
        mine = {key: one for key, one in wanted.items() if by_day or key[1] == TODAY}
        of_formulas = {key: one for key, one in told.items() if key[0] in {k for k, _ in wanted}}
        assert of_formulas.keys() == mine.keys()
        wrong = {key: (mine[key], one) for key, one in of_formulas.items() if one != mine[key]}
        assert not wrong, f"{len(wrong)} of {len(mine)}, such as {sorted(wrong.items())[:2]}"
        assert told.keys() - of_formulas.keys(), "quotas on measures are told beside them"
    assert {one.actual is None for one in wanted.values()} == {True, False}


def _told(client: Client, sql: str) -> dict[tuple[str, date], Pace]:
    columns = ", ".join({"actual": "actual_to_date"}.get(n, n) for n in Pace._fields)
    asked = f"SELECT quota_id, day, {columns} FROM ({sql})"
    rows = client.query(asked, settings={"max_query_size": 1 << 22}).result_rows
    found = {(quota_id, day): Pace(*values) for quota_id, day, *values in rows}
    assert len(found) == len(rows), "a quota stands there twice"
    return found


def _expected(world: World, made_of: Bundle) -> dict[tuple[str, date], Pace]:
    catalogue = {c.kpi.kpi_id: c for c in Catalogue(made_of).all() if not c.of_measure}
    expectations = Expectations(made_of)
    curves = expectations.curves({})
    members = defaultdict[tuple[str, str], list[Any]](list)
    for m in memberships(made_of.roster):
        members[m.subject_kind.value, m.subject_id].append(m)
    found = {}
    for one in expectations.all():
        quota = one.quota
        if quota.kpi not in catalogue:
            continue
        owner = (quota.owner_kind.value, quota.owner_id)
        computed = catalogue[quota.kpi]
        spans = one.span, before(one.span, made_of.company)

        def belongs(rep: str, day: date, rows: list[Any] = members[owner]) -> bool:
            return any(r.rep_id == rep and r.valid_from <= day < r.valid_to for r in rows)

        asked = [
            Asked(q.kpi, Span(q.period_start, q.period_end), q.amount)
            for q in made_of.quotas.quotas
            if (q.owner_kind.value, q.owner_id) == owner
        ]
        for day in _days(computed, one.span):
            actual = attained(computed, world.facts(), spans, day, (belongs, asked))
            found[quota.quota_id, day] = pace(
                actual, one.effective.amount, one.plan(curves), one.work(curves), day,
                day_counts=day < TODAY or made_of.quotas.today_counts,
                is_additive=adds_up(computed),
                is_lower_better=computed.kpi.direction is Direction.LOWER and not adds_up(computed),
            )  # fmt: skip
    return found


def _days(computed: Computed, span: Span) -> list[date]:
    until = min(span.end, TODAY + DAY)
    if any(map(is_of_now, computed.wanted)):
        return [TODAY] if TODAY in span else []
    return [span.start + timedelta(n) for n in range((until - span.start).days)]
