"""Let simulated seasons pass before the shipped rules of alerts, and publish what they are worth.

`make calibrate` writes streams/domain/alerting.md and alerting.svg.
"""

import argparse
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import yaml

from infra import sample
from schemas.alerts import OF_QUOTAS, Alerts, Rule
from streams.domain.periods import Span
from tests.calibration.alerting_page import page
from tests.calibration.asking import quarters
from tests.calibration.beside_page import beside
from tests.calibration.floors import KINDS, Kind, story
from tests.calibration.seasons import Outage, Season, seasons
from tests.calibration.tradeoff import picture

FOLDER = Path(__file__).resolve().parents[2] / "streams" / "domain"
FIRST = date(2025, 4, 1)  # two years of a floor's history stand before it
DRAWS = 500
CHOSEN_ON = 2  # floors on which the shipped bounds were chosen; they are published on others
PERIODS = 3
NAMES = ("steady", "transactional", "lumpy", "seasonal", "ramping", "late")
DARK = {3: 10, 1: 6}  # calendar days without data in a period of so many months
DARK_FROM = 0.4  # of the period


def policy() -> Alerts:
    """Return the alerts of the sample definitions."""
    file = Path(sample.__file__).parent / "definitions" / "alerts.yaml"
    return Alerts.model_validate(yaml.safe_load(file.read_text()))


def shipped() -> list[Rule]:
    """Return the shipped rules that watch a quota, of which seasons are recorded."""
    rules = policy().rules
    return [rule.model_copy(update={"kpi": None}) for rule in rules if rule.signal in OF_QUOTAS]


def passed(kind: Kind, rules: Sequence[Rule], seeds: range, draws: int) -> Iterator[Season]:
    """Yield the seasons of several floors of a kind."""
    for seed in seeds:
        told = story(kind, seed)
        for period in quarters(FIRST, PERIODS, kind.months):
            yield from seasons(told, period, rules, draws)


def darkened(
    kind: Kind, rules: Sequence[Rule], draws: int, *, is_known: bool
) -> tuple[list[Season], Outage]:
    """Return a period in which the source was away for a while, and when that was."""
    (period,) = quarters(FIRST, 1, kind.months)
    since = period.start + timedelta(days=round(period.days * DARK_FROM))
    outage = Outage(Span(since, since + timedelta(days=DARK[kind.months])), is_known)
    return list(seasons(story(kind, 0), period, rules, draws, outage)), outage


def main() -> None:
    """Run it."""
    parser = argparse.ArgumentParser(prog="python -m tests.calibration.alerting")
    parser.add_argument("--seeds", type=int, default=2, help="floors of each kind")
    parser.add_argument("--reps", type=int, default=0, help="on each floor; 0: as many as it has")
    parser.add_argument("--write", action="store_true", help="the page and its picture")
    given = parser.parse_args()
    rules = shipped()
    found: dict[str, list[Season]] = {}
    kinds = {kind.name: kind for kind in KINDS}
    for name in NAMES:
        began = time.process_time()
        kind = replace(kinds[name], reps=given.reps or kinds[name].reps)
        found[name] = list(passed(kind, rules, range(CHOSEN_ON, CHOSEN_ON + given.seeds), DRAWS))
        spent = time.process_time() - began
        print(f"{name}: {len(found[name])} periods; {spent:.0f} s", flush=True)
    dark = {
        (name, is_known): darkened(kinds[name], rules, DRAWS, is_known=is_known)
        for name in ("steady", "transactional")
        for is_known in (True, False)
    }
    told = page(rules, found, dark, beside(policy(), CHOSEN_ON))
    if given.write:
        (FOLDER / "alerting.md").write_text(told)
        (FOLDER / "alerting.svg").write_text(picture(rules, found))
    else:
        print(told)


if __name__ == "__main__":
    main()
