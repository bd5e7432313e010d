"""What an error of the Pub/Sub API means: Salesforce's own code in the trailers, else gRPC's.

Source: developer.salesforce.com, Pub/Sub API, Handle Errors.
"""

from contextlib import suppress
from typing import Any

import grpc

from connectors.sources.vendors.contract import CursorExpired, Denied, Unavailable

DELIVERED_PAUSE_SECONDS = 3600.0  # the limit is a sliding 24 h; what is missed is kept for 72 h
BUSY_PAUSE_SECONDS = 60.0
_OURS = "sfdc.platform.eventbus.grpc."
_REPLAY = _OURS + "subscription.fetch.replayid."
_DELIVERED = _OURS + "subscription.limit.exceeded"
_AUTH = _OURS + "service.auth."
_DENIED = {
    grpc.StatusCode.UNAUTHENTICATED: "check that the app has the OAuth scope api",
    grpc.StatusCode.PERMISSION_DENIED: "give the user View All Data, or read access to the objects",
    grpc.StatusCode.NOT_FOUND: "check channel; select the objects in Setup, Change Data Capture",
    grpc.StatusCode.INVALID_ARGUMENT: "check channel; select objects in Setup, Change Data Capture",
    grpc.StatusCode.UNIMPLEMENTED: "check pubsub_url",
}


def trouble(host: str, error: Any) -> Exception:
    """Return what the contract calls an error of gRPC."""
    code, told = error.code(), error_code(error)
    said = f"{host}: {told or code.name}"
    details = str(error.details() or "")[:200]
    if told.startswith(_REPLAY):
        return CursorExpired(f"{said}; Salesforce keeps change events for 72 hours")
    if told == _DELIVERED:
        words = (
            "the organisation's change events of 24 hours are used up; they are kept for 72 hours"
        )
        return Unavailable(f"{said}: {words} and follow later", DELIVERED_PAUSE_SECONDS)
    if is_unauthenticated(error):
        return Denied(f"{said}: the token is not taken", _DENIED[grpc.StatusCode.UNAUTHENTICATED])
    if code in _DENIED:
        return Denied(f"{said}: {details}", _DENIED[code])
    if code == grpc.StatusCode.RESOURCE_EXHAUSTED:
        return Unavailable(f"{said}: too many subscriptions or calls at once", BUSY_PAUSE_SECONDS)
    return Unavailable(f"{said}: {details}")


def is_unauthenticated(error: Any) -> bool:
    """Return whether another token may help."""
    is_auth = error_code(error).startswith(_AUTH)
    return bool(error.code() == grpc.StatusCode.UNAUTHENTICATED or is_auth)


def error_code(error: Any) -> str:
    """Return Salesforce's own code, which stands in the trailers; empty: none."""
    with suppress(AttributeError, TypeError):
        for name, value in error.trailing_metadata() or ():
            if name == "error-code":
                return str(value)
    return ""
