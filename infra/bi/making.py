"""Making the views that follow from the definitions, whenever their text is another.

Then the comments of all views are brought in step with the dictionary.
"""

import hashlib
from typing import Any

from infra.bi.commenting import comment_views
from infra.bi.views import statements
from infra.definitions.stored import Stored
from infra.placing import placed
from schemas.definitions import Bundle

QUERY_BYTES_MAX = 1 << 22  # formulas stand in the text; 200 KPIs take a tenth of this


def make_views(client: Any, bundle: Bundle | None = None, cluster: str | None = None) -> list[str]:
    """Return the names of the views that were made; none when all are as they should be.

    Args:
        bundle: whose KPIs; None: those in force.
        cluster: name of the ClickHouse cluster, '' for one node; None: as they were made last.
    """
    rows = client.query("SELECT name, sha256, cluster FROM spm.view FINAL").result_rows
    known = {name: sha256 for name, sha256, _ in rows}
    if cluster is None:
        cluster = str(rows[0][2]) if rows else ""
    made = []
    for name, text in statements(bundle or Stored(client).in_force().bundle()):
        statement = placed(text, cluster)
        digest = hashlib.sha256(statement.encode()).hexdigest()
        if known.get(name) != digest:
            client.command(statement, settings={"max_query_size": QUERY_BYTES_MAX})
            made.append([name, digest, cluster])
    if made:  # noted after all are made: whatever dies before, they are made again
        client.insert("spm.view", made, column_names=["name", "sha256", "cluster"])
    comment_views(client, cluster)
    return [name for name, *_ in made]
