"""Steps of contests as messages of spm.contest-scores, for boards that follow."""

from collections.abc import Iterable, Mapping
from typing import Any

from schemas.codec import SchemaIds, encode
from schemas.topics import CONTEST_SCORES
from schemas.warehouse import Message

ROWS_MAX = 1_000  # of one message: far below what the topic allows
_HEAD = ("contest_id", "number", "at", "sequence", "phase")
_ROW = (
    "participant_id", "is_in", "place", "is_tied", "score", "behind", "percent", "events",
    "reached_at", "passed",
)  # fmt: skip


def messages(
    rows: Iterable[Mapping[str, Any]], ids: SchemaIds, *, is_whole: bool
) -> Iterable[Message]:
    """Yield one step of one contest as messages.

    Args:
        rows: as they are inserted; those of one step are alike in what tells it apart.
        is_whole: they are all there are. What does not fit into one message is not said to be.
    """
    every = list(rows)
    for first in range(0, len(every), ROWS_MAX):
        some = every[first : first + ROWS_MAX]
        record = {name: some[0][name] for name in _HEAD}
        record["is_whole"] = is_whole and len(every) <= ROWS_MAX
        record["rows"] = [{name: row[name] for name in _ROW} for row in some]
        key = str(record["contest_id"]).encode()
        yield Message(CONTEST_SCORES.name, key, encode("contest_scores", record, ids))
