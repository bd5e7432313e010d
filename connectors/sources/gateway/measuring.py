"""What the gateway tells Prometheus about itself."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector


class Measures:
    """Counters of one gateway, in a registry of their own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self.requests = Counter(
            "pacesetter_gateway_requests",
            "Pushes by source and status; of unknown sources the source is empty.",
            ("source", "status"),
            registry=self.registry,
        )
        self.seconds = Histogram(
            "pacesetter_gateway_request_seconds",
            "From a push's headers to its answer, Kafka's acknowledgement included.",
            registry=self.registry,
            buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5),
        )
        self.under_way = Gauge(
            "pacesetter_gateway_requests_under_way",
            "Pushes being worked on.",
            registry=self.registry,
        )
