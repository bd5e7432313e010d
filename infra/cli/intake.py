"""`pacesetter intake`: the HTTP door for events."""

from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from connectors.sources.intake.config import IntakeConfig


def register(root: typer.Typer) -> None:
    """Add the command."""
    root.command(rich_help_panel="Run it")(intake)


def intake() -> None:
    """Serve the HTTP intake: POST /v1/events takes JSON or CloudEvents, up to 1,000 at once.

    `pacesetter up` starts it with everything else; on a company's host it is a process of its own.
    Address, Kafka and registry come from the settings (`pacesetter config show`). A source needs a
    token: `pacesetter token create crm --role source --source crm`. Example of an event:

    curl -H "Authorization: Bearer $TOKEN" -H "Content-Type: application/json" -d '{"message":
    "call", ...}' http://127.0.0.1:18087/v1/events

    GET /v1/schema describes every message and has an example of each.
    """
    from connectors.sources.intake.serving import serve

    serve(config())


def config() -> "IntakeConfig":
    """Return the intake's configuration by the settings of this process."""
    from connectors.sources.intake.config import IntakeConfig
    from infra.cli.kafka import producer_settings
    from infra.local.secrets import principals_path
    from streams.settings import settings

    mine = settings()
    return IntakeConfig(
        principals=principals_path(mine.data_dir),
        kafka=producer_settings(mine, "intake", deadline_seconds=5.0),
        host=mine.host,
        port=mine.intake_port,
        registry_url=mine.schema_registry_url,
    )
