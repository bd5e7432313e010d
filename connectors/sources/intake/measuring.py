"""What the intake tells Prometheus about itself."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector


class Measures:
    """Counters of one intake, in a registry of their own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self.events = Counter(
            "pacesetter_intake_events",
            "Events by what became of them: accepted, refused or unacknowledged.",
            ("source", "message", "status"),
            registry=self.registry,
        )
        self.requests = Counter(
            "pacesetter_intake_requests",
            "Requests by path and status.",
            ("path", "status"),
            registry=self.registry,
        )
        self.seconds = Histogram(
            "pacesetter_intake_request_seconds",
            "From the first byte of a request to its answer, Kafka's acknowledgement included.",
            registry=self.registry,
            buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
        )
        self.under_way = Gauge(
            "pacesetter_intake_requests_under_way",
            "Requests being worked on.",
            registry=self.registry,
        )
