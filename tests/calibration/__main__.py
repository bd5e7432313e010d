"""Ask thousands of forecasts of simulated floors and publish how true they were.

`make calibrate` writes streams/domain/calibration.md and calibration.svg; with SEEDS more floors.
"""

import argparse
import time
from collections.abc import Iterator
from datetime import date
from pathlib import Path

from tests.calibration.asking import Asked, asked, quarters
from tests.calibration.drawing import curve
from tests.calibration.floors import KINDS, Kind, story
from tests.calibration.judging import judged, page

FOLDER = Path(__file__).resolve().parents[2] / "streams" / "domain"
FIRST = date(2025, 4, 1)  # two years of a floor's history stand before it
DRAWS = 2000
PERIODS = {3: 4, 1: 6}  # months of a period -> so many of them


def asked_of(kind: Kind, seeds: int, draws: int) -> Iterator[Asked]:
    """Yield the forecasts of several floors of a kind."""
    for seed in range(seeds):
        periods = quarters(FIRST, PERIODS[kind.months], kind.months)
        yield from asked(story(kind, seed), periods, draws)


def main() -> None:
    """Run it."""
    parser = argparse.ArgumentParser(prog="python -m tests.calibration", description=__doc__)
    parser.add_argument("--seeds", type=int, default=3, help="floors of each kind")
    parser.add_argument("--kinds", default="", help="steady,lumpy ...; all if absent")
    parser.add_argument("--write", action="store_true", help="the page and its picture")
    given = parser.parse_args()
    found: dict[str, list[Asked]] = {}
    for kind in KINDS:
        if given.kinds and kind.name not in given.kinds.split(","):
            continue
        began = time.process_time()
        # Deals by the thousand: fewer floors of it say as much.
        seeds = given.seeds if kind.months == 3 else max(1, given.seeds // 3)
        found[kind.name] = list(asked_of(kind, seeds, DRAWS))
        verdict = judged([a for a in found[kind.name] if a.who == "rep"])
        print(
            f"{kind.name}: {verdict.number} forecasts, Brier {verdict.brier:.3f}, skill "
            f"{verdict.skill:.2f}, covered {verdict.covered:.2f}; "
            f"{time.process_time() - began:.0f} s",
            flush=True,
        )
    told = page(found)
    if given.write:
        (FOLDER / "calibration.md").write_text(told)
        (FOLDER / "calibration.svg").write_text(curve(found))
    else:
        print(told)


if __name__ == "__main__":
    main()
