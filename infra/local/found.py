"""The settings of whatever runs here: a command needs no flags while an installation is running."""

from pathlib import Path

from infra.local import run_file
from streams.settings import Settings, settings

DEMO_FOLDER = "demo"
PREFIX = "PACESETTER_"


def found_settings() -> Settings:
    """Return the settings of the running installation, else those of file and environment.

    An installation of the user's own comes before a running demo.
    """
    mine = settings()
    for folder in folders(mine):
        run = run_file.read(folder)
        if run and run.is_alive():
            values = {
                name.removeprefix(PREFIX).lower(): value
                for name, value in run.environment.items()
                if name.startswith(PREFIX)
            }
            return Settings(**values)  # type: ignore[arg-type]  # pydantic parses the strings
    return mine


def folders(mine: Settings) -> tuple[Path, Path]:
    """Return the data folders an installation on this machine may run out of."""
    return mine.data_dir, mine.data_dir / DEMO_FOLDER
