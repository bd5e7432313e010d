"""What plans may choose between: every point on which vendors disagree, each with its default.

The default stands where a choice is used, in schemas/plans.py and schemas/plan_components.py.
"""

from enum import StrEnum


class PlanPeriod(StrEnum):
    """In which spans a plan accumulates; quarters and years follow the fiscal year."""

    MONTH = "MONTH"
    QUARTER = "QUARTER"
    YEAR = "YEAR"


class Kind(StrEnum):
    """How a total becomes earnings."""

    FLAT = "FLAT"  # one rate on all of it
    MARGINAL = "MARGINAL"  # each tier's rate on the part that lies in the tier
    RETROACTIVE = "RETROACTIVE"  # the rate of the tier reached, on all of it
    INTERPOLATED = "INTERPOLATED"  # amounts at points, and straight lines between them
    BONUS = "BONUS"  # a fixed amount for each bound, or the highest bound, that is reached


class Measure(StrEnum):
    """What of a credit is added up."""

    AMOUNT = "AMOUNT"
    ACV = "ACV"
    MARGIN = "MARGIN"
    UNITS = "UNITS"
    DEALS = "DEALS"  # 1 for each deal that is credited with more than nothing
    SCORE = "SCORE"  # points of objectives (MBO) that somebody gave: 1 is all of the target
    KPI = "KPI"  # the value of a KPI in the period


class Whose(StrEnum):
    """Whose credits count. Who reports to whom is read on the day of each credit."""

    OWN = "OWN"
    REPORTS = "REPORTS"  # of those who report to the payee
    ALL_REPORTS = "ALL_REPORTS"  # and of those below them


class Scope(StrEnum):
    """What a ladder is climbed by."""

    PERIOD = "PERIOD"  # all of the period together
    TRANSACTION = "TRANSACTION"  # each deal alone: the ladder begins anew


class Bounds(StrEnum):
    """What bounds are given in."""

    AMOUNT = "AMOUNT"  # the unit of the measure
    ATTAINMENT = "ATTAINMENT"  # parts of the quota: 1 is the quota


class Pays(StrEnum):
    """What rates and amounts are parts of."""

    CREDITED = "CREDITED"  # a rate of 0.08 is 8 percent of what is credited; amounts are money
    VARIABLE = "VARIABLE"  # a rate of 1.5 is 1.5 x variable / quota; amounts are parts of variable


class VariableFor(StrEnum):
    """For which days the variable is, where a quota is asked for part of its period alone."""

    DAYS_ASKED = "DAYS_ASKED"  # it shrinks with the days the quota is asked for, not with a ramp
    WHOLE_PERIOD = "WHOLE_PERIOD"


class Boundary(StrEnum):
    """To which tier a total belongs that lies exactly on a bound."""

    LOWER = "LOWER"  # to the one that begins there: lower bounds are inclusive (Oracle)
    UPPER = "UPPER"  # to the one that ends there: upper bounds are inclusive (Spiff)


class Beyond(StrEnum):
    """What a curve does behind its last point."""

    LEVEL = "LEVEL"  # stays at the last amount
    EXTENDED = "EXTENDED"  # goes on as steep as between the last two points


class BonusPays(StrEnum):
    """Which of the bounds that are reached a bonus pays for."""

    HIGHEST = "HIGHEST"
    EACH = "EACH"


class Basis(StrEnum):
    """Over which days a gate or multiplier looks at credits, and with which quota."""

    PERIOD = "PERIOD"  # the period that is paid for
    YEAR_TO_DATE = "YEAR_TO_DATE"  # from the fiscal year's first day to the period's last
    FULL_YEAR = "FULL_YEAR"  # all of the fiscal year, with all of its quota


class GatePays(StrEnum):
    """What a gate lets through once it is cleared."""

    FROM_FIRST = "FROM_FIRST"  # everything, from the first unit on
    ABOVE = "ABOVE"  # what lies above the gate; tiers stay where they are


class Combined(StrEnum):
    """What several multipliers come to together."""

    MULTIPLY = "MULTIPLY"  # 1.5 and 1.25 make 1.875
    ADD = "ADD"  # 1.5 and 1.25 make 1.75


class CapPer(StrEnum):
    """What a cap is put on."""

    PERIOD = "PERIOD"
    PAYOUT = "PAYOUT"  # each payout
    TRANSACTION = "TRANSACTION"  # each deal; for TRANSACTION alone


class Excess(StrEnum):
    """What becomes of what lies above a cap."""

    LOST = "LOST"
    CARRIED = "CARRIED"  # it is paid later, as far as later caps leave room


class Anchor(StrEnum):
    """Of which day an exchange rate is: the newest one dated on or before it."""

    EVENT = "EVENT"  # the day of the credit
    PERIOD_START = "PERIOD_START"
    PERIOD_END = "PERIOD_END"  # the last day of the period


class Rounding(StrEnum):
    """Where half a minor unit goes. Rounding happens once, on the total."""

    HALF_EVEN = "HALF_EVEN"
    HALF_UP = "HALF_UP"  # away from zero


class ClawbackMode(StrEnum):
    """What a deal that is cancelled takes back."""

    LADDER = "LADDER"  # it no longer counts: tiers are climbed again without it
    FULL = "FULL"  # what it earned when it came, in the order of days; others keep what they earned
    PAID = "PAID"  # the same, of which the pay run asks back what was paid and drops the rest
    PRO_RATA = "PRO_RATA"  # of FULL, the part of the term that was not served


class Attained(StrEnum):
    """What a deal that is taken back does to attainment; LADDER always reduces it."""

    KEPT = "KEPT"  # it goes on counting for tiers, gates and multipliers (Spiff)
    REDUCED = "REDUCED"  # credits from the day of the cancellation on climb without it


class CancelReason(StrEnum):
    """Why a deal was cancelled."""

    CANCELLATION = "CANCELLATION"
    CHURN = "CHURN"
    REFUND = "REFUND"
    NON_PAYMENT = "NON_PAYMENT"


class Category(StrEnum):
    """What statements call a component."""

    COMMISSION = "COMMISSION"
    BONUS = "BONUS"
    SPIF = "SPIF"
    MBO = "MBO"
    OVERRIDE = "OVERRIDE"
