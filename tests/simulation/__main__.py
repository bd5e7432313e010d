"""Runs seeds by hand: `python -m tests.simulation 17` prints every step of seed 17."""

import argparse
import sys
import time
from contextlib import nullcontext

from tests.simulation.controls import CONTROLS
from tests.simulation.seeds import MIXES, mix_of, run
from tests.simulation.world import Wrong


def main() -> None:
    asked = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    asked.add_argument("seed", type=int, help="the first seed")
    asked.add_argument("--mix", choices=MIXES, help="the mix of mishaps; else the seed's own")
    asked.add_argument("--seeds", type=int, default=1, help="how many; steps are printed of one")
    asked.add_argument("--without", choices=CONTROLS, help="the rule that is switched off")
    given = asked.parse_args()
    off = CONTROLS[given.without].off if given.without else nullcontext
    with off():
        _run(given)


def _run(given: argparse.Namespace) -> None:
    wrong = 0
    began = time.process_time()
    for seed in range(given.seed, given.seed + given.seeds):
        mix = MIXES[given.mix] if given.mix else mix_of(seed)
        try:
            world = run(seed, mix, traced=given.seeds == 1)
        except Wrong as found:
            wrong += 1
            world = found.world  # type: ignore[attr-defined]
            print(f"seed {seed}, mix {mix.name}: {found}")
        if given.seeds == 1:
            print("\n".join(world.trace or ()))
    spent = time.process_time() - began
    print(f"{given.seeds} seeds, {wrong} wrong, {spent / given.seeds:.2f} CPU seconds each")
    sys.exit(bool(wrong))


main()
