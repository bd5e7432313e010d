"""Statements hold each entry once, in the order of events, and add up to the ledger."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from streams.domain.periods import Span
from streams.domain.statement_parts import STATES, Credited, Dispute, Entry, Terms
from streams.domain.statements import Evidence, statement, terms_at

NOTHING = Evidence({}, (), {}, {})
MONTHS = [date(2026 + n // 12, n % 12 + 1, 1) for n in range(25)]


def span(months: int, start: int) -> Span:
    first = start // months * months
    return Span(MONTHS[first], MONTHS[first + months])


def entry(name: str, amount: Any = 1, **fields: Any) -> Entry:
    period = fields.pop("period", span(3, 0))
    values: dict[str, Any] = {
        "entry_id": name, "rep_id": "r", "plan_id": "p", "component_id": "c", "origin": period,
        "due": period, "posted": period, "kind": "ACCRUAL", "state": "EARNED", "currency": "EUR",
        "amount": Decimal(amount), "deal_id": "", "role": "", "via": "", "before": Decimal(0),
        "after": Decimal(0), "trace": "", "topic": "spm.credits", "partition": 0, "position": 1,
        "sequence": 1,
    }  # fmt: skip
    return Entry(**{**values, **fields})


def credited(position: int, day: date, **fields: Any) -> Credited:
    values = dict.fromkeys(Credited._fields, "")
    made: dict[str, Any] = {
        **values, "topic": "spm.credits", "partition": 0, "position": position, "day": day,
        "deal_id": "d", "share": Decimal(1), "amount": Decimal(1), "revised_at": None,
    }  # fmt: skip
    return Credited(**{**made, **fields})


posted = st.builds(span, st.sampled_from([1, 3, 12]), st.integers(0, 11))
entries = st.lists(
    st.tuples(
        st.decimals(-1_000, 1_000, places=2), posted, st.sampled_from(STATES),
        st.sampled_from(["EUR", "JPY"]), st.sampled_from(["c1", "c2"]),
    ),
    max_size=12,
).map(lambda made: [
    entry(f"e{n}", amount, period=period, state=state, currency=currency, component_id=component)
    for n, (amount, period, state, currency, component) in enumerate(made)
])  # fmt: skip


@given(entries, st.sampled_from([1, 3, 12]))
def test_statements_of_a_row_of_periods_hold_each_entry_once(
    ledger: list[Entry], months: int
) -> None:
    every = [span(months, n) for n in range(0, 12, months)]
    made = [statement(("r", ""), period, ledger, NOTHING) for period in every]
    held = sorted(line.entry.entry_id for one in made for line in one.lines)
    assert held == sorted(e.entry_id for e in ledger)
    for currency in ("EUR", "JPY"):
        for state in STATES:
            told = sum(
                getattr(total, state.lower())
                for one in made
                for total in one.totals
                if total.currency == currency
            )
            mine = [e for e in ledger if (e.currency, e.state) == (currency, state)]
            assert told == sum(e.amount for e in mine)
    for one in made:
        for state_sections in (one.earned, one.moved):
            for section in state_sections:
                assert section.subtotal == sum(line.entry.amount for line in section.lines)


@given(entries)
def test_what_is_carried_from_before_meets_what_comes_after(ledger: list[Entry]) -> None:
    """The balances at the end of a period are those the next one begins with."""
    first, second = span(3, 0), span(3, 3)
    before: dict[tuple[str, str], Decimal] = {}
    for one in ledger:
        if one.posted.end <= second.start:
            key = (one.currency, one.state)
            before[key] = before.get(key, Decimal(0)) + one.amount
    ended = {t.currency: (t.held, t.owed)
             for t in statement(("r", ""), first, ledger, NOTHING).totals}  # fmt: skip
    begun = {t.currency: (t.held_before, t.owed_before)
             for t in statement(("r", ""), second, ledger, NOTHING, before).totals}  # fmt: skip
    for currency, balances in ended.items():
        assert begun.get(currency, (0, 0)) == balances


def test_lines_stand_in_the_order_of_events_not_of_arrival() -> None:
    late, early = date(2026, 3, 1), date(2026, 1, 2)
    ledger = [entry("a", position=1, deal_id="d"), entry("b", position=2, deal_id="d"),
              entry("marker", position=3)]  # fmt: skip
    made = {("spm.credits", 0, 1): credited(1, late), ("spm.credits", 0, 2): credited(2, early)}
    at = {"marker": datetime(2026, 2, 1, tzinfo=UTC)}
    found = statement(("r", ""), span(3, 0), ledger, Evidence(made, (), {}, at))
    assert [line.entry.entry_id for line in found.lines] == ["b", "marker", "a"]


def test_a_line_names_the_period_it_changes() -> None:
    carried = entry("a", period=span(3, 3))._replace(origin=span(3, 0))
    (line,) = statement(("r", ""), span(3, 3), [carried], NOTHING).lines
    assert line.is_carried
    own = entry("a", period=span(1, 1))._replace(origin=span(3, 0))  # an instalment of its quarter
    (line,) = statement(("r", ""), span(3, 0), [own], NOTHING).lines
    assert not line.is_carried


def test_a_year_that_runs_stands_beside_and_counts_nowhere() -> None:
    found = statement(("r", ""), span(3, 0), [entry("y", 7, period=span(12, 0))], NOTHING)
    assert (found.lines, found.totals) == ((), ())
    assert [one.amount for one in found.running] == [7]


def test_others_entries_are_none_of_a_payees_statement() -> None:
    found = statement(("r", ""), span(3, 0), [entry("x", rep_id="somebody")], NOTHING)
    assert found.lines == ()


def test_a_line_follows_the_revision_in_force_and_carries_its_disputes() -> None:
    written = datetime(2026, 1, 1, tzinfo=UTC)
    terms = [Terms(n, "p", f"P{n}", "", "", "", written + timedelta(n), "{}") for n in (1, 5)]
    assert terms_at(terms, "p", 4) == terms[0]
    assert terms_at(terms, "p", 0) is None
    dispute = Dispute("d", "e", "r", "OPEN", "r", written, "why?", "", None, "", "")
    evidence = Evidence({}, terms, {"e": [dispute]}, {})
    found = statement(("r", ""), span(3, 0), [entry("e", sequence=6)], evidence)
    assert found.lines[0].terms == terms[1]
    assert found.lines[0].disputes == (dispute,)
    assert found.earned[0].plan_name == "P5"
