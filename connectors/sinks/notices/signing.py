"""Signatures of webhooks by the Standard Webhooks specification 1.0 (HMAC-SHA256)."""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping
from datetime import datetime

_PREFIX = "whsec_"
SECRET_BYTES_MIN, SECRET_BYTES_MAX = 24, 64  # the specification's


def key_of(secret: str) -> bytes:
    """Return the key of a secret, such as whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw.

    Raises:
        ValueError: it is none; the text never repeats it.
    """
    try:
        key = base64.b64decode(secret.removeprefix(_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        raise ValueError("a webhook secret is whsec_ and base64") from None
    if not SECRET_BYTES_MIN <= len(key) <= SECRET_BYTES_MAX:
        raise ValueError(
            f"a webhook secret has {SECRET_BYTES_MIN} to {SECRET_BYTES_MAX} bytes, not {len(key)}"
        )
    return key


def headers(secret: str, message_id: str, at: datetime, body: bytes) -> Mapping[str, str]:
    """Return the headers that sign a body; a repeated message has the same id."""
    stamp = str(int(at.timestamp()))
    signed = f"{message_id}.{stamp}.".encode() + body
    digest = hmac.new(key_of(secret), signed, hashlib.sha256).digest()
    return {
        "webhook-id": message_id,
        "webhook-timestamp": stamp,
        "webhook-signature": f"v1,{base64.b64encode(digest).decode()}",
    }
