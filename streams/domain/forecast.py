"""How likely a quota is, and where the period will end: Monte Carlo over what is open and to come.

A draw of the period's total = what is booked + each open deal, won or not + what arrives anew.
A deal is won in a draw or it is not, for everybody who has a credit in it, and a team's draw is the
sum of its reps' draws. The same draws are used at every tick (they hang on the subject, the period
and the revision of the definitions alone), so a forecast moves only when its inputs do.

Money is decimal outside. Inside it is float64: what is drawn carries a sampling error of about a
per cent, against which the sixteenth digit is nothing; what is booked is added exactly at the end.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from decimal import ROUND_HALF_EVEN, Decimal
from hashlib import blake2b
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from streams.domain import arriving as new
from streams.domain.odds import PRIOR_DEALS

DRAWS = 2000  # a probability is then known to 1 per cent
MODEL = "1"  # changes whenever the same inputs give other numbers
BATCH = 128  # reps drawn at a time: their draws fill a few megabytes
SHARE_SCALE = Decimal("0.0001")
Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


class OpenDeals(NamedTuple):
    """Open deals, a line each.

    Attributes:
        deal_id: identity.
        win: chance of being won, ever.
        inside: chance that the win falls into the period.
        cell: which deals' chances are wrong together.
        evidence: closed deals that `win` rests on.
    """

    deal_id: Sequence[str]
    win: Floats
    inside: Floats
    cell: Sequence[str]
    evidence: Ints


class OpenCredits(NamedTuple):
    """Who gets how much if a deal is won, a line each, ordered by rep: places, and an amount."""

    rep: Ints
    deal: Ints
    amount: Floats


@dataclass(frozen=True, slots=True)
class Seeds:
    """Where randomness comes from: a name and a number of the definitions."""

    period: str
    sequence: int

    def of(self, kind: str, name: str) -> int:
        """Return 64 bits for a subject, a deal or a cell."""
        text = "\x1f".join((kind, name, self.period, str(self.sequence)))
        return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "big")

    def dice(self, kind: str, name: str) -> np.random.Generator:
        """Return its generator, always in the same state."""
        return np.random.Generator(np.random.PCG64(self.of(kind, name)))


@dataclass(frozen=True, slots=True)
class Floor:
    """Everything that is drawn for one KPI and period.

    Attributes:
        common: squared variation of everybody's level together: good and bad times for all.
    """

    rep_ids: Sequence[str]
    deals: OpenDeals
    credits: OpenCredits
    arriving: "new.Arriving | DailySums"
    seeds: Seeds
    common: float = 0.0
    draws: int = DRAWS
    _doubts: dict[str, Floats] = field(default_factory=dict)

    def pipeline_mean(self) -> Floats:
        """Return the sum of amount times the chance used, per rep."""
        chance = self.deals.win * self.deals.inside
        weights = self.credits.amount * chance[self.credits.deal]
        return np.bincount(self.credits.rep, weights, len(self.rep_ids)).astype(np.float64)

    def arriving_mean(self) -> Floats:
        """Return what is expected to arrive, per rep."""
        return self.arriving.mean


class DailySums(NamedTuple):
    """What arrives day by day: TABLE values per rep, days to come, and how levels vary."""

    tables: Floats
    days: Floats
    level: float

    @property
    def mean(self) -> Floats:
        """What is expected, per rep."""
        return np.asarray(self.tables.mean(axis=1) * self.days, np.float64)


def draws_of(floor: Floor, reps: Ints) -> Iterator[tuple[Ints, Floats]]:
    """Yield reps (ascending places) and the draws of what comes on top of what they have booked."""
    times: Floats | float = 1.0
    if floor.common > 0:
        luck = floor.seeds.dice("company", "level")
        times = luck.gamma(1 / floor.common, floor.common, floor.draws)
    for start in range(0, len(reps), BATCH):
        some = reps[start : start + BATCH]
        yield some, _arriving(floor, some) * times + _pipeline(floor, some)


def _arriving(floor: Floor, reps: Ints) -> Floats:
    dice = {i: floor.seeds.dice("rep", floor.rep_ids[rep]) for i, rep in enumerate(reps)}
    if isinstance(floor.arriving, DailySums):
        daily = floor.arriving
        return new.summed_days(daily.tables[reps], daily.days[reps], daily.level, floor.draws, dice)
    uniforms = np.empty((len(reps), floor.draws))
    for i, luck in dice.items():
        luck.random(out=uniforms[i])
    return new.sums(floor.arriving, reps, uniforms)


def _pipeline(floor: Floor, reps: Ints) -> Floats:
    drawn = np.zeros((len(reps), floor.draws))
    first = np.searchsorted(floor.credits.rep, reps, "left")
    last = np.searchsorted(floor.credits.rep, reps, "right")
    won: dict[int, npt.NDArray[np.bool_]] = {}  # a deal that several of them share is drawn once
    for i in range(len(reps)):
        for line in range(first[i], last[i]):
            deal = int(floor.credits.deal[line])
            if deal not in won:
                won[deal] = _won(floor, deal)
            np.add(drawn[i], floor.credits.amount[line], out=drawn[i], where=won[deal])
    return drawn


def _won(floor: Floor, deal: int) -> npt.NDArray[np.bool_]:
    """Return in which draws a deal is won before the period is over.

    One number decides on both, the win and its day: it is below their product as often as two
    numbers are below both.
    """
    deals = floor.deals
    luck = floor.seeds.dice("deal", deals.deal_id[deal])
    chance = deals.win[deal] + _doubt(floor, deal)
    return np.asarray(luck.random(floor.draws) < chance * deals.inside[deal])


def _doubt(floor: Floor, deal: int) -> Floats:
    """Return by how much a deal's chance is off in each draw, 0 on average.

    As uncertain as a share of so few deals is (a Beta's deviation), evenly spread, and the same way
    for all deals whose chances were learned from the same ones.
    """
    deals = floor.deals
    cell, win = deals.cell[deal], float(deals.win[deal])
    if cell not in floor._doubts:
        luck = floor.seeds.dice("cell", cell)
        floor._doubts[cell] = luck.uniform(-1, 1, floor.draws)
    deviation = (win * (1 - win) / (float(deals.evidence[deal]) + PRIOR_DEALS + 1)) ** 0.5
    doubt: Floats = floor._doubts[cell] * min(3**0.5 * deviation, win, 1 - win)
    return doubt


class Outcome(NamedTuple):
    """A forecast in the KPI's unit.

    Attributes:
        probability: chance that the total reaches the quota; None without a quota.
    """

    booked: Decimal
    pipeline_mean: Decimal
    new_mean: Decimal
    p10: Decimal
    p50: Decimal
    p90: Decimal
    probability: Decimal | None


def outcome(
    booked: Decimal,
    quota: Decimal | None,
    draws: Floats,
    means: tuple[float, float],
    scale: Decimal,
) -> Outcome:
    """Return what draws come to.

    Args:
        draws: what comes on top of what is booked, never below 0.
        means: of the pipeline and of what arrives.
        scale: what is rounded to, such as 0.01.
    """
    at = [round(share * (len(draws) - 1)) for share in (0.1, 0.5, 0.9)]
    ordered = np.partition(draws, at)
    low, middle, high = (booked + _rounded(float(ordered[i]), scale) for i in at)
    return Outcome(
        booked,
        _rounded(means[0], scale),
        _rounded(means[1], scale),
        low,
        middle,
        high,
        None if quota is None else probability(booked, quota, draws),
    )


def probability(booked: Decimal, quota: Decimal, draws: Floats) -> Decimal:
    """Return the share of draws in which the total reaches the quota: 1 once it is booked."""
    gap = quota - booked
    if gap <= 0:
        return Decimal(1)
    # Half of the smallest unit that is stored: binary fractions of an exact hit fall to both sides.
    reached = float(np.count_nonzero(draws >= float(gap) - 5e-5)) / len(draws)
    return _rounded(reached, SHARE_SCALE)


def _rounded(value: float, scale: Decimal) -> Decimal:
    return Decimal(repr(value)).quantize(scale, ROUND_HALF_EVEN)
