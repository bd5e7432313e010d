"""One text for one meaning: the order of entries and the way a number is written do not matter.

The text is what stands in the topic and the table, and its hash is the revision's id.
"""

import hashlib
import json
from decimal import Decimal
from typing import Any

from schemas.defining import Definition
from schemas.definitions import KINDS

# What tells the entries of each list apart, and orders them.
KEYS: dict[str, tuple[str, ...]] = {
    "teams": ("team_id",),
    "reps": ("rep_id",),
    "history": ("valid_from",),
    "territories": ("territory_id",),
    "holders": ("rep_id", "valid_from"),
    "rules": ("rule_id",),
    "manual_credits": ("credit_id",),
    "identities": ("source", "user_id"),
    "calendars": ("calendar_id",),
    "holidays": ("on",),
    "rates": ("base", "quote", "on"),
    "quotas": ("quota_id",),
    "changes": ("on",),
    "ramps": ("ramp_id",),
    "curves": ("curve_id",),
    "leave": ("rep_id", "valid_from"),
    "measures": ("measure",),
    "kpis": ("kpi_id",),
    "plans": ("plan_id",),
    "components": ("component_id",),
    "tiers": ("since",),
    "steps": ("since",),
    "individual": ("rep_id", "component_id"),
    "guarantees": ("guarantee_id",),
    "draws": ("draw_id",),
    "parts": ("days",),
    "multipliers": ("multiplier_id",),
    "gates": ("component_id", "basis", "bounds", "since"),
    "objectives": ("objective_id",),
    "scores": ("rep_id", "plan_id", "component_id", "objective_id", "period_start"),
    "people": ("rep_id",),
    "scorecards": ("scorecard_id",),
    "indicators": ("kpi",),
    "policies": ("policy_id",),
    "treatments": ("order",),
    "periods": ("at", "period_start", "step"),
    "manual": ("manual_id",),
    "holds": ("hold_id",),
    "forgiven": ("forgiveness_id",),
    "openings": ("opening_id",),
    "suggestions": ("kpi",),
    "ways": ("route", "team_id"),
    "broadcasts": ("broadcast_id",),
    "places": ("text",),
    "contests": ("contest_id",),
    "metrics": ("metric_id",),
    "level_metrics": ("metric_id",),
    "members": ("rep_id", "valid_from"),
    "sides": ("side_id",),
    "targets": ("participant",),
    "seeds": ("place",),
    "prizes": ("place",),
    "milestones": ("name",),
    "badges": ("badge_id",),
    "streaks": ("streak_id",),
    "levels": ("level_id",),
}


def plain(value: Definition) -> dict[str, Any]:
    """Return a definition as sorted plain values: dates and decimals as text, nothing for None."""
    ordered = _ordered(value.model_dump(), "")
    assert isinstance(ordered, dict)
    return ordered


def content_of(value: Definition) -> str:
    """Return the canonical JSON of a kind."""
    return json.dumps(plain(value), ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def revision_id_of(content: str) -> str:
    """Return the SHA-256 of a content, in hexadecimal."""
    return hashlib.sha256(content.encode()).hexdigest()


def value_of(kind: str, content: str) -> Definition:
    """Return the value of a kind's content.

    Raises:
        KeyError: no such kind.
        pydantic.ValidationError: the content was written by a newer version of this program.
    """
    return KINDS[kind].model_validate_json(content)


def key_of(inside: str, entry: Any) -> Any:
    """Return what tells an entry of a list apart from its neighbours."""
    if isinstance(entry, str):
        return (entry,)  # a plan's reps are ids, where the roster's are entries
    names = KEYS.get(inside)
    return tuple(str(entry.get(n, "")) for n in names) if names else entry


def _ordered(value: Any, name: str) -> Any:
    if isinstance(value, dict):
        return {k: _ordered(v, k) for k, v in value.items() if v is not None}
    if isinstance(value, list | tuple):
        items = [_ordered(item, "") for item in value]
        return sorted(items, key=lambda item: _place(name, item))
    if isinstance(value, Decimal):
        return f"{value.normalize():f}"
    return value if isinstance(value, int | str) and type(value) in {int, str, bool} else str(value)


def _place(name: str, entry: Any) -> Any:
    return Decimal(entry["since"]) if name in {"tiers", "steps"} else key_of(name, entry)
