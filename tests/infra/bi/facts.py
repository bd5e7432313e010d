"""Random facts, written into the warehouse as agents would, and as the domain sees them."""

import json
import random
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from clickhouse_connect.driver.client import Client

from infra.definitions.canonical import content_of
from infra.definitions.loading import load
from infra.sample import DEFINITIONS
from schemas.definitions import KINDS, Bundle
from streams.domain.hierarchy import memberships
from streams.domain.kpi_inputs import Contact, Deal, Facts, Total
from streams.domain.rates import RateTable
from tests.emptying import emptied

TODAY = date(2026, 3, 18)
NOW = datetime(2026, 3, 18, 10, 30, tzinfo=UTC)
STAGES = ("Qualification", "Discovery", "Proposal", "Negotiation")
CURRENCIES = ("EUR", "USD", "CHF")  # nobody knows a rate for the last
TABLES = ("kpi_rep_day", "deal", "activity", "definition", "membership", "quota", "planning")
REPS = ("r1", "r2", "r3", "r4", "unassigned")


def bundle(**company: Any) -> Bundle:
    """Return a small company with the sample's measures and KPIs."""
    sample = load(DEFINITIONS).values
    told = {
        "company": {
            "name": "A", "reporting_currency": "EUR", "time_zone": "Europe/Berlin", **company,
        },
        "roster": {
            "teams": [
                {"team_id": "all", "name": "All"},
                {"team_id": "north", "name": "N", "parent_team_id": "all", "region": "up"},
                {"team_id": "south", "name": "S", "parent_team_id": "all", "region": "down"},
            ],
            "reps": [
                _rep("r1", ("2020-01-01", None, "north")),
                _rep("r2", ("2020-01-01", "2026-02-20", "north"), ("2026-02-20", None, "south")),
                _rep("r3", ("2026-01-15", None, "south")),
                _rep("r4", ("2020-01-01", "2026-02-01", "all")),
            ],
        },
        "rates": {
            "rates": [
                {"base": "USD", "quote": "EUR", "on": "2026-01-01", "rate": "0.9"},
                {"base": "USD", "quote": "EUR", "on": "2026-03-01", "rate": "0.9123456789"},
                {"base": "EUR", "quote": "USD", "on": "2026-03-02", "rate": "1.07"},
                {"base": "USD", "quote": "EUR", "on": "2026-05-01", "rate": "0.5"},
            ]
        },
        "quotas": {"quotas": list(_quotas())},
    }  # fmt: skip
    some = {k: sample[k] for k in ("measures", "kpis")}
    return Bundle(**some, **{k: KINDS[k].model_validate(v) for k, v in told.items()})  # type: ignore[arg-type]


def _rep(rep_id: str, *stints: tuple[str, str | None, str]) -> dict[str, Any]:
    return {
        "rep_id": rep_id,
        "history": [
            {"valid_from": since, "valid_to": until, "team_id": team, "time_zone": "Europe/Berlin"}
            for since, until, team in stints
        ],
    }


def _quotas() -> Iterator[dict[str, Any]]:
    owners = [("REP", "r1"), ("REP", "r2"), ("TEAM", "north"), ("COMPANY", "company")]
    for n, (kind, owner) in enumerate(owners, 1):
        for month in (1, 2, 3, 4):
            yield {
                "owner_kind": kind, "owner_id": owner, "kpi": "revenue_won_reporting",
                "period_start": f"2026-{month:02}-01", "period_end": f"2026-{month + 1:02}-01",
                "amount": str(1000 * n + month), "currency": "EUR",
            }  # fmt: skip


class World:
    """Facts of a seed: rows for the warehouse, and the same for the domain."""

    def __init__(self, seed: int, made_of: Bundle) -> None:
        self.random, self.bundle = random.Random(seed), made_of
        self.totals = list(self._totals())
        self.deal_rows: list[dict[str, Any]] = []
        self.activity_rows: list[dict[str, Any]] = []
        self.deals = [d for d in (self._deal(n) for n in range(70)) if d]
        self.contacts = [c for c in (self._activity(n) for n in range(120)) if c]

    def facts(self) -> Facts:
        company = self.bundle.company
        rates = RateTable(self.bundle.rates.rates, company.reporting_currency)
        plain = [t for t in self.totals if t[2] != "revenue_won"]
        return Facts(
            NOW, TODAY, rates, [Total(r, d, m, v) for r, d, m, _, v in plain], self.deals,
            self.contacts,
        )  # fmt: skip

    def _totals(self) -> Iterator[tuple[str, date, str, str, Decimal]]:
        for measure in self.bundle.measures.measures:
            for _ in range(12):
                rep, day = self.random.choice(REPS), self._day()
                if measure.unit == "MONEY":
                    value = Decimal(self.random.randrange(-(10**6), 10**8)) / 10_000
                    mixed = measure.rule == "revenue_won"
                    yield rep, day, measure.measure, self._currency() if mixed else "EUR", value
                else:
                    yield rep, day, measure.measure, "", Decimal(self.random.randrange(9))

    def _day(self) -> date:
        return TODAY - timedelta(days=self.random.randrange(70))

    def _currency(self) -> str:
        return self.random.choice(CURRENCIES)

    def _at(self) -> datetime:
        millis = self.random.randrange(90 * 86_400_000)
        return NOW - timedelta(milliseconds=millis)

    def _deal(self, number: int) -> Deal | None:
        name, created = f"d{number}", self._at()
        chance, rep = self.random, self.random.choice(REPS)
        created_on = self._day() if chance.random() < 0.7 else None
        ever: set[str] = set()
        for version in range(chance.randrange(1, 4)):
            stage = chance.choice(STAGES)
            op = "CANCELLED" if chance.random() < 0.08 else "SET"
            ever |= {stage, stage.lower()} if op == "SET" else set()
            last = self._state(created, created_on, stage, rep)
            row = {"entity_id": name, "position": 100 * number + version, "op": op, **last}
            self.deal_rows.append(row)
        if op == "CANCELLED":
            return None
        return Deal(
            name, rep, last["stage_class"], last["_day"], last["_created_on"], created,
            last["_changed"], last["currency"], last["_amount"], last["_rate"],
            frozenset((stage, stage.lower())), frozenset(ever), last["_close"],
            last["_probability"], last["_parts"],
        )  # fmt: skip

    def _state(
        self, created: datetime, created_on: date | None, stage: str, rep: str
    ) -> dict[str, Any]:
        chance = self.random
        stage_class = chance.choice(["OPEN", "OPEN", "WON", "LOST"])
        amount = Decimal(chance.randrange(10**9)) / 10_000 if chance.random() < 0.9 else None
        currency, day, changed = self._currency(), self._day(), self._at()
        rate = {"EUR": Decimal(1), "USD": Decimal("0.9123456789")}.get(currency)
        rate = rate if stage_class == "WON" and amount is not None else None
        close = TODAY + timedelta(days=chance.randrange(-40, 60)) if chance.random() < 0.8 else None
        chances = Decimal(chance.randrange(10**6)) / 10**6 if chance.random() < 0.8 else None
        parts = tuple(
            (chance.choice(REPS), role, Decimal(chance.randrange(10**8)) / 10_000)
            for role in chance.choices(["REVENUE", "REVENUE", "OVERLAY"], k=chance.randrange(4))
        )
        local = created.astimezone(UTC) + timedelta(hours=1)  # Berlin in winter
        return {
            "stage_class": stage_class, "stage_id": stage.lower(), "stage_label": stage,
            "rep_id": rep, "day": day, "created_at": created,
            "revision": round(changed.timestamp() * 1000) * 1000, "currency": currency,
            "amount": amount, "rate": rate, "close_date": close, "probability": chances,
            "credit_rep_id": [p[0] for p in parts], "credit_role": [p[1] for p in parts],
            "credit_amount": [p[2] for p in parts],
            "measure": ["deals_created"] if created_on else [],
            "measure_day": [created_on] if created_on else [],
            "_day": day, "_created_on": created_on or local.date(), "_changed": changed,
            "_amount": amount, "_rate": rate, "_close": close, "_probability": chances,
            "_parts": parts,
        }  # fmt: skip

    def _activity(self, number: int) -> Contact | None:
        chance, name = self.random, f"a{number}"
        for version in range(chance.randrange(1, 3)):
            kind, at, start = chance.choice(["call", "email", "meeting"]), self._at(), self._at()
            row = {
                "entity_id": name, "position": 10 * number + version, "kind": kind,
                "op": "CANCELLED" if chance.random() < 0.1 else "SET",
                "deal_id": chance.choice(["", *(d.deal_id for d in self.deals)]),
                "occurred_at": at, "is_automated": chance.random() < 0.2, "talk_seconds": None,
                "direction": chance.choice(["OUTBOUND", "INBOUND", ""]),
                "status": chance.choice(["COMPLETED", "SENT", "IN_PROGRESS", "NO_SHOW"]),
                "state": {"connected": chance.choice([True, False, None])},
            }  # fmt: skip
            if kind == "meeting":
                row["state"] = {"start_at": round(start.timestamp() * 1000)}
                row |= {"is_automated": False, "direction": ""}
            self.activity_rows.append(row)
        if row["op"] != "SET" or row["is_automated"] or not row["deal_id"]:
            return None
        is_both = row["direction"] in ("OUTBOUND", "INBOUND")
        spoke = {
            "call": row["status"] != "IN_PROGRESS" and is_both and row["state"].get("connected"),
            "email": row["direction"] == "OUTBOUND" and row["status"] == "SENT",
            "meeting": row["status"] == "COMPLETED",
        }[kind]
        return Contact(row["deal_id"], start if kind == "meeting" else at) if spoke else None

    def write(self, client: Client, *, every_kind: bool = False) -> None:
        """Put everything into empty tables; of the definitions only what SQL reads, or all."""
        emptied(client, TABLES)
        _insert(client, "kpi_rep_day", (
            {"generation": 1, "rep_id": r, "day": d, "measure": m, "currency": c, "value": v,
             "topic": "t", "partition": n, "position": n}
            for n, (r, d, m, c, v) in enumerate(self.totals)
        ))  # fmt: skip
        rows = ({"kind": "deal", **r} for r in self.deal_rows)
        _insert(client, "deal", rows)
        marker = {"entity_id": "marker:t:0", "position": 1, "kind": "marker"}
        _insert(client, "deal", [marker])
        _insert(client, "activity", [marker, *self.activity_rows])
        kinds = {
            k: content_of(getattr(self.bundle, k))
            for k in (KINDS if every_kind else ("rates", "quotas"))
        }
        _insert(client, "definition", (
            {"sequence": 1, "kind": kind, "content": content} for kind, content in kinds.items()
        ))  # fmt: skip
        _insert(client, "planning", [{"sequence": 1}])
        _insert(client, "quota", (
            {"sequence": 1, "quota_id": q.quota_id, "subject_kind": q.owner_kind.value,
             "subject_id": q.owner_id, "kpi": q.kpi, "currency": q.currency,
             "period_start": q.period_start, "period_end": q.period_end, "amount": q.amount}
            for q in self.bundle.quotas.quotas
        ))  # fmt: skip
        _insert(client, "membership", (
            {**row._asdict(), "sequence": 1} for row in memberships(self.bundle.roster)
        ))  # fmt: skip


def _insert(client: Client, table: str, rows: Iterable[Mapping[str, Any]]) -> None:
    lines = [
        json.dumps({k: _plain(v) for k, v in row.items() if k[0] != "_"}, default=str)
        for row in rows
    ]
    client.raw_insert(f"spm.{table}", insert_block="\n".join(lines), fmt="JSONEachRow")


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return f"{value.astimezone(UTC):%Y-%m-%d %H:%M:%S.%f}"[:-3]
    return json.dumps(value) if isinstance(value, dict) else value
