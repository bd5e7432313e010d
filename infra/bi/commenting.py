"""Comments of views in the warehouse, in step with the dictionary."""

from collections.abc import Iterator
from typing import Any

from connectors.sinks.clickhouse import quoted
from infra.bi.dictionary import View, dictionary
from infra.placing import placed

_TOLD = """SELECT table, any(t.comment), groupArray(name), groupArray(c.comment)
FROM system.columns AS c
INNER JOIN (SELECT name AS view, comment FROM system.tables WHERE database = 'spm_bi') AS t
    ON t.view = c.table
WHERE database = 'spm_bi' GROUP BY table ORDER BY table"""


def comment_views(client: Any, cluster: str = "") -> list[str]:
    """Return the names of the views whose comments were changed; none when all are as they should.

    What the warehouse says is compared, so a view made anew gets its comments back.

    Args:
        cluster: name of the ClickHouse cluster, '' for one node.
    """
    changed = []
    for name, comment, columns, comments in client.query(_TOLD).result_rows:
        view = dictionary().views.get(name)
        if view is None:
            continue  # not of this release: somebody's own, or of a later one
        told = dict(zip(columns, comments, strict=True))
        parts = list(_changes(view, comment, told))
        if parts:
            client.command(placed(f"ALTER TABLE spm_bi.{name} {', '.join(parts)}", cluster))
            changed.append(name)
    return changed


def _changes(view: View, comment: str, told: dict[str, str]) -> Iterator[str]:
    for column in view.columns:
        wanted = dictionary().comment(column)
        if told.get(column.name, wanted) != wanted:
            yield f"COMMENT COLUMN {column.name} {quoted(wanted)}"
    if comment != view.comment:
        yield f"MODIFY COMMENT {quoted(view.comment)}"
