"""The process: lock the data folder, open the engine, listen, stop cleanly."""

import asyncio
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import uvicorn

from connectors.principals import PrincipalFile
from infra.local.warehouse.app import Warehouse, app_of
from infra.local.warehouse.engine import Engine
from infra.local.warehouse.limits import Limits
from infra.local.warehouse.lock import DataFolder

HOST, PORT = "127.0.0.1", 8123
LINGER_SECONDS = 65  # idle connections are kept a little longer than pools keep theirs


def serve(
    data_dir: Path,
    principals_path: Path,
    *,
    host: str = HOST,
    port: int = PORT,
    limits: Limits | None = None,
    on_ready: Callable[[str, int], None] | None = None,
) -> None:
    """Serve a data folder until SIGTERM or SIGINT. `port` 0 takes a free one.

    `on_ready` is told host and port once connections are taken.

    Raises:
        DataFolderHeld: another process holds the folder; the message names it.
        OSError: the address is taken.
    """
    limits = limits or Limits()
    with DataFolder(data_dir), _listening(host, port) as listener:
        warehouse = Warehouse(Engine(data_dir), PrincipalFile(principals_path), limits)
        try:
            asyncio.run(_run(warehouse, listener, limits, on_ready))
        finally:
            warehouse.close()


async def _run(
    warehouse: Warehouse,
    listener: socket.socket,
    limits: Limits,
    on_ready: Callable[[str, int], None] | None,
) -> None:
    config = uvicorn.Config(
        app_of(warehouse),
        http="httptools",
        log_level="warning",
        access_log=False,  # a query string may hold a token
        lifespan="off",
        timeout_keep_alive=LINGER_SECONDS,
        timeout_graceful_shutdown=limits.stop_seconds,
        server_header=False,
    )
    server = _Server(config)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, server.handle_exit, number, None)
    if on_ready is not None:
        host, port = listener.getsockname()[:2]
        on_ready(host, port)
    await server.serve(sockets=[listener])


class _Server(uvicorn.Server):
    """uvicorn that ends by returning.

    Its own way sends the process the signal again at the end; the engine would be cut off.
    """

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals to the loop."""
        yield


@contextmanager
def _listening(host: str, port: int) -> Iterator[socket.socket]:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # Named as TCP, or asyncio leaves Nagle's delay on: 40 ms an answer.
    with socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host, port))
        except OSError as error:
            raise OSError(
                error.errno,
                f"cannot listen on {host}:{port}: {error.strerror}; choose another port",
            ) from error
        listener.listen(128)
        yield listener
