"""Standings that are followed are those computed afresh, whatever is corrected, moved or killed."""

import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from connectors.sinks.kafka import Publisher
from infra.bi.making import make_views
from infra.contests.following import Following, Step
from infra.contests.listening import Ear
from infra.contests.members import keep
from infra.contests.publishing import messages
from infra.contests.standing import standing
from infra.definitions.scanning import records_from
from infra.definitions.stored import Stored
from infra.local.ports import free_port
from schemas.codec import CatalogueIds, decode
from schemas.topics import CONTEST_SCORES
from schemas.warehouse import Message
from tests.ground import ROOT, Site, site, stop, wait_for
from tests.load import SINCE, Event, Floor, definitions, encoded

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

HOUR = {"hours_from": "09:00", "hours_to": "18:30"}
MONEY = {"kpi": "revenue_won_reporting", "currency": "EUR"}


def contest(name: str, metrics: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    starts, ends = (f"{SINCE + timedelta(hours=h):%Y-%m-%dT%H:%M}" for h in (10, 180))
    return {"contest_id": name, "name": name, "time_zone": "Europe/Berlin", "starts_at": starts,
            "ends_at": ends, "metrics": metrics, **more}  # fmt: skip


CONTESTS = [
    contest("blitz", [{"kpi": "calls_connected", "points": "1.5", "cap_per_day": "2", "only": HOUR},
                      {**MONEY, "points": "0.01"}], score="POINTS"),
    contest("gold", [MONEY], of="TEAMS", team_score="AVERAGE", participants={"sides": [
        {"side_id": s, "name": s, "members": [{"rep_id": f"r{n}"} for n in some]}
        for s, some in (("east", (0, 1)), ("west", (2, 3, 4)))]}),
    contest("race", [{"kpi": "calls"}], format="RACE", target="9", winners=2),
    contest("king", [{"kpi": "calls_connected"}], format="KING"),
    contest("coming", [{"kpi": "calls"}], starts_at="2190-01-01T00:00", ends_at="2190-01-02T00:00"),
]  # fmt: skip
FOLLOWED = ("blitz", "gold", "race", "king")


@dataclass
class Ground:
    """A site with a worker, and somebody who follows its contests."""

    site: Site
    ear: Ear
    following: Following
    own: list[float] = field(default_factory=list)  # of steps: from what was heard to the row
    floor: Floor = field(default_factory=lambda: Floor(seed=4, reps=6))

    def tell(self, *events: Event) -> float:
        """Return after how many seconds what these records changed stood in the standings."""
        before = self.steps()
        began = time.monotonic()
        Publisher(self.site.settings.kafka_config()).send(
            Message(*event) for event in encoded(iter(events))
        )
        while not self.hear(0.25):
            assert time.monotonic() < began + 120
        took = time.monotonic() - began
        assert self.steps() > before
        return took

    def hear(self, seconds: float) -> list[Step]:
        heard = self.ear.heard(seconds)
        began = time.monotonic()
        steps = self.following.hear(heard, datetime.now(UTC)) if heard else []
        self.own += [time.monotonic() - began] if steps else []
        return steps

    def settle(self) -> None:
        """Follow what is told until nothing more comes."""
        self.site.wait_applied(150)
        while self.hear(1.0):
            pass

    def steps(self) -> int:
        found = self.site.frame("SELECT sum(number) AS n FROM spm.contest_standing")
        return int(found["n"][0])

    def holds(self) -> None:
        """Hold what stands there to what is computed afresh from all of history."""
        bundle = Stored(self.site.warehouse()).in_force().bundle()
        for one in bundle.contests.contests:
            stored = self.site.warehouse().query(
                "SELECT participant_id, place, is_tied, score, events, reached_at"
                " FROM spm_bi.contest_standing WHERE contest_id = {id:String}",
                {"id": one.contest_id},
            ).result_rows  # fmt: skip
            if one.contest_id not in FOLLOWED:
                assert not stored
                continue
            now = standing(self.site.warehouse(), bundle, one, datetime.now(UTC))
            fresh = {
                s.tally.participant: (s.rank or 0, s.is_tied, s.tally.score, s.tally.events,
                                      s.tally.reached_at) for s in now.placed
            }  # fmt: skip
            assert {n: (*r[:4], _millis(r[4])) for n, *r in stored} == fresh, one.contest_id
            assert any(score for _, _, score, *_ in fresh.values())


def _millis(at: datetime | None) -> int | None:
    return None if at is None else round(at.timestamp() * 1000)


@pytest.fixture
def ground(tmp_path: Any) -> Iterator[Ground]:
    with site(tmp_path, partitions=2) as made, ExitStack() as after:
        made.define(1, {**definitions(6), "contests": {"contests": CONTESTS}})
        keep(Stored(made.warehouse()._client))
        make_views(made.warehouse()._client)
        made.open_epochs()
        made.start_worker()
        config, ids = made.settings.kafka_config(), CatalogueIds()
        ear, publisher = after.enter_context(Ear(config, ids)), Publisher(config)
        yield Ground(made, ear, Following(
            made.warehouse(),
            lambda rows, is_whole: publisher.send(messages(rows, ids, is_whole=is_whole)),
        ))  # fmt: skip


def call(name: str, rep: int, at: datetime, revision: int = 1, **more: Any) -> Event:
    return Event("call", {
        "entity_id": name, "source": "sim", "source_id": name, "revision": revision, "op": "SET",
        "created_at": at, "occurred_at": at, "owner_id": f"u{rep}", "direction": "OUTBOUND",
        "status": "COMPLETED", "connected": True, "talk_seconds": 60, "is_automated": False, **more,
    })  # fmt: skip


def test_standings_followed_are_standings_afresh(ground: Ground) -> None:
    ground.site.produce(ground.floor.events(1_200))
    ground.site.wait_applied(150)
    steps = ground.following.look(datetime.now(UTC))
    assert {step.contest_id for step in steps} == set(FOLLOWED)
    ground.settle()
    ground.holds()
    _scores_add_up(ground)
    noon = SINCE + timedelta(days=3, hours=11)
    took = [ground.tell(call(f"new{n}", 5, noon + timedelta(minutes=n))) for n in range(8)]
    took.sort()
    own = sorted(ground.own[-len(took) :])
    print(f"event to standing: median {took[4]:.2f} s, slowest {took[-1]:.2f} s, of {len(took)};"
          f" of it the follower's own part {own[len(own) // 2]:.2f} s")  # fmt: skip
    ground.settle()
    ground.holds()
    _a_correction_takes_back_silently(ground, noon)
    _a_worker_that_is_killed_changes_nothing(ground)
    _a_changed_contest_is_followed_under_its_new_rules(ground)
    _whoever_listens_knows_the_standings(ground)
    _the_command_goes_on_where_another_left_off(ground)


def _scores_add_up(ground: Ground) -> None:
    """The view of daily scores sums to the standings."""
    for name, column in (("blitz", "score"), ("race", "counted")):
        sums = ground.site.warehouse().query(
            f"SELECT participant_id, sum({column}) FROM spm_bi.contest_score"
            f" WHERE contest_id = '{name}' GROUP BY participant_id"
        ).result_rows  # fmt: skip
        stood = ground.site.warehouse().query(
            f"SELECT participant_id, score FROM spm_bi.contest_standing"
            f" WHERE contest_id = '{name}' AND score != 0"
        ).result_rows  # fmt: skip
        if name == "blitz":
            assert {n: v for n, v in sums if v} == dict(stood)
        else:  # what comes after a race is decided no longer counts in it
            assert all(dict(sums)[n] >= v for n, v in stood)


def _a_correction_takes_back_silently(ground: Ground, noon: datetime) -> None:
    """A call that is given to another rep moves with its instant; who falls back passes nobody."""
    ground.tell(call("new7", 2, noon + timedelta(minutes=7), 2))
    ground.tell(call("new6", 5, noon + timedelta(minutes=6), 2, op="CANCELLED"))
    ground.settle()
    ground.holds()
    rows = ground.site.warehouse().query(
        "SELECT passed FROM spm_bi.contest_standing_history"
        " WHERE participant_id = 'r5' ORDER BY contest_id, number DESC LIMIT 1 BY contest_id"
    ).result_rows  # fmt: skip
    assert all(passed == "" for (passed,) in rows)


def _a_worker_that_is_killed_changes_nothing(ground: Ground) -> None:
    ends = ground.site.produce(ground.floor.events(300))
    assert ends
    stop(ground.site.workers[-1], signal.SIGKILL)
    ground.site.start_worker()
    ground.settle()
    ground.holds()
    assert Following(ground.site.warehouse()).look(datetime.now(UTC)) == []


def _a_changed_contest_is_followed_under_its_new_rules(ground: Ground) -> None:
    blitz = {**CONTESTS[0], "time_zone": "America/New_York"}
    metrics = [{**blitz["metrics"][0], "cap_per_day": "1", "only": {}}, *blitz["metrics"][1:]]
    ground.site.define(2, {"contests": {"contests": [{**blitz, "metrics": metrics},
                                                     *CONTESTS[1:]]}})  # fmt: skip
    ground.site.mark(2)
    ground.settle()
    steps = ground.following.look(datetime.now(UTC))
    assert "blitz" in {step.contest_id for step in steps}
    ground.holds()


def _whoever_listens_knows_the_standings(ground: Ground) -> None:
    """What boards are told adds up to what stands in the warehouse."""
    places = {(CONTEST_SCORES.name, n): 0 for n in range(ground.site.settings.partitions)}
    heard: dict[tuple[str, str], tuple[int, int, Decimal]] = {}
    for record in records_from(ground.site.settings.kafka_config(), places, 30):
        _, told = decode(record.value() or b"", CatalogueIds())
        assert record.key() == told["contest_id"].encode()
        for row in told["rows"]:
            key = told["contest_id"], row["participant_id"]
            number, *_ = heard.get(key, (0,))
            assert told["number"] >= number, "steps come in order"
            heard[key] = told["number"], row["place"], row["score"]
    stored = ground.site.warehouse().query(
        "SELECT contest_id, participant_id, place, score FROM spm_bi.contest_standing"
    ).result_rows  # fmt: skip
    assert {key: (place, score) for key, (_, place, score) in heard.items()} == {
        (contest, who): (place, score) for contest, who, place, score in stored
    }


def _the_command_goes_on_where_another_left_off(ground: Ground) -> None:
    log, port = ground.site.folder / "follow.txt", free_port()
    with log.open("w") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "infra.cli.main", "contest", "follow", "--watch", "60",
             "--metrics-port", str(port)],
            cwd=ROOT, env=ground.site.env, stdout=out, stderr=subprocess.STDOUT,
        )  # fmt: skip
    try:
        before = ground.steps()
        ground.site.produce([call("last", 3, SINCE + timedelta(days=4, hours=11))])
        wait_for(lambda: ground.steps() > before, "another step", 120)
        ground.site.wait_applied(150)
        time.sleep(2)
        ground.holds()
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as told:
            assert "spm_contest_looked_timestamp_seconds" in told.read().decode()
    finally:
        assert stop(process) == 0, log.read_text()
    assert "stand still" not in log.read_text()
