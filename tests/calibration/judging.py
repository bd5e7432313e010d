"""What forecasts are worth: reliability by bucket, Brier score and skill, coverage of the band."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from tests.calibration.asking import Asked

BUCKETS = ((0.0, 0.05), (0.05, 0.2), (0.2, 0.4), (0.4, 0.6), (0.6, 0.8), (0.8, 0.95), (0.95, 1.01))


class Bucket(NamedTuple):
    """Forecasts of about one probability, and how many came true."""

    number: int
    predicted: float
    observed: float


class Verdict(NamedTuple):
    """How good a set of forecasts was.

    Attributes:
        brier: mean squared error of the probability; 0 is clairvoyant.
        skill: part of linear pace's Brier score that is taken away.
        covered: part of the outcomes between P10 and P90.
        bias: sum of the expected totals over the sum of the real ones.
    """

    buckets: tuple[Bucket, ...]
    number: int
    brier: float
    skill: float
    covered: float
    bias: float


def judged(asked: Sequence[Asked]) -> Verdict:
    """Return the verdict on forecasts."""
    brier, linear = (
        sum((getattr(a, name) - a.reached) ** 2 for a in asked) / len(asked)
        for name in ("predicted", "linear")
    )
    covered = sum(a.p10 <= a.total <= a.p90 for a in asked) / len(asked)
    bias = sum(a.expected for a in asked) / max(1e-9, sum(a.total for a in asked))
    return Verdict(tuple(_buckets(asked)), len(asked), brier, 1 - brier / linear, covered, bias)


def _buckets(asked: Sequence[Asked]) -> Iterator[Bucket]:
    for low, high in BUCKETS:
        some = [a for a in asked if low <= a.predicted < high]
        if some:
            yield Bucket(
                len(some),
                sum(a.predicted for a in some) / len(some),
                sum(a.reached for a in some) / len(some),
            )
