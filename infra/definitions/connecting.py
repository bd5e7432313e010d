"""From settings to the warehouse and the log of definitions."""

import logging
import re
from typing import Any
from urllib.parse import urlsplit

import clickhouse_connect
from clickhouse_connect.driver.exceptions import ClickHouseError

from connectors.sinks.schema_ids import ids_from
from infra.definitions.log import DefinitionLog
from streams.settings import Settings

# The driver logs what it also raises; one line is enough.
logging.getLogger("clickhouse_connect").setLevel(logging.CRITICAL)
CONNECT_SECONDS = 5  # a warehouse that does not answer by then is away


class Unreachable(ConnectionError):
    """A service is away or refuses us; str() says which and what to do."""


def warehouse(settings: Settings) -> Any:
    """Return a clickhouse-connect client of the installation's warehouse.

    Raises:
        Unreachable: it is away, or the token is wrong.
    """
    url = urlsplit(settings.warehouse_url)
    quorum = {"insert_quorum": "auto", "select_sequential_consistency": 1}
    try:
        return clickhouse_connect.get_client(
            host=url.hostname or "localhost",
            port=url.port or (8443 if url.scheme == "https" else 8123),
            secure=url.scheme == "https",
            username=settings.warehouse_user,
            password=settings.warehouse_password(),
            connect_timeout=CONNECT_SECONDS,
            settings=quorum if settings.warehouse_quorum else {},
        )
    except ClickHouseError as error:
        why = in_short(str(error))
        refuses = "AUTHENTICATION" in str(error).upper() or "403" in why or "401" in why
        raise Unreachable(
            f"the warehouse at {settings.warehouse_url} does not let us in ({why}); check"
            " warehouse_user and its token"
            if refuses
            else f"the warehouse at {settings.warehouse_url} does not answer ({why}); start it with"
            " `pacesetter up`, or check warehouse_url"
        ) from error


def in_short(message: str) -> str:
    """Return what a driver's message comes down to."""
    found = re.search(r"\[Errno -?\d+\] ([^\"')]+)", message)
    return found.group(1).lower() if found else message.strip().splitlines()[0]


def log(settings: Settings) -> DefinitionLog:
    """Return the log of definitions on the installation's broker; it connects when first used."""
    ids = ids_from(settings.schema_registry_url)
    return DefinitionLog(settings.kafka_bootstrap, ids, extra=settings.kafka_config())
