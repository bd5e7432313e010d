"""Canonical events with everything filled in, to be changed by name."""

from typing import Any


def deal(**changed: Any) -> dict[str, Any]:
    return {
        "message": "deal",
        "source": "crm",
        "source_id": "D-1",
        "revision": "2026-03-02T10:00:00Z",
        "created_at": "2026-02-01T09:00:00Z",
        "occurred_at": "2026-03-02T09:59:00Z",
        "owner_id": "u-1",
        "stage_id": "won",
        "stage_class": "WON",
        "amount": "25000",
        "currency": "EUR",
        **changed,
    }


def call(**changed: Any) -> dict[str, Any]:
    return {
        "message": "call",
        "source": "crm",
        "source_id": "C-1",
        "revision": "2026-03-02T10:05:00Z",
        "created_at": "2026-03-02T10:00:00Z",
        "occurred_at": "2026-03-02T10:00:00Z",
        "owner_id": "u-1",
        "direction": "OUTBOUND",
        "status": "COMPLETED",
        "talk_seconds": 240,
        **changed,
    }
