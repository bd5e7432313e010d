"""Proofs that a request is its vendor's: compared in constant time, whatever is sent. Pure."""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Iterable

from connectors.sources.vendors.contract import Unsigned


def is_one_of(told: object, secrets: Iterable[str]) -> bool:
    """Return whether a shared secret was told; takes as long for a near miss as for a far one."""
    given = told.encode("utf-8", "surrogatepass") if isinstance(told, str) else b""
    found = False
    for secret in secrets:
        found |= bool(secret) and hmac.compare_digest(given, secret.encode())
    return found


def check_secret(told: object, secrets: Iterable[str], where: str) -> None:
    """Refuse what does not tell one of the secrets.

    Raises:
        Unsigned: names `where` it was looked for.
    """
    if not is_one_of(told, secrets):
        raise Unsigned(f"{where} is absent or not the configured one")


def hmac_base64(secret: str, message: bytes, digest: str = "sha256") -> str:
    """Return the HMAC of a message in base64."""
    return base64.b64encode(hmac.digest(secret.encode(), message, digest)).decode()


def hmac_hex(secret: str, message: bytes, digest: str = "sha256") -> str:
    """Return the HMAC of a message in lower-case hex."""
    return hmac.new(secret.encode(), message, getattr(hashlib, digest)).hexdigest()


def from_base64(text: str) -> bytes:
    """Return bytes written in base64.

    Raises:
        Unsigned: it is no base64.
    """
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise Unsigned("it is no base64") from None


def basic_auth(user: str, password: str) -> dict[str, str]:
    """Return the header of HTTP Basic authentication, of requests we make."""
    return {"Authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}
