"""Following contests, once or for ever: what `pacesetter contest follow` does."""

import logging
import threading
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from infra.cli.reaching import AWAY, fail, patient_warehouse

if TYPE_CHECKING:
    from infra.contests.following import Step
    from infra.contests.gauges import Gauges

STATEMENT_SECONDS_MAX = 120
NICE = 5  # whoever takes events goes first, but a floor is watching
PATIENCE_SECONDS = 0.25  # between two looks at what was heard: changes come together
REST_PER_WORK = 2.0  # a third of the time is for this; in a large contest steps come less often
RETRY_SECONDS = 5.0

log = logging.getLogger(__name__)


def follow_once() -> "list[Step]":
    """Return what changed since it was looked at last."""
    from infra.contests.following import Following
    from schemas.warehouse import Fenced, Unavailable

    try:
        return Following(patient_warehouse(STATEMENT_SECONDS_MAX)).look(datetime.now(UTC))
    except (Unavailable, Fenced, LookupError) as error:
        fail(f"not done: {error}; see `pacesetter doctor`", AWAY)


def follow_on(seconds: float, port: int) -> None:
    """Follow until told to stop.

    Args:
        port: where Prometheus reads what was done; 0: nowhere.
    """
    from infra.cli.background import in_background, registry_at
    from infra.contests.gauges import Gauges

    stop = in_background(NICE)
    follow(seconds, Gauges(registry_at(port)), stop)


def follow(seconds: float, gauges: "Gauges", stop: threading.Event) -> None:
    """Follow until stopped: at once what is heard, and every so many seconds everything."""
    from schemas.warehouse import Fenced, Unavailable

    while not stop.is_set():
        try:
            _session(seconds, gauges, stop)
        except (Unavailable, Fenced, LookupError) as error:
            gauges.failures.inc()
            log.warning("contests stand still: %s", error)
            stop.wait(RETRY_SECONDS)


def _session(seconds: float, gauges: "Gauges", stop: threading.Event) -> None:
    from connectors.sinks.kafka import Publisher
    from connectors.sinks.schema_ids import ids_from
    from infra.contests.following import Following, told
    from infra.contests.listening import Ear
    from infra.contests.publishing import messages
    from infra.local.found import found_settings

    settings = found_settings()
    config, ids = settings.kafka_config(), ids_from(settings.schema_registry_url)
    publisher = Publisher(config)
    following: Following = Following(
        patient_warehouse(STATEMENT_SECONDS_MAX),
        lambda rows, is_whole: publisher.send(messages(rows, ids, is_whole=is_whole)),
    )
    # Its place first, then all there is: what comes in between is heard.
    with Ear(config, ids) as ear:
        due = 0.0
        while not stop.is_set():
            heard = ear.heard(PATIENCE_SECONDS)
            began, now = time.monotonic(), datetime.now(UTC)
            steps = following.hear(heard, now) if heard else []
            if began >= due:
                steps += following.look(now)
                due = began + seconds
                gauges.looked.set_to_current_time()
            gauges.steps.inc(len(steps))
            for line in told(steps):
                log.info("%s", line)
            if steps:
                stop.wait((time.monotonic() - began) * REST_PER_WORK)
