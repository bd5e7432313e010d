"""Two deals whose commissions are capitalised: credits, entries of the ledger, policy, terms."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from tests.infra.warehouse import serving

JAN, APRIL = date(2026, 1, 1), date(2026, 4, 1)
POLICY = {
    "policy_id": "p", "name": "P", "valid_from": "2026-01-01", "term_months": 24,
    "accounts": {"asset": "1390", "payable": "2310", "expense": "6010", "amortisation": "6020"},
    "pooled": ["bonus"],
    "treatments": [
        {"order": 1, "treats": "EXPENSE", "because": "a draw", "kinds": ["DRAW"]},
        {"order": 2, "treats": "CAPITALISE", "because": "incremental"},
    ],
}  # fmt: skip
TIERS = [{"since": "0", "rate": "0.07"}]
KINDS: dict[str, Any] = {
    "company": {"name": "Small", "reporting_currency": "EUR", "time_zone": "UTC"},
    "plans": {"plans": [{
        "plan_id": "ae", "name": "AE", "currency": "EUR", "period": "QUARTER",
        "valid_from": "2026-01-01",
        "components": [{"component_id": c, "tiers": TIERS} for c in ("revenue", "bonus")],
    }]},
    "accounting": {"policies": [POLICY]},
}  # fmt: skip
CONTRACTS = """deal_id,service_start,term_months,revised_on,ended_on
d1,2026-02-01,10,,
d1,2026-02-01,10,2026-05-20,2026-06-01
d2,2026-03-01,12,,
"""


def credit(position: int, deal: str, day: date, amount: int, **more: Any) -> dict[str, Any]:
    return {
        "entity_id": f"{deal}|REVENUE|owner", "rep_id": "r1", "position": position,
        "topic": "spm.credits", "partition": 0, "kind": "credit", "deal_id": deal,
        "role": "REVENUE", "via": "owner", "source_position": position, "deleted": False,
        "stage_class": "WON", "day": day, "amount": Decimal(amount), "currency": "EUR",
        "reporting_amount": Decimal(amount), "reporting_currency": "EUR", "deal_type": "NEW",
        **more,
    }  # fmt: skip


def entry(position: int, deal: str, amount: str, **more: Any) -> dict[str, Any]:
    where = {"role": "REVENUE", "via": "owner"} if deal else {"role": "", "via": ""}
    return {
        "entry_id": f"{position}-{deal}-{more.get('component_id', '')}", "rep_id": "r1",
        "plan_id": "ae", "component_id": "revenue", "origin_start": JAN, "origin_end": APRIL,
        "posted_start": JAN, "state": "EARNED", "kind": "ACCRUAL", "currency": "EUR",
        "amount": Decimal(amount),
        "topic": "spm.credits", "partition": 0, "position": position, "deal_id": deal,
        "sequence": 1, **where, **more,
    }  # fmt: skip


def deal(position: int, name: str, at: datetime) -> dict[str, Any]:
    return {"entity_id": name, "position": position, "kind": "deal",
            "revision": int(at.timestamp() * 1_000_000)}  # fmt: skip


CREDITS = [
    credit(1, "d1", date(2026, 1, 15), 10_000),
    credit(2, "d2", date(2026, 2, 10), 2_000),
    credit(3, "d1", date(2026, 1, 15), 8_000),  # the customer took less
]
SOURCES = [
    deal(1, "d1", datetime(2026, 1, 15, 9, tzinfo=UTC)),
    deal(2, "d2", datetime(2026, 2, 10, 9, tzinfo=UTC)),
    deal(3, "d1", datetime(2026, 3, 5, 9, tzinfo=UTC)),
]
LEDGER = [
    entry(1, "d1", "700"),
    entry(2, "d2", "140"),
    entry(2, "d2", "120", component_id="bonus"),  # both deals together crossed its bound
    entry(3, "d1", "-140"),
    entry(4, "", "30", kind="ADJUSTMENT", sequence=2),  # a better rate, by a marker
    entry(5, "", "55", kind="DRAW", component_id="draw"),
]


def put(client: Any, table: str, rows: list[dict[str, Any]]) -> None:
    for row in [*rows, rows[0]]:  # one of them twice: a replay that nothing has merged yet
        client.insert(table, [list(row.values())], column_names=list(row))


@contextmanager
def filled(folder: Path) -> Iterator[serving.Served]:
    """Serve a warehouse in which all of this stands."""
    with serving.migrated(folder) as served:
        with served.client() as client:
            put(client, "spm.credit", CREDITS)
            put(client, "spm.deal", SOURCES)
            put(client, "spm.commission_ledger", LEDGER)
            put(client, "spm.definition", [
                {"sequence": sequence, "kind": kind, "content": json.dumps(content),
                 "written_at": datetime(2026, month, 1, 8, tzinfo=UTC)}
                for sequence, month, kinds in ((1, 1, KINDS), (2, 4, {"plans": KINDS["plans"]}))
                for kind, content in kinds.items()
            ])  # fmt: skip
        yield served
