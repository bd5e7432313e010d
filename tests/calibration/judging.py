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

- Of reps on steady, seasonal and ramping floors, and under CRMs that say too much or too little,
  what is observed lies within about seven points of what was predicted in every well-filled
  bucket, most often within four: what the CRM says is outweighed by what became of its deals.
  Forecasts of one rep are not independent of each other (the same quarter is asked four times,
  its sales are the same), so a bucket of 200 is itself known to no more than five points or so.
- A floor of few large deals is too hopeful in the middle, by up to ten points: whether the large
  deal of a quarter closes in it hangs on more than stage, close date, size and rep, and a handful
  of such wins a year is all there is to learn from. The ends, near 0 and near 100 %, are true.
- The band of a group is too narrow: 62 to 84 % of teams ended in it where 80 % should. Reps of a
  team are drawn with a level of their own, deals they share and a level of the company as far as
  its past had good and bad times; what moves a team alone, and what no past shows, is not drawn.
  Read P10 and P90 of a team as the inner part of the truth.
"""
