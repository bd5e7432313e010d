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
from tests.infra.alerting.conftest import Ground
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
            lambda: ground.warehouse, lambda: ground.bundle, self.channels, folder
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


def test_each_hears_once_in_their_own_words_and_nobody_is_named_where_others_read(
    floor: Floor,
) -> None:
    first = floor.look()
    assert first.round.sent == 5, first
    assert floor.look(0.1).round == first.round._replace(sent=0)
    (to_boss, boss), (to_rep, rep) = sorted(floor.box.mails)
    assert (to_boss, to_rep) == (["bo@x.example"], ["ida@x.example"])
    assert "Ida Idle" in boss
    assert "aufzuholen" in rep  # her language, and about what to do
    assert "Ida Idle" not in rep.partition("To:")[2].partition("\n")[2]
    bodies = {tuple(sorted(one.json)): one for one in floor.post.posts}
    slack, teams = bodies["blocks", "text"], bodies["attachments", "type"]
    for shared in (slack, teams):
        assert "One rep" in shared.body.decode()
        assert "Ida" not in shared.body.decode()
    hook = bodies["data", "timestamp", "type"]
    assert hook.json["type"] == "alert.began"
    assert hook.json["data"]["recipient"] == "boss"
    assert hook.headers["Webhook-Id"] == hook.json["data"]["notice_key"]
    assert floor.states() == {"SENT": 5, "FOLDED": 2}


def test_a_correction_ends_it_with_its_reason_for_whoever_had_heard(floor: Floor) -> None:
    floor.look()
    floor.box.mails.clear()
    days = [floor.ground.today - timedelta(days=n) for n in range(1, 6)]
    floor.ground.facts(2, *(Fact("idle", day, "revenue_won", "EUR", Decimal(200)) for day in days))
    assert floor.look(0.1).round.sent == 5
    assert all("corrected" in text or "korrigiert" in text for _, text in floor.box.mails)


def test_a_receiver_that_is_busy_is_left_alone_for_as_long_as_it_asks(floor: Floor) -> None:
    floor.post.answers = [(429, {"Retry-After": "600"}, b"slow down"), (200, {}, b"ok")]
    first = floor.look()
    assert (first.round.failed, first.round.dead) == (1, 0)
    assert floor.look(0.1).round.sent == 0  # not yet
    again = floor.look(0.25)
    assert again.round.sent == 1
    assert floor.states() == {"SENT": 5, "FOLDED": 2}


def test_what_a_receiver_will_never_take_is_set_aside_with_its_reason_and_no_secret(
    floor: Floor, caplog: pytest.LogCaptureFixture
) -> None:
    floor.post.answers = [(404, {}, b"no_service for /services/T0/B0/secretpath")]
    floor.box.refuse = "550 no such user"
    floor.look()
    rows = floor.ground.rows("SELECT state, reason FROM spm_bi.alert_notice WHERE state = 'DEAD'")
    assert {reason for _, reason in rows} == {
        "HTTP 404 no_service for ***", "SMTP 550 no such user"
    }  # fmt: skip
    assert "secretpath" not in caplog.text
    assert "mailword" not in caplog.text + json.dumps(
        floor.ground.rows("SELECT reason FROM spm.alert_notice")
    )


def test_what_names_people_is_not_sent_where_others_read(floor: Floor) -> None:
    hook = floor.channels["hook"]
    floor.channels["hook"] = hook.model_copy(update={"private": False})
    floor.look()
    (reason,) = floor.ground.rows("SELECT reason FROM spm_bi.alert_notice WHERE state = 'DEAD'")
    assert "private = true" in reason[0]


def test_late_data_sends_nothing(floor: Floor) -> None:
    made = floor.service.look(NOON + timedelta(hours=5))
    assert made.tick.late
    assert (floor.post.posts, floor.box.mails) == ([], [])


def test_what_is_left_to_the_digest_goes_out_as_one_message_on_its_day(floor: Floor) -> None:
    floor.look()
    floor.box.mails.clear()
    floor.look(24)
    (told,) = [text for _, text in floor.box.mails if "1 notice" in text]
    assert "Ida Idle" in told
    assert floor.states()["DIGESTED"] == 2
