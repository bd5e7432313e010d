"""Views of KPIs say what the plain domain says, on random facts, to the last place."""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from clickhouse_connect.driver.client import Client

from infra.bi.context import Context
from infra.bi.kpi_views import Subject, kpis
from infra.migrations import migrate
from schemas.definitions import Bundle
from streams.domain.hierarchy import memberships
from streams.domain.kpi_inputs import Asked, Belongs, Facts, lines, reading_of
from streams.domain.kpis import Catalogue, Computed
from streams.domain.periods import Span
from streams.domain.spans import Grain, before, period
from tests.infra.bi.facts import TODAY, World, bundle
from tests.infra.warehouse import serving

pytestmark = pytest.mark.timeout(600)
NOW = "toDateTime64('2026-03-18 10:30:00.000', 3, 'UTC')"
FISCAL = {"week_start": 7, "fiscal_year_start_month": 2}
Key = tuple[str, str, str, date, str]
Found = dict[Key, tuple[Any, ...]]


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    with serving.embedded(tmp_path_factory.mktemp("kpis")) as served, served.client() as client:
        migrate(client)
        yield client


@pytest.mark.parametrize(
    ("seed", "company", "subjects"),
    [
        (1, {}, (Subject.REP, Subject.COMPANY)),
        (2, FISCAL, (Subject.TEAM, Subject.REGION)),
    ],
)
def test_sql_says_what_the_domain_says(
    client: Client, seed: int, company: dict[str, Any], subjects: tuple[Subject, ...]
) -> None:
    made_of = bundle(**company)
    world = World(seed, made_of)
    world.write(client)
    context = Context.of(made_of, now=NOW)
    catalogue = [c for c in Catalogue(made_of).all() if c.kpi.kpi_id != "revenue_won"]
    for subject in subjects:
        asked = kpis(catalogue, subject, context)
        told = _told(client, asked)
        expected = _expected(catalogue, subject, world.facts(), made_of)
        wrong = {k: (expected.get(k), told.get(k)) for k in expected.keys() | told.keys()}
        wrong = {k: pair for k, pair in wrong.items() if pair[0] != pair[1]}
        assert not wrong, f"{len(wrong)} of {len(expected)}, such as {sorted(wrong.items())[:3]}"
        assert {key[1] for key in expected} >= {c.kpi.kpi_id for c in catalogue} - _BARE[subject]


# No team of these has a quota in every form.
_BARE = {
    Subject.REP: set[str](),
    Subject.COMPANY: set[str](),
    Subject.TEAM: set[str](),
    Subject.REGION: {"coverage_of_remaining", "coverage_of_quota", "weighted_coverage"},
}


def _told(client: Client, sql: str) -> Found:
    names = "subject_id, kpi_id, grain, period_start, period_end, currency"
    rows = client.query(
        f"SELECT {names}, numerator, denominator, value FROM ({sql})",
        settings={"max_query_size": 1 << 22},
    ).result_rows
    found = {(s, k, g, a, c): (b, *rest) for s, k, g, a, b, c, *rest in rows}
    assert len(found) == len(rows), "a period stands there twice"
    return found


def _expected(catalogue: list[Computed], subject: Subject, facts: Facts, made_of: Bundle) -> Found:
    found: Found = {}
    groups = _groups(subject, made_of)
    for one in catalogue:
        for subject_id, belongs in groups.items():
            quotas = [
                Asked(q.kpi, Span(q.period_start, q.period_end), q.amount)
                for q in made_of.quotas.quotas
                if (q.owner_kind, q.owner_id) == (subject.value, subject_id)
            ]
            for grain, span in _periods(one, facts, belongs, quotas, made_of):
                earlier = _earlier(grain, span, made_of)
                read = reading_of(one, facts, (span, earlier), belongs, quotas)
                unit = one.kpi.unit.value
                currency = made_of.company.reporting_currency if unit.startswith("MONEY") else ""
                key = (subject_id, one.kpi.kpi_id, grain.value, span.start, currency)
                line = (span.end, read.numerator, read.denominator, read.value)
                if one.of_measure or read.value is not None or read.numerator or read.denominator:
                    found[key] = line
    return found


def _groups(subject: Subject, made_of: Bundle) -> dict[str, Belongs]:
    stints: dict[str, list[Any]] = {}
    for row in memberships(made_of.roster):
        if row.subject_kind.value == subject.value:
            stints.setdefault(row.subject_id, []).append(row)

    def belongs_to(rows: list[Any]) -> Belongs:
        return lambda rep, day: any(
            r.rep_id == rep and r.valid_from <= day < r.valid_to for r in rows
        )

    return {subject_id: belongs_to(rows) for subject_id, rows in stints.items()}


def _earlier(grain: Grain, span: Span, made_of: Bundle) -> Span:
    return before(span, made_of.company)


def _periods(
    one: Computed, facts: Facts, belongs: Belongs, quotas: list[Asked], made_of: Bundle
) -> Iterator[tuple[Grain, Span]]:
    """Yield the periods in which anything that the KPI asks for has a line."""
    company = made_of.company
    days = {
        (day, wanted.is_previous)
        for wanted in one.wanted
        if wanted.name != "quota"
        for rep_id, day, _ in lines(wanted, facts)
        if belongs(rep_id, day)
    }
    days |= {(q.span.start, False) for q in quotas if any(w.name == "quota" for w in one.wanted)}
    for grain in Grain:
        spans = set()
        for day, is_previous in days:
            span = period(grain, day, company, TODAY)
            if is_previous and not grain.window:
                span = period(grain, span.end, company, TODAY)
                if span.start > TODAY:
                    continue
            earlier = before(span, company)
            if not grain.window or day in span or (is_previous and day in earlier):
                spans.add(span)
        yield from ((grain, span) for span in spans)


def test_a_result_is_rounded_once_half_to_even(client: Client) -> None:
    """Against Python's fractions: ties, signs, nothing to divide by, very large numbers."""
    from fractions import Fraction

    from infra.bi.formulas import evaluated
    from streams.domain.readings import rounded

    cases = [(1, 3), (2, 3), (-2, 3), (1, -3), (0, 5), (5, 0), (1, 2 * 10**10), (3, 2 * 10**10),
             (-1, 2 * 10**10), (-3, -2 * 10**10), (10**37, 10**11), (7 * 10**60, 10**44)]  # fmt: skip
    text = ", ".join(
        f"(array(toInt256('{a}'), toInt256('{b}'), toInt256(1)), "
        "[([(1, [1])], [(1, [2])], [])])" for a, b in cases
    )  # fmt: skip
    kind = "Array(Tuple(Int256, Array(UInt16)))"
    shape = f"Array(Tuple({kind}, {kind}, Array({kind})))"
    sql = (
        f"SELECT {evaluated('taken', 'results', 1)}[1] FROM (SELECT one.1 AS taken, "
        f"CAST(one.2, '{shape}') AS results FROM (SELECT arrayJoin([{text}]) AS one))"
    )
    told = [row[0] for row in client.query(sql).result_rows]
    assert told == [rounded(Fraction(a, b)) if b else None for a, b in cases]
    assert Decimal("0.0000000002") in told
