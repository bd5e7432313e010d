"""`pacesetter warehouse`: serve the embedded warehouse."""

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
