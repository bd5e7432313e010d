"""`pacesetter config show`: every setting, its value and where it came from."""

import json
import os
from pathlib import Path
from typing import Annotated, Any

import typer

app = typer.Typer(help="Settings: environment beats pacesetter.toml beats defaults.")


def register(root: typer.Typer) -> None:
    """Add the commands of this module."""
    root.add_typer(app, name="config", rich_help_panel="Look after it")


@app.callback()
def _group() -> None:
    pass


@app.command()
def show(
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """Show every setting, its value and where it came from. Secrets are never shown.

    Example: `PACESETTER_BOARD_PORT=8080 pacesetter config show`
    """
    rows = [
        {"name": name, "value": value, "origin": origin, "description": description}
        for name, value, origin, description in _rows()
    ]
    if as_json:
        typer.echo(json.dumps(rows, indent=1))
        return
    from rich.console import Console
    from rich.table import Table

    table = Table("setting", "value", "from", "meaning", box=None, header_style="bold")
    for row in rows:
        table.add_row(row["name"], str(row["value"]), row["origin"], row["description"])
    Console().print(table)


def _rows() -> list[tuple[str, Any, str, str]]:
    from streams.settings import FILE, Settings

    current = Settings()
    written = _file_keys(FILE)
    rows = []
    for name, field in Settings.model_fields.items():
        variable = f"PACESETTER_{name.upper()}"
        origin = variable if variable in os.environ else str(FILE) if name in written else "default"
        value = getattr(current, name)
        shown = value if isinstance(value, bool | int | float | None) else str(value)
        rows.append((name, shown, origin, field.description or ""))
    return rows


def _file_keys(path: Path) -> set[str]:
    import tomllib

    return set(tomllib.loads(path.read_text("utf-8"))) if path.exists() else set()
