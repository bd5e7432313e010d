"""Who takes part in contests, as rows: what views of scores are joined with."""

import polars as pl

from infra.definitions.stored import Stored
from schemas.contest_choices import State
from schemas.definitions import NO_END, Bundle
from streams.domain.contest_field import field

_SCHEMA = {
    "sequence": pl.UInt64, "contest_id": pl.String, "rep_id": pl.String,
    "participant_id": pl.String, "valid_from": pl.Date, "valid_to": pl.Date,
}  # fmt: skip
_NEEDED = (
    "SELECT (SELECT max(sequence) FROM spm.contest_member WHERE contest_id = ''),"
    " (SELECT max(sequence) FROM spm.definition WHERE kind IN ('roster', 'contests'))"
)


def keep(stored: Stored) -> None:
    """Write who takes part in contests, if a revision of them or of the roster has no rows yet."""
    ((known, newest),) = stored.rows(_NEEDED)
    if int(newest) > int(known):
        bundle = stored.in_force().bundle()
        stored.insert_frame("contest_member", member_frame(bundle, int(newest)))
        whole = [(int(newest), "", "", "", NO_END, NO_END)]  # makes the revision whole, so last
        stored.insert_frame("contest_member", pl.DataFrame(whole, _SCHEMA, orient="row"))


def member_frame(bundle: Bundle, sequence: int) -> pl.DataFrame:
    """Return a row for each stay of a rep in a contest that is no draft."""
    rows = [
        (
            sequence,
            contest.contest_id,
            stay.rep_id,
            stay.participant,
            stay.span.start,
            stay.span.end,
        )
        for contest in bundle.contests.contests
        if contest.state is not State.DRAFT
        for stays in field(contest, bundle.roster).stays.values()
        for stay in stays
    ]
    return pl.DataFrame(rows, _SCHEMA, orient="row")
