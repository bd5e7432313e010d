"""spm_bi.data_dictionary: the dictionary as rows."""

import json

from connectors.sinks.clickhouse import quoted
from infra.bi.dictionary import dictionary


def data_dictionary() -> str:
    """Return the query behind the view: one text, so that the engine has little to understand."""
    told = dictionary()
    rows = [
        [
            view.name, view.meaning, view.grain, ", ".join(view.key), position, column.name,
            column.type, told.units.get(column.unit, ""), column.meaning, column.null_means,
            column.empty_means, column.deprecated, told.version,
        ]
        for view in told.views.values()
        for position, column in enumerate(view.columns, 1)
    ]  # fmt: skip
    columns = told.views["data_dictionary"].columns
    kind = f"Array(Tuple({', '.join(c.type for c in columns)}))"
    taken = ", ".join(f"one.{n} AS {c.name}" for n, c in enumerate(columns, 1))
    text = quoted(json.dumps(rows, ensure_ascii=False, separators=(",", ":")))
    return f"SELECT {taken} FROM (SELECT arrayJoin(JSONExtract({text}, '{kind}')) AS one)"
