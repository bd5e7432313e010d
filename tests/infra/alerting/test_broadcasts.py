"""Good news reaches the channels everybody reads: once, and never for the past."""

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from infra.alerting.serving import Looked, Service
from schemas.alerts import Alerts
from schemas.channels import Channel, Slack, Teams, Webhook
from schemas.contests import Contests
from schemas.definitions import Measure, Measures, MeasureUnit
from tests.emptying import emptied
from tests.ground import ROOT, define
from tests.infra.alerting.conftest import Ground, at_once, written
from tests.infra.alerting.receivers import Web, web
from tests.infra.alerting.test_delivering import SECRET
from tests.infra.definitions import floors

NOON = datetime.now(UTC).replace(hour=12, minute=0, second=0, microsecond=0)
BROADCASTS: list[dict[str, Any]] = [
    {"broadcast_id": "started", "occasion": "CONTEST_STARTED"},
    {"broadcast_id": "lead", "occasion": "LEAD_TAKEN", "names_people": True},
    {"broadcast_id": "target", "occasion": "TARGET_REACHED", "names_people": True},
    {"broadcast_id": "final", "occasion": "FINAL_RESULT", "names_people": True},
    {"broadcast_id": "deal", "occasion": "DEAL_WON", "at_least": "1000", "names_people": True},
    {"broadcast_id": "shy", "occasion": "DEAL_WON", "at_least": "50000"},
]
QUOTA = {"broadcast_id": "quota", "occasion": "QUOTA_REACHED", "names_people": True}
REVENUE = Measure(measure="eur", of="deal", rule="revenue_won_reporting", unit=MeasureUnit.MONEY,
                  label="Revenue in EUR", description="all")  # fmt: skip


ALERTS = Alerts.model_validate({
    "broadcasts": BROADCASTS, "broadcasts_per_hour": 60,
    "ways": [{"route": "BROADCAST", "channels": ["hook"]}],
    "working_hours": {"since": "00:00", "until": "23:59"},
})  # fmt: skip
OURS = ("broadcast", "contest_standing", "contest_result", "deal", "alert_notice", "lease",
        "source_progress")  # fmt: skip


@pytest.fixture(scope="module")
def once(server: tuple[str, str, Any]) -> Ground:
    return written(server, ALERTS)


@pytest.fixture
def ground(once: Ground) -> Ground:
    """The floor, with nothing told and nothing won: to write it anew costs three times as much."""
    emptied(once.client, OURS)
    return once


def race(starts: datetime, **more: Any) -> dict[str, Any]:
    return {"contest_id": "race", "name": "The race", "format": "RACE", "target": "5",
            "time_zone": "UTC", "starts_at": f"{starts:%Y-%m-%dT%H:%M}",
            "ends_at": f"{starts + timedelta(days=7):%Y-%m-%dT%H:%M}",
            "metrics": [{"kpi": "calls"}], **more}  # fmt: skip


class Floor:
    """A floor with contests, and channels that lead to a receiver."""

    def __init__(self, ground: Ground, post: Web, folder: Path) -> None:
        self.ground, self.post, self.number = ground, post, 0
        told: dict[str, Any] = {"url": post.url}
        self.channels: dict[str, Channel] = {
            "hook": Webhook(**told, secret=SECRET),
            "slack": Slack(**told),
            "teams": Teams(**told),
        }
        self.put(contests=[race(NOON - timedelta(days=2))])
        self.service = Service(
            lambda: ground.warehouse, lambda: self.bundle, self.channels, folder, lease=at_once()
        )
        rows = [["busy", "Bea Busy", 9], ["idle", "Ida Idle", 9]]
        ground.client.insert("spm.person", rows, column_names=["rep_id", "name", "version"])

    def put(self, contests: list[dict[str, Any]] | None = None, **alerts: Any) -> None:
        """Let other contests and alerts be in force."""
        bundle = getattr(self, "bundle", self.ground.bundle)
        update: dict[str, Any] = {
            "measures": Measures(measures=(*self.ground.bundle.measures.measures, REVENUE))
        }
        if contests is not None:
            update["contests"] = Contests.model_validate({"contests": contests})
        if alerts:
            given = {**bundle.alerts.model_dump(), **alerts}
            update["alerts"] = Alerts.model_validate(given)
        self.bundle = bundle.model_copy(update=update)

    def look(self, minutes: float = 0) -> Looked:
        now = NOON + timedelta(minutes=minutes)
        self.ground.progress(now, int(now.timestamp()))
        return self.service.look(now)

    def titles(self) -> list[str]:
        """Return what came since it was asked for last, in the order of the alphabet."""
        found = sorted(post.json["data"]["title"] for post in self.post.posts)
        self.post.posts.clear()
        return found

    def stands(self, minutes: float, *rows: tuple[str, int, str, list[str]]) -> None:
        """Let a step of the race be seen: participant, place, score and who was passed."""
        at = NOON + timedelta(minutes=minutes)
        self.number += 1
        columns = ["contest_id", "participant_id", "number", "at", "rep_id", "is_in", "phase",
                   "place", "is_tied", "score", "events", "reached_at", "passed"]  # fmt: skip
        made = [["race", name, self.number, at, name, True, "RUNNING", place, False,
                 Decimal(score), 1, at, passed] for name, place, score, passed in rows]  # fmt: skip
        self.ground.client.insert("spm.contest_standing", made, column_names=columns)

    def wins(self, name: str, minutes: float, amount: int, position: int = 1, **more: Any) -> None:
        """Let a deal be won."""
        at = NOON + timedelta(minutes=minutes)
        row = {
            "entity_id": name, "position": position, "topic": "crm.deals", "partition": 0,
            "kind": "deal", "op": "SET", "stage_class": "WON", "occurred_at": at, "created_at": at,
            "won_at": at, "rep_id": "busy", "day": at.date(), "measure": ["eur"],
            "measure_rep_id": ["busy"], "measure_day": [at.date()], "measure_currency": ["EUR"],
            "measure_value": [Decimal(amount)], **more,
        }  # fmt: skip
        self.ground.client.insert("spm.deal", [list(row.values())], column_names=list(row))

    def states(self) -> dict[str, int]:
        return dict(self.ground.rows(
            "SELECT state, count() FROM spm_bi.alert_notice GROUP BY state"
        ))  # fmt: skip


@pytest.fixture
def post() -> Iterator[Web]:
    with web() as made:
        yield made


@pytest.fixture
def floor(ground: Ground, post: Web, tmp_path: Path) -> Floor:
    made = Floor(ground, post, tmp_path)
    made.look()  # since when good news is watched
    assert made.titles() == []
    return made


def test_each_kind_of_good_news_is_told_once_in_words_a_floor_would_use(floor: Floor) -> None:
    floor.put(broadcasts=[*BROADCASTS, QUOTA])
    floor.look(0.5)
    other = {**race(NOON + timedelta(minutes=1)), "contest_id": "new", "name": "New"}
    floor.put(contests=[race(NOON - timedelta(days=2)), other])
    floor.stands(1, ("busy", 1, "3", ["idle"]), ("idle", 2, "1", []))
    floor.stands(2, ("busy", 1, "5", []))
    floor.wins("d1", 1, 2500)
    floor.wins("small", 1, 999)
    today = floor.ground.today
    floor.ground.facts(5, floors.Fact("busy", today, "revenue_won", "EUR", Decimal(5000)))
    columns = ["contest_id", "participant_id", "rep_id", "place", "score", "finalized_at"]
    at = NOON + timedelta(minutes=2)
    floor.ground.client.insert("spm.contest_result", [
        ["race", "busy", "busy", 1, Decimal(5), at], ["race", "idle", "idle", 2, Decimal(1), at]
    ], column_names=columns)  # fmt: skip
    assert floor.look(3).news == 6
    told = {post.json["data"]["occasion"]: post.json for post in floor.post.posts}
    assert floor.titles() == [
        "Bea Busy reached the quota of €6,000 in Revenue",
        "Bea Busy reached the target in The race",
        "Bea Busy takes the lead in The race, ahead of Ida Idle",
        "Bea Busy won a deal of €2,500",
        "New has begun",
        "The race is over: Bea Busy wins",
    ]
    assert told["FINAL_RESULT"]["data"]["lines"] == ["1. Bea Busy", "2. Ida Idle"]
    assert told["DEAL_WON"]["type"] == "broadcast"
    assert told["DEAL_WON"]["data"]["amount"] == "2500"
    assert floor.states() == {"SENT": 6}
    for minutes in (4, 5):
        assert floor.look(minutes).news == 0
    assert floor.titles() == []


def test_corrections_replays_backfills_and_old_news_ring_nothing(floor: Floor) -> None:
    floor.wins("d1", 1, 2500)
    assert floor.look(2).news == 1
    floor.titles()
    floor.wins("d1", 1, 2500, position=9)  # told again by its source
    floor.wins("d1", 3, 4000, position=10)  # opened, won anew, corrected
    floor.wins("past", -24 * 60, 90_000)  # history is brought in
    floor.wins("undone", 2, 90_000)
    floor.wins("undone", 2, 0, position=2, stage_class="OPEN", won_at=None)
    floor.stands(4, ("busy", 1, "1", []))  # first because somebody else was corrected
    old = floor.ground.today - timedelta(days=5)
    floor.ground.facts(6, floors.Fact("idle", old, "revenue_won", "EUR", Decimal(9000)))
    assert floor.look(5).news == 0
    assert floor.titles() == []


def test_what_was_there_before_it_was_watched_is_known(ground: Ground, post: Web,
                                                       tmp_path: Path) -> None:  # fmt: skip
    floor = Floor(ground, post, tmp_path)
    floor.wins("before", -10, 9000)
    assert floor.look().news == 0
    floor.wins("since", 1, 9000)
    assert floor.look(2).news == 1
    assert len(floor.titles()) == 1


def test_nobody_is_named_where_that_was_not_asked_for_and_hidden_contests_stay_hidden(
    floor: Floor,
) -> None:
    floor.put(broadcasts=[one for one in BROADCASTS if one["broadcast_id"] in ("shy", "lead")],
              contests=[race(NOON - timedelta(days=2), hidden=True)])  # fmt: skip
    floor.wins("d1", 1, 75_000)
    floor.stands(1, ("busy", 1, "3", ["idle"]))
    floor.look(2)
    (shy,) = floor.post.posts
    assert shy.json["data"]["title"] == "A colleague won a deal of €75,000"
    assert "busy" not in shy.body.decode()
    assert "Bea" not in shy.body.decode()


def test_above_the_ration_the_rest_comes_as_one_when_there_is_room(floor: Floor) -> None:
    floor.put(broadcasts_per_hour=3)
    for n in range(6):
        floor.wins(f"d{n}", n, 2000 + n)
    assert floor.look(7).round.sent == 6
    one, two, rest = floor.post.posts
    assert rest.json["data"]["title"] == "4 pieces of good news"
    assert rest.json["data"]["lines"] == [
        f"Bea Busy won a deal of €{n:,}" for n in range(2002, 2006)
    ]
    floor.titles()
    floor.wins("later", 8, 5000)
    assert floor.look(9).round.sent == 0
    assert floor.look(61).round.sent == 0
    assert floor.look(68).round.sent == 1
    assert floor.titles() == ["Bea Busy won a deal of €5,000"]
    assert floor.states() == {"SENT": 3, "DIGESTED": 4}
    assert one.headers["Webhook-Id"] != two.headers["Webhook-Id"]


def test_slack_and_teams_get_their_own_form_and_who_is_busy_is_tried_again(floor: Floor) -> None:
    floor.put(ways=[{"route": "BROADCAST", "channels": ["slack", "teams"]}])
    floor.post.answers = [(503, {"Retry-After": "60"}, b""), (200, {}, b"ok")]
    floor.wins("d1", 1, 2500)
    assert (floor.look(2).round.sent, floor.look(2.5).round.sent) == (1, 0)
    assert floor.look(4).round.sent == 1
    forms = Counter(tuple(sorted(post.json)) for post in floor.post.posts)
    assert set(forms) == {("blocks", "text"), ("attachments", "type")}
    assert floor.states() == {"SENT": 2}


def test_what_nobody_takes_is_set_aside_and_can_be_sent_again(floor: Floor) -> None:
    floor.post.answers = [(404, {}, b"no_service"), (200, {}, b"ok")]
    floor.wins("d1", 1, 2500)
    assert floor.look(2).round.dead == 1
    assert floor.look(3).round.sent == 0
    from infra.alerting import outbox
    from streams.domain.alert_outbox import NoticeState

    dead = outbox.listed(floor.ground.warehouse, [NoticeState.DEAD], None)
    outbox.made_due(floor.ground.warehouse, [one.entry for one in dead], "Kim",
                    NOON + timedelta(minutes=4))  # fmt: skip
    assert floor.look(5).round.sent == 1
    assert floor.states() == {"SENT": 1}


@pytest.mark.slow
def test_a_kill_repeats_one_message_at_most_and_never_the_news(
    ground: Ground, server: tuple[str, str, Any], broker: Any, tmp_path: Path
) -> None:
    url, token, _ = server
    now = datetime.now(UTC)
    (tmp_path / "secret").write_text(SECRET)
    with web() as receiver:
        floor = Floor(ground, receiver, tmp_path)
        kinds = ("company", "roster", "calendars", "measures", "alerts", "contests")
        define(ground.warehouse, 20, {
            kind: getattr(floor.bundle, kind).model_dump(mode="json") for kind in kinds
        })  # fmt: skip
        environment = {
            **os.environ, "PACESETTER_WAREHOUSE_URL": url, "PACESETTER_WAREHOUSE_TOKEN": token,
            "PACESETTER_DATA_DIR": str(tmp_path), "PACESETTER_KAFKA_BOOTSTRAP": broker.address,
            "PACESETTER_CHANNELS": json.dumps(
                {"hook": {"kind": "webhook", "secret_file": str(tmp_path / "secret")}}
            ),
            "PACESETTER_CHANNEL_HOOK_URL": receiver.url, "PYTHONPATH": str(ROOT),
        }  # fmt: skip
        floor.service.look(now)  # since when good news is watched
        floor.wins("d1", (now - NOON).total_seconds() / 60, 2500)
        counted = []
        for point in ("BETWEEN", "AFTER", "NEVER"):
            ran = subprocess.run(
                [sys.executable, "-m", "tests.infra.alerting.killed", point],
                env=environment, cwd=tmp_path, check=False, capture_output=True, text=True,
            )  # fmt: skip
            assert ran.returncode == (0 if point == "NEVER" else -9), ran.stderr
            rows = ground.rows("SELECT count() FROM spm.broadcast FINAL WHERE notEmpty(notice_key)")
            counted.append((point, rows[0][0], len(receiver.posts)))
        assert floor.service.look(datetime.now(UTC)).round.sent == 0
    assert counted == [("BETWEEN", 1, 0), ("AFTER", 1, 1), ("NEVER", 1, 2)]
    keys = Counter(post.headers["Webhook-Id"] for post in receiver.posts)
    assert list(keys.values()) == [2]
    assert ground.rows("SELECT state FROM spm_bi.alert_notice") == [("SENT",)]
