"""Final results: written once, never changed; what is corrected later is told beside them."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, NamedTuple

import polars as pl

from infra.contests import reading
from infra.contests.standing import named, standing
from infra.definitions.stored import Stored
from schemas.contest_choices import Of, State
from schemas.contests import Contest
from streams.domain.contest_prizes import Won
from streams.domain.contest_results import Result
from streams.domain.contest_times import frozen_at, moment

_NEVER = datetime(1970, 1, 1, tzinfo=UTC)
_MONEY = pl.Decimal(18, 4)
SCORE = pl.Decimal(38, 8)  # points of four places times values of four
_AT = pl.Datetime("ms", "UTC")
_SCHEMA: dict[str, Any] = {
    "contest_id": pl.String, "participant_id": pl.String, "rep_id": pl.String,
    "place": pl.UInt16, "is_tied": pl.Boolean, "score": SCORE, "events": pl.UInt64,
    "reached_at": _AT, "prize_amount": _MONEY, "prize_currency": pl.String,
    "things": pl.List(pl.String), "sequence": pl.UInt64, "cut": pl.List(pl.String),
    "author": pl.String, "finalized_at": _AT,
}  # fmt: skip


class Final(NamedTuple):
    """One participant of a final result. A place of 0 is none."""

    participant: str
    place: int
    score: Decimal
    prize: Decimal
    things: str
    author: str
    finalized_at: datetime


class Correction(NamedTuple):
    """What became known after a contest was final. It changes no place."""

    participant: str
    final: Decimal
    now: Decimal


def finals(client: Any, contest_id: str) -> tuple[Final, ...]:
    """Return the final result of a contest, by place; empty: it is not final."""
    found = client.query(
        "SELECT participant_id, place, score, prize_amount, things, author, finalized_at"
        " FROM spm_bi.contest_result WHERE contest_id = {id:String}"
        " ORDER BY place = 0, place, participant_id",
        parameters={"id": contest_id},
    )
    return tuple(Final(name, int(place), score, prize, things, who, at)
                 for name, place, score, prize, things, who, at in found.result_rows)  # fmt: skip


def are_final(client: Any) -> set[str]:
    """Return the contests that are final."""
    found = client.query("SELECT DISTINCT contest_id FROM spm.contest_result")
    return {str(contest_id) for (contest_id,) in found.result_rows}


def corrections(final: Sequence[Final], now: Result) -> tuple[Correction, ...]:
    """Return whose score is another one by what is known now."""
    today = {s.tally.participant: s.tally.score for s in now.placed}
    return tuple(
        Correction(one.participant, one.score, today.get(one.participant, Decimal(0)))
        for one in final
        if today.get(one.participant, Decimal(0)) != one.score
    )


def finalize(client: Any, contest_id: str, author: str, now: datetime) -> Result:
    """Return the final result of a contest, written for good.

    Raises:
        LookupError: there is no such contest, or it cannot be final: told why.
    """
    stored = Stored(client)
    bundle = stored.in_force().bundle()
    contest = named(bundle, contest_id)
    _may_be_final(client, contest, now)
    # The cut is read first: all that it names is in the tables read after it.
    until = reading.cut(client)
    result = standing(client, bundle, contest, now, until)
    head = {
        "contest_id": contest_id, "sequence": bundle.sequence, "author": author,
        "cut": list(reading.told_cut(until)), "finalized_at": now,
    }  # fmt: skip
    rows = [{**head, **row} for row in _rows(contest, result)]
    stored.insert_frame("contest_result", pl.DataFrame(rows, _SCHEMA, orient="row"))
    return result


def _may_be_final(client: Any, contest: Contest, now: datetime) -> None:
    freeze = moment(frozen_at(contest))
    if contest.state is not State.OPEN:
        raise LookupError(f"{contest.contest_id} is {contest.state}: only OPEN ones become final")
    if now < freeze:
        raise LookupError(
            f"{contest.contest_id} takes late data until {freeze:%Y-%m-%d %H:%M} UTC; make it final"
            " then"
        )
    if done := finals(client, contest.contest_id):
        raise LookupError(
            f"{contest.contest_id} is final since {done[0].finalized_at:%Y-%m-%d %H:%M} UTC, by"
            f" {done[0].author}; `pacesetter contest standings` tells what was corrected since"
        )


def _rows(contest: Contest, result: Result) -> Iterator[Mapping[str, Any]]:
    for one in result.placed:
        tally = one.tally
        won = result.won.get(tally.participant, Won())
        yield {
            "participant_id": tally.participant,
            "rep_id": tally.participant if contest.of is Of.REPS else "",
            "place": one.rank or 0, "is_tied": one.is_tied, "score": tally.score,
            "events": tally.events,
            "reached_at": _NEVER if tally.reached_at is None else moment(tally.reached_at),
            "prize_amount": won.amount,
            "prize_currency": (contest.prize_currency or "") if won.amount else "",
            "things": list(won.things),
        }  # fmt: skip
