"""Where HR systems are kept: a folder each, with settings, secrets and mapping.

    hr/<name>/settings.yaml     what was asked when it was connected, but for secrets
              secrets/<field>   one secret each, for the owner's eyes
              mapping.yaml      the company's copy of the shipped mapping

A secret may instead come by environment: PACESETTER_SOURCE_<NAME>_<FIELD>.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel

from connectors.sources.hr.contract import System
from connectors.sources.runtime.folder import (
    BadSource,
    Sources,
    checked_settings,
    secret_fields,
)


class HrFolder:
    """The folder of all HR systems."""

    def __init__(self, root: Path) -> None:
        self._root, self._secrets = root, Sources(root)

    def write(
        self, system: System, settings: Mapping[str, Any], secrets: Mapping[str, str], mapping: str
    ) -> None:
        """Keep how a system is reached; a mapping that is there already stays."""
        for name, value in secrets.items():
            self._secrets.write_secret(system.name, name, value)
        folder = self._root / system.name
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        text = yaml.safe_dump(dict(settings), sort_keys=False, allow_unicode=True)
        fresh = folder / "settings.yaml.new"
        fresh.write_text(text, "utf-8")
        fresh.replace(folder / "settings.yaml")
        if not self.mapping_path(system.name).exists():
            self.mapping_path(system.name).write_text(mapping, "utf-8")

    def mapping_path(self, name: str) -> Path:
        """Return the file of a system's mapping."""
        return self._root / name / "mapping.yaml"

    def settings(self, system: System) -> BaseModel:
        """Return how a system is reached, secrets included.

        Raises:
            BadSource: it was never connected, or something is missing or wrong.
        """
        path = self._root / system.name / "settings.yaml"
        try:
            given = yaml.safe_load(path.read_text("utf-8")) or {}
        except FileNotFoundError:
            raise BadSource(
                f"{system.title} is not connected; do `pacesetter people connect {system.name}`"
            ) from None
        except (OSError, yaml.YAMLError) as error:
            raise BadSource(f"{path}: cannot be read ({error}); connect it again") from None
        for name in secret_fields(system.settings):
            if (value := self._secrets.secret(system.name, name)) is not None:
                given[name] = value
        return checked_settings(system.settings, given, system.name)
