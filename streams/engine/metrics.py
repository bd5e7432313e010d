"""What a worker tells of itself to Prometheus. Names are part of what dashboards lean on."""

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    generate_latest,
)

REGISTRY = CollectorRegistry()
ProcessCollector(registry=REGISTRY)  # memory, time on the processor, when it started
RECORDS = Counter(
    "pacesetter_records",
    "Records by what became of them: accepted, duplicate, stale, dead or marker.",
    ["topic", "verdict"],
    registry=REGISTRY,
)
VISIBLE = Histogram(
    "pacesetter_visible_seconds",
    "From a record's Kafka time stamp to being in the warehouse; the oldest record of each batch.",
    ["topic"],
    buckets=(0.1, 0.2, 0.3, 0.5, 0.75, 1, 1.5, 2, 3, 5, 10, 30, 60, 300, 3600),
    registry=REGISTRY,
)
FLUSH = Histogram(
    "pacesetter_flush_seconds",
    "How long a flush took, from reading history to the acknowledgement.",
    buckets=(0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1, 2, 5, 10, 30),
    registry=REGISTRY,
)
STEP = Counter(
    "pacesetter_flush_step_seconds", "Seconds spent in each step of flushes.", ["step"],
    registry=REGISTRY,
)  # fmt: skip
LAG = Gauge(
    "pacesetter_lag_records",
    "Records in Kafka that are not in the warehouse yet.",
    ["topic", "partition"],
    registry=REGISTRY,
)
UNCOMMITTED = Gauge(
    "pacesetter_uncommitted_records",
    "Records in the warehouse that Kafka has not been told of; read again after a crash.",
    ["topic", "partition"],
    registry=REGISTRY,
)
STILL = Gauge(
    "pacesetter_still_seconds",
    "How long there has been something to do and nothing was done, waits apart.",
    registry=REGISTRY,
)
HELD = Gauge(
    "pacesetter_held_bytes", "Bytes fetched and not yet in the warehouse.", registry=REGISTRY
)
WAITING = Gauge(
    "pacesetter_waiting", "1 for each named wait the worker is in.", ["name"], registry=REGISTRY
)
REFUSED = Gauge(
    "pacesetter_refused_partitions", "Partitions that refuse to start.", registry=REGISTRY
)
SEQUENCE = Gauge(
    "pacesetter_definitions_sequence",
    "Definitions in force, by partition.",
    ["topic", "partition"],
    registry=REGISTRY,
)


def exposition() -> bytes:
    """Return all metrics in Prometheus' text format."""
    return generate_latest(REGISTRY)
