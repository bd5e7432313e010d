"""Whether alerts helped: each time one fired, who heard, who took it on, how the period ended."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from infra.alerting.acts import Act, say
from infra.alerting.events import frame_of
from infra.alerting.outbox import SCHEMA, TABLE
from schemas.quotas import Quota, QuotaOwner, Quotas
from streams.domain.alert_states import Key
from streams.domain.periods import DAY
from tests.infra.alerting import conftest
from tests.infra.alerting.conftest import DAYS, Ground
from tests.infra.definitions.floors import Fact


@pytest.fixture(autouse=True)
def past_quotas(monkeypatch: pytest.MonkeyPatch) -> None:
    """A quota each of twenty days that ended ten days ago."""
    made = conftest.bundle_of

    def with_past(today: Any, alerts: Any) -> Any:
        bundle = made(today, alerts)
        start = today - timedelta(days=DAYS)
        quotas = tuple(
            Quota(owner_kind=QuotaOwner.REP, owner_id=rep, kpi="revenue_won", currency="EUR",
                  period_start=start, period_end=start + timedelta(days=20), amount=Decimal(2_000))
            for rep in ("busy", "idle")
        )  # fmt: skip
        return bundle.model_copy(update={"quotas": Quotas(quotas=quotas)})

    monkeypatch.setattr(conftest, "bundle_of", with_past)


def test_each_episode_says_how_its_period_ended_and_who_had_taken_it_on(ground: Ground) -> None:
    start = ground.today - timedelta(days=DAYS)
    at = datetime.combine(start + 5 * DAY, datetime.min.time(), UTC)
    shared = {
        "kpi": "revenue_won",
        "currency": "EUR",
        "at": at,
        "day": at.date(),
        "reason": "BAD",
        "before": "OK",
        "after": "FIRING",
        "episode": at,
        "story": at,
        "value": Decimal(4),
        "was": "OK",
        "days": 0,
        "inputs": "{}",
        "sequence": 9,
    }
    keys = [Key("burn", "REP", rep, "revenue_won", "EUR", start) for rep in ("busy", "idle")]
    rows: list[dict[str, Any]] = [
        {**shared, **key._asdict(), "number": 1, "notice_key": [key.subject_id],
         "notice_route": ["MANAGER"], "notice_recipient": ["boss"], "notice_channel": ["mail"],
         "notice_due": [at]}
        for key in keys
    ]  # fmt: skip
    over = {"number": 2, "at": at + 3 * DAY, "before": "FIRING", "after": "OK",
            "reason": "RECOVERED"}  # fmt: skip
    rows.append({**shared, **keys[0]._asdict(), **over})
    ground.warehouse.insert("spm.alert_event", frame_of(rows), ground.warehouse.incarnation())
    sent = dict.fromkeys(SCHEMA) | {
        "notice_key": "busy", "number": 1, "at": at, "state": "SENT", "reason": "", "changed": at,
        "tries": 0, "recipient_id": "boss", "channel": "mail", "begins": True, "digest_key": "",
        "author": "",
    }  # fmt: skip
    ground.client.insert(TABLE, [list(sent.values())], column_names=list(sent))
    say(ground.warehouse, Act.ACK, {keys[0]: at}, at + DAY, author="bo", note="")
    ground.facts(3, Fact("idle", start, "revenue_won", "EUR", Decimal("1999.99")))
    told = ground.rows(
        "SELECT subject_id, outcome, quota, actual_at_end, messages, acknowledged_by, end_reason, "
        "told_at IS NOT NULL, toUnixTimestamp(ended_at) FROM spm_bi.alert_episode "
        "ORDER BY subject_id"
    )
    assert told == [
        (
            "busy",
            "HIT",
            Decimal(2_000),
            Decimal(2_000),
            1,
            "bo",
            "RECOVERED",
            1,
            int((at + 3 * DAY).timestamp()),
        ),
        ("idle", "MISSED", Decimal(2_000), Decimal("1999.99"), 0, "", "", 0, None),
    ]
