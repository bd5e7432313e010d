"""The records of the four facts, with their fields in the order of the Avro schemas.

Instants are ms since 1970 UTC, dates days since 1970, amounts and shares Decimals, `revision`
microseconds. What a field means, the schemas say.
"""

from decimal import Decimal
from typing import Any, NamedTuple


class CallRecord(NamedTuple):
    """A call as the CRM shows it."""

    entity_id: str
    source: str
    source_id: str
    revision: int
    op: str
    created_at: int
    occurred_at: int
    owner_id: str | None
    direction: str
    status: str
    connected: bool | None
    talk_seconds: int | None
    disposition: str | None
    counterpart_hash: str | None
    is_automated: bool
    deal_id: str | None
    account_id: str | None
    contact_id: str | None
    merged_into: str | None = None


class EmailRecord(NamedTuple):
    """An e-mail as the CRM shows it."""

    entity_id: str
    source: str
    source_id: str
    revision: int
    op: str
    created_at: int
    occurred_at: int
    owner_id: str | None
    direction: str
    status: str
    external_recipient_count: int
    is_reply: bool | None
    thread_id: str | None
    is_automated: bool
    deal_id: str | None
    account_id: str | None
    contact_id: str | None
    merged_into: str | None = None


class MeetingRecord(NamedTuple):
    """A meeting as the CRM shows it."""

    entity_id: str
    source: str
    source_id: str
    revision: int
    op: str
    created_at: int
    occurred_at: int
    owner_id: str | None
    booked_by_id: str | None
    booked_at: int | None
    start_at: int
    end_at: int
    outcome: str
    meeting_type: str | None
    external_attendee_count: int | None
    deal_id: str | None
    account_id: str | None
    contact_id: str | None
    merged_into: str | None = None


class DealRecord(NamedTuple):
    """A deal as the CRM shows it."""

    entity_id: str
    source: str
    source_id: str
    revision: int
    op: str
    created_at: int
    occurred_at: int
    owner_id: str | None
    name: str | None
    account_id: str | None
    account_name: str | None
    pipeline_id: str | None
    stage_id: str
    stage_label: str | None
    stage_class: str
    close_date: int | None
    won_at: int | None
    lost_at: int | None
    lost_reason: str | None
    deal_type: str
    amount: Decimal | None
    currency: str
    acv: Decimal | None
    margin: Decimal | None
    units: Decimal | None
    probability: Decimal | None
    product: str | None
    segment: str | None
    region: str | None
    lead_source: str | None
    territory_id: str | None
    invoiced_amount: Decimal | None
    paid_amount: Decimal | None
    cancelled_on: int | None
    cancel_reason: str
    splits: tuple[dict[str, Any], ...]
    bill_id: str | None = None
    credit_note_amount: Decimal | None = None


Record = CallRecord | EmailRecord | MeetingRecord | DealRecord
