"""How a worker shows itself to Kafka."""

from typing import Any

import pytest

from streams.app import credentials
from streams.settings import Settings


@pytest.mark.parametrize(
    ("given", "protocol", "mechanism"),
    [
        ({"kafka_security": "SSL"}, "SSL", None),
        ({"kafka_security": "SASL_SSL", "kafka_username": "u"}, "SASL_SSL", "SCRAM-SHA-512"),
        (
            {"kafka_security": "SASL_PLAINTEXT", "kafka_sasl_mechanism": "PLAIN"},
            "SASL_PLAINTEXT",
            "PLAIN",
        ),
    ],
)
def test_credentials_follow_the_settings(
    given: dict[str, Any], protocol: str, mechanism: str | None
) -> None:
    found = credentials(Settings(**given))
    assert found.protocol.value == protocol
    assert mechanism is None or found.mechanism.value == mechanism


def test_a_broker_that_asks_for_nothing_gets_nothing() -> None:
    assert credentials(Settings()) is None
