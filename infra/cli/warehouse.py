"""`pacesetter warehouse`: serve the embedded warehouse, and bring its tables up to date."""

import json
from pathlib import Path

import typer


def warehouse(
    data_dir: Path = typer.Option(Path("data/warehouse"), help="Folder that holds the data."),
    principals: Path = typer.Option(
        Path("data/principals.json"), help="File of principals: whose token opens what."
    ),
    host: str = typer.Option("127.0.0.1", help="Address to listen on; loopback unless you say so."),
    port: int = typer.Option(8123, help="Port; 0 takes a free one."),
) -> None:
    """Serve the embedded warehouse: ClickHouse's HTTP interface over a folder.

    Any ClickHouse client over HTTP works: the user is a principal's name, the password its token.

    Example:
        pacesetter warehouse --data-dir data/warehouse --port 8123
    """
    from infra.local.warehouse.lock import DataFolderHeld
    from infra.local.warehouse.server import serve

    def ready(host: str, port: int) -> None:
        typer.echo(f"http://{host}:{port}")

    try:
        serve(data_dir, principals, host=host, port=port, on_ready=ready)
    except (DataFolderHeld, OSError) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from error


def migrate(
    url: str = typer.Option(
        "http://127.0.0.1:8123", envvar="PACESETTER_WAREHOUSE_URL", help="Address of ClickHouse."
    ),
    user: str = typer.Option(..., envvar="PACESETTER_WAREHOUSE_USER", help="Principal's name."),
    token: str = typer.Option(
        ..., envvar="PACESETTER_WAREHOUSE_TOKEN", help="Its token; better by the environment."
    ),
    cluster: str = typer.Option("", help="Name of a cluster: tables are replicated ON CLUSTER."),
    as_json: bool = typer.Option(False, "--json", help="Print a JSON list."),
) -> None:
    """Bring the warehouse's tables up to date; running it again changes nothing.

    Example:
        PACESETTER_WAREHOUSE_USER=pipeline PACESETTER_WAREHOUSE_TOKEN=... pacesetter migrate
    """
    import clickhouse_connect

    from infra.migrations import MigrationError
    from infra.migrations import migrate as run

    client = clickhouse_connect.get_client(dsn=url, username=user, password=token)
    try:
        ran = run(client, cluster=cluster)
    except MigrationError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from error
    finally:
        client.close()
    if as_json:
        typer.echo(json.dumps(ran))
    else:
        typer.echo("\n".join(f"ran {name}" for name in ran) or "everything had run already")
