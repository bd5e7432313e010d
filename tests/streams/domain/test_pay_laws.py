"""Laws of pay: balances never run ahead of each other, a reversal leaves zero, closing is final."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.payroll import Forgiveness, Hold, ManualEntry, Opening, Payroll, PeriodAct, PeriodStep
from streams.domain.eligibility import Billing
from streams.domain.pay_acts import run
from streams.domain.pay_balances import EARNED, ELIGIBLE, PAID, RELEASED, Balances, Moved
from streams.domain.pay_periods import Status, life_of, refused
from tests.streams.paid_out import Pay, month
from tests.streams.planned import written

AT = datetime(2029, 1, 1, tzinfo=UTC)
CASH = "- {component_id: c, kind: FLAT, rate: 0.1, eligible: {by: CASH}}"
MONEY = st.integers(-200_000, 900_000).map(lambda cents: Decimal(cents).scaleb(-2))
EARNINGS = st.lists(
    st.tuples(MONEY, st.integers(1, 5), st.sampled_from(["a", "b", ""])), max_size=9
)
PARTS = st.lists(st.integers(0, 100), min_size=6, max_size=6).map(sorted)


def billed(part: int) -> dict[str, Billing]:
    paid = Decimal(part)
    return {deal: Billing(date(2026, 1, 1), Decimal(100), paid=paid) for deal in ("a", "b")}


@settings(max_examples=60, deadline=None)
@given(earnings=EARNINGS, parts=PARTS, draw=st.sampled_from([None, 500, 3000]))
def test_balances_never_run_ahead(
    earnings: Sequence[tuple[Decimal, int, str]], parts: list[int], draw: int | None
) -> None:
    told = [{"draw_id": "draw", "amount": draw, "valid_from": "2026-01-01", "limit": 2000}]
    pay = Pay(written(CASH, period="MONTH", draws=told if draw else []))
    for n, part in enumerate(parts, 1):
        for amount, due, deal in earnings:
            if due == n:
                pay.earn(amount, n, deal)
        assert pay.close(n, billed(part)) >= 0
        balances = Balances(pay.entries)
        assert 0 <= pay.debt() <= 2000
        assert pay.balance(RELEASED) == pay.balance(ELIGIBLE) + pay.debt()
        assert pay.balance(PAID) <= max(pay.balance(RELEASED), pay.balance(PAID))
        for item in balances.items():
            earned, eligible = balances.of(item, EARNED), balances.of(item, ELIGIBLE)
            if item.component_id == "c":
                assert min(earned, 0) <= eligible <= max(earned, 0)


@settings(max_examples=40, deadline=None)
@given(earnings=EARNINGS, parts=PARTS)
def test_a_full_reversal_leaves_nothing(
    earnings: Sequence[tuple[Decimal, int, str]], parts: list[int]
) -> None:
    pay = Pay(written(CASH, period="MONTH"))
    for n, part in enumerate(parts, 1):
        for amount, due, deal in earnings:
            if due == n:
                pay.earn(amount, n, deal)
        pay.close(n, billed(part))
    for amount, due, deal in earnings:  # taken back in a later month, of the month it was earned in
        pay.earn(-amount, 7, deal, origin=month(due))
    pay.close(7, billed(parts[-1]))
    assert pay.balance(EARNED) == pay.balance(ELIGIBLE) == pay.balance(RELEASED) == 0


@settings(max_examples=40, deadline=None)
@given(earnings=EARNINGS, order=st.randoms(use_true_random=False), part=st.integers(0, 100))
def test_the_order_of_entries_is_of_no_matter(
    earnings: Sequence[tuple[Decimal, int, str]], order: object, part: int
) -> None:
    def made(entries: list[Moved]) -> object:
        pay = Pay(written(CASH, period="MONTH"))
        pay.entries = list(entries)
        pay.close(5, billed(part))
        return pay.made

    pay = Pay(written(CASH, period="MONTH"))
    for amount, due, deal in earnings:
        pay.earn(amount, due, deal)
    turned = list(pay.entries)
    order.shuffle(turned)  # type: ignore[attr-defined]
    assert made(pay.entries) == made(turned)


def test_a_run_done_again_is_the_same() -> None:
    pay = Pay(written(CASH, period="MONTH"))
    pay.earn(100, 1, "a")
    below = list(pay.entries)
    first = pay.act(pay._step(1, PeriodStep.CLOSED), billed(50))
    known = {("r", deal): one for deal, one in billed(50).items()}
    assert run(pay.bundle, Payroll(), Balances(below), known) == first


def step(what: PeriodStep, by: str, n: int = 1, minute: int = 0, reason: str = "") -> PeriodAct:
    span = month(n)
    at = AT.replace(minute=minute)
    return PeriodAct(at=at, period_start=span.start, period_end=span.end, step=what, by=by,
                     reason=reason)  # fmt: skip


S = PeriodStep


def test_a_period_is_closed_once_two_people_have_approved_it() -> None:
    acts = [step(S.PROVISIONAL, "ana"), step(S.APPROVED, "ana", minute=1)]
    assert life_of(acts, month(1)).status is Status.PROVISIONAL
    again = refused(acts, step(S.APPROVED, "ana", minute=2))
    assert again
    assert "another person" in again.remedy
    early = refused(acts, step(S.CLOSED, "ana", minute=2))
    assert early
    assert "two different people" in early.remedy
    acts.append(step(S.APPROVED, "ben", minute=2))
    assert life_of(acts, month(1)).status is Status.APPROVED
    assert refused(acts, step(S.CLOSED, "ana", minute=3)) is None


def test_reopening_wants_a_reason_and_takes_approvals_back() -> None:
    acts = [step(S.PROVISIONAL, "ana"), step(S.APPROVED, "ben", minute=1)]
    assert refused(acts, step(S.REOPENED, "ana", minute=2))
    acts.append(step(S.REOPENED, "ana", minute=2, reason="a deal was missing"))
    assert life_of(acts, month(1)) == (Status.OPEN, ())


@pytest.mark.parametrize("what", [S.PROVISIONAL, S.APPROVED, S.CLOSED, S.REOPENED])
def test_a_closed_period_never_opens_again(what: PeriodStep) -> None:
    acts = [step(S.PROVISIONAL, "ana"), step(S.APPROVED, "ana", minute=1),
            step(S.APPROVED, "ben", minute=2), step(S.CLOSED, "ana", minute=3)]  # fmt: skip
    assert refused(acts, step(what, "cleo", minute=4, reason="because"))
    assert refused(acts, step(S.PAID, "cleo", minute=4)) is None


def test_periods_close_one_after_the_other() -> None:
    acts = [step(S.PROVISIONAL, "ana"), step(S.APPROVED, "ana", minute=1),
            step(S.APPROVED, "ben", minute=2), step(S.CLOSED, "ana", minute=3),
            step(S.PROVISIONAL, "ana", 3), step(S.APPROVED, "ana", 3, 1),
            step(S.APPROVED, "ben", 3, 2)]  # fmt: skip
    skipped = refused(acts, step(S.CLOSED, "ana", 3, 4))
    assert skipped
    assert "still open" in skipped.problem


def test_what_is_held_is_eligible_once_it_is_released() -> None:
    hold = Hold(hold_id="h", at=AT, deal_id="d1", by="ana", reason="in dispute")
    pay = Pay(written(CASH.replace("CASH", "EARNED"), period="MONTH"), holds=(hold,))
    pay.earn(100, 1)
    pay.earn(30, 1, "d2")
    assert pay.close(1) == 30
    let_go = hold.model_copy(update={"released_at": AT, "released_by": "ben"})
    pay.act(pay.bundle.payroll.model_copy(update={"holds": (let_go,)}))
    assert pay.close(2) == 100


def test_who_left_with_a_draw_pays_back_what_still_comes_and_the_rest_may_be_let_go() -> None:
    draw = [{"draw_id": "draw", "amount": 2000, "valid_from": "2026-01-01"}]
    plans = written("- {component_id: c, kind: FLAT, rate: 0.1}", period="MONTH", draws=draw)
    pay = Pay(plans, until=date(2026, 2, 15))
    pay.earn(500, 1)
    assert (pay.close(1), pay.debt()) == (2000, 1500)
    assert (pay.close(2), pay.debt()) == (0, 1500), "nothing is drawn on for who is gone"
    pay.earn(400, 3, "d2")
    assert (pay.close(3), pay.debt()) == (0, 1100)
    gone = Forgiveness(forgiveness_id="f", at=AT, rep_id="r", plan_id="p", draw_id="draw",
                       by="ana", reason="left", approved_by="ben", approved_at=AT)  # fmt: skip
    pay.act(pay.bundle.payroll.model_copy(update={"forgiven": (gone,)}))
    assert pay.debt() == 0
    assert pay.close(4) == 0


def test_manual_entries_count_once_somebody_approved_them() -> None:
    entry = ManualEntry(manual_id="m", at=AT, rep_id="r", amount=Decimal(250), currency="EUR",
                        origin_start=date(2026, 1, 10), by="ana", reason="agreed")  # fmt: skip
    pay = Pay(written(CASH, period="MONTH"), manual=(entry,))
    assert pay.close(1) == 0
    yes = entry.model_copy(update={"approved_by": "ben", "approved_at": AT})
    (made,) = pay.act(pay.bundle.payroll.model_copy(update={"manual": (yes,)}))
    assert made.posted == month(2), "January is closed"
    assert (made.people.author, made.people.approver) == ("ana", "ben")
    assert pay.close(2) == 250


def test_openings_are_paid_no_second_time() -> None:
    common = {"at": AT, "rep_id": "r", "plan_id": "p", "component_id": "c", "currency": "EUR",
              "day": date(2026, 1, 5), "by": "ana", "reason": "cut-over", "approved_by": "ben",
              "approved_at": AT}  # fmt: skip
    known = Opening(opening_id="deal", deal_id="d1", paid=Decimal(60), **common)
    summed = Opening(opening_id="sum", earned=Decimal(900), paid=Decimal(700), **common)
    debt = Opening(opening_id="debt", debt=Decimal(150), **{**common, "component_id": "draw"})
    draw = [{"draw_id": "draw", "amount": 10, "valid_from": "2025-01-01", "valid_to": "2026-01-01"}]
    pay = Pay(written(CASH.replace("CASH", "EARNED"), period="MONTH", draws=draw))
    pay.earn(100, 1)
    pay.act(pay.bundle.payroll.model_copy(update={"openings": (known, summed, debt)}))
    assert pay.debt() == 150
    assert pay.close(1) == 40 + 200 - 150
    assert pay.debt() == 0
