import time
from pathlib import Path

from infra.sample import DEFINITIONS
from schemas.positions import place_of
from tests.infra.definitions.conftest import Ground


def test_the_sample_comes_into_force(ground: Ground) -> None:
    t = time.time()
    applied = ground.apply(DEFINITIONS)
    print(
        time.time() - t, applied.sequence, place_of(applied.sequence), applied.kinds, applied.done
    )
    t = time.time()
    m = ground.markers()
    print(time.time() - t, m)
    t = time.time()
    again = ground.apply(DEFINITIONS)
    print(time.time() - t, again.done, again.kinds, again.changes)
    print(ground.rows("select sequence, kind, length(content) from spm.definition order by 1"))
    assert 0
