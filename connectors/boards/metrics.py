"""Numbers about the board server itself; no names, no amounts, no reps."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector

_SECONDS = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5)


class Metrics:
    """Metrics of one server, in a registry of their own."""

    def __init__(self) -> None:
        own = self.registry = CollectorRegistry()
        ProcessCollector(registry=own)
        self.viewers_now = 0
        self.viewers = Gauge("pacesetter_board_viewers", "Pages that are connected.", registry=own)
        self.live = Gauge("pacesetter_board_live", "1 while the stream can be heard.", registry=own)
        self.partials = Gauge("pacesetter_board_partials", "Partials held in memory.", registry=own)
        self.snapshots = Counter("pacesetter_board_snapshots", "Snapshots made.", registry=own)
        self.seeds = Counter(
            "pacesetter_board_seeds", "Times the board began from the warehouse.", registry=own
        )
        self.messages = Counter(
            "pacesetter_board_messages", "Messages heard.", ["topic"], registry=own
        )
        self.undecodable = Counter(
            "pacesetter_board_undecodable", "Messages left out.", ["topic"], registry=own
        )
        self.lag = Gauge(
            "pacesetter_board_lag_messages", "Messages of spm.rep-days not yet read.", registry=own
        )
        self.heard_to_shown = Histogram(
            "pacesetter_board_heard_to_shown_seconds",
            "From a message in hand to the snapshot that shows it.",
            buckets=_SECONDS,
            registry=own,
        )

    def viewer(self, by: int) -> None:
        """Count a viewer in or out."""
        self.viewers_now += by
        self.viewers.set(self.viewers_now)
