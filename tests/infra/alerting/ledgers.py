"""A ledger and contests of the alerts' floor, row by row: what was ordinary, and what was not."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from schemas.positions import position_of
from tests.infra.alerting.conftest import Ground

TABLES = ("commission_ledger", "applied", "pay_run", "activity", "contest_event", "contest_result")
MEASURE = "contest/blitz/calls"
BEFORE, NOW = 1_000, 2_000  # offsets of credits: applied three weeks ago, and a minute ago


class Ledger:
    """Entries of a floor: those of one position are new or old by where it lies."""

    def __init__(self, ground: Ground) -> None:
        self.ground, self._id = ground, 0
        for table in TABLES:
            ground.client.command(f"TRUNCATE TABLE spm.{table}")
        self._old = self._new = 0
        now = datetime.now(UTC)
        self._applied(0, BEFORE, now - timedelta(days=21))
        self._applied(BEFORE, NOW, now - timedelta(minutes=1))

    def earned(self, amount: object, **of: Any) -> str:
        """Post an entry, by default of a deal of its own; return its id."""
        row = self._entry(amount, **of)
        self._put("commission_ledger", row)
        return str(row["entry_id"])

    def ordinary(self) -> None:
        """Post a floor's past: forty deals of 20 to 59 a rep, three of them new, all paid."""
        rows = []
        for rep in ("busy", "idle"):
            rows += [self._entry(20 + n, rep=rep, is_new=n > 36) for n in range(40)]
            rows += [
                self._entry(sum(range(20, 60)), rep=rep, state=state, kind="PAYOUT",
                            topic="spm.definitions", position=5)
                for state in ("ELIGIBLE", "RELEASED", "PAID")
            ]  # fmt: skip
        self._put("commission_ledger", *rows)

    def _entry(
        self, amount: object, *, rep: str = "busy", deal: str = "", is_new: bool = False, **of: Any
    ) -> dict[str, Any]:
        self._id += 1
        start = self.ground.today.replace(day=1)
        end = start + timedelta(days=31)
        return {
            "entry_id": f"{self._id:032x}"[::-1], "rep_id": rep, "plan_id": "p",
            "component_id": "c", "origin_start": start, "origin_end": end,
            "payout_start": start, "payout_end": end, "posted_start": start, "posted_end": end,
            "state": "EARNED", "kind": "ACCRUAL", "currency": "EUR",
            "amount": Decimal(str(amount)), "topic": "spm.credits", "partition": 0,
            "position": position_of(1, self._id + (BEFORE if is_new else 0)),
            "deal_id": deal or f"deal-{self._id}", "sequence": 9,
        } | of  # fmt: skip

    def _applied(self, since: int, until: int, at: datetime) -> None:
        row = {"topic": "spm.credits", "partition": 0, "epoch": 1, "offset_from": since}
        self._put("applied", row | {"offset_to": until, "applied_at": at})

    def _put(self, table: str, *rows: dict[str, Any]) -> None:
        put(self.ground, table, rows)


def calls(ground: Ground, rep: str, instants: Iterable[datetime]) -> None:
    """Log calls that count for the contest `blitz`."""
    made = []
    for at in instants:
        position = int(at.timestamp())
        row = {"entity_id": f"dialer:{rep}:{position}", "position": position, "kind": "call",
               "op": "SET", "rep_id": rep, "occurred_at": at, "day": at.date()}  # fmt: skip
        measured = {"measure": [MEASURE], "measure_rep_id": [rep], "measure_day": [at.date()],
                    "measure_currency": [""], "measure_value": [Decimal(1)]}  # fmt: skip
        made.append(row | measured)
    put(ground, "activity", made)


def put(ground: Ground, table: str, rows: Sequence[dict[str, Any]]) -> None:
    """Insert rows of the same columns."""
    values = [list(row.values()) for row in rows]
    ground.client.insert(f"spm.{table}", values, column_names=list(rows[0]))
