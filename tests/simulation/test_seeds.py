"""The engine under fire: seeded mishaps, and every number to the cent at the end.

SEEDS=1000 runs more of them; CI runs 100. A failing seed is printed with its last steps; one
command repeats it.
"""

import os

import pytest

from tests.simulation.seeds import mix_of, run
from tests.simulation.world import Wrong

SEEDS = int(os.environ.get("SEEDS", "40"))
CHUNK = 10  # seeds of one test: fewer would tell less of what is going on
STEPS = 40  # shown of a failing seed


@pytest.mark.slow
@pytest.mark.parametrize("first", range(0, SEEDS, CHUNK))
def test_every_seed_is_exact_or_refuses_where_it_must(first: int) -> None:
    for seed in range(first, min(first + CHUNK, SEEDS)):
        try:
            run(seed)
        except Wrong as wrong:
            pytest.fail(f"{wrong}\n{_story(seed)}", pytrace=False)


def _story(seed: int) -> str:
    try:
        world = run(seed, traced=True)
    except Wrong as wrong:
        world = wrong.world  # type: ignore[attr-defined]
    steps = world.trace or []
    return "\n".join(
        [
            f"seed {seed}, mix {mix_of(seed).name}, the last of {len(steps)} steps; all of them:",
            f"    POLARS_MAX_THREADS=1 python -m tests.simulation {seed}",
            *steps[-STEPS:],
        ]
    )
