"""Any system that signs its webhooks by Standard Webhooks 1.0.0 and tells events in our words.

Body: {"type": "deal.changed", "timestamp": ..., "data": {fields of the message}}; the type may also
be `<message>.cancelled`, for what was deleted. Source: the specification at standardwebhooks.com.
"""

from base64 import b64encode
from datetime import datetime

from pydantic import BaseModel

from connectors.sources.vendors.contract import (
    Endpoint,
    Notice,
    Request,
    Unreadable,
    Unsigned,
    Vendor,
)
from connectors.sources.vendors.payloads import iso, object_in, wanted
from connectors.sources.vendors.signing import (
    base64_of,
    check_recent,
    hmac_of,
    instant_of,
    same_as_any,
)

MESSAGES = ("deal", "call", "email", "meeting")
SECRET_PREFIX = "whsec_"  # noqa: S105 - what secrets of the specification begin with
SIGNATURES_MAX = 10  # of one request: keys that are being replaced; more is an attack


class WebhookSettings(BaseModel):
    """Nothing has to be asked: the sender has no API, and only pushes."""


class WebhookHook:
    """Standard Webhooks."""

    def verify(self, request: Request, endpoint: Endpoint, now: datetime) -> None:
        """Return None for what one of the secrets signed within the last minutes."""
        sent_at = request.headers.get("webhook-timestamp")
        check_recent(instant_of(sent_at), now)
        name = request.headers.get("webhook-id", "")
        message = f"{name}.{sent_at}.".encode() + request.body
        signed = request.headers.get("webhook-signature", "").split(" ")[:SIGNATURES_MAX]
        given = [one.removeprefix("v1,") for one in signed if one.startswith("v1,")]
        signatures = [b64encode(hmac_of(key_of(s), message)) for s in endpoint.secrets]
        if not name or not any([same_as_any(one, signatures) for one in given]):
            raise Unsigned("the signature is absent, or of another secret or body")

    def notices(self, request: Request) -> tuple[Notice, ...]:
        """Return the one record that a delivery tells of, in full."""
        body = object_in(request.body)
        message, _, what = str(body.get("type")).partition(".")
        data, at = body.get("data"), iso(body.get("timestamp"))
        if message not in MESSAGES or what not in ("changed", "cancelled"):
            raise Unreadable("type is neither <message>.changed nor <message>.cancelled")
        if not isinstance(data, dict) or at is None:
            raise Unreadable("data is no object, or timestamp is no instant with its offset")
        record_id = wanted(data, "source_id")
        if what == "cancelled":
            return (Notice(message, record_id, at, gone=True),)
        return (Notice(message, record_id, at, data),)


def key_of(secret: str) -> bytes:
    """Return the key that a secret stands for.

    Raises:
        Unsigned: it is none; then nothing can be proved.
    """
    return base64_of(secret.removeprefix(SECRET_PREFIX))


VENDOR = Vendor(
    name="webhook",
    title="Standard Webhooks",
    settings=WebhookSettings,
    objects=MESSAGES,
    mapping="webhook.yaml",
    hook=WebhookHook(),
    setup=(
        "At the sender, add a webhook with the address {url}",
        "and the signing secret {secret}, or keep the one it shows: "
        "`pacesetter source secret NAME`.",
        'It sends {"type": "deal.changed", "timestamp": ..., "data": {...}} with the fields of '
        "the message; other names are mapped in mapping.yaml.",
    ),
    answer_seconds_max=15.0,
    notes={"unordered": "deliveries may overtake each other: send `revision` with each record"},
)
