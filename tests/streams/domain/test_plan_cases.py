"""Published worked examples, each through a plan file as it is shipped; to the cent.

Where the published number is wrong, the docstring says so and the right one is asserted.
"""

from datetime import date
from decimal import Decimal

import pytest

from tests.streams.planned import credit, earns, paid, written

JAN, FEB, MAR = date(2026, 1, 15), date(2026, 2, 15), date(2026, 3, 15)


def test_w01_marginal_tiers_on_quota_bands() -> None:
    """W01: https://www.prowi.io/en/glossary/tiered-commission. 13,500."""
    plans = written("""
- component_id: revenue
  bounds: ATTAINMENT
  quota: 100000
  tiers:
    - {since: 0, rate: 0.05}
    - {since: 0.5, rate: 0.10}
    - {since: 1, rate: 0.15}
    - {since: 1.5, rate: 0.20}
""")
    assert earns(plans, 140_000) == 13_500


SPIFF = """
- component_id: arr
  kind: {kind}
  tiers:
    - {{since: 0, rate: 0.04}}
    - {{since: {one}, rate: {at_one}}}
    - {{since: {two}, rate: {at_two}}}
"""


def test_w04_a_deal_is_placed_where_the_attainment_before_it_ends() -> None:
    """W04: Salesforce Spiff, considerations for accelerator functions, `mamount`: 9,200.

    https://help.salesforce.com/apex/HTViewHelpDoc?id=sales.spiff_accelerator_functions
    `initial_value` is what is credited before: a deal of 40,000 on top of 180,000.
    """
    plans = written(
        SPIFF.format(kind="MARGINAL", one=200_000, at_one=0.06, two=400_000, at_two=0.08)
    )
    assert earns(plans, 220_000) == 9_200
    assert earns(plans, 180_000, 40_000) - earns(plans, 180_000) == 20_000 * Decimal("0.04") + 1_200


@pytest.mark.parametrize(("kind", "wanted"), [("RETROACTIVE", 17_600), ("MARGINAL", 11_600)])
def test_w05_the_whole_amount_at_the_tier_reached(kind: str, wanted: int) -> None:
    """W05: trailhead, Salesforce Spiff tier payout rules; dhirubhai.net: 17,600.

    The same table by marginal rules is 11,600.
    """
    plans = written(SPIFF.format(kind=kind, one=150_000, at_one=0.08, two=250_000, at_two=0.12))
    assert earns(plans, 220_000) == wanted


def test_w06_a_range_table() -> None:
    """W06: help.spiff.com, how to create an accelerator: sales of 125 earn 12 percent."""
    plans = written("""
- component_id: sales
  kind: RETROACTIVE
  tiers:
    - {since: 0, rate: 0.10}
    - {since: 100, rate: 0.12}
    - {since: 150, rate: 0.14}
    - {since: 200, rate: 0.16}
""")
    assert earns(plans, 125) == 15


ORACLE = """
- component_id: steps
  scope: {scope}
  tiers:
    - {{since: 0, rate: 0.01}}
    - {{since: 1000, rate: 0.02}}
    - {{since: 3000, rate: 0.03}}
    - {{since: 8000, rate: 0.05}}
"""
ORACLE_DEALS = (200, 300, 1_500, 1_200, 2_000, 4_500)


def test_w08_each_transaction_climbs_alone() -> None:
    """W08: Oracle, examples of calculating earnings using step rates: 2, 3, 20, 14, 30, 95; 164.

    https://docs.oracle.com/en/cloud/saas/sales/facmi/examples-of-calculating-earnings-using-step-rates.html
    Accumulated over the quarter the same deals earn 285.
    """
    alone, together = (written(ORACLE.format(scope=s)) for s in ("TRANSACTION", "PERIOD"))
    assert [earns(alone, amount) for amount in ORACLE_DEALS] == [2, 3, 20, 14, 30, 95]
    assert earns(alone, *ORACLE_DEALS) == 164
    assert earns(together, *ORACLE_DEALS) == 285


@pytest.mark.parametrize(
    ("kind", "wanted"), [("RETROACTIVE", [50, 300, 1_800]), ("MARGINAL", [50, 200, 1_200])]
)
def test_w10_flat_and_step_on_one_amount(kind: str, wanted: list[int]) -> None:
    """W10: Oracle, options for splitting attainment numbers across rate tiers.

    https://docs.oracle.com/en/cloud/saas/sales/facmi/options-for-splitting-attainment-numbers-across-rate-tiers.html
    """
    plans = written(f"""
- component_id: a
  kind: {kind}
  tiers:
    - {{since: 0, rate: 0.01}}
    - {{since: 10000, rate: 0.02}}
    - {{since: 50000, rate: 0.03}}
    - {{since: 100000, rate: 0.04}}
""")
    assert [earns(plans, amount) for amount in (5_000, 15_000, 60_000)] == wanted


def test_w13_bounds_of_99_lose_two_cents() -> None:
    """W13: help.mytime.com, tiered commission by revenue. Published 424.98 and 2,224.98 are wrong.

    https://help.mytime.com/hc/en-us/articles/360046956372
    With continuous bounds 1,500 earns 425.00, and the four pay cycles 2,225.00.
    """
    plans = written("""
- component_id: services
  tiers:
    - {since: 0, rate: 0.25}
    - {since: 500, rate: 0.30}
    - {since: 3000, rate: 0.40}
""")
    cycles = [earns(plans, amount) for amount in (400, 100, 1_500, 5_000)]
    assert cycles == [100, 25, 425, 1_675]
    assert sum(cycles) == 2_225


def test_w14_recompute_the_year_and_pay_the_difference() -> None:
    """W14: Oracle JD Edwards, computation method 2, cumulative multiple breakpoints: 675, 840, 790.

    https://docs.oracle.com/en/applications/jd-edwards/asset-lifecycle/9.2/eoarf/computation-method-2-cumulative-multiple-breakpoints.html
    Growth of 1,000 and a recapture of 100 in all move the breakpoints: nothing to 1,500, then 5
    percent to 19,000, 4 percent to 39,000, 3 percent.
    """
    plans = written(
        """
- component_id: sales
  tiers:
    - {since: 0, rate: 0}
    - {since: 1500, rate: 0.05}
    - {since: 19000, rate: 0.04}
    - {since: 39000, rate: 0.03}
""",
        period="YEAR",
        payout="MONTH",
    )
    made = [credit(a, day, f"{day}") for a, day in ((15_000, JAN), (20_000, FEB), (25_000, MAR))]
    found = paid(plans, made)
    assert [i.amount for i in found.lines[0].instalments] == [675, 840, 790]
    assert found.amount == 2_305


@pytest.mark.parametrize(("boundary", "wanted"), [("LOWER", 37_500), ("UPPER", 26_250)])
def test_w15_which_tier_has_its_own_bound(boundary: str, wanted: int) -> None:
    """W15: Oracle support 2582565.1. It takes 2.50 percent at 1.5M; the customer wants 1.75.

    https://support.oracle.com/knowledge/Oracle%20E-Business%20Suite/2582565_1.html
    """
    plans = written(
        """
- component_id: sales
  kind: RETROACTIVE
  tiers:
    - {since: 0, rate: 0.0175}
    - {since: 1500000, rate: 0.025}
    - {since: 3000000, rate: 0.0325}
    - {since: 4500000, rate: 0.0425}
""",
        boundary=boundary,
    )
    assert earns(plans, 1_500_000) == wanted


def test_w19_accelerators_on_the_variable() -> None:
    """W19: revopsmasters.com, accelerators and decelerators: 145,000.

    Its bands are printed with a gap between 100 and 101 percent; they are continuous here.
    """
    plans = written("""
- component_id: revenue
  bounds: ATTAINMENT
  pays: VARIABLE
  quota: 500000
  variable: 100000
  tiers:
    - {since: 0, rate: 1}
    - {since: 1, rate: 1.5}
    - {since: 1.3, rate: 2}
""")
    assert earns(plans, 650_000) == 145_000
    assert earns(plans, 500_000) == 100_000


@pytest.mark.parametrize(("kind", "at_target"), [("RETROACTIVE", 100_000), ("MARGINAL", 75_000)])
def test_w20_a_decelerator(kind: str, at_target: int) -> None:
    """W20: revopsmasters.com, accelerators and decelerators: 20,000 in place of 40,000.

    The page does not say what becomes of the first half above it; both ways are plans.
    """
    plans = written(f"""
- component_id: revenue
  kind: {kind}
  bounds: ATTAINMENT
  pays: VARIABLE
  quota: 500000
  variable: 100000
  tiers:
    - {{since: 0, rate: 0.5}}
    - {{since: 0.5, rate: 1}}
""")
    assert earns(plans, 200_000) == 20_000
    assert earns(plans, 500_000) == at_target


def test_w21_a_threshold_that_pays_from_the_first_unit() -> None:
    """W21: visdum.com/term/payout-floor-commission-threshold: 0, 0, 70,000, 90,000.

    Reaching 70 percent exactly clears it.
    """
    plans = written("""
- component_id: sales
  kind: FLAT
  rate: 0.10
  quota: 1000000
  gates:
    - {since: 0.7}
""")
    amounts = (500_000, 690_000, 700_000, 900_000)
    assert [earns(plans, amount) for amount in amounts] == [0, 0, 70_000, 90_000]


@pytest.mark.parametrize(("combined", "wanted"), [("MULTIPLY", 10_500), ("ADD", 9_800)])
def test_w23_multipliers_multiply_or_add(combined: str, wanted: int) -> None:
    """W23: prowi.io/en/glossary/multiplier: base 5,600; 10,500 multiplied, 9,800 added."""
    plans = written(f"""
- component_id: deals
  kind: FLAT
  rate: 0.08
  multipliers_combine: {combined}
  multipliers:
    - {{multiplier_id: product, factor: 1.5, when: {{products: [suite]}}}}
    - {{multiplier_id: enterprise, factor: 1.25, when: {{segments: [enterprise]}}}}
""")
    assert paid(plans, [credit(70_000)]).amount == 5_600
    made = [credit(70_000, product="suite", segment="enterprise")]
    assert paid(plans, made).amount == wanted


def test_w24_a_multiplier_by_attainment_takes_the_lower_step_on_its_bound() -> None:
    """W24: https://www.prowi.io/en/glossary/multiplier, older version: 40,000 and 90,000.

    "Over 120 percent" leaves 120 itself below: the upper bound is inclusive, unlike Oracle's.
    """
    plans = written(
        """
- component_id: sales
  kind: FLAT
  rate: 0.05
  quota: 1000000
  multipliers:
    - multiplier_id: attainment
      steps:
        - {since: 1, factor: 1.5}
        - {since: 1.2, factor: 2}
""",
        currency="DKK",
        boundary="UPPER",
    )
    for amount, wanted in ((800_000, 40_000), (1_200_000, 90_000), (1_200_001, "120000.1")):
        made = [credit(amount, currency="DKK")]
        assert paid(plans, made).amount == Decimal(wanted)


def test_w28_an_individual_rate_of_variable_over_quota() -> None:
    """W28: Salesforce Spiff, rules for individual attainment: 10 percent, 1,000.

    https://help.salesforce.com/apex/HTViewHelpDoc?id=sales.spiff_rules_individual_attainment
    """
    plans = written(
        """
- component_id: new
  kind: FLAT
  pays: VARIABLE
  rate: 1
""",
        reps=["r", "s"],
        individual=[
            {"rep_id": "r", "quota": 250_000, "variable": 25_000},
            {"rep_id": "s", "quota": 400_000, "variable": 20_000},
        ],
    )
    assert earns(plans, 10_000) == 1_000
    assert paid(plans, [credit(10_000, payee="s")], "s").amount == 500
