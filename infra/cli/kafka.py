"""The producer of command-line tools, by the settings of what runs here."""

from collections.abc import Iterator
from contextlib import contextmanager

from connectors.sinks.schema_ids import ids_from
from connectors.sources.producing import EventProducer, ProducerSettings
from schemas.topics import FACTS
from streams.settings import Settings

ANSWER_SECONDS = 5.0  # a broker that takes longer to list its topics is away
DEADLINE_SECONDS = 30.0  # a person waits for it; a broker that restarts is back by then


def producer_settings(
    settings: Settings, who: str, deadline_seconds: float = DEADLINE_SECONDS
) -> ProducerSettings:
    """Return how to reach the Kafka of an installation."""
    return ProducerSettings(
        settings.kafka_bootstrap, f"pacesetter-{who}", deadline_seconds, settings.kafka_config()
    )


@contextmanager
def producer(who: str) -> Iterator[EventProducer]:
    """Hold a producer to the installation that runs here, else to the one of the settings.

    Raises:
        ConnectionError: no broker answers, or it lacks the topics of facts.
    """
    from infra.local.found import found_settings  # only when something is sent

    settings = found_settings()
    ids = ids_from(settings.schema_registry_url)
    made = EventProducer(producer_settings(settings, who), ids)
    try:
        missing = made.missing_topics(FACTS, ANSWER_SECONDS)
        if missing:
            raise ConnectionError(f"Kafka lacks {', '.join(missing)}; run `pacesetter setup`")
        yield made
    finally:
        made.close()
