"""What the intake needs to know, and the limits it keeps."""

from dataclasses import dataclass, field
from pathlib import Path

from connectors.sources.admitting import Window
from connectors.sources.producing import ProducerSettings


@dataclass(frozen=True, slots=True)
class Limits:
    """How much the intake takes at once.

    Attributes:
        body_bytes_max: what fits in one Kafka message, and a batch of ordinary events.
        batch_events_max: what is checked in well under a tenth of a second.
        requests_max: bodies held at once: 64 MiB.
        requests_per_source_max: so that one source leaves room for the others.
        events_per_second_max: of one source; more belongs into an import.
        body_seconds_max: a sender slower than this is not sending.
        drain_seconds_max: how long a shutdown waits for requests under way.
    """

    body_bytes_max: int = 1_048_576
    batch_events_max: int = 1000
    requests_max: int = 64
    requests_per_source_max: int = 16
    events_per_second_max: int = 20_000
    body_seconds_max: float = 10.0
    drain_seconds_max: int = 20


@dataclass(frozen=True, slots=True)
class IntakeConfig:
    """One intake.

    Attributes:
        principals: the file of principals; tokens of role SOURCE may send.
        registry_url: of a schema registry; None: ids of the shipped catalogue.
    """

    principals: Path
    kafka: ProducerSettings
    host: str = "127.0.0.1"
    port: int = 8801
    registry_url: str | None = None
    limits: Limits = field(default_factory=Limits)
    window: Window = field(default_factory=Window)
