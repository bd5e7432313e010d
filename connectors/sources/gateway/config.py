"""What the gateway needs to know, and the limits it keeps."""

from dataclasses import dataclass, field

from connectors.sources.producing import ProducerSettings
from connectors.sources.runtime.folder import Sources


@dataclass(frozen=True, slots=True)
class Limits:
    """How much the gateway takes at once.

    Attributes:
        body_bytes_max: vendors send 256 KB at most; with its frame it fits in a message.
        requests_max: bodies held at once: 256 MiB if all were of the largest.
        requests_per_source_max: so that one source leaves room for the others.
        per_second_max: of one source; vendors' own limits lie below, and repeat what gets 429.
        body_seconds_max: a sender slower than this is not sending.
        drain_seconds_max: how long a shutdown waits for requests under way.
    """

    body_bytes_max: int = 1_048_576
    requests_max: int = 256
    requests_per_source_max: int = 128
    per_second_max: int = 5_000
    body_seconds_max: float = 5.0
    drain_seconds_max: int = 10


@dataclass(frozen=True, slots=True)
class GatewayConfig:
    """One gateway.

    Attributes:
        public_url: how vendors reach it from outside, such as https://hooks.example.com.
        registry_url: of a schema registry; None: ids of the shipped catalogue.
        replication: of topics it has to make.
    """

    sources: Sources
    kafka: ProducerSettings
    public_url: str
    host: str = "127.0.0.1"
    port: int = 8802
    registry_url: str | None = None
    replication: int = 1
    limits: Limits = field(default_factory=Limits)
