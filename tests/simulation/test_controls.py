"""Naive designs must fail: a simulation that forgives one would prove nothing of its rule."""

import os
from collections.abc import Iterator

import pytest

from tests.simulation.controls import CONTROLS, MIXES_OF_CONTROLS
from tests.simulation.seeds import run
from tests.simulation.world import Wrong

LONG = int(os.environ.get("SEEDS", "40")) > 100  # then all of SEEDS_MAX, to know the share
SEEDS_MAX = 60  # nearly all fail in one of six or more; one in one of thirty


@pytest.mark.slow
@pytest.mark.parametrize("name", CONTROLS)
def test_without_the_rule_numbers_go_wrong(name: str) -> None:
    wrong = list[str]()
    tried = 0
    for outcome in _outcomes(name):
        tried += 1
        wrong += [outcome] if outcome else []
        if wrong and not LONG:
            break
    print(f"\n{name}: {len(wrong)} of {tried} seeds fail")
    assert wrong, f"{name}: {tried} seeds of mix {CONTROLS[name].mix} found nothing wrong"


def _outcomes(name: str) -> Iterator[str]:
    """Yield what is wrong in each seed, empty for nothing."""
    control = CONTROLS[name]
    others = (seed for seed in range(SEEDS_MAX) if seed not in control.seeds)
    for seed in (*control.seeds, *others):
        with control.off():
            try:
                run(seed, MIXES_OF_CONTROLS[control.mix])
            except Wrong as wrong:
                # A worker that dies of the patch itself shows nothing of the rule.
                yield "" if str(wrong).startswith("a worker died") else str(wrong)
            else:
                yield ""
