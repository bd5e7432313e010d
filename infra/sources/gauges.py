"""What sources tell Prometheus: read from their memories when it asks."""

from collections.abc import Iterator

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from connectors.sources.runtime.folder import BadSource, Sources
from infra.sources.standing import Standing, standing

_GAUGES = (
    ("events", "Events sent to crm.* since the source was added.", lambda s: s.events),
    ("wanted", "Records that were named and have to be read.", lambda s: s.wanted),
    ("set_aside", "Messages that could not be mapped.", lambda s: s.letters + s.aside),
    ("failures", "Times a loop had to wait, since the source was added.", lambda s: s.failures),
    ("troubles", "Loops that something troubles now.", lambda s: len(s.troubles or {})),
    ("heard_timestamp_seconds", "When the newest message that was mapped came.",
     lambda s: (s.heard_at or 0) / 1000),
    ("mapped_timestamp_seconds", "When all that had come was last seen to be mapped.",
     lambda s: (s.mapped_at or 0) / 1000),
)  # fmt: skip


class Gauges(Collector):
    """Gauges of all sources, by name."""

    def __init__(self, sources: Sources) -> None:
        self._sources = sources

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Yield each gauge with a value for each source."""
        every = list(self._standings())
        for name, text, value in _GAUGES:
            gauge = GaugeMetricFamily(f"pacesetter_source_{name}", text, labels=("source",))
            for one in every:
                gauge.add_metric((one.name,), value(one))
            yield gauge

    def describe(self) -> Iterator[GaugeMetricFamily]:
        """Yield nothing: what there is shows when it is asked for."""
        return iter(())

    def _standings(self) -> Iterator[Standing]:
        for name in self._sources.names():
            try:
                yield standing(self._sources, self._sources.read(name))
            except BadSource:  # its log and `source status` say so
                continue
