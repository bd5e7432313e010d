"""How many are warned against how often it was for nothing, over all bounds, as a picture."""

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import NamedTuple

from schemas.alerts import Rule, Signal, Subject
from tests.calibration.drawing import COLUMNS, EDGE, GAP, SIZE, STYLE
from tests.calibration.seasons import Season
from tests.calibration.watched import Verdict, by_linear_pace, by_rules, judged

LINEAR = [n / 20 for n in range(6, 31)]  # 0.3 to 1.5 of the plan
BOUNDS = [Decimal(n) / 20 for n in range(1, 15)]  # 5 to 70 %
FALSE_MAX = 2.0  # alerts for nothing, at the right edge


class Bound(NamedTuple):
    """A bound and what an alarm with it is worth."""

    bound: float
    verdict: Verdict


def of_reps(some: Sequence[Season]) -> list[Season]:
    """Return the periods of reps alone."""
    return [season for season in some if season.subject == Subject.REP]


def linear(some: Sequence[Season]) -> list[Bound]:
    """Return linear pace at many bounds."""
    return [Bound(bound, judged(by_linear_pace(bound), some)) for bound in LINEAR]


def chances(rule: Rule, some: Sequence[Season]) -> list[Bound]:
    """Return a rule of a chance at many bounds, as far from its end as it is."""
    found = []
    for bound in BOUNDS:
        leave = min(Decimal("0.95"), bound + rule.leave - rule.enter)
        other = rule.model_copy(update={"enter": bound, "leave": leave})
        found.append(Bound(float(bound), judged(by_rules([other]), some)))
    return found


def equal_recall(of: Sequence[Bound], recall: float) -> Bound:
    """Return the bound with the fewest false alerts among those that warn of as much.

    None warns of so much: the one that warns of the most.
    """
    enough = [one for one in of if one.verdict.recall >= recall]
    most = max(one.verdict.recall for one in of)
    some = enough or [one for one in of if one.verdict.recall == most]
    return min(some, key=lambda one: one.verdict.false)


def main_rule(rules: Sequence[Rule]) -> Rule:
    """Return the rule that warns of the most: the widest bound of a rep's chance."""
    mine = [r for r in rules if r.signal is Signal.HIT_PROBABILITY and r.subject is Subject.REP]
    return max(mine, key=lambda rule: rule.enter)


def picture(rules: Sequence[Rule], found: Mapping[str, Sequence[Season]]) -> str:
    """Return an SVG, a panel a kind of floor: alerts for nothing to the right, warned upwards."""
    rule = main_rule(rules)
    panels = [_panel(i, kind, rule, of_reps(some)) for i, (kind, some) in enumerate(found.items())]
    rows = -(-len(panels) // COLUMNS)
    width, height = COLUMNS * (SIZE + EDGE + GAP), rows * (SIZE + EDGE + GAP) + 8
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img" '
        'aria-label="Part of the missed quotas that was warned of in time, against alerts for '
        f'nothing, by kind of floor"><style>{STYLE}.n{{stroke:#b85c16;fill:none;stroke-width:1.6}}'
        f"</style>{''.join(panels)}</svg>\n"
    )


def _panel(number: int, kind: str, rule: Rule, some: Sequence[Season]) -> str:
    left = number % COLUMNS * (SIZE + EDGE + GAP) + EDGE
    top = number // COLUMNS * (SIZE + EDGE + GAP) + GAP
    own = judged(by_rules([rule]), some)
    bar = _y(0.8)
    return (
        f'<g transform="translate({left} {top})"><text class="t" y="-6">{kind}</text>'
        f'<rect class="f" width="{SIZE}" height="{SIZE}"/>'
        f'<line class="d" x1="0" y1="{bar}" x2="{SIZE}" y2="{bar}"/>'
        f'<polyline class="n" points="{" ".join(_points(linear(some)))}"/>'
        f'<polyline class="r" points="{" ".join(_points(chances(rule, some)))}"/>'
        f'<circle class="p" cx="{_x(own.false)}" cy="{_y(own.recall)}" r="4"><title>shipped: '
        f"{own.recall:.0%} warned, {own.false:.2f} for nothing</title></circle>"
        f'<text x="0" y="{SIZE + 14}">0</text><text x="{SIZE - 8}" y="{SIZE + 14}">2</text>'
        f'<text x="{SIZE / 2 - 60}" y="{SIZE + 14}">alerts for nothing</text>'
        f'<text transform="translate(-8 {SIZE / 2 + 40}) rotate(-90)">warned in time</text></g>'
    )


def _points(some: Sequence[Bound]) -> Iterator[str]:
    for one in some:
        if one.verdict.false <= FALSE_MAX:
            yield f"{_x(one.verdict.false)},{_y(one.verdict.recall)}"


def _x(false: float) -> float:
    return round(min(false, FALSE_MAX) / FALSE_MAX * SIZE, 1)


def _y(share: float) -> float:
    return round((1 - share) * SIZE, 1)
