"""What `pacesetter status` makes of what answers."""

from pathlib import Path

import pytest

from infra.local.health import NOTHING_RUNS, OK, TROUBLE, Health, ServiceHealth


def health(*, ready: bool, alive: bool = True, answers: bool = True) -> Health:
    broker = ServiceHealth("broker", 1, "127.0.0.1:9092", alive, answers)
    return Health(Path(), (broker,), ready, "embedded broker, in memory", None, None)


@pytest.mark.parametrize(
    ("found", "code"),
    [
        (health(ready=True), OK),
        (health(ready=True, answers=False), TROUBLE),
        (health(ready=False, alive=False), NOTHING_RUNS),
    ],
)
def test_the_exit_code_says_what_answers(found: Health, code: int) -> None:
    assert found.exit_code == code


def test_what_has_come_up_so_far_is_not_yet_the_whole_of_it() -> None:
    found = health(ready=False)
    assert found.exit_code == TROUBLE
    assert found.as_json()["running"] is False
    assert "starting" in found.as_text()
