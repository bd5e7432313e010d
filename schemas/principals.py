"""Principals: who stands at a door. A token names one; what it may do follows from its role."""

import hashlib
import secrets
from dataclasses import dataclass
from enum import StrEnum

TOKEN_BYTES = 24  # 192 bits: not to be guessed, short enough to paste


class Role(StrEnum):
    """What a principal may do."""

    SERVICE = "service"  # the pipeline's own processes: reads and writes the warehouse
    SOURCE = "source"  # sends events of one source to the intake
    FINANCE = "finance"  # reads every row, everybody's pay included
    ANALYST = "analyst"  # reads every row of spm_bi but those about pay
    MANAGER = "manager"  # reads their own rows and pay, and those of everyone below them
    REP = "rep"  # reads their own rows and pay
    DISPLAY = "display"  # a screen: boards only, no SQL


READERS = frozenset({Role.FINANCE, Role.ANALYST, Role.MANAGER, Role.REP})


@dataclass(frozen=True, slots=True)
class Principal:
    """One named holder of a token.

    Attributes:
        rep_id: whose rows a REP or MANAGER starts from; None for the others.
        source: which source a SOURCE may speak for; None for the others.
    """

    name: str
    role: Role
    rep_id: str | None = None
    source: str | None = None


def new_token() -> str:
    """Return a fresh token. It is shown once; only its digest is kept."""
    return "ps_" + secrets.token_urlsafe(TOKEN_BYTES)


def digest(token: str) -> str:
    """Return what is stored of a token. Tokens are random, so a plain SHA-256 does."""
    return hashlib.sha256(token.encode()).hexdigest()
