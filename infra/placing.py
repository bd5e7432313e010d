"""Where statements run: on one node, or on every node of a cluster with replicated tables."""

import re

_ENGINE = re.compile(r"ENGINE = (Replacing)?MergeTree\b")


def placed(statement: str, cluster: str) -> str:
    """Return a statement for one node, or for every node of a cluster."""
    if not cluster:
        return statement
    replicated = _ENGINE.sub(
        lambda found: f"ENGINE = Replicated{found[1] or ''}MergeTree", statement
    )
    where = f" ON CLUSTER '{cluster}'"
    return re.sub(
        r"(?im)^((?:CREATE (?:OR REPLACE )?"
        r"(?:TABLE|(?:MATERIALIZED )?VIEW|DATABASE)(?: IF NOT EXISTS)?"
        r"|ALTER TABLE) [\w.]+)",
        lambda found: found[1] + where,
        replicated,
        count=1,
    )
