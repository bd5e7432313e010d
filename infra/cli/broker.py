"""`pacesetter broker`: Apache Kafka alone, on this machine."""

import typer


def broker() -> None:
    """Run Apache Kafka alone on this machine, its log on disk. Ctrl-C stops it.

    For those who run the parts one by one; `pacesetter up --broker apache` starts one by itself.
    Port, data folder and heap come from the settings; the jars are fetched at the first start.

    Example: PACESETTER_BROKER_PORT=9092 pacesetter broker
    """
    import os
    import signal
    import threading

    from infra.local import apache, ports
    from infra.local.processes import Child
    from infra.local.supervisor import AlreadyRuns
    from streams.settings import settings

    here = settings()
    if not ports.is_free(here.broker_port):
        raise AlreadyRuns(
            f"port {here.broker_port} for the broker is in use; set PACESETTER_BROKER_PORT to a "
            f"free one such as {ports.free_port()}"
        )
    logs = here.data_dir / "logs"
    logs.mkdir(parents=True, exist_ok=True)
    told = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: told.set())
    child = Child(apache.service(here, "broker", typer.echo), logs)
    try:
        child.wait_ready(told.is_set)
        typer.echo(
            f"Apache Kafka {apache.version()} at {child.service.address}\n"
            f"  its log  {apache.folder_of(here)}\n  it says  {child.log_path}\n"
            f"Ctrl-C stops it, or `kill {os.getpid()}` from elsewhere."
        )
        while child.exit_code() is None and not told.wait(0.2):
            pass
        ended = child.exit_code()
    finally:
        child.stop()
    if ended is not None:
        typer.echo(f"it ended by itself with code {ended}; see {child.log_path}", err=True)
        raise typer.Exit(1)
    typer.echo("stopped")
