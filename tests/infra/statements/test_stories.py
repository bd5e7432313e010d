"""What a rep reads on their statement when the plan changes mid-quarter, or a territory moves."""

from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cache
from typing import Any

import pytest

from infra.statements import wording
from infra.statements.making import Moments, made, period_of
from infra.statements.plain import Shown, plain
from streams.domain.periods import Span
from streams.domain.statements import Statement
from tests.infra.statements.conftest import Lived
from tests.infra.statements.viewed import listed, same_traces, viewed

pytestmark = [pytest.mark.slow]
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
QUARTER = Span(date(2026, 1, 1), date(2026, 4, 1))


@cache
def kept(lived: Lived, rep: str) -> Statement:
    """Return a statement that nothing changes any more."""
    return shown(lived, rep).statement


def shown(lived: Lived, rep: str, as_of: datetime | None = None, label: str = "2026-Q1") -> Shown:
    ledger = lived.company.ledger(as_of=as_of)
    return made(ledger, ledger.company(), ledger.find(rep), label, Moments(NOW, as_of))


ASCII = str.maketrans({wording.MINUS: "-", wording.NARROW: "-", wording.TIMES: "x"})


def told(statement: Statement) -> list[tuple[Any, ...]]:
    """Return what each line is about, its amount, and how it came about."""
    return [
        (
            wording.what(line),
            line.entry.amount,
            *(text.translate(ASCII) for text in wording.formula(line)),
        )
        for line in statement.lines
    ]


def test_a_plan_that_changes_mid_quarter_is_told_line_by_line(lived: Lived) -> None:
    statement = shown(lived, "Dana").statement
    assert told(statement) == [
        ("Deal Atlas", 2100, "30,000 x 7% (tier 0 - 50,000) = 2,100.00"),
        (
            "Deal Boreas", 3400,
            "20,000 x 7% (tier 0 - 50,000) = 1,400.00",
            "20,000 x 10% (tier from 50,000) = 2,000.00",
        ),
        ("Deal Castor", 1200, "10,000 x 12% (tier from 50,000) = 1,200.00"),
        (
            "Definitions were revised", 900,
            "-50,000 x 7% (tier 0 - 50,000) = -3,500.00",
            "50,000 x 8% (tier 0 - 50,000) = 4,000.00",
            "-20,000 x 10% (tier from 50,000) = -2,000.00",
            "20,000 x 12% (tier from 50,000) = 2,400.00",
        ),
    ]  # fmt: skip
    sequences = [line.terms.sequence if line.terms else None for line in statement.lines]
    assert sequences == [1, 1, 2, 2]
    (section,) = statement.earned
    assert (section.plan_name, section.subtotal) == ("Plan ae", Decimal(7600))
    assert [total.earned for total in statement.totals] == [Decimal(7600)]


def test_a_statement_as_of_the_day_before_says_what_it_said_then(lived: Lived) -> None:
    early = shown(lived, "dana", lived.before_the_plan).statement
    assert [what for what, *_ in told(early)] == ["Deal Atlas", "Deal Boreas"]
    assert early.totals[0].earned == 5500
    later = shown(lived, "dana", lived.before_the_move).statement
    assert later.totals[0].earned == 6400
    long_ago = datetime(2026, 1, 1, tzinfo=UTC)
    assert shown(lived, "dana", long_ago).statement.lines == ()


def test_a_territory_that_moves_is_told_on_both_statements(lived: Lived) -> None:
    lost, won = shown(lived, "rex").statement, shown(lived, "omar").statement
    assert told(lost) == [
        ("Deal Rhine", 500, "10,000 x 5% = 500.00"),
        ("Deal Isar", 1000, "20,000.01 x 5% = 1,000.0005", "rounding of the total: -0.0005"),
        ("Deal Isar", -1000, "-20,000.01 x 5% = -1,000.0005", "rounding of the total: +0.0005"),
    ]
    words = [wording.credit_words(line.credit) for line in lost.lines if line.credit]
    assert words == ["10,000.00 EUR", "20,000.01 EUR", "no longer credited"]
    (line,) = won.lines
    assert (wording.what(line), line.entry.amount) == ("Deal Isar", Decimal(1000))
    assert wording.via_words(line.entry) == "territory rule dach"
    before = shown(lived, "rex", lived.before_the_move).statement
    assert before.totals[0].earned == 1500


def test_statements_of_all_periods_add_up_to_the_ledger(lived: Lived) -> None:
    rows = lived.company.site.frame(
        "SELECT rep_id, sum(amount) AS amount FROM spm.commission_ledger FINAL GROUP BY rep_id"
    )
    ledger = dict(rows.iter_rows())
    assert set(ledger) == {"dana", "rex", "omar", "mona"}
    company = lived.company.ledger().company()
    for rep in ("dana", "mona"):
        quarters = (period_of(f"2026-Q{n}", company, NOW) for n in (1, 2, 3, 4))
        made = [lived.company.ledger().statement(rep, "", quarter) for quarter in quarters]
        assert sum(s.subtotal for one in made for s in one.earned) == ledger[rep], rep


def test_the_view_lists_what_the_command_lists(lived: Lived) -> None:
    client, climbing = lived.company.client("frida"), 0
    for rep, label in (("dana", "2026-Q1"), ("rex", "2026-Q1"), ("omar", "2026-Q1"),
                       ("mona", "2026")):  # fmt: skip
        made = shown(lived, rep, label=label)
        assert viewed(client, made) == listed(made)
        climbing += same_traces(client, made)
    assert climbing == 9
    rows = client.query(
        "SELECT sum(amount) FROM commission_statement UNION ALL"
        " SELECT sum(amount) FROM commission_ledger"
    ).result_rows
    assert rows == [(Decimal(9130),), (Decimal(9130),)]


def test_a_year_that_runs_is_told_beside_the_quarter(lived: Lived) -> None:
    statement = shown(lived, "mona").statement
    assert statement.lines == ()
    (running,) = statement.running
    assert (running.plan_id, running.amount) == ("year", Decimal(30))
    year = plain(shown(lived, "mona", label="2026"))
    assert year["totals"][0]["earned"] == "30.00"
    assert year["earned"][0]["lines"][0]["plan_revision"]["author"] == "test"
