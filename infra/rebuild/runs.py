"""Runs of rebuild, one at a time: table spm.rebuild."""

import os
import socket
import uuid
from datetime import UTC, datetime
from typing import NamedTuple

import polars as pl

from connectors.sinks.clickhouse import Warehouse

TABLE = "spm.rebuild"
UNFINISHED = ("building", "telling")
SILENT_SECONDS_MAX = 180  # a run says so between statements, and one may take 120 s


class Busy(RuntimeError):
    """Another rebuild runs."""


class Run(NamedTuple):
    """One run as it last said of itself; `age`: seconds since then."""

    run_id: str
    generation: int
    state: str
    holder: str
    detail: str
    started_at: datetime
    age: int = 0

    @property
    def is_unfinished(self) -> bool:
        """Whether it neither ended nor was cancelled."""
        return self.state in UNFINISHED

    @property
    def is_alive(self) -> bool:
        """Whether its process may still be at work."""
        host, _, pid = self.holder.rpartition(":")
        if host == socket.gethostname():
            return self.is_unfinished and _runs(int(pid))
        return self.is_unfinished and self.age < SILENT_SECONDS_MAX


def every(warehouse: Warehouse) -> list[Run]:
    """Return all runs, newest first."""
    rows = warehouse.frame(
        f"SELECT run_id, generation, state, holder, detail, started_at, "
        f"dateDiff('second', seen_at, now64(3)) AS age FROM {TABLE} FINAL "
        f"ORDER BY started_at DESC, run_id"
    )
    return [Run(*row) for row in rows.iter_rows()] if len(rows) else []


def begin(warehouse: Warehouse, generation: int) -> Run:
    """Return a run that is the only one.

    Raises:
        Busy: another one is at work.
    """
    now = datetime.now(UTC)
    mine = Run(uuid.uuid4().hex, generation, "building", _me(), "", now)
    note(warehouse, mine)
    for other in every(warehouse):
        if other.run_id != mine.run_id and other.is_alive:
            note(warehouse, mine._replace(state="cancelled", detail="another rebuild runs"))
            raise Busy(
                f"a rebuild runs already ({other.holder}, since {other.started_at:%H:%M:%S} UTC: "
                f"{other.detail}); wait for it, or end it with `pacesetter rebuild --cancel`"
            )
    return mine


def note(warehouse: Warehouse, run: Run) -> None:
    """Say how a run stands."""
    row = {**run._asdict()}
    del row["age"]
    kinds = {"generation": pl.UInt32(), "started_at": pl.Datetime("ms", "UTC")}
    warehouse.insert(TABLE, pl.DataFrame([row], schema_overrides=kinds), warehouse.incarnation())


def _me() -> str:
    return f"{socket.gethostname()}:{os.getpid()}"


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
