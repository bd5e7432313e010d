"""The market: customers, prices, stages and the odds of getting from one to the next."""

from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal
from math import exp, log, tanh
from random import Random

from schemas.money import minor_units

PIPELINE_ID = "new-business"


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage of the pipeline.

    Attributes:
        share: of the whole cycle that a deal spends in it.
        gate: log-odds of leaving it forwards, for an average rep, deal and effort.
    """

    stage_id: str
    label: str
    probability: Decimal
    share: float
    gate: float


@dataclass(frozen=True, slots=True)
class Segment:
    """Customers of one size; amounts in EUR-sized units, log-normal; cycles in days.

    Attributes:
        difficulty: taken off the log-odds of every gate.
        split_odds: chance that two people share the revenue.
        overlay_odds: chance that somebody is credited on top.
    """

    name: str
    amount_median: float
    amount_sigma: float
    cycle_days: float
    difficulty: float
    split_odds: float
    overlay_odds: float


STAGES = (
    Stage("qualification", "Qualification", Decimal("0.1"), 0.25, 0.9),
    Stage("discovery", "Discovery", Decimal("0.25"), 0.25, 1.0),
    Stage("proposal", "Proposal", Decimal("0.5"), 0.3, 0.95),
    Stage("negotiation", "Negotiation", Decimal("0.75"), 0.2, 1.1),
)
LAST = len(STAGES) - 1
WON, LOST = ("closed-won", "Closed won"), ("closed-lost", "Closed lost")
SEGMENTS = (
    Segment("SMB", 5_000, 0.55, 14, -0.1, 0.05, 0.04),
    Segment("Mid-market", 18_000, 0.65, 34, 0.05, 0.14, 0.12),
    Segment("Enterprise", 70_000, 0.7, 70, 0.2, 0.3, 0.3),
)
AMOUNT_MAX = 5_000_000  # EUR-sized; the long tail of a log-normal ends here
LEVELS = {  # what a customer pays in a currency for what costs 1 in EUR; prices, not rates
    "EUR": Decimal(1),
    "USD": Decimal("1.1"),
    "GBP": Decimal("0.86"),
    "CHF": Decimal("0.95"),
    "JPY": Decimal(160),
    "AUD": Decimal("1.65"),
}
TOUCHES_EXPECTED = 3.0  # in one stage; a call answered is 1, a meeting held 3
SKILL_PULL, EFFORT_PULL = 1.5, 0.45

PRODUCTS = ("Core", "Core", "Plus", "Insight")
LEAD_SOURCES = ("Outbound", "Inbound", "Partner", "Event", "Referral")
LOST_REASONS = ("Price", "No decision", "Competitor", "Timing", "Missing feature")
_FIRST = [
    "Nordic",
    "Alpine",
    "Harbour",
    "Summit",
    "Cedar",
    "Amber",
    "Delta",
    "Atlas",
    "Orchid",
    "Falcon",
    "Granite",
    "Beacon",
    "Juniper",
    "Meridian",
    "Lunar",
    "Crimson",
    "Sterling",
    "Willow",
    "Pioneer",
    "Cobalt",
    "Aurora",
    "Redwood",
    "Ivory",
    "Magnolia",
]
_SECOND = [
    "Logistics",
    "Foods",
    "Robotics",
    "Energy",
    "Textiles",
    "Media",
    "Health",
    "Optics",
    "Marine",
    "Software",
    "Mobility",
    "Furniture",
    "Chemicals",
    "Analytics",
    "Travel",
    "Packaging",
    "Insurance",
    "Tools",
    "Farming",
    "Plastics",
]


def account_name(dice: Random) -> str:
    """Return the name of a customer."""
    return f"{dice.choice(_FIRST)} {dice.choice(_SECOND)}"


def segment_of(big_game: float, dice: Random) -> Segment:
    """Return the segment of a rep's next deal."""
    u = dice.random()
    if u < 0.65 - 0.5 * big_game:
        return SEGMENTS[0]
    return SEGMENTS[1] if u < 0.95 - 0.25 * big_game else SEGMENTS[2]


def list_price(segment: Segment, currency: str, dice: Random) -> Decimal:
    """Return what a deal is worth at first: a round figure in its currency."""
    raw = dice.lognormvariate(log(segment.amount_median), segment.amount_sigma)
    step = 50 if raw < 10_000 else 250 if raw < 100_000 else 1_000
    euros = max(1, round(min(raw, AMOUNT_MAX) / step)) * step
    return in_minor_units(Decimal(euros) * LEVELS.get(currency, Decimal(1)), currency)


def in_minor_units(amount: Decimal, currency: str) -> Decimal:
    """Return an amount as it can be paid in its currency.

    >>> in_minor_units(Decimal("10.129"), "EUR"), in_minor_units(Decimal("10.9"), "JPY")
    (Decimal('10.13'), Decimal('11'))
    """
    return amount.quantize(Decimal(1).scaleb(-minor_units(currency)), ROUND_HALF_EVEN)


def gate_odds(stage: int, segment: Segment, skill: float, touches: float) -> float:
    """Return the chance that a deal leaves a stage forwards rather than is lost.

    Args:
        skill: the rep's, 0 to 1.
        touches: what was said to the customer in this stage.
    """
    effort = tanh((touches - TOUCHES_EXPECTED) / TOUCHES_EXPECTED)
    pull = SKILL_PULL * (skill - 0.5) + EFFORT_PULL * effort - segment.difficulty
    return 1 / (1 + exp(-STAGES[stage].gate - pull))


def stage_days(stage: int, segment: Segment, skill: float, dice: Random) -> int:
    """Return how many days a deal stays in a stage, at least 1; the skilled are faster."""
    typical = segment.cycle_days * STAGES[stage].share * exp(-0.3 * (skill - 0.5))
    return max(1, round(typical * dice.lognormvariate(0, 0.45)))
