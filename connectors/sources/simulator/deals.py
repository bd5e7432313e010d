"""A deal while the floor works on it, and the record the CRM keeps of it."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from connectors.sources.simulator.crew import Contact
from connectors.sources.simulator.market import (
    LOST,
    PIPELINE_ID,
    STAGES,
    WON,
    Segment,
    in_minor_units,
)
from connectors.sources.simulator.records import DealRecord

NEVER = Decimal(0)
SURE = Decimal(1)


@dataclass(frozen=True, slots=True)
class Payee:
    """Somebody credited for a deal, by place on the floor."""

    rep: int
    role: str
    share: Decimal


@dataclass(slots=True)
class Deal:
    """One deal.

    Attributes:
        owner: place on the floor of the rep who works on it.
        owner_id: who owns it in the CRM; differs from the rep's id while the CRM has it wrong.
        stage: place in STAGES; the last one reached once it is closed.
        close_day: expected or actual close, days since 1970.
        touches: what was said to the customer since the stage began.
        invoiced, paid: to date, in all; None: nothing was billed.
        revision: of its newest record, microseconds.
    """

    entity_id: str
    source_id: str
    source: str
    owner: int
    owner_id: str | None
    contact: Contact
    account: str
    segment: Segment
    deal_type: str
    product: str
    lead_source: str
    region: str
    currency: str
    price: Decimal
    priced: bool
    years: int
    created_at: int
    close_day: int
    revision: int
    stage: int = 0
    stage_class: str = "OPEN"
    won_at: int | None = None
    lost_at: int | None = None
    lost_reason: str | None = None
    touches: float = 0.0
    deleted: bool = False
    payees: tuple[Payee, ...] = ()
    invoiced: Decimal | None = None
    paid: Decimal | None = None

    def record(self, owner_ids: tuple[str, ...]) -> DealRecord:
        """Return the full state as the CRM shows it."""
        closed = {"WON": WON, "LOST": LOST}.get(self.stage_class)
        stage = STAGES[self.stage]
        stage_id, label = closed or (stage.stage_id, stage.label)
        chance = {"WON": SURE, "LOST": NEVER}.get(self.stage_class, stage.probability)
        amount = self.price if self.priced else None
        return DealRecord(
            entity_id=self.entity_id,
            source=self.source,
            source_id=self.source_id,
            revision=self.revision,
            op="CANCELLED" if self.deleted else "SET",
            created_at=self.created_at,
            occurred_at=self.won_at or self.lost_at or self.created_at,
            owner_id=self.owner_id,
            name=f"{self.account} - {self.product}",
            account_id=self.contact.account_id,
            account_name=self.account,
            pipeline_id=PIPELINE_ID,
            stage_id=stage_id,
            stage_label=label,
            stage_class=self.stage_class,
            close_date=self.close_day,
            won_at=self.won_at,
            lost_at=self.lost_at,
            lost_reason=self.lost_reason,
            deal_type=self.deal_type,
            amount=amount,
            currency=self.currency,
            acv=amount and in_minor_units(amount / self.years, self.currency),
            probability=chance,
            product=self.product,
            segment=self.segment.name,
            region=self.region,
            lead_source=self.lead_source,
            invoiced_amount=self.invoiced,
            paid_amount=self.paid,
            splits=tuple(_split(payee, owner_ids) for payee in self.payees),
            **_UNKNOWN,
        )


# What this CRM does not know of its deals.
_UNKNOWN: dict[str, Any] = {
    "margin": None,
    "units": None,
    "territory_id": None,
    "cancelled_on": None,
    "cancel_reason": "NONE",
}


def _split(payee: Payee, owner_ids: tuple[str, ...]) -> dict[str, Any]:
    return {"owner_id": owner_ids[payee.rep], "role": payee.role, "share": payee.share}
