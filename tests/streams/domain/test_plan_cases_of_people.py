"""Published worked examples about several people and the course of a year; to the cent.

Where the published number is wrong, the docstring says so and the right one is asserted.
"""

from datetime import date
from decimal import Decimal

import pytest

from schemas.definitions import Rep, Roster, Stint, Team
from schemas.quotas import Proration, Quota, QuotaOwner, Quotas
from streams.domain.periods import Span
from tests.streams.planned import credit, earns, paid, written

JAN, FEB, MAR = date(2026, 1, 15), date(2026, 2, 15), date(2026, 3, 15)


def test_w31_a_split_of_commission_and_an_overlay_beside_it() -> None:
    """W31: getcarvd.com/blog/commission-split: 8,000 as 5,600 and 2,400.

    The overlay is paid besides and takes nothing from either.
    """
    plans = written("""
- component_id: acv
  kind: FLAT
  rate: 0.10
- component_id: overlay
  kind: FLAT
  rate: 0.02
  counts: {roles: [OVERLAY]}
""")
    deal = [
        credit(56_000, deal="d"),
        credit(24_000, deal="d", payee="sdr", via="1"),
        credit(80_000, deal="d", payee="se", role="OVERLAY", via="2"),
    ]
    assert [paid(plans, deal, who).amount for who in ("r", "sdr", "se")] == [5_600, 2_400, 1_600]


REPS = ("a", "b", "c", "d", "e")
TEAM = [(rep, "boss") for rep in REPS] + [("boss", "vp"), ("vp", None)]
SOLD = (75_000, 60_000, 67_500, 52_500, 45_000)


@pytest.mark.parametrize(
    ("gates", "wanted"),
    [("[]", 9_000), ("[{bounds: AMOUNT, since: 225000, pays: ABOVE}]", 2_250),
     ("[{bounds: AMOUNT, since: 225000}]", 9_000), ("[{bounds: AMOUNT, since: 300001}]", 0)],
)  # fmt: skip
def test_w34_a_manager_is_paid_from_the_first_unit_or_above_a_threshold(
    gates: str, wanted: int
) -> None:
    """W34: prowi.io/en/glossary/override-commission: 9,000; above 225,000 only 2,250."""
    plans = written(f"""
- component_id: override
  category: OVERRIDE
  kind: FLAT
  rate: 0.03
  counts: {{whose: REPORTS}}
  gates: {gates}
""")
    sold = [credit(a, payee=rep, deal=rep) for a, rep in zip(SOLD, REPS, strict=True)]
    own = credit(1_000_000, payee="boss", deal="own")  # nobody's override of themselves
    assert paid(plans, [*sold, own], "boss", reps=TEAM).amount == wanted
    each = [paid(plans, [one], "boss", reps=TEAM).amount for one in sold]
    assert gates != "[]" or each == [2_250, 1_800, 2_025, 1_575, 1_350]


def test_w35_an_order_shared_by_two() -> None:
    """W35: Xactly newsletter FAQ: an order of 1,000 and two people, 500 credit each.

    http://www.xactlycorp.com/i2/images/newsletter/FAQs.html
    """
    plans = written("- {component_id: a, kind: FLAT, rate: 1}")
    halves = [credit(500, deal="o"), credit(500, deal="o", payee="s")]
    assert [paid(plans, halves, who).amount for who in ("r", "s")] == [500, 500]


def test_w38_objectives_by_weight() -> None:
    """W38: sparrowgenie.com, MBO based commission: points 42, 18, 18, 15; with 10 more 82,400.

    https://www.sparrowgenie.com/sales-commission-models/mbo-based-commission-management-by-objectives
    The page is cut off before the last objective; at 100 percent it brings 10.
    """
    reached = {"pipeline": "1.05", "quality": "0.9", "hiring": "1.2", "process": "1", "crm": "1"}
    scores = "".join(
        f"  - {{rep_id: r, plan_id: p, component_id: mbo, objective_id: {name}, "
        f"period_start: 2026-01-01, score: {score}}}\n"
        for name, score in reached.items()
    )
    plans = written(
        """
- component_id: mbo
  category: MBO
  kind: FLAT
  pays: VARIABLE
  rate: 1
  quota: 1
  variable: 80000
  counts: {measure: SCORE}
  objectives:
    - {objective_id: pipeline, weight: 0.40}
    - {objective_id: quality, weight: 0.20}
    - {objective_id: hiring, weight: 0.15}
    - {objective_id: process, weight: 0.15}
    - {objective_id: crm, weight: 0.10}
""",
        f"scores:\n{scores}",
        period="YEAR",
    )
    found = paid(plans, [])
    assert found.lines[0].earned.credited == Decimal("1.03")
    assert found.amount == 82_400


def test_w42_a_draw_that_is_not_recoverable_tops_up() -> None:
    """W42: QuotaPath, how to create non-recoverable draws: 1,800 on 3,200, 5,000 in all.

    https://help.quotapath.com/en/articles/15505239-how-to-create-non-recoverable-draws
    """
    plans = written(
        "- {component_id: sales, kind: FLAT, rate: 0.1}",
        period="MONTH",
        guarantees=[
            {"guarantee_id": "draw", "amount": 5_000, "valid_from": date(2026, 1, 1),
             "valid_to": date(2026, 4, 1)},
        ],
    )  # fmt: skip
    found = paid(plans, [credit(32_000, MAR)], as_of=date(2026, 3, 31))
    topped = {line.origin.start.month: line.amount for line in found.lines[1:]}
    assert topped == {1: 5_000, 2: 5_000, 3: 1_800}
    assert found.paid(Span(date(2026, 3, 1), date(2026, 4, 1))) == 5_000


def test_w52_a_cancelled_deal_climbs_the_ladder_again() -> None:
    """W52: QuotaPath's clawback, reposted at https://americadataset.store/viewtopic.php?t=34657.

    Published without a number; it is neither 5 nor 10 percent of 50,000 but 4,000.
    """
    plans = written("""
- component_id: sales
  tiers:
    - {since: 0, rate: 0.05}
    - {since: 450000, rate: 0.10}
""")
    assert earns(plans, 430_000, 50_000) == 25_500
    assert earns(plans, 430_000, 50_000) - earns(plans, 430_000) == 4_000


def test_w56_credit_notes_are_taken_off() -> None:
    """W56: https://github.com/adempiere/adempiere/issues/1628. Its 48 adds them; right is 32."""
    plans = written("- {component_id: sales, kind: FLAT, rate: 0.04}")
    assert earns(plans, 1_000, -200) == 32


def test_w58_who_came_in_june_has_the_variable_of_those_days() -> None:
    """W58: seanmmasters.com, ramp goals for new hires: "470k" and "44k" are loosely rounded.

    https://seanmmasters.com/2019/11/03/sales-compensation-ramp-goals-for-new-hires/
    214 of 365 days ask for 469,041.10 of 800,000 and pay 43,972.60 of 75,000 at target.
    """
    plans = written(
        """
- component_id: sales
  kind: FLAT
  pays: VARIABLE
  rate: 1
  quota_kpi: revenue
  variable: 75000
""",
        period="YEAR",
    )
    since = Stint(valid_from=date(2026, 6, 1), team_id="t", time_zone="UTC")
    roster = Roster(teams=(Team(team_id="t", name="T"),), reps=(Rep(rep_id="r", history=(since,)),))
    quota = Quota(
        owner_kind=QuotaOwner.REP, owner_id="r", kpi="revenue", period_start=date(2026, 1, 1),
        period_end=date(2027, 1, 1), amount=Decimal(800_000), currency="EUR",
        proration=Proration.EMPLOYMENT,
    )  # fmt: skip
    quotas = Quotas(quotas=(quota,))
    assert earns(plans, "469041.10", roster=roster, quotas=quotas) == Decimal("43972.60")
    assert earns(plans, "234520.55", roster=roster, quotas=quotas) == Decimal("21986.30")
