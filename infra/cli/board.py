"""`pacesetter board` and `pacesetter board link`: the leaderboard server and a way into it."""

from typing import TYPE_CHECKING, Annotated

import typer

from infra.cli.trouble import Trouble

if TYPE_CHECKING:
    from connectors.boards.about import About
    from connectors.boards.config import BoardConfig
    from infra.contests.desk import Desk
    from streams.settings import Settings

app = typer.Typer()


def register(root: typer.Typer) -> None:
    """Add the commands of this module."""
    root.add_typer(app, name="board", rich_help_panel="Run it")


@app.callback(invoke_without_command=True)
def board(
    context: typer.Context,
    title: Annotated[
        str | None, typer.Option(help="Headline. Left out: the company's name.")
    ] = None,
) -> None:
    """Serve the board until Ctrl-C; `pacesetter up` does this for you.

    Example: `PACESETTER_BOARD_PORT=8080 pacesetter board --title "Sales floor Berlin"`
    """
    if context.invoked_subcommand is not None:
        return
    from connectors.boards.server import serve
    from streams.settings import settings

    current = settings()
    serve(config_of(current, title), about_of(current), desk_of(current))


@app.command()
def link(
    url: Annotated[
        str | None, typer.Option(help="Address of the board as the browser reaches it.")
    ] = None,
) -> None:
    """Print a link that opens the running board without a token: one browser, ten minutes.

    The code stands behind the #, which browsers never send. Example: `pacesetter board link`
    """
    from connectors.boards.link import NoLink, new_link
    from infra.local import plan
    from infra.local.found import found_settings
    from infra.local.secrets import own_token

    current = found_settings()
    try:
        token = own_token(current.data_dir, "service")
        typer.echo(new_link(url or plan.url(current, current.board_port), token))
    except FileNotFoundError as error:
        raise Trouble(f"{error.filename} is not there; start with `pacesetter up`") from error
    except NoLink as error:
        raise Trouble(str(error)) from error


def config_of(settings: "Settings", title: str | None = None) -> "BoardConfig":
    """Return the board's part of the settings."""
    from connectors.boards.config import BoardConfig
    from infra.local.secrets import principals_path

    return BoardConfig(
        bootstrap=settings.kafka_bootstrap,
        warehouse_url=settings.warehouse_url,
        warehouse_user=settings.warehouse_user,
        warehouse_token=settings.warehouse_password(),
        principals=principals_path(settings.data_dir),
        sessions=settings.data_dir / "board-sessions.json",
        host=settings.host,
        port=settings.board_port,
        title=title,
        rings_per_hour=settings.board_rings_per_hour,
        quotas=settings.board_quotas,
        registry_url=settings.schema_registry_url,
        kafka=_kafka(settings),
    )


def about_of(settings: "Settings") -> "About":
    """Return what the board is told of contests beyond their rows."""
    from datetime import UTC, datetime

    from infra.contests.telling import about
    from infra.definitions import connecting

    return about(lambda: connecting.warehouse(settings), lambda: datetime.now(UTC))


def desk_of(settings: "Settings") -> "Desk":
    """Return what answers the board's form of contests."""
    from datetime import UTC, datetime
    from functools import cache

    from infra.contests.desk import Desk
    from infra.definitions import connecting

    return Desk(
        lambda: connecting.warehouse(settings),
        cache(lambda: connecting.log(settings)),  # a producer each time would leave threads behind
        lambda: datetime.now(UTC),
    )


def _kafka(settings: "Settings") -> dict[str, object]:
    """Return how aiokafka proves who we are and checks whom it speaks to."""
    if settings.kafka_security == "PLAINTEXT":
        return {}
    from aiokafka.helpers import create_ssl_context

    found: dict[str, object] = {"security_protocol": settings.kafka_security}
    if settings.kafka_security.endswith("SSL"):
        ca = settings.kafka_ca_file
        found["ssl_context"] = create_ssl_context(cafile=str(ca) if ca else None)
    if settings.kafka_security.startswith("SASL"):
        found["sasl_mechanism"] = settings.kafka_sasl_mechanism
        found["sasl_plain_username"] = settings.kafka_username
        found["sasl_plain_password"] = settings.kafka_password.get_secret_value()
    return found
