"""Views of KPIs say what the plain domain says, on random facts, to the last place."""

import json
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from clickhouse_connect.driver.client import Client
from typer.testing import CliRunner

from infra.bi.context import Context
from infra.bi.explaining import explained
from infra.bi.formulas import evaluated
from infra.bi.kpi_views import kpis
from infra.bi.making import make_views
from infra.bi.subjects import Subject
from infra.bi.views import statements
from infra.cli import kpi_telling
from infra.cli.main import app
from schemas.definitions import Bundle
from streams.domain.hierarchy import memberships
from streams.domain.kpi_inputs import Asked, Belongs, Facts, lines, reading_of
from streams.domain.kpi_trees import Computed
from streams.domain.kpis import Catalogue
from streams.domain.periods import Span
from streams.domain.readings import rounded
from streams.domain.spans import Grain, before, period, span_of
from streams.settings import settings
from tests.infra.bi.facts import TODAY, World, bundle
from tests.infra.warehouse import serving
from tests.infra.warehouse.serving import Served

pytestmark = pytest.mark.timeout(600)
NOW = "toDateTime64('2026-03-18 10:30:00.000', 3, 'UTC')"
FISCAL = {"week_start": 7, "fiscal_year_start_month": 2}
WEEKS = {**FISCAL, "fiscal_weeks": {"pattern": "4-4-5"}}
Key = tuple[str, str, str, date, str]
Found = dict[Key, tuple[Any, ...]]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving.migrated(tmp_path_factory.mktemp("kpis")) as made:
        yield made


@pytest.fixture(scope="module")
def client(served: Served) -> Iterator[Client]:
    with served.client() as made:
        yield made


@pytest.mark.parametrize(
    ("seed", "company", "subjects", "step"),
    [
        (1, {}, (Subject.REP, Subject.COMPANY), 1),
        (2, FISCAL, (Subject.TEAM,), 2),
        (3, WEEKS, (Subject.REGION,), 4),
    ],
)
def test_sql_says_what_the_domain_says(
    client: Client, seed: int, company: dict[str, Any], subjects: tuple[Subject, ...], step: int
) -> None:
    """All KPIs of reps and company; of the others, which differ in whom they join, every n-th."""
    made_of = bundle(**company)
    world = World(seed, made_of)
    world.write(client)
    context = Context.of(made_of, now=NOW)
    catalogue = [c for c in Catalogue(made_of).all() if c.kpi.kpi_id != "revenue_won"][::step]
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
            quotas = _quotas_of(made_of, subject, subject_id)
            for grain, span in _periods(one, facts, belongs, quotas, made_of):
                earlier = before(span, made_of.company)
                read = reading_of(one, facts, (span, earlier), belongs, quotas)
                unit = one.kpi.unit.value
                currency = made_of.company.reporting_currency if unit.startswith("MONEY") else ""
                key = (subject_id, one.kpi.kpi_id, grain.value, span.start, currency)
                line = (span.end, read.numerator, read.denominator, read.value)
                if one.of_measure or read.value is not None or read.numerator or read.denominator:
                    found[key] = line
    return found


def _quotas_of(made_of: Bundle, subject: Subject, subject_id: str) -> list[Asked]:
    return [
        Asked(q.kpi, Span(q.period_start, q.period_end), q.amount)
        for q in made_of.quotas.quotas
        if (q.owner_kind, q.owner_id) == (subject.value, subject_id)
    ]


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


@pytest.mark.parametrize(
    ("subject", "text", "which"),
    [
        ((Subject.REP, "r2"), "2026-03", 0),
        ((Subject.TEAM, "north"), "2026-Q1", 1),
        ((Subject.COMPANY, "company"), "2026-02-03..2026-03-01", 2),
        ((Subject.REGION, "up"), "last-30-days", 3),
    ],
)
def test_an_explanation_comes_to_what_the_domain_says_and_names_every_part(
    client: Client, subject: tuple[Subject, str], text: str, which: int
) -> None:
    """A quarter of the KPIs for each kind of subject: each takes a query."""
    made_of = bundle()
    world = World(3, made_of)
    world.write(client)
    context = Context.of(made_of, now=NOW)
    span = span_of(text, made_of.company, TODAY)
    spans = (span, before(span, made_of.company))
    belongs = _groups(subject[0], made_of)[subject[1]]
    for one in [*Catalogue(made_of).all()][which::4]:
        quotas = _quotas_of(made_of, *subject)
        found = explained(client, made_of, one, subject=subject, spans=spans, context=context)
        if one.kpi.kpi_id == "revenue_won":
            mine = [t for t in world.totals if t[2] == "revenue_won" and t[1] in span]
            sums = {c: Decimal(0) for _, _, _, c, _ in mine if c}
            for rep, day, _, currency, value in mine:
                if belongs(rep, day):
                    sums[currency] += value
            assert found.by_currency == {c: v for c, v in sums.items() if c in found.by_currency}
            assert sum(sums.values()) == sum(found.by_currency.values())
            continue
        assert found.reading == reading_of(one, world.facts(), spans, belongs, quotas), one.kpi
        assert [p.what for p in found.parts] == [str(w) for w in one.wanted]
        told = kpi_telling.explained(found, (*subject, subject[1]))
        assert one.kpi.meaning in told
        assert ("= nothing: " in told) == (found.reading.value is None)
        again = json.loads(
            json.dumps(kpi_telling.explained_json(found, (*subject, "")), default=str)
        )
        assert again["value"] is None or Decimal(again["value"]) == found.reading.value


def test_views_are_made_once_and_again_only_when_their_text_changes(client: Client) -> None:
    made_of = bundle()
    names = [name for name, _ in statements(made_of)]
    client.command("TRUNCATE TABLE spm.view")
    assert make_views(client, made_of) == names
    assert make_views(client, made_of) == []
    kpi = made_of.kpis.kpis[0].model_copy(update={"name": "Another name"})
    kpis_now = made_of.kpis.model_copy(update={"kpis": (kpi, *made_of.kpis.kpis[1:])})
    assert make_views(client, made_of.model_copy(update={"kpis": kpis_now})) == ["dim_kpi"]
    assert "kpi_rep" in make_views(client, bundle(fiscal_year_start_month=4))
    rows = client.query("SELECT kpi_id, formula, is_additive FROM spm_bi.dim_kpi").result_rows
    assert {r[0] for r in rows} == {c.kpi.kpi_id for c in Catalogue(made_of).all()}
    assert ("win_rate", "deals_won / (deals_won + deals_lost)", False) in rows
    assert ("calls", "calls", True) in rows


def test_before_the_first_definitions_the_views_are_there_and_empty(tmp_path: Path) -> None:
    with serving.migrated(tmp_path) as new, new.client() as client:
        make_views(client, Bundle())
        for name in {name for name, _ in statements(Bundle())} - {"data_dictionary"}:
            assert client.query(f"SELECT * FROM spm_bi.{name}").result_rows == []


def test_a_result_is_rounded_once_half_to_even(client: Client) -> None:
    """Against Python's fractions: ties, signs, nothing to divide by, very large numbers."""
    cases = [
        (1, 3),
        (2, 3),
        (-2, 3),
        (1, -3),
        (0, 5),
        (5, 0),
        (1, 2 * 10**10),
        (3, 2 * 10**10),
        (-1, 2 * 10**10),
        (-3, -2 * 10**10),
        (10**37, 10**11),
        (7 * 10**60, 10**44),
    ]
    pairs = ", ".join(f"array(toInt256('{a}'), toInt256('{b}'), toInt256(1))" for a, b in cases)
    kind = "Array(Array(Tuple(Int256, Array(UInt16))))"
    sql = (
        f"SELECT {evaluated('taken', 1)}[1] FROM (SELECT arrayJoin([{pairs}]) AS taken, "
        f"0 AS is_zero, CAST([[(1, [1])], [(1, [2])]], '{kind}') AS sums, "
        "CAST([(1, 2, [])], 'Array(Tuple(UInt16, UInt16, Array(UInt16)))') AS results)"
    )
    told = [row[0] for row in client.query(sql).result_rows]
    assert told == [rounded(Fraction(a, b)) if b else None for a, b in cases]
    assert Decimal("0.0000000002") in told


def run(*words: str) -> Result:
    return CliRunner().invoke(app, ["kpi", *words])


def test_a_person_asks_for_kpis_in_the_terminal(
    served: Served, client: Client, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    made_of = bundle()
    world = World(4, made_of)
    world.write(client, every_kind=True)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PACESETTER_WAREHOUSE_URL", served.url)
    monkeypatch.setenv("PACESETTER_WAREHOUSE_USER", serving.SERVICE)
    monkeypatch.setenv("PACESETTER_WAREHOUSE_TOKEN", served.tokens[serving.SERVICE])
    settings.cache_clear()
    listed = run("list")
    assert listed.exit_code == 0, listed.output
    assert "win_rate" in listed.stdout
    told = run("explain", "win_rate", "--rep", "r1", "--period", "2026-Q1", "--json")
    assert told.exit_code == 0, told.output
    found = json.loads(told.stdout)
    won, lost = (
        sum(t[4] for t in world.totals if t[0] == "r1" and t[1].year == 2026 and t[2] == name)
        for name in ("deals_won", "deals_lost")
    )
    assert [Decimal(p["value"]) for p in found["parts"]] == [won, lost]
    assert Decimal(found["value"]) == rounded(Fraction(won) / Fraction(won + lost))
    wrong = run("explain", "win_rat")
    assert (wrong.exit_code, "did you mean win_rate?" in wrong.output) == (1, True)
    never = run("explain", "win_rate", "--period", "2026-Q5")
    assert (never.exit_code, "is no period; write 2026" in never.output) == (2, True)
    settings.cache_clear()
