"""JSON Schema of every kind, for editors: completion, descriptions and wrong fields underlined."""

import json
from pathlib import Path
from typing import Any

from infra.definitions.loading import MODELS

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def schema_of(kind: str) -> dict[str, Any]:
    """Return the JSON Schema of a kind's YAML file.

    Raises:
        KeyError: there is no such kind.
    """
    if kind not in MODELS:
        raise KeyError(f"no kind {kind!r}; there are {', '.join(MODELS)}")
    schema = _plain(MODELS[kind].model_json_schema())
    return {"$schema": DIALECT, **schema, "title": f"Pacesetter definitions: {kind}"}


def text_of(kind: str) -> str:
    """Return the schema as it stands in a file."""
    return json.dumps(schema_of(kind), indent=2, ensure_ascii=False) + "\n"


def export(folder: Path) -> tuple[Path, ...]:
    """Return the files written: one schema for each kind."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for kind in MODELS:
        path = folder / f"{kind}.json"
        path.write_text(text_of(kind), "utf-8")
        written.append(path)
    return tuple(written)


def _plain(schema: Any) -> Any:
    """Return a schema without the titles pydantic makes of names, and with empty fields allowed."""
    if isinstance(schema, list):
        return [_plain(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    out = {
        k: {name: _plain(s) for name, s in v.items()} if k in {"properties", "$defs"} else _plain(v)
        for k, v in schema.items()
        if k != "title" and not (k == "default" and v in (None, "-"))
    }
    return out
