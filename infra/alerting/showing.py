"""Alerts and notices as people and programs read them."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from infra.alerting.acts import Acts
from infra.alerting.events import Held
from infra.alerting.outbox import Told
from schemas.alerts import Route
from streams.domain.alert_states import Key


def header() -> tuple[str, ...]:
    """Return the columns of a line."""
    return ("RULE", "OF", "WHO", "KPI", "STATE", "SINCE", "TOLD", "SAID")


def line(key: Key, held: Held, said: Acts, told: Sequence[Told]) -> tuple[Any, ...]:
    """Return an alert as a line for people."""
    count = Counter(str(one.entry.state) for one in _mine(key, held, told))
    return (
        key.rule_id, key.subject_kind, key.subject_id, f"{key.kpi} {key.currency}".strip(),
        held.watched.state, _minute(held.watched.episode),
        ", ".join(f"{n} {state}" for state, n in sorted(count.items())) or "nobody",
        _said(key, held, said),
    )  # fmt: skip


def plain(key: Key, held: Held, said: Acts, told: Sequence[Told]) -> dict[str, Any]:
    """Return an alert for programs."""
    since = held.watched.episode
    return {
        **key._asdict(), "period_start": str(key.period_start), "state": held.watched.state,
        "since": since.isoformat() if since else None,
        "value": None if held.value is None else f"{held.value:f}",
        "acknowledged_by": said.acknowledged.get((key, since)) if since else None,
        "snoozed_until": (
            said.snoozed[key][0].isoformat() if key in said.snoozed else None
        ),
        "notices": [plain_notice(one) for one in _mine(key, held, told)],
    }  # fmt: skip


def plain_notice(one: Told) -> dict[str, Any]:
    """Return a notice for programs."""
    entry = one.entry
    return {
        "notice_key": entry.notice_key, "rule_id": entry.key.rule_id,
        "subject_kind": entry.key.subject_kind, "subject_id": entry.key.subject_id,
        "begins": entry.begins, "route": entry.route, "recipient_id": entry.recipient_id,
        "channel": entry.channel, "state": entry.state, "reason": one.reason,
        "at": one.at.isoformat(), "due": entry.due.isoformat() if entry.due else None,
        "tries": entry.tries,
    }  # fmt: skip


def notice_line(one: Told) -> tuple[Any, ...]:
    """Return a notice as a line for people."""
    entry = one.entry
    edge = "began" if entry.begins else "ended"
    if entry.route is Route.BROADCAST:
        edge = entry.key.kpi
    return (
        entry.notice_key[:12], f"{entry.key.rule_id} {entry.key.subject_id} {edge}", entry.route,
        entry.recipient_id or "-", entry.channel, entry.state, _minute(one.at), one.reason,
    )  # fmt: skip


def _mine(key: Key, held: Held, told: Sequence[Told]) -> list[Told]:
    return [
        one for one in told
        if one.entry.key == key and one.entry.episode == held.watched.episode
    ]  # fmt: skip


def _said(key: Key, held: Held, said: Acts) -> str:
    told = []
    if held.watched.episode and (who := said.acknowledged.get((key, held.watched.episode))):
        told.append(f"taken on by {who}")
    if key in said.snoozed:
        told.append(f"snoozed until {_minute(said.snoozed[key][0])}")
    return ", ".join(told)


def _minute(at: Any) -> str:
    return f"{at:%Y-%m-%d %H:%M}" if at else ""
