"""Signatures of pushes: what proves that a request is the vendor's. Pure; constant time."""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta

from connectors.sources.vendors.contract import Unsigned

REPLAY_SECONDS_MAX = 300.0  # what all vendors with a timestamp recommend; clocks differ by less


def same(given: str | bytes, wanted: str | bytes) -> bool:
    """Return whether two texts are equal, in a time that tells nothing of where they differ."""
    return hmac.compare_digest(_bytes(given), _bytes(wanted))


def same_as_any(given: str | bytes, wanted: Iterable[str | bytes]) -> bool:
    """Return whether a text is one of several; all are compared."""
    return bool(sum([same(given, one) for one in wanted]))


def hmac_of(secret: str | bytes, message: bytes, digest: str = "sha256") -> bytes:
    """Return the HMAC of a message."""
    return hmac.new(_bytes(secret), message, getattr(hashlib, digest)).digest()


def check(
    given: str | bytes | None, secrets: Iterable[str], sign: Callable[[str], str | bytes]
) -> None:
    """Let pass what was signed with one of the secrets.

    Args:
        sign: the signature that a secret gives.

    Raises:
        Unsigned: it was not, or there is no signature.
    """
    if not given:
        raise Unsigned("there is no signature")
    if not same_as_any(given, [sign(secret) for secret in secrets]):
        raise Unsigned("the signature is of another secret, address or body")


def check_secret(given: object, secrets: Iterable[str], where: str) -> None:
    """Let pass what tells one of the secrets itself, as vendors do that sign nothing.

    Args:
        where: it was looked for, for the refusal.

    Raises:
        Unsigned: it does not.
    """
    told = given if isinstance(given, str) else ""
    if not same_as_any(told, [secret or "\0" for secret in secrets]):  # "" proves nothing
        raise Unsigned(f"{where} is absent or another")


def check_recent(at: datetime, now: datetime, seconds_max: float = REPLAY_SECONDS_MAX) -> None:
    """Let pass what was signed within the last minutes, or at most so far ahead.

    Raises:
        Unsigned: it may be a repetition of what somebody overheard.
    """
    if abs(now - at) > timedelta(seconds=seconds_max):
        raise Unsigned("the signature's time is not now; is a clock wrong?")


def instant_of(written: str | None, per_second: int = 1) -> datetime:
    """Return the instant that a header of digits tells.

    Raises:
        Unsigned: it tells none.
    """
    if not written or not (written.isascii() and written.isdecimal()) or len(written) > 17:
        raise Unsigned("there is no timestamp")
    try:
        return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=int(written) / per_second)
    except OverflowError:
        raise Unsigned("there is no timestamp") from None


def base64_of(written: str) -> bytes:
    """Return the bytes of a base64 text.

    Raises:
        Unsigned: it is none.
    """
    try:
        return base64.b64decode(written, validate=True)
    except (binascii.Error, ValueError):
        raise Unsigned("the signature is no base64") from None


def basic_auth(user: str, password: str) -> dict[str, str]:
    """Return the header of HTTP Basic authentication, of requests we make."""
    return {"Authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}


def _bytes(value: str | bytes) -> bytes:
    return value if isinstance(value, bytes) else value.encode("utf-8", "surrogatepass")
