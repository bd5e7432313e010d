"""What forecasts are worth: reliability by bucket, Brier score and skill, coverage of the band."""

from collections.abc import Iterator, Mapping, Sequence
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


HEAD = """# How true the probabilities are

Written by `make calibrate` (`python -m tests.calibration --write`). Simulated floors with a known
outcome tell their story by other rules than a forecast assumes: reps with good and bad months,
deals that wait, slip, rot and are told late, pipelines of a few large deals, quarter-ends in a
rush, new hires, CRMs that under- or overstate. Every forecast is made with what was known on its
day, 10, 35, 60 and 85 % into a period; then it is held against what came to be. Quotas lie
between half and 1.7 times what the rep usually does.

A forecast that says 70 % should come true in 70 of 100 cases. *Skill* is the part of the Brier
score (mean squared error of the probability) of linear pace that is taken away; linear pace says
100 % or 0 %, by booked / elapsed. *Covered* is how many periods ended between P10 and P90: 80 %
would be right for sums without steps; where a rep wins one deal or none, the band must cover
more. *Expected* is the sum of expected totals over what came to be, less one.

![Predicted against observed](calibration.svg)
"""


def page(found: Mapping[str, Sequence[Asked]]) -> str:
    """Return the published page."""
    return "\n".join([HEAD, *_summary(found), "", *_reliability(found), "", FOOT])


def _summary(found: Mapping[str, Sequence[Asked]]) -> Iterator[str]:
    yield "| floor | of | forecasts | Brier | skill against linear pace | covered | expected |"
    yield "|---|---|---:|---:|---:|---:|---:|"
    for kind, some in found.items():
        for who in ("rep", "team"):
            v = judged([a for a in some if a.who == who])
            yield (f"| {kind} | {who}s | {v.number} | {v.brier:.3f} | {v.skill:.0%} | "
                   f"{v.covered:.0%} | {v.bias - 1:+.1%} |")  # fmt: skip


def _reliability(found: Mapping[str, Sequence[Asked]]) -> Iterator[str]:
    yield "Reps: predicted → observed (number of forecasts) by bucket of the predicted probability."
    yield ""
    names = [f"{low:.0%} to {min(high, 1.0):.0%}" for low, high in BUCKETS]
    yield f"| floor | {' | '.join(names)} |"
    yield f"|---|{'---|' * len(names)}"
    for kind, some in found.items():
        cells = []
        for low, high in BUCKETS:
            inside = [a for a in some if a.who == "rep" and low <= a.predicted < high]
            bucket = next(_buckets(inside), None)
            cells.append(_cell(bucket) if bucket else "")
        yield f"| {kind} | {' | '.join(cells)} |"


def _cell(bucket: Bucket) -> str:
    return f"{bucket.predicted:.0%} → {bucket.observed:.0%} ({bucket.number})"


FOOT = """## What is achieved, and what is not

- Steady, seasonal and ramping floors, and CRMs that under- or overstate their deals, keep within
  about five points in every well-filled bucket: what the CRM says is outweighed by what became of
  its deals.
- Forecasts of one rep are not independent of each other (the same quarter is asked four times),
  so a bucket of 200 forecasts is known to about five points, not three and a half.
- A floor of few large deals is a little too hopeful in the middle: whether the large one of the
  quarter closes in it hangs on more than stage, close date and size, and a handful of such wins a
  year is all there is to learn from.
- Groups are narrower than they should be when something moves everybody that no past shows. A
  common level is drawn for the company as far as its past had good and bad times; a first
  recession is in nobody's past.
"""
