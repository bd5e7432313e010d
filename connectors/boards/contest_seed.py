"""What a board reads of contests: definitions, results, rows as they stand."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from connectors.boards.contests import Known, Placed, Row, Told, known_of
from schemas.contests import Contests

# The newest revision; contests of it that are long over are left out when they are shown.
DEFINED = """
SELECT content FROM spm.definition WHERE kind = 'contests' ORDER BY sequence DESC LIMIT 1
"""
# A result holds as it was first written; who wrote a second one at the same moment came too late.
RESULTS = """
SELECT done.contest_id, done.participant_id, done.place, done.is_tied, done.score, done.events,
       nullIf(done.reached_at, toDateTime64(0, 3, 'UTC')), done.prize_amount, done.prize_currency,
       arrayStringConcat(done.things, ', '), done.finalized_at, done.author
FROM spm.contest_result AS done
INNER JOIN
(
    SELECT contest_id, min(finalized_at) AS first_at FROM spm.contest_result GROUP BY contest_id
) AS held ON held.contest_id = done.contest_id AND held.first_at = done.finalized_at
"""
STANDINGS = """
SELECT contest_id, participant_id, is_in, number, place, is_tied, score, behind, percent, events,
       reached_at, at, passed
FROM spm.contest_standing ORDER BY contest_id, participant_id, number DESC
LIMIT 1 BY contest_id, participant_id
"""
BEFORE = """
SELECT contest_id, participant_id, argMax(place, number) FROM spm.contest_standing
WHERE at < {midnight:DateTime64(3, 'UTC')} GROUP BY contest_id, participant_id
"""
Rows = Callable[..., list[tuple[Any, ...]]]


def known(rows: Rows) -> Known:
    """Return what changes seldom."""
    content = rows(DEFINED)
    contests = Contests.model_validate_json(content[0][0]) if content else Contests()
    results: dict[str, tuple[Placed, ...]] = {}
    for contest_id, *placed in rows(RESULTS):
        results[contest_id] = (*results.get(contest_id, ()), Placed(*placed))
    return known_of(contests, results)


def standings(rows: Rows) -> list[Told]:
    """Return every contest's rows as they stand."""
    found = []
    for contest_id, name, is_in, *row, at, passed in rows(STANDINGS):
        found.append(Told(contest_id, name, is_in, Row(*row), at, tuple(passed)))
    return found


def before(rows: Rows, midnight: datetime) -> dict[tuple[str, str], int]:
    """Return everybody's place in each contest as it stood at an instant."""
    return {(c, name): place for c, name, place in rows(BEFORE, {"midnight": midnight})}
