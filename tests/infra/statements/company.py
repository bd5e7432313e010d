"""A small company whose quarter is easy to add up by hand.

mona manages dana, who manages tess. rex holds the territory until it moves to omar.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from functools import cached_property
from typing import Any

import clickhouse_connect

from connectors.principals import PrincipalFile
from connectors.sinks.kafka import Publisher
from infra.definitions.peopling import PersonRow
from infra.definitions.stored import Stored
from infra.statements.reading import Ledger
from schemas.definitions import Roster
from schemas.principals import Principal, Role
from schemas.warehouse import Message
from streams.engine.batches import Partition
from streams.engine.epochs import marker_message
from tests.ground import Site, wait_for
from tests.load import Event, definitions, encoded
from tests.streams.commissioned import IDS

PEOPLE = ("dana", "rex", "mona", "omar", "tess")
TOKENS = (
    Principal("frida", Role.FINANCE),
    Principal("ann", Role.ANALYST),
    Principal("mona", Role.MANAGER, "mona"),
    Principal("dana", Role.REP, "dana"),
    Principal("rex", Role.REP, "rex"),
    Principal("lobby", Role.DISPLAY),
)
SEVEN = (("0", "0.07"), ("50000", "0.10"))
EIGHT = (("0", "0.08"), ("50000", "0.12"))


def plan(plan_id: str, reps: tuple[str, ...], tiers: Any, **fields: Any) -> dict[str, Any]:
    """Return a plan of one component that pays by tiers."""
    return {
        "plan_id": plan_id, "name": f"Plan {plan_id}", "currency": "EUR", "period": "QUARTER",
        "valid_from": "2026-01-01", "reps": list(reps),
        "components": [
            {"component_id": "revenue", "tiers": [{"since": s, "rate": r} for s, r in tiers]}
        ],
        **fields,
    }  # fmt: skip


def plans(tiers: Any) -> dict[str, Any]:
    """Return all plans; the tiers are dana's."""
    years = plan("year", ("mona",), (("0", "0.03"),), period="YEAR")
    quota = {
        "individual": [{"rep_id": r, "quota": q} for r, q in (("rex", "777"), ("omar", "888"))]
    }
    field_plan = plan("field", ("rex", "omar", "tess"), (("0", "0.05"),), **quota)
    return {"plans": [plan("ae", ("dana",), tiers), field_plan, years]}


def territories(*holders: tuple[str, str, str | None]) -> dict[str, Any]:
    """Return the territory dach with who holds it when; deals of DACH are its holder's."""
    held = [{"rep_id": r, "valid_from": f, "valid_to": t} for r, f, t in holders]
    return {
        "territories": [{"territory_id": "dach", "name": "DACH", "holders": held}],
        "rules": [
            {"rule_id": "dach", "priority": 1, "valid_from": "2026-01-01", "regions": ["DACH"],
             "credits": [{"territory_id": "dach"}]}
        ],
    }  # fmt: skip


def known() -> dict[str, Any]:
    """Return the definitions the company begins with."""
    bosses = {"dana": "mona", "tess": "dana"}
    reps = [
        {"rep_id": rep, "history": [
            {"valid_from": "2025-01-01", "team_id": "t", "time_zone": "UTC",
             "manager_id": bosses.get(rep)}
        ]}
        for rep in PEOPLE
    ]  # fmt: skip
    users = [{"source": "sim", "user_id": rep, "rep_id": rep} for rep in PEOPLE]
    return {
        **definitions(1),
        "roster": {"teams": [{"team_id": "t", "name": "T"}], "reps": reps},
        "identities": {"identities": users},
        "plans": plans(SEVEN),
        "territories": territories(("rex", "2026-01-01", None)),
    }


@dataclass
class Company:
    """The company on its ground."""

    site: Site
    made: int = 0
    tokens: dict[str, str] = field(default_factory=dict)
    clients: dict[str, Any] = field(default_factory=dict)

    @cached_property
    def publisher(self) -> Publisher:
        """The one producer of this company."""
        return Publisher({**self.site.settings.kafka_config(), "log_level": 0})

    def begin(self) -> None:
        """Put the definitions in force, give everybody a name and a token, start a worker."""
        first = known()
        self.site.define(1, first)
        self.site.open_epochs()
        stored = Stored(self.client())
        stored.add_roster(1, Roster.model_validate(first["roster"]))
        stored.add_people(PersonRow(r, f"{r.title()} Doe", "", "", 1, 0) for r in PEOPLE)
        file = PrincipalFile(self.site.folder / "principals.json")
        self.tokens = {p.name: file.add(p) for p in TOKENS}
        self.site.start_worker()

    def client(self, name: str = "") -> Any:
        """Return clickhouse-connect with somebody's rights; of nobody: of the pipeline."""
        if name not in self.clients:
            self.clients[name] = self._connected(name)
        return self.clients[name]

    def _connected(self, name: str) -> Any:
        chosen = self.site.settings
        return clickhouse_connect.get_client(
            host="127.0.0.1", port=chosen.warehouse_port, username=name or "service",
            password=self.tokens[name] if name else chosen.warehouse_password(),
            database="spm_bi", autogenerate_session_id=False,
        )  # fmt: skip

    def ledger(self, name: str = "", as_of: datetime | None = None) -> Ledger:
        """Return the ledger as somebody sees it."""
        return Ledger(self.client(name), as_of)

    def win(self, rep: str, deal: str, on: str, amount: str, **more: Any) -> None:
        """Let a rep win a deal, or change one that is there."""
        self.made += 1
        at = datetime.fromisoformat(f"{on}T12:00:00+00:00")
        record = {
            "entity_id": f"sim:deal:{deal}", "source": "sim", "source_id": deal,
            "revision": 1_760_000_000_000_000 + self.made * 1_000_000, "op": "SET",
            "created_at": at, "occurred_at": at, "owner_id": rep, "name": f"Deal {deal}",
            "account_name": f"{deal} Ltd", "stage_id": "won", "stage_class": "WON", "won_at": at,
            "amount": Decimal(amount), "currency": "EUR", "splits": [], **more,
        }  # fmt: skip
        self.publisher.send(Message(*event) for event in encoded(iter([Event("deal", record)])))

    def revise(self, sequence: int, kinds: Mapping[str, Any]) -> None:
        """Put a revision of the definitions in force everywhere."""
        self.site.define(sequence, kinds)
        self.site.mark(sequence)
        self.publisher.send(
            marker_message(Partition("spm.credits", number), sequence, "definitions", IDS)
            for number in range(self.site.settings.partitions)
        )

    def earns(self, **owed: str) -> datetime:
        """Wait until reps have earned so much in all; return an instant at which they have."""
        wanted = {rep: Decimal(amount) for rep, amount in owed.items()}

        def earned() -> dict[str, Decimal]:
            rows = self.site.frame(
                "SELECT rep_id, sum(amount) AS amount FROM spm.commission_ledger FINAL"
                " WHERE state = 'EARNED' GROUP BY rep_id HAVING amount != 0"
            )
            return dict(rows.iter_rows())

        try:
            wait_for(lambda: earned() == wanted, f"earned {owed}", 90)
        except AssertionError:
            assert earned() == wanted, self.site.logs()[-3000:]
            raise
        wait_for(self._is_posted, "flushes are through")
        return datetime.now(UTC)

    def _is_posted(self) -> bool:
        rows = self.site.frame(
            "SELECT count() AS n FROM spm_bi.commission_posting WHERE posted_at IS NULL"
        )
        return rows["n"][0] == 0
