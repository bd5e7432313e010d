"""The health of a running installation: what answers, how far behind it is, how fresh it is."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from infra.local import ports, run_file
from infra.local.run_file import Running
from schemas.topics import CREDITS, FACTS
from streams.settings import Settings

OK, TROUBLE, NOTHING_RUNS = 0, 3, 4
ANSWER_SECONDS_MAX = 2.0
BROKERS = {"embedded": "embedded broker, in memory", "apache": "Apache Kafka, on disk"}

_LAG = """
SELECT topic, partition, max(offset_to) FROM spm.applied
WHERE (topic, epoch) IN (SELECT topic, max(epoch) FROM spm.log GROUP BY topic)
GROUP BY topic, partition
"""
_SOURCES = """
SELECT source, max(complete_through), dateDiff('second', max(complete_through), now64())
FROM spm.source_progress FINAL GROUP BY source ORDER BY source
"""


@dataclass(frozen=True, slots=True)
class ServiceHealth:
    """One process: alive, and does it answer where it should."""

    name: str
    pid: int
    address: str
    alive: bool
    answers: bool


@dataclass(frozen=True, slots=True)
class Health:
    """Everything `pacesetter status` tells.

    Attributes:
        ready: all of it was started; while it starts, what is there may answer and is not all.
        broker: where the log of this installation is.
        lag: records of each fact topic that are in the broker and not yet in the warehouse; None
            when one of the two could not be asked.
        sources: seconds since each source was last complete.
    """

    data_dir: Path
    services: tuple[ServiceHealth, ...]
    ready: bool
    broker: str
    lag: dict[str, int] | None
    sources: dict[str, float] | None

    @property
    def all_answer(self) -> bool:
        """Return whether everything was started, is alive and answers."""
        return self.ready and all(s.alive and s.answers for s in self.services)

    @property
    def exit_code(self) -> int:
        """Return the documented exit code of `pacesetter status`."""
        if not any(s.alive for s in self.services):
            return NOTHING_RUNS
        return OK if self.all_answer else TROUBLE

    def as_json(self) -> dict[str, Any]:
        """Return it for programs."""
        return {
            "data_dir": str(self.data_dir),
            "running": self.all_answer,
            "services": [asdict(service) for service in self.services],
            "broker": self.broker,
            "lag_records": self.lag,
            "source_age_seconds": self.sources,
        }

    def as_text(self) -> str:
        """Return it for people."""
        if self.exit_code == NOTHING_RUNS:
            return "nothing runs; `pacesetter up` starts it, `pacesetter demo` shows it"
        lines = [
            f"  {s.name:<10} {'ok' if s.alive and s.answers else 'DOWN':<5} {s.pid:<8} {s.address}"
            for s in self.services
        ]
        if not self.ready:
            lines.append("  starting   not everything that belongs to it has come up")
        lag = "unknown" if self.lag is None else f"{sum(self.lag.values())} records"
        lines.append(f"  log        {self.broker}")
        lines.append(f"  behind     {lag}")
        for source, age in (self.sources or {}).items():
            lines.append(f"  {source:<10} complete until {age:.0f} s ago")
        return "\n".join(lines)


def health_of(data_dir: Path, settings: Settings) -> Health:
    """Return the health of what runs out of a data folder."""
    run = run_file.read(data_dir)
    services = tuple(_service(service) for service in run.services) if run else ()
    ready = run is not None and run.ready
    told: tuple[Any, Any] = (None, None)
    if any(service.alive for service in services):
        told = _lag(settings), _sources(settings)
    return Health(data_dir, services, ready, BROKERS[settings.broker], *told)


def broker_trouble(settings: Settings) -> str | None:
    """Return why the broker does not answer; None when it does."""
    from confluent_kafka import KafkaException  # noqa: PLC0415  # slow to import

    try:
        _admin(settings).list_topics(timeout=ANSWER_SECONDS_MAX)
    except KafkaException as error:
        return str(error.args[0].str())
    return None


def warehouse_clock(settings: Settings) -> float | str:
    """Return the warehouse's clock in seconds since 1970, or why it does not answer."""
    try:
        return float(_client(settings).query("SELECT toFloat64(now64(6))").result_rows[0][0])
    except _warehouse_errors() as error:
        return str(error).splitlines()[0]


def pay_runs_left(settings: Settings) -> int:
    """Return how many acts of payroll wait for their pay run; 0 where nobody can say."""
    from infra.definitions.stored import Stored  # noqa: PLC0415  # slow to import
    from infra.payroll.running import waiting  # noqa: PLC0415

    try:
        return len(waiting(Stored(_client(settings))))
    except LookupError:
        return 0
    except _warehouse_errors():
        return 0


def _service(service: Running) -> ServiceHealth:
    alive = run_file.is_pacesetter(service.pid)
    return ServiceHealth(
        service.name, service.pid, service.address, alive, alive and _answers(service.address)
    )


def _answers(address: str) -> bool:
    if not address:
        return True  # a process nobody calls, such as the simulator
    if address.startswith("http"):
        return ports.http_ok(f"{address}/livez") or ports.http_ok(f"{address}/ping")
    host, port = address.rsplit(":", 1)
    return ports.answers(int(port), host)


def _lag(settings: Settings) -> dict[str, int] | None:
    try:
        applied = {(t, p): to for t, p, to in _client(settings).query(_LAG).result_rows}
        ends = _end_offsets(settings)
    except _all_errors():
        return None
    lag: dict[str, int] = {}
    for (topic, partition), end in ends.items():
        lag[topic] = lag.get(topic, 0) + max(0, end - applied.get((topic, partition), 0))
    return lag


def _sources(settings: Settings) -> dict[str, float] | None:
    try:
        rows = _client(settings).query(_SOURCES).result_rows
    except _warehouse_errors():
        return None
    return {source: float(age) for source, _, age in rows}


def _end_offsets(settings: Settings) -> dict[tuple[str, int], int]:
    from confluent_kafka import Consumer, TopicPartition  # noqa: PLC0415

    asker = Consumer({**settings.kafka_config(), "group.id": "pacesetter-status", "log_level": 2})
    try:
        known = asker.list_topics(timeout=ANSWER_SECONDS_MAX).topics
        there = [
            TopicPartition(topic.name, number)
            for topic in (*FACTS, CREDITS)
            if topic.name in known
            for number in known[topic.name].partitions
        ]
        return {
            (tp.topic, tp.partition): asker.get_watermark_offsets(tp, ANSWER_SECONDS_MAX)[1]
            for tp in there
        }
    finally:
        asker.close()


def _admin(settings: Settings) -> Any:
    from confluent_kafka.admin import AdminClient  # noqa: PLC0415

    return AdminClient({**settings.kafka_config(), "log_level": 2})


def _client(settings: Settings) -> Any:
    from infra.definitions.connecting import warehouse  # noqa: PLC0415

    return warehouse(settings)


def _warehouse_errors() -> tuple[type[Exception], ...]:
    from clickhouse_connect.driver.exceptions import ClickHouseError  # noqa: PLC0415

    return (ClickHouseError, OSError)  # Unreachable is a ConnectionError


def _all_errors() -> tuple[type[Exception], ...]:
    from confluent_kafka import KafkaException  # noqa: PLC0415

    return (*_warehouse_errors(), KafkaException)
