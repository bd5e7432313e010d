"""The producer of command-line tools, by the settings of what runs here."""

from collections.abc import Iterator
from contextlib import contextmanager

from connectors.registry import RegistryIds
from connectors.sources.producing import EventProducer, ProducerSettings
from schemas.codec import CatalogueIds, SchemaIds
from schemas.topics import FACTS
from streams.settings import Settings

ANSWER_SECONDS = 5.0  # a broker that takes longer to list its topics is away
DEADLINE_SECONDS = 30.0  # a person waits for it; a broker that restarts is back by then


def producer_settings(
    settings: Settings, who: str, deadline_seconds: float = DEADLINE_SECONDS
) -> ProducerSettings:
    """Return how to reach the Kafka of an installation."""
    extra: dict[str, str] = {"security.protocol": settings.kafka_security}
    if settings.kafka_security.startswith("SASL"):
        extra |= {
            "sasl.mechanism": settings.kafka_sasl_mechanism,
            "sasl.username": settings.kafka_username,
            "sasl.password": settings.kafka_password.get_secret_value(),
        }
    if settings.kafka_ca_file is not None:
        extra["ssl.ca.location"] = str(settings.kafka_ca_file)
    return ProducerSettings(settings.kafka_bootstrap, f"pacesetter-{who}", deadline_seconds, extra)


def schema_ids(settings: Settings) -> SchemaIds:
    """Return where schema ids come from in an installation."""
    url = settings.schema_registry_url
    return CatalogueIds() if url is None else RegistryIds({"url": url})


@contextmanager
def producer(who: str) -> Iterator[EventProducer]:
    """Hold a producer to the installation that runs here, else to the one of the settings.

    Raises:
        ConnectionError: no broker answers, or it lacks the topics of facts.
    """
    from infra.local.found import found_settings  # only when something is sent

    settings = found_settings()
    made = EventProducer(producer_settings(settings, who), schema_ids(settings))
    try:
        missing = made.missing_topics(FACTS, ANSWER_SECONDS)
        if missing:
            raise ConnectionError(f"Kafka lacks {', '.join(missing)}; run `pacesetter migrate`")
        yield made
    finally:
        made.close()
