"""The watchdog: a hang ends the worker, a named wait of any length does not."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from connectors.sinks.kafka import Inspector, Publisher
from schemas.warehouse import Message, Unavailable
from streams.engine.batches import Partition
from streams.engine.waits import Waits
from streams.engine.watchdog import LOOP_SECONDS, Sight, Verdicts, Watchdog
from tests.brokers import running_broker
from tests.ground import wait_for

CALLS = Partition("crm.calls", 0)
MINUTE = 60.0


def sight(at: float, **seen: object) -> Sight:
    idle = Sight(at, loop_at=at, beats=0, waits=False, work="", uncommitted={})
    return idle._replace(**seen)


def looked(seconds: float, step: float = 5.0, **seen: object) -> list[str]:
    """Return the verdicts of looking at the same thing again and again."""
    verdicts, found, at = Verdicts(), [], 0.0
    while at < seconds:
        found.append(verdicts.look(sight(at, **seen)))
        at += step
    return [reason for reason in found if reason]


def test_held_work_that_does_not_move_ends_the_worker_and_says_what_is_held() -> None:
    assert looked(170, work="9 fetched bytes are held") == []
    [*_, reason] = looked(200, work="9 fetched bytes are held")
    assert reason.startswith("9 fetched bytes are held, and nothing has moved for ")


def test_thirty_minutes_without_the_warehouse_are_a_wait() -> None:
    assert looked(30 * MINUTE, work="9 fetched bytes are held", waits=True) == []


def test_an_idle_worker_lives_for_ever() -> None:
    assert looked(1_000 * MINUTE, step=60) == []


def test_commits_that_stall_while_work_goes_on_end_the_worker() -> None:
    verdicts, reasons = Verdicts(), []
    for i in range(60):
        seen = sight(i * 5.0, beats=i, work="busy", uncommitted={CALLS: 1_003})
        reasons.append(verdicts.look(seen))
    found = next(filter(None, reasons))
    assert found.startswith("crm.calls[0] is in the warehouse beyond offset 1003")


@given(st.lists(st.integers(0, 5), min_size=80, max_size=80))
def test_commits_that_follow_do_not(steps: list[int]) -> None:
    verdicts, offset = Verdicts(), 0
    for i, step in enumerate(steps):
        offset += step + (i % 30 == 0)  # it moves at least every 150 seconds
        seen = sight(i * 5.0, beats=i, work="busy", uncommitted={CALLS: offset})
        assert verdicts.look(seen) is None


def test_a_blocked_event_loop_ends_the_worker_even_in_a_wait() -> None:
    verdicts = Verdicts()
    assert verdicts.look(sight(LOOP_SECONDS, loop_at=0.5, waits=True)) is None
    assert "event loop" in str(verdicts.look(sight(LOOP_SECONDS + 1, loop_at=0.5, waits=True)))


def test_what_a_wait_held_up_has_its_full_time_afterwards() -> None:
    verdicts = Verdicts()
    for at in range(0, 1_000, 5):
        assert verdicts.look(sight(at, work="w", waits=True)) is None
    for at in range(1_000, 1_170, 5):
        assert verdicts.look(sight(at, work="w")) is None
    assert verdicts.look(sight(1_200, work="w")) is not None


class Log:
    """Kafka's answers, one after the other; the last one for ever."""

    def __init__(self, *answers: object) -> None:
        self.answers = list(answers)

    def ends(self, partitions: object) -> dict[Partition, int]:
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer  # type: ignore[return-value]


def test_a_kafka_that_does_not_answer_is_a_named_wait_until_it_does() -> None:
    waits, seen, ended = Waits(), [], []
    kafka: Any = Log(Unavailable("kafka: no broker"), {CALLS: 7})

    def look(ends: Any) -> Sight:
        seen.append((dict(ends), dict(waits.current())))
        return sight(len(seen))

    dog = Watchdog(look, lambda: [CALLS], kafka, waits, ended.append, look_seconds=0.01)
    dog.start()
    wait_for(lambda: len(seen) > 2, "looks")
    dog.stop()
    assert seen[0] == ({}, {"kafka": "kafka: no broker"})
    assert seen[1] == ({CALLS: 7}, {})
    assert ended == []


def test_a_verdict_ends_the_process() -> None:
    ended: list[str] = []
    kafka: Any = Log({})
    blocked = sight(500, loop_at=0)
    dog = Watchdog(lambda _: blocked, lambda: [], kafka, Waits(), ended.append, look_seconds=0.01)
    dog.start()
    wait_for(lambda: ended, "end")
    dog.stop()
    assert "event loop" in ended[0]


def test_ends_of_logs_are_asked_of_a_real_broker() -> None:
    with running_broker() as broker:
        inspector = Inspector({"bootstrap.servers": broker.address})
        Publisher({"bootstrap.servers": broker.address}).send(
            [Message("crm.calls", b"k", b"v", partition=0)]
        )
        assert inspector.ends([CALLS, Partition("crm.deals", 1)]) == {
            CALLS: 1,
            Partition("crm.deals", 1): 0,
        }
        assert inspector.ends([]) == {}
