"""Contests for tests of the board: definitions, steps as the follower tells them, results."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from connectors.boards.server import utc_now
from schemas.contests import Contest, Contests
from schemas.topics import CONTEST_SCORES
from tests.connectors.boards.ground import Broker, Warehouse

LOCAL = "%Y-%m-%dT%H:%M"


def contest(contest_id: str = "blitz", **more: Any) -> Contest:
    """A ranking by points that runs: it began an hour ago and ends in two."""
    now = utc_now()
    given: dict[str, Any] = {
        "contest_id": contest_id, "name": "Call blitz", "time_zone": "UTC", "score": "POINTS",
        "starts_at": (now - timedelta(hours=1)).strftime(LOCAL),
        "ends_at": (now + timedelta(hours=2)).strftime(LOCAL),
        "metrics": [{"kpi": "calls_connected"}],
    }  # fmt: skip
    return Contest.model_validate({**given, **more})


def row(place: int, score: Any, **more: Any) -> dict[str, Any]:
    """How somebody stands, as a step tells it."""
    given = {
        "is_in": True, "place": place, "is_tied": False, "score": Decimal(score),
        "behind": Decimal(0), "percent": None, "events": 1, "reached_at": None, "passed": [],
    }  # fmt: skip
    return {**given, **more}


def step(
    number: int, rows: Mapping[str, Mapping[str, Any]], contest_id: str = "blitz", **more: Any
) -> dict[str, Any]:
    """A message of spm.contest-scores."""
    given = {
        "contest_id": contest_id, "number": number, "at": utc_now(), "sequence": 1,
        "phase": "RUNNING", "is_whole": False,
        "rows": [{"participant_id": name, **each} for name, each in rows.items()],
    }  # fmt: skip
    return {**given, **more}


def tells(broker: Broker, *messages: Mapping[str, Any]) -> None:
    for message in messages:
        broker.send(CONTEST_SCORES.name, "contest_scores", message["contest_id"], [message])


def defined(warehouse: Warehouse, *contests: Contest, sequence: int = 1) -> None:
    content = Contests(contests=contests).model_dump_json()
    values = [sequence, "contests", "c", "test", "", utc_now(), content]
    names = ["sequence", "kind", "revision_id", "author", "note", "written_at", "content"]
    warehouse.client.insert("spm.definition", [values], names)


def stood(warehouse: Warehouse, message: Mapping[str, Any], at: datetime | None = None) -> None:
    """Store a step, as the follower does before it tells of it."""
    head = [message["contest_id"], message["number"], at or message["at"], message["phase"]]
    columns = [
        "contest_id", "number", "at", "phase", "sequence", "participant_id", "rep_id", "is_in",
        "place", "is_tied", "score", "behind", "percent", "events", "reached_at", "passed",
    ]  # fmt: skip
    rows = [
        [*head, 1, r["participant_id"], r["participant_id"], r["is_in"], r["place"], r["is_tied"],
         r["score"], r["behind"], r["percent"], r["events"], r["reached_at"], r["passed"]]
        for r in message["rows"]
    ]  # fmt: skip
    warehouse.client.insert("spm.contest_standing", rows, columns)


def final(
    warehouse: Warehouse, contest_id: str, placed: Mapping[str, tuple[int, Any, Any]]
) -> None:
    """participant -> place, score, prize in EUR."""
    columns = [
        "contest_id", "participant_id", "rep_id", "place", "is_tied", "score", "events",
        "reached_at", "prize_amount", "prize_currency", "things", "sequence", "cut", "author",
        "finalized_at",
    ]  # fmt: skip
    now = utc_now()
    rows = [
        [contest_id, name, name, place, False, Decimal(score), 3, now, Decimal(prize),
         "EUR" if prize else "", [], 1, [], "Dana", now]
        for name, (place, score, prize) in placed.items()
    ]  # fmt: skip
    warehouse.client.insert("spm.contest_result", rows, columns)
