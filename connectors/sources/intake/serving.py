"""The intake as a process: it serves until it is told to stop, and finishes what it has begun."""

import uvicorn

from connectors.sources.intake.app import create_app
from connectors.sources.intake.config import IntakeConfig

HEADERS_BYTES_MAX = 32_768
IDLE_SECONDS_MAX = 30


def serve(config: IntakeConfig) -> None:
    """Serve until SIGTERM or SIGINT; requests under way are answered first.

    Raises:
        SystemExit: the address is taken, or the registry does not answer.
    """
    server_of(config).run()


def server_of(config: IntakeConfig) -> uvicorn.Server:
    """Return the server without running it, for whoever runs several in one loop."""
    return uvicorn.Server(
        uvicorn.Config(
            create_app(config),
            host=config.host,
            port=config.port,
            access_log=False,  # the metrics count; addresses of senders are nobody's business
            log_config=None,
            server_header=False,
            date_header=True,
            timeout_keep_alive=IDLE_SECONDS_MAX,
            timeout_graceful_shutdown=config.limits.drain_seconds_max,
            h11_max_incomplete_event_size=HEADERS_BYTES_MAX,
            http="h11",
            ws="none",
            lifespan="on",
        )
    )
