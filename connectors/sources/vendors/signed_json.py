"""Any system that posts events in our words or as CloudEvents, and proves itself by one secret.

Proof is a signature of the bytes, X-Hub-Signature-256 as GitHub sends it, or the secret itself as a
Bearer token. Bodies are those of the intake: one event, an array, JSON lines, or CloudEvents in
binary, structured or batch mode. Neither proof holds a time: a repeated body repeats its revisions,
and changes nothing.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from pydantic import BaseModel

from connectors.sources.intake.bodies import sent_in
from connectors.sources.intake.cloudevents import TYPE, canonical_of
from connectors.sources.intake.refusing import Refusal
from connectors.sources.vendors.contract import (
    Endpoint,
    Notice,
    Reply,
    Request,
    Unreadable,
    Vendor,
)
from connectors.sources.vendors.payloads import iso, wanted
from connectors.sources.vendors.signing import check, check_secret, hmac_of

MESSAGES = ("deal", "call", "email", "meeting")
SIGNATURE = "x-hub-signature-256"
SIGNED_PREFIX, BEARER_PREFIX = "sha256=", "bearer "
EVENTS_MAX = 1000  # of one body, as for the intake


class Settings(BaseModel):
    """Nothing has to be asked: the sender has no API, and only pushes."""


class Hook:
    """Signed JSON and CloudEvents."""

    def verify(self, request: Request, endpoint: Endpoint, now: datetime) -> Reply | None:
        """Return None for what a secret has signed, or what tells one."""
        signature = request.headers.get(SIGNATURE)
        secrets = [secret for secret in endpoint.secrets if secret]
        if signature is not None:
            check(signature, secrets, lambda s: SIGNED_PREFIX + hmac_of(s, request.body).hex())
            return None
        told = request.headers.get("authorization", "")
        if told[: len(BEARER_PREFIX)].lower() != BEARER_PREFIX:
            told = ""
        check_secret(told[len(BEARER_PREFIX) :].strip(), secrets, "signature or Bearer token")
        return None

    def notices(self, request: Request) -> tuple[Notice, ...]:
        """Return all records a body tells of, each in full."""
        try:
            sent = sent_in(request.headers, request.body)
        except Refusal as refusal:
            raise Unreadable(f"{refusal}; {refusal.remedy}") from None
        if len(sent.objects) > EVENTS_MAX:
            raise Unreadable(f"there are more than {EVENTS_MAX} events")
        read = _clouds if sent.is_cloudevents else _plain
        return tuple(read(sent.objects))


def _plain(objects: list[Any]) -> Iterator[Notice]:
    for index, event in enumerate(objects):
        if not isinstance(event, dict) or event.get("message") not in MESSAGES:
            raise Unreadable(f"event {index}: message is none of {', '.join(MESSAGES)}")
        record = {name: value for name, value in event.items() if name not in ("message", "source")}
        yield _notice(event["message"], record, iso(event.get("revision")))


def _clouds(objects: list[Any]) -> Iterator[Notice]:
    for index, event in enumerate(objects):
        if not isinstance(event, dict):
            raise Unreadable(f"event {index} is no object")
        if TYPE.fullmatch(str(event.get("type"))) is None:
            yield _foreign(index, event)
            continue
        record, errors = canonical_of(event)
        if errors:
            raise Unreadable(f"event {index}: {errors[0]}")
        yield _notice(str(record.pop("message")), record, iso(event.get("time")))


def _notice(message: str, record: Mapping[str, Any], at: datetime | None) -> Notice:
    source_id = wanted(record, "source_id")
    if record.get("op") == "CANCELLED":
        return Notice(message, source_id, at, gone=True)
    return Notice(message, source_id, at, {n: v for n, v in record.items() if n != "op"})


def _foreign(index: int, event: Mapping[str, Any]) -> Notice:
    """Return a CloudEvent of another's making, whose type is an object of the company's mapping."""
    data, kind = event.get("data"), event.get("type")
    if not isinstance(data, dict) or not isinstance(kind, str) or not kind:
        raise Unreadable(f"event {index}: it has no type, or data is no object")
    attributes = {n: v for n, v in event.items() if n != "data"}
    record_id = wanted(event, "subject" if event.get("subject") else "id")
    return Notice(kind, record_id, iso(event.get("time")), {**data, "cloudevent": attributes})


SIGNED = Vendor(
    name="signed-json",
    title="Signed JSON (X-Hub-Signature-256)",
    settings=Settings,
    objects=MESSAGES,
    mapping="webhook.yaml",
    hook=Hook(),
    setup=(
        "At the sender, add a webhook with the address {url} and content type application/json.",
        "Give it the secret {secret}: it signs each body as X-Hub-Signature-256.",
        'It sends {"message": "deal", "source_id": ..., "revision": ...} with the fields of the '
        "message, one or an array; other names are mapped in mapping.yaml.",
    ),
    answer_seconds_max=10.0,
    notes={"replay": "nothing signed holds a time: send `revision` with each record"},
)

CLOUDEVENTS = Vendor(
    name="cloudevents",
    title="CloudEvents 1.0",
    settings=Settings,
    objects=MESSAGES,
    mapping="webhook.yaml",
    hook=Hook(),
    setup=(
        "Let the sender post CloudEvents to {url}: binary, structured or batch mode, data in JSON.",
        "It proves itself by Authorization: Bearer {secret}, or by X-Hub-Signature-256.",
        "The type io.spm.deal.changed.v1 takes the message's fields in data; for any other type "
        "write an object of that name in mapping.yaml, whose fields are those of data.",
    ),
    answer_seconds_max=10.0,
    notes={
        "validation": "the OPTIONS request of the webhook specification is not answered",
        "formats": "JSON; Avro and Protobuf formats are not taken",
    },
)
