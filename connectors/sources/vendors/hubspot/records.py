"""HubSpot's records in full: what is asked for, and what is put beside it. Pure.

Beside a record stand, under names of ours: `splits` (of a deal), `stage` (what its stage means),
`linked` (the one company, deal or contact it counts for), `portal` (currency and zone of the
account), `local` (days cut in that zone), `modified_at` (of the record or its youngest split),
`dialer_id` and `message_id` (what other systems call the same call or e-mail), `recipients`.
"""

import contextlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import ROUND_DOWN, Decimal, InvalidOperation
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from connectors.sources.vendors.contract import Unavailable
from connectors.sources.vendors.hubspot.hook import EPOCH

_COMMON = ("hs_lastmodifieddate", "hubspot_owner_id", "hs_merged_object_ids")
_DONE = ("hs_createdate", "hs_timestamp")
PROPERTIES = {
    "deals": (
        *_COMMON, "createdate", "dealname", "pipeline", "dealstage", "amount", "deal_currency_code",
        "closedate", "hs_is_closed", "hs_is_closed_won", "hs_v2_date_entered_current_stage",
        "hs_deal_stage_probability", "hs_acv", "dealtype", "closed_lost_reason",
        "hs_analytics_source", "hs_is_deal_split",
    ),
    "calls": (
        *_COMMON, *_DONE, "hs_call_direction", "hs_call_duration", "hs_call_disposition",
        "hs_call_status", "hs_call_external_id",
    ),
    "emails": (
        *_COMMON, *_DONE, "hs_email_direction", "hs_email_status", "hs_email_message_id",
        "hs_email_thread_id", "hs_email_from_email", "hs_email_to_email", "hs_sequence_id",
    ),
    "meetings": (
        *_COMMON, *_DONE, "hs_meeting_start_time", "hs_meeting_end_time", "hs_meeting_outcome",
        "hs_activity_type", "hs_i_cal_uid",
    ),
}  # fmt: skip
LINKED = {
    "deals": ("companies",),
    **dict.fromkeys(("calls", "emails", "meetings"), ("deals", "companies", "contacts")),
}
_ADDRESSES = ("hs_email_from_email", "hs_email_to_email")  # counted, and kept nowhere
DIALER_ID_MIN = 16  # characters; UUIDs and Twilio's SIDs have more than thirty
_PLACES = Decimal("0.000001")  # of a share, as messages have it
_NO_LINK = "crm.associations.NO_ASSOCIATIONS_FOUND"


Stages = Mapping[tuple[str | None, str], Mapping[str, Any]]  # by pipeline and id


class Around(NamedTuple):
    """What stands beside the records of a batch, by record id.

    Attributes:
        linked: object -> record id -> id.
        stages: as the API of pipelines gives them.
        portal: the account's details.
    """

    linked: Mapping[str, Mapping[str, str]]
    splits: Mapping[str, Sequence[Mapping[str, Any]]]
    stages: Stages
    portal: Mapping[str, Any]


def dressed(record: Mapping[str, Any], around: Around) -> dict[str, Any]:
    """Return a record with what stands beside it."""
    record_id, properties = record["id"], record.get("properties") or {}
    splits = [one for one in around.splits.get(record_id, ()) if not one.get("archived")]
    times = [properties.get("hs_lastmodifieddate") or record.get("updatedAt")]
    times += [split.get("updatedAt") for split in splits]
    whole: dict[str, Any] = {
        **record,
        "properties": {k: v for k, v in properties.items() if k not in _ADDRESSES},
        "portal": {k: around.portal.get(k) for k in ("portalId", "timeZone", "companyCurrency")},
        "linked": {to: {"id": ids[record_id]} for to, ids in around.linked.items()
                   if record_id in ids},
        "splits": _shared(splits),
        "modified_at": max(filter(None, times), key=instant, default=None),
    }  # fmt: skip
    if properties.get("dealstage"):
        key = (properties.get("pipeline"), properties["dealstage"])
        whole["stage"] = _stage(properties, around.stages.get(key, {}))
    if properties.get("closedate"):
        zone = ZoneInfo(around.portal["timeZone"])
        whole["local"] = {"closedate": f"{instant(properties['closedate']).astimezone(zone):%F}"}
    if _is_shared(properties.get("hs_call_external_id") or ""):
        whole["dialer_id"] = properties["hs_call_external_id"]
    if properties.get("hs_email_message_id"):
        whole["message_id"] = properties["hs_email_message_id"].strip().strip("<>")
    if properties.get("hs_email_direction") == "EMAIL" and properties.get("hs_email_to_email"):
        whole["recipients"] = {"external": _external(properties)}
    return whole


def links(answer: Mapping[str, Any]) -> dict[str, str]:
    """Return the one each record is linked to: the primary one, else that with the lowest id."""
    refuse_half(answer, _NO_LINK)
    found = {}
    for result in answer.get("results", ()):
        ranked = [
            (not any(kind.get("label") == "Primary" for kind in to.get("associationTypes", ())),
             int(to["toObjectId"]))
            for to in result.get("to", ())
        ]  # fmt: skip
        if ranked:
            found[str(result["from"]["id"])] = str(min(ranked)[1])
    return found


def refuse_half(answer: Mapping[str, Any], fine: str) -> None:
    """Refuse a batch of which a part failed.

    Args:
        fine: category or subcategory of errors that only say that there is nothing.

    Raises:
        Unavailable: anything else failed; what is missing must not be taken for deleted.
    """
    for error in answer.get("errors") or ():
        if fine not in (error.get("category"), error.get("subCategory")):
            raise Unavailable(f"HubSpot read a part only: {str(error.get('message'))[:200]}")


def merged_ids(record: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the ids that were merged into a record; they vanish without being archived."""
    written = (record.get("properties") or {}).get("hs_merged_object_ids") or ""
    return tuple(part for part in written.split(";") if part and part != record["id"])


def instant(written: str) -> datetime:
    """Return an instant as HubSpot writes it: RFC 3339, in older properties milliseconds.

    Raises:
        Unavailable: it is neither.
    """
    with contextlib.suppress(ValueError, OverflowError):
        if written.isdigit():
            return EPOCH + timedelta(milliseconds=int(written))
        moment = datetime.fromisoformat(written)
        if moment.tzinfo is not None:
            return moment
    raise Unavailable(f"HubSpot tells an instant as {written[:40]!r}")


def millis(moment: datetime) -> int:
    """Return an instant in milliseconds since 1970."""
    return (moment - EPOCH) // timedelta(milliseconds=1)


def stages_of(pipelines: Iterable[Mapping[str, Any]]) -> Stages:
    """Return all stages by pipeline and id."""
    return {(p["id"], stage["id"]): stage for p in pipelines for stage in p.get("stages", ())}


def _stage(properties: Mapping[str, Any], stage: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a stage means: as its pipeline says, else as the deal does.

    The deal's own flags are worked out by HubSpot some time after its stage has changed.
    """
    metadata = stage.get("metadata") or {}
    closed, won = metadata.get("isClosed"), None
    with contextlib.suppress(InvalidOperation):
        certain = Decimal(str(metadata.get("probability", ""))) == 1
        won = "true" if closed == "true" and certain else "false"
    if closed is None or won is None:
        closed, won = properties.get("hs_is_closed"), properties.get("hs_is_closed_won")
    return {"label": stage.get("label"), "is_closed": closed, "is_won": won}


def _is_shared(written: str) -> bool:
    """Return whether a dialer's id is unlike any other dialer's: plain numbers are not."""
    return len(written) >= DIALER_ID_MIN and not written.isdigit()


def _external(properties: Mapping[str, Any]) -> int:
    """Return how many recipients have another domain than the sender."""
    _, _, home = (properties.get("hs_email_from_email") or "").rpartition("@")
    to = {part.strip().lower() for part in properties["hs_email_to_email"].split(";")} - {""}
    return sum(1 for address in to if not home or address.rpartition("@")[2] != home.lower())


def _shared(splits: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return splits with their `share` to six places; a whole stays a whole.

    HubSpot keeps eight places. What rounding down leaves goes to whom it takes most from.
    """
    by_id = sorted(splits, key=lambda one: int(one["id"]))
    told = [Decimal(str(one["properties"]["hs_deal_split_percentage"])) for one in by_id]
    shares = [part.quantize(_PLACES, ROUND_DOWN) for part in told]
    missing = int((sum(told, Decimal(0)).quantize(_PLACES) - sum(shares)) / _PLACES)
    order = sorted(range(len(told)), key=lambda i: (shares[i] - told[i], i))
    for index in order[:missing]:
        shares[index] += _PLACES
    return [{**one, "share": str(share)} for one, share in zip(by_id, shares, strict=True)]
