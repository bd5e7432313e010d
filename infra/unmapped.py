"""Users of sources whose facts are nobody's yet: what to put into the identity map."""

import json
from datetime import datetime
from typing import Any, NamedTuple

# Entities that were unassigned at some time; only these are looked at as they are now.
_WHO = "(rep_id = 'unassigned' OR has(measure_rep_id, 'unassigned'))"
# Place 0 of a split is the first; the owner and rules have no such place.
_SQL = f"""
WITH activities AS
(
    SELECT kind, op, source, owner_id, rep_id, state, measure_rep_id, occurred_at FROM spm.activity
    WHERE kind != 'marker' AND entity_id IN (SELECT entity_id FROM spm.activity WHERE {_WHO})
    ORDER BY entity_id, position DESC LIMIT 1 BY entity_id
),
deals AS
(
    SELECT op, source, owner_id, rep_id, split_owner_id, credit_rep_id, credit_via, occurred_at
    FROM spm.deal
    WHERE kind != 'marker' AND entity_id IN
    (
        SELECT entity_id FROM spm.deal
        WHERE rep_id = 'unassigned' OR has(credit_rep_id, 'unassigned')
    )
    ORDER BY entity_id, position DESC LIMIT 1 BY entity_id
)
SELECT toString(source), user_id, countIf(what = 'call'), countIf(what = 'email'),
    countIf(what = 'meeting'), countIf(what = 'deal'), countIf(what = 'split'),
    min(occurred_at), max(occurred_at)
FROM
(
    SELECT source, owner_id AS user_id, toString(kind) AS what, occurred_at FROM activities
    WHERE op = 'SET' AND rep_id = 'unassigned'
    UNION ALL
    SELECT source, JSONExtractString(state, 'booked_by_id') AS user_id, 'meeting', occurred_at
    FROM activities
    WHERE op = 'SET' AND kind = 'meeting' AND has(measure_rep_id, 'unassigned')
        AND rep_id != 'unassigned' AND user_id NOT IN ('', owner_id)
    UNION ALL
    SELECT source, owner_id, 'deal', occurred_at FROM deals
    WHERE op = 'SET' AND rep_id = 'unassigned'
    UNION ALL
    SELECT source, split_owner_id[toUInt32OrZero(via) + 1], 'split', occurred_at
    FROM deals ARRAY JOIN credit_rep_id AS payee, credit_via AS via
    WHERE op = 'SET' AND payee = 'unassigned' AND match(via, '^[0-9]+$')
)
GROUP BY source, user_id
ORDER BY count() DESC, source, user_id"""


class Unmapped(NamedTuple):
    """One user nobody knows. `user_id` is empty for facts that name no owner at all.

    Attributes:
        splits: parts of deals the user is to be credited with.
    """

    source: str
    user_id: str
    calls: int
    emails: int
    meetings: int
    deals: int
    splits: int
    first_at: datetime
    last_at: datetime

    def line(self) -> str:
        """Return the line of identities.yaml, ready but for the rep; empty for no user."""
        if not self.user_id:
            return ""
        source, user = (json.dumps(text, ensure_ascii=False) for text in self[:2])
        return f"  - {{source: {source}, user_id: {user}, rep_id: REP}}"


def unmapped(client: Any) -> tuple[Unmapped, ...]:
    """Return users whose facts are unassigned now, those with most of them first."""
    rows = client.query(_SQL, tz_mode="aware").result_rows
    return tuple(Unmapped(*row) for row in rows)
