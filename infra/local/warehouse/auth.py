"""Who asks: the principal that a request's name and token belong to."""

import base64
import binascii
import hmac
from collections.abc import Mapping

from connectors.principals import PrincipalFile
from infra.local.warehouse.errors import Code, refused
from schemas.principals import READERS, Principal, Role

WAYS = "Basic, X-ClickHouse-User and -Key, or user and password in the query string"


def principal_of(
    headers: Mapping[str, str], query: Mapping[str, str], principals: PrincipalFile
) -> Principal:
    """Return who asks. The user is the principal's name, the password its token.

    Raises:
        ClickHouseError: nobody, somebody unknown, or somebody who may not use SQL.
    """
    name, token = _credentials(headers, query)
    principal = principals.by_token(token)
    if principal is None or not hmac.compare_digest(principal.name.encode(), name.encode()):
        raise refused(
            Code.AUTHENTICATION_FAILED,
            f"{name}: Authentication failed: the user is the principal's name and the password"
            " its token; either there is no such principal or the token is another's",
        )
    if principal.role is not Role.SERVICE and principal.role not in READERS:
        raise refused(
            Code.ACCESS_DENIED,
            f"{name}: role {principal.role} has no SQL; ask for a reader's token",
        )
    return principal


def _credentials(headers: Mapping[str, str], query: Mapping[str, str]) -> tuple[str, str]:
    ways = {
        "Authorization": headers.get("authorization"),
        "X-ClickHouse-Key": headers.get("x-clickhouse-key") or headers.get("x-clickhouse-user"),
        "password": query.get("password") or query.get("user"),
    }
    used = [way for way, value in ways.items() if value]
    if not used:
        raise refused(Code.REQUIRED_PASSWORD, f"no name and token; send them by {WAYS}")
    if len(used) > 1:
        raise refused(
            Code.AUTHENTICATION_FAILED,
            f"Invalid authentication: {' and '.join(used)} at once; use one of them",
        )
    if used == ["Authorization"]:
        return _basic(headers["authorization"])
    if used == ["password"]:
        return query.get("user", ""), query.get("password", "")
    return headers.get("x-clickhouse-user", ""), headers.get("x-clickhouse-key", "")


def _basic(header: str) -> tuple[str, str]:
    scheme, _, blob = header.partition(" ")
    if scheme.lower() != "basic":
        raise refused(Code.AUTHENTICATION_FAILED, f"scheme {scheme} is not offered; use {WAYS}")
    try:
        name, _, token = base64.b64decode(blob, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError) as error:
        raise refused(
            Code.AUTHENTICATION_FAILED, f"the Basic header is damaged: {error}"
        ) from error
    return name, token
