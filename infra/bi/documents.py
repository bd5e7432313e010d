"""Files that follow from the dictionary: the page for people, dbt's sources, Superset's datasets.

`python -m infra.bi.documents` writes them (`make dictionary`); a test holds them in step.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from infra.bi import superset
from infra.bi.dictionary import Column, Dictionary, View, dictionary

HERE = Path(__file__).resolve().parent
PAGE = HERE / "dictionary.md"
SOURCES = HERE.parent / "dbt" / "sources.yml"
MADE = "Made from infra/bi/dictionary.yaml by `make dictionary`; change that."
WIDTH = 1000  # of YAML: texts stay on one line, so that a change of one shows as one
# A quiet floor is no late one: where sources tell how far they are complete, that counts; else when
# anything was written last.
FRESH = (
    "select if(countIf(kind = 'source') > 0, minIf(as_of, kind = 'source'), max(as_of))"
    " from {{ this }}"
)
LATE = {
    "loaded_at_query": FRESH,
    "freshness": {
        "warn_after": {"count": 15, "period": "minute"},
        "error_after": {"count": 1, "period": "hour"},
    },
}


def files() -> dict[Path, str]:
    """Return what should stand in each file."""
    return {
        PAGE: "\n".join(page(dictionary())) + "\n",
        SOURCES: sources(dictionary()),
        **superset.files(),
    }


def page(told: Dictionary) -> Iterator[str]:
    """Yield the lines of the page."""
    yield "# Data dictionary of spm_bi"
    yield ""
    yield f"<!-- {MADE} -->"
    yield (
        f"Version {told.version} of the contract: {len(told.views)} views, and nothing else is one."
        " Within a major version views and columns are added, never taken away or given another"
        " meaning; what is deprecated says so and stays until the next major version. The same"
        " stands in the comments of the warehouse and in `spm_bi.data_dictionary`."
    )
    yield ""
    for view in told.views.values():
        yield f"- [{view.name}](#{view.name}): {view.meaning}"
    for view in told.views.values():
        yield ""
        yield from _section(told, view)


def _section(told: Dictionary, view: View) -> Iterator[str]:
    yield f"## {view.name}"
    yield ""
    yield view.meaning
    yield ""
    yield f"A row: {view.grain}. Key: {', '.join(f'`{name}`' for name in view.key)}."
    yield ""
    yield "| column | type | what it means | unit | NULL or empty |"
    yield "|---|---|---|---|---|"
    for column in view.columns:
        yield (
            f"| {column.name} | `{column.type}` | {_meaning(column)} "
            f"| {told.units.get(column.unit, '')} | {_absence(column)} |"
        )


def _meaning(column: Column) -> str:
    gone = f"Deprecated: {column.deprecated} " if column.deprecated else ""
    return (gone + column.meaning).replace("|", "\\|")


def _absence(column: Column) -> str:
    null = f"NULL: {column.null_means}" if column.null_means else ""
    empty = f"Empty: {column.empty_means}" if column.empty_means else ""
    return f"{null} {empty}".strip()


def sources(told: Dictionary) -> str:
    """Return dbt's file of sources."""
    source = {
        "name": "spm_bi",
        "schema": "spm_bi",
        "description": "Pacesetter's public views. Names and types are a contract: "
        f"version {told.version}.",
        "meta": {"contract_version": told.version},
        "tables": [_table(told, view) for view in told.views.values()],
    }
    text = yaml.safe_dump(
        {"version": 2, "sources": [source]}, sort_keys=False, allow_unicode=True, width=WIDTH
    )
    return f"# {MADE}\n{text}"


def _table(told: Dictionary, view: View) -> dict[str, Any]:
    return {
        "name": view.name,
        "description": view.comment,
        "meta": {"grain": view.grain, "key": list(view.key)},
        **({"config": LATE} if view.name == "data_freshness" else {}),
        "columns": [_described(told, view, column) for column in view.columns],
    }


def _described(told: Dictionary, view: View, column: Column) -> dict[str, Any]:
    is_key = view.key == (column.name,)
    return {
        "name": column.name,
        "description": told.comment(column),
        "data_type": column.type,
        **({"data_tests": ["not_null", "unique"]} if is_key else {}),
    }


if __name__ == "__main__":
    for path, text in files().items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
