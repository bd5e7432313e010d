"""Disputes: questions about entries and their answers. Rows are added, never changed."""

import hashlib
from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple

import polars as pl
from clickhouse_connect.driver.exceptions import ClickHouseError

from infra.definitions.stored import Stored
from infra.statements.reading import Ledger
from infra.statements.wording import short
from streams.domain.statement_parts import Dispute, Entry

TEXT_MAX = 2_000  # of a question or an answer: it stands on a statement
_ID_BYTES = 8  # 16 hex digits are read over the telephone; two alike would take billions


class State(StrEnum):
    """Where a dispute stands."""

    OPEN = "OPEN"
    ACCEPTED = "ACCEPTED"
    REJECTED = "REJECTED"
    WITHDRAWN = "WITHDRAWN"


class Impossible(ValueError):
    """A step that cannot be taken; str() says why and what to do."""


def opened(client: Any, entry: Entry, text: str, by: str, now: datetime) -> str:
    """Return the id of a new dispute about an entry.

    Raises:
        Impossible: without a text or a name, or with one of its own open already.
    """
    said, who = _text(text, "--text"), _text(by, "--by")
    for one in Ledger(client).disputes(entry.rep_id):
        if one.entry_id == entry.entry_id and one.state == State.OPEN:
            raise Impossible(
                f"entry {short(entry.entry_id)} has dispute {one.dispute_id} open; answer that one"
            )
    parts = (entry.entry_id, who, now.isoformat())
    text_of = "".join(f"{len(part)}:{part}" for part in parts)
    dispute_id = hashlib.blake2b(text_of.encode(), digest_size=_ID_BYTES).hexdigest()
    _add(client, (dispute_id, entry.entry_id, entry.rep_id), State.OPEN, (who, now, said, ""))
    return dispute_id


class Answer(NamedTuple):
    """What is said to a dispute; `entry`: what came of it in the ledger, empty for nothing."""

    state: State
    text: str
    by: str
    entry: str = ""


def answered(client: Any, dispute_id: str, answer: Answer, now: datetime) -> Dispute:
    """Return a dispute as it is with its answer.

    Raises:
        Impossible: it is not open, or the entry is another payee's.
        LookupError: there is no such dispute or entry.
    """
    state, entry = answer.state, answer.entry
    said, who = _text(answer.text, "--text"), _text(answer.by, "--by")
    ledger = Ledger(client)
    one = found(ledger, dispute_id)
    if one.state != State.OPEN:
        raise Impossible(
            f"dispute {one.dispute_id} is {one.state.lower()} since {one.answered_at:%Y-%m-%d};"
            " open another about the same entry"
        )
    resulting = ledger.entry(entry) if entry else None
    if resulting is not None and resulting.rep_id != one.rep_id:
        raise Impossible(f"entry {short(entry)} is of {resulting.rep_id}, not of {one.rep_id}")
    became = resulting.entry_id if resulting else ""
    about = (one.dispute_id, one.entry_id, one.rep_id)
    _add(client, about, state, (who, now, said, became))
    return one._replace(
        state=state, answered_by=who, answered_at=now, answer=said, resulting_entry_id=became
    )


def found(ledger: Ledger, dispute_id: str) -> Dispute:
    """Return a dispute by its id or the beginning of it.

    Raises:
        LookupError: there is none that one may read, or there are several.
    """
    near = [one for one in ledger.disputes() if one.dispute_id.startswith(dispute_id)]
    if len(near) == 1:
        return near[0]
    what = "several disputes begin with" if near else "no dispute that you may read is"
    raise LookupError(f"{what} {dispute_id!r}; see `pacesetter dispute list`")


def _add(
    client: Any, about: Sequence[str], state: State, said: tuple[str, datetime, str, str]
) -> None:
    names = ("dispute_id", "entry_id", "rep_id", "state", "author", "at", "text",
             "resulting_entry_id")  # fmt: skip
    values = (*about, state.value, *said)
    kinds = {name: pl.String() for name in names} | {"at": pl.Datetime("us", "UTC")}
    rows = pl.DataFrame([dict(zip(names, values, strict=True))], schema=kinds)
    try:
        Stored(client).insert_frame("dispute", rows)
    except ClickHouseError as error:
        if "ACCESS_DENIED" in str(error) or "READONLY" in str(error):
            raise Impossible(
                "this token only reads; whoever runs the installation writes disputes (--by says"
                " for whom)"
            ) from error
        raise


def _text(text: str, option: str) -> str:
    said = text.strip()
    if not said:
        raise Impossible(f"{option} is empty; say it in words")
    if len(said) > TEXT_MAX:
        raise Impossible(f"{option} has {len(said)} characters; {TEXT_MAX} are enough")
    return said
