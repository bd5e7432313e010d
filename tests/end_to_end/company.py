"""A larger company for load: the sample's floor several times over, as a folder of definitions."""

from pathlib import Path
from typing import Any

from infra.definitions.loading import load
from infra.sample import DEFINITIONS
from schemas.definitions import KINDS


def write_company(folder: Path, times: int) -> Path:
    """Return a folder with the sample company, its reps multiplied."""
    values = {k: v.model_dump(mode="json") for k, v in load(DEFINITIONS).values.items()}
    reps, users = values["roster"]["reps"], values["identities"]["identities"]
    for n in range(2, times + 1):
        values["roster"]["reps"] = [*values["roster"]["reps"], *_renamed(reps, "rep_id", n)]
        copies = _renamed(_renamed(users, "rep_id", n), "user_id", n)
        values["identities"]["identities"] = [*values["identities"]["identities"], *copies]
    folder.mkdir(parents=True)
    for kind in KINDS:
        text = KINDS[kind].model_validate(values[kind]).model_dump_json(exclude_none=True)
        (folder / f"{kind}.yaml").write_text(text)  # JSON is YAML
    return folder


def _renamed(entries: list[dict[str, Any]], field: str, n: int) -> list[dict[str, Any]]:
    return [{**entry, field: f"{entry[field]}-{n}"} for entry in entries]
