"""What a person reads when an installation has started: where it is and what to try."""

import contextlib
import sys
from pathlib import Path

from infra.local import plan
from streams.settings import Settings


def addresses(settings: Settings, board_link: str | None = None) -> str:
    """Return the addresses of a running installation, one a line."""
    folder = settings.data_dir
    lines = (
        ("board", board_link or plan.url(settings, settings.board_port)),
        ("SQL", f"{plan.url(settings, settings.warehouse_port)}  user analyst, password in "
                f"{folder / 'analyst.token'}"),
        ("intake", f"{plan.url(settings, settings.intake_port)}/v1/events"),
        ("metrics", f"{plan.url(settings, settings.metrics_port)}/metrics"),
        ("logs", f"{folder / 'logs'}"),
    )  # fmt: skip
    return "\n" + "\n".join(f"  {name:<8} {where}" for name, where in lines) + "\n"


def things_to_try(settings: Settings) -> str:
    """Return three commands that show what it is."""
    command = _command()
    sql = plan.url(settings, settings.warehouse_port)
    return (
        "Three things to try in another terminal:\n\n"
        f"  {command} deal win --rep Aiko --amount 25000\n"
        "      wins a deal; the board moves within a second\n\n"
        f"  curl -u analyst:$(cat {settings.data_dir}/analyst.token) {sql} -d \\\n"
        '      "SELECT measure, currency, sum(value) FROM spm_bi.rep_day GROUP BY ALL"\n'
        "      asks the warehouse, as any BI tool would\n\n"
        f"  {command} status\n"
        "      shows what runs, how far behind it is and how fresh each source is\n"
    )


def _command() -> str:
    """Return how this command was called, as short as it can be typed from here."""
    script = Path(sys.executable).with_name("pacesetter")
    with contextlib.suppress(ValueError):
        return str(script.relative_to(Path.cwd()))
    return str(script)
