"""What fires reaches people: once each, in their words, and after trouble all the same."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from infra.alerting.serving import Looked, Service
from schemas.alerts import Alerts
from schemas.channels import Channel, Email, Slack, Teams, Webhook
from tests.infra.alerting.conftest import Ground, at_once
from tests.infra.alerting.receivers import Mails, Web, mail, web
from tests.infra.definitions.floors import Fact

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
NOON = datetime.now(UTC).replace(hour=12, minute=0)


@pytest.fixture
def alerts(alerts: Alerts) -> Alerts:
    ways = [
        {"route": "MANAGER", "channels": ["mail", "hook"]},
        {"route": "REP", "channels": ["mail"]},
        {"route": "TEAM_CHANNEL", "channels": ["slack", "teams"]},
    ]
    burn, quiet = (rule.model_dump() for rule in alerts.rules)
    burn["routes"] = ["MANAGER", "REP", "TEAM_CHANNEL"]
    return Alerts.model_validate(
        {"rules": [burn, quiet], "ways": ways,
         "working_hours": {"since": "00:00", "until": "23:59"},
         "digest_weekday": (NOON + timedelta(days=1)).isoweekday()}
    )  # fmt: skip


@pytest.fixture
def post() -> Iterator[Web]:
    with web() as made:
        yield made


@pytest.fixture
def box() -> Iterator[Mails]:
    with mail() as made:
        yield made


class Floor:
    """The floor, with channels that lead to the receivers."""

    def __init__(self, ground: Ground, post: Web, box: Mails, folder: Path) -> None:
        self.ground, self.post, self.box = ground, post, box
        told: dict[str, Any] = {"url": post.url}
        self.channels: dict[str, Channel] = {
            "mail": Email(host="127.0.0.1", port=box.port, security="NONE",
                          sender="Pace <p@x.example>", username="u", password="mailword"),
            "hook": Webhook(**told, secret=SECRET, private=True),
            "slack": Slack(**told),
            "teams": Teams(**told),
        }  # fmt: skip
        self.service = Service(
            lambda: ground.warehouse, lambda: ground.bundle, self.channels, folder, lease=at_once()
        )
        columns = ["rep_id", "name", "email", "locale", "version"]
        rows = [["idle", "Ida Idle", "ida@x.example", "de", 9],
                ["boss", "Bo Boss", "bo@x.example", "", 9]]  # fmt: skip
        ground.client.insert("spm.person", rows, column_names=columns)

    def look(self, hours: float = 0) -> Looked:
        now = NOON + timedelta(hours=hours)
        self.ground.progress(now, int(now.timestamp()))
        return self.service.look(now)

    def states(self) -> dict[str, int]:
        return dict(self.ground.rows(
            "SELECT state, count() FROM spm_bi.alert_notice GROUP BY state"
        ))  # fmt: skip


@pytest.fixture
def floor(ground: Ground, post: Web, box: Mails, tmp_path: Path) -> Floor:
    return Floor(ground, post, box, tmp_path)


def test_each_hears_once_in_their_own_words_and_the_rest_comes_with_the_digest(
    floor: Floor,
) -> None:
    first = floor.look()
    assert first.round.sent == 5, first
    assert floor.look(0.1).round == first.round._replace(sent=0)
    (to_boss, boss), (to_rep, rep) = sorted(floor.box.mails)
    assert (to_boss, to_rep) == (["bo@x.example"], ["ida@x.example"])
    assert "Ida Idle" in boss
    assert "aufzuholen" in rep  # her language, and about what to do
    bodies = {tuple(sorted(one.json)): one for one in floor.post.posts}
    slack, teams = bodies["blocks", "text"], bodies["attachments", "type"]
    for shared in (slack, teams):  # others read along
        assert "One rep" in shared.body.decode()
        assert "Ida" not in shared.body.decode()
    hook = bodies["data", "timestamp", "type"]
    assert hook.json["type"] == "alert.began"
    assert hook.json["data"]["recipient"] == "boss"
    assert hook.headers["Webhook-Id"] == hook.json["data"]["notice_key"]
    assert floor.states() == {"SENT": 5, "FOLDED": 2}
    floor.box.mails.clear()
    floor.look(24)
    (told,) = [text for _, text in floor.box.mails if "1 notice" in text]
    assert "Ida Idle" in told
    assert floor.states()["DIGESTED"] == 2


def test_late_data_sends_nothing_and_a_correction_ends_it_for_whoever_had_heard(
    floor: Floor,
) -> None:
    floor.ground.progress(NOON, 2)
    assert floor.service.look(NOON + timedelta(hours=5)).tick.late
    assert (floor.post.posts, floor.box.mails) == ([], [])
    floor.look(5.1)
    assert len(floor.box.mails) == 2
    floor.box.mails.clear()
    days = [floor.ground.today - timedelta(days=n) for n in range(1, 6)]
    floor.ground.facts(2, *(Fact("idle", day, "revenue_won", "EUR", Decimal(200)) for day in days))
    assert floor.look(5.2).round.sent == 5
    told = [text for _, text in floor.box.mails]
    assert len(told) == 2
    assert all("corrected" in text or "korrigiert" in text for text in told)


def test_who_is_busy_is_left_alone_and_what_nobody_takes_is_set_aside_without_a_secret(
    floor: Floor, caplog: pytest.LogCaptureFixture
) -> None:
    hook = floor.channels["hook"]
    floor.channels["hook"] = hook.model_copy(update={"private": False})
    refusal = (404, {}, b"no_service for /services/T0/B0/secretpath")
    floor.post.answers = [(429, {"Retry-After": "600"}, b"slow down"), refusal, (200, {}, b"ok")]
    floor.box.refuse = "550 no such user"
    first = floor.look().round
    assert (first.sent, first.failed, first.dead) == (0, 1, 4)
    rows = floor.ground.rows("SELECT state, reason FROM spm_bi.alert_notice WHERE state = 'DEAD'")
    private, *others = sorted({reason for _, reason in rows}, key=lambda one: "private" not in one)
    assert "private = true" in private
    assert sorted(others) == ["HTTP 404 no_service for ***", "SMTP 550 no such user"]
    kept = json.dumps(floor.ground.rows("SELECT reason FROM spm.alert_notice"))
    assert "secretpath" not in caplog.text + kept
    assert "mailword" not in caplog.text + kept
    assert floor.look(0.1).round.sent == 0  # it asked for ten minutes
    assert floor.look(0.25).round.sent == 1
    assert floor.states() == {"SENT": 1, "DEAD": 4, "FOLDED": 2}
