"""What following contests tells of itself."""

from prometheus_client import CollectorRegistry, Counter, Gauge


class Gauges:
    """Metrics of one follower."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.steps = Counter(
            "spm_contest_steps", "Steps of standings that were written.", registry=registry
        )
        self.failures = Counter(
            "spm_contest_failures", "Times following broke off and began again.", registry=registry
        )
        self.looked = Gauge(
            "spm_contest_looked_timestamp_seconds",
            "When everything was compared last. Old: contests stand still.",
            registry=registry,
        )
