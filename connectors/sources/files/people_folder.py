"""A folder of definitions as YAML: read what is there, write what changed, keep the old."""

import shutil
from collections.abc import Iterable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from connectors.sources.files.people_merging import MERGED
from connectors.sources.files.rows import BadFile
from schemas.defining import Definition
from schemas.definitions import KINDS, People
from schemas.quotas import Quotas

_MODELS: dict[str, type[Definition]] = {**KINDS, "people": People}
_HEAD = (
    "# Drafted by `pacesetter import`. Edit it; `pacesetter definitions apply` puts it in force.\n"
)


def existing_in(folder: Path, kinds: Iterable[str] = MERGED) -> dict[str, Definition]:
    """Return the definitions a folder holds, of some kinds; those a draft of people touches.

    Raises:
        BadFile: a file is there and cannot be understood.
    """
    return {
        kind: _read(path, _MODELS[kind])
        for kind in kinds
        if (path := folder / f"{kind}.yaml").exists()
    }


def write(folder: Path, changed: Mapping[str, Definition]) -> list[Path]:
    """Return the files written. A file that was there is kept as `<name>.yaml.bak`."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for kind, value in changed.items():
        path = folder / f"{kind}.yaml"
        if path.exists():
            shutil.copy2(path, path.with_suffix(".yaml.bak"))
        draft = path.with_suffix(".yaml.part")
        draft.write_text(as_yaml(value), "utf-8")
        draft.replace(path)
        written.append(path)
    return written


def as_yaml(value: Definition) -> str:
    """Return definitions as YAML, an entry a line."""
    lines = [_HEAD]
    # A quota has many parameters that are seldom used; written out they would hide its amount.
    brief = isinstance(value, Quotas)
    for name, entries in value.model_dump(exclude_none=True, exclude_defaults=brief).items():
        if not isinstance(entries, tuple):
            lines.append(f"{name}: {_flow(_plain(entries))}")
            continue
        lines.append(f"{name}:" if entries else f"{name}: []")
        for entry in entries:
            lines += _entry(entry)
        lines.append("")
    return "\n".join(lines).rstrip() + "\n"


def _entry(entry: Mapping[str, Any]) -> list[str]:
    plain = {n: _plain(v) for n, v in entry.items() if v != ""}
    if "history" not in plain:
        return [f"  - {_flow(plain)}"]
    stints = [f"      - {_flow(stint)}" for stint in plain.pop("history")]
    return [f"  - rep_id: {_flow(plain['rep_id'])}", "    history:", *stints]


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else str(value)
    if isinstance(value, tuple | list):
        return [{n: _plain(v) for n, v in part.items()} for part in value]
    if isinstance(value, dict):
        return {n: _plain(v) for n, v in value.items()}
    return str(value) if isinstance(value, str) else value  # an enum is its text


def _flow(value: Any) -> str:
    dumped = yaml.safe_dump(
        value, default_flow_style=True, sort_keys=False, allow_unicode=True, width=10_000
    )
    return str(dumped).removesuffix("...\n").strip()


def _read(path: Path, model: type[Definition]) -> Definition:
    try:
        return model.model_validate(yaml.safe_load(path.read_text("utf-8")))
    except (yaml.YAMLError, ValidationError, OSError, UnicodeDecodeError) as error:
        raise BadFile(
            f"{path}: cannot be merged into; run `pacesetter definitions check` ({error})"
        ) from None
