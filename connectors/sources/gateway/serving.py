"""The gateway as a process: it serves until it is told to stop, and finishes what it has begun."""

import uvicorn

from connectors.sources.gateway.app import create_app
from connectors.sources.gateway.config import GatewayConfig

IDLE_SECONDS_MAX = 30


def serve(config: GatewayConfig) -> None:
    """Serve until SIGTERM or SIGINT; requests under way are answered first.

    Raises:
        SystemExit: the address is taken, or the registry does not answer.
    """
    server_of(config).run()


def server_of(config: GatewayConfig) -> uvicorn.Server:
    """Return the server without running it, for whoever runs several in one loop."""
    return uvicorn.Server(
        uvicorn.Config(
            create_app(config),
            host=config.host,
            port=config.port,
            access_log=False,  # addresses of hooks may hold keys
            log_config=None,
            server_header=False,
            date_header=True,
            timeout_keep_alive=IDLE_SECONDS_MAX,
            timeout_graceful_shutdown=config.limits.drain_seconds_max,
            limit_concurrency=config.limits.requests_max * 4,  # connections, slow ones included
            http="httptools",  # a push is small: reading it in Python would be half of its cost
            ws="none",
            lifespan="on",
        )
    )
