"""Contests begun and ended at a desk: looked ahead at, refused in words, kept as revisions."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.contests.changing import earlier, next_minute, understood
from infra.contests.desk import id_of
from infra.definitions import connecting
from schemas.contest_choices import State
from streams.domain.contest_times import instant, millis, moment, window
from tests.infra.contests.desk import NOW, Company, company
from tests.infra.contests.test_standings import put

ZONES = st.sampled_from(["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "UTC"])


@pytest.fixture(scope="module")
def at_desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Company]:
    with company(tmp_path_factory.mktemp("desk")) as made:
        yield made


@pytest.fixture(autouse=True)
def _clock(at_desk: Company) -> Iterator[None]:
    yield
    at_desk.now = NOW


@pytest.mark.parametrize("preset", ["points", "race", "duel", "teams", "hour"])
def test_each_of_the_usual_contests_can_take_place_as_it_is_offered(
    at_desk: Company, preset: str
) -> None:
    draft = at_desk.preset(preset)
    if preset == "duel":
        status, refused = at_desk.asks("preview", contest=draft)
        assert status == 422, "two have to be named first"
        assert {p["field"].partition("[")[0] for p in refused["problems"]} == {"participants"}
        draft["participants"] = {"members": [{"rep_id": "r1"}, {"rep_id": "r2"}]}
    status, ahead = at_desk.asks("preview", contest=draft)
    assert status == 200, ahead
    assert ahead["hints"] == []
    assert any("by the clocks" in line for line in ahead["words"]["en"])


def test_a_look_ahead_says_how_it_would_have_gone_a_week_ago_and_writes_nothing(
    at_desk: Company,
) -> None:
    newest = at_desk.stored.newest()
    draft = {**at_desk.preset("points"), "participants": {"without": ["boss"]}}
    status, ahead = at_desk.asks("preview", contest=draft)
    assert status == 200
    assert ahead["is_earlier"]
    assert ahead["starts_at"] == "2026-11-11T11:01"
    assert [(r["place"], r["name"], r["score"]) for r in ahead["standing"][:3]] == [
        (1, "Ben Two", "5"), (2, "Ada One", "3"), (3, "Cleo Three", "1")
    ]  # fmt: skip
    assert any("Connected calls" in line for line in ahead["words"]["en"])
    assert at_desk.stored.newest() == newest


def test_what_is_wrong_is_said_beside_its_field_and_changes_nothing(at_desk: Company) -> None:
    newest = at_desk.stored.newest()
    good = at_desk.preset("race")
    wrong: list[tuple[dict[str, Any], str]] = [
        ({**good, "name": ""}, "name"),
        ({**good, "ends_at": good["starts_at"]}, "ends_at"),
        ({**good, "ends_at": "tomorrow"}, "ends_at"),
        ({**good, "target": "many"}, "target"),
        ({k: v for k, v in good.items() if k != "target"}, "target"),
        ({**good, "metrics": [{"kpi": "wun"}]}, "metrics[0].kpi"),
        ({**good, "metrics": [{"kpi": "revenue"}]}, "metrics[0].currency"),
        ({**good, "participants": {"teams": ["north"]}}, "participants.teams[0]"),
        ({**good, "time_zone": "Europe/Berlim"}, "time_zone"),
        ({**good, "prizes": [{"place": 1, "amount": "10"}]}, "prize_currency"),
        ({**good, "winner": "2"}, "winner"),
    ]
    for draft, field in wrong:
        status, refused = at_desk.asks("preview", contest=draft)
        assert status == 422, field
        assert field in {p["field"] for p in refused["problems"]}
        assert all(p["problem"] and p["remedy"] for p in refused["problems"])
        draft["contest_id"] = "x"
        assert at_desk.asks("start", contest=draft, reason="why")[0] == 422
    assert at_desk.stored.newest() == newest


def test_a_measure_that_is_easily_driven_up_is_a_hint_and_no_obstacle(at_desk: Company) -> None:
    draft = {**at_desk.preset("race"), "metrics": [{"kpi": "dials"}]}
    status, ahead = at_desk.asks("preview", contest=draft)
    assert status == 200
    assert [(h["field"], h["severity"]) for h in ahead["hints"]] == [
        ("metrics[0].cap_per_day", "warning")
    ]


def test_beginning_is_one_revision_with_author_and_reason_however_often_it_is_said(
    at_desk: Company,
) -> None:
    before = at_desk.contests()
    draft = {**at_desk.preset("hour"), "name": "Öfter: zählt!"}
    name = at_desk.begins(draft, "a slow morning")
    assert name == "ofter-zahlt-2026-11-18"
    revision = at_desk.stored.revisions()[-1]
    assert (revision.kind, revision.author, revision.note) == (
        "contests", "Dana", "a slow morning")  # fmt: skip
    assert set(at_desk.contests()) == {*before, name}
    again = {**draft, "contest_id": name}
    assert at_desk.asks("start", contest=again, reason="again")[0] == 200
    assert at_desk.stored.revisions()[-1].sequence == revision.sequence
    other = {**again, "name": "Something else"}
    status, refused = at_desk.asks("start", contest=other, reason="again")
    assert status == 409
    assert name in refused["error"]


def test_without_a_reason_or_a_look_ahead_nothing_begins(at_desk: Company) -> None:
    draft = {**at_desk.preset("race"), "contest_id": "silent"}
    for reason in ("", "   ", None, 7):
        status, refused = at_desk.asks("start", contest=draft, reason=reason)
        assert status == 422
        assert refused["problems"][0]["field"] == "reason"
    del draft["contest_id"]
    assert at_desk.asks("start", contest=draft, reason="why")[0] == 422
    assert at_desk.asks("start", reason="why")[0] == 422
    assert "silent" not in at_desk.contests()


def test_an_end_now_is_the_next_minute_and_calling_off_leaves_nobody_winning(
    at_desk: Company,
) -> None:
    draft = {**at_desk.preset("points"), "name": "Ends early"}
    name = at_desk.begins(draft)
    status, _ = at_desk.asks("end", contest_id=name, how="END", reason="too early")
    assert status == 409, "it begins in forty seconds"
    at_desk.now = NOW + timedelta(minutes=30)
    assert at_desk.asks("end", contest_id=name, how="END", reason="")[0] == 422
    status, body = at_desk.asks("end", "Erin", contest_id=name, how="END", reason="fire drill")
    assert status == 200, body
    assert at_desk.contests()[name].ends_at == "2026-11-18T11:31"
    assert at_desk.stored.revisions()[-1].author == "Erin"
    at_desk.now += timedelta(hours=1)
    assert at_desk.asks("end", contest_id=name, how="END", reason="again")[0] == 409
    status, _ = at_desk.asks("end", contest_id=name, how="CALL_OFF", reason="counted wrongly")
    assert status == 200
    assert at_desk.contests()[name].state is State.STOPPED
    assert at_desk.asks("end", contest_id="nobody's", how="END", reason="x")[0] == 409
    assert at_desk.asks("end", contest_id=name, how="EXPLODE", reason="x")[0] == 422


def test_a_final_contest_stays_as_it_is(at_desk: Company) -> None:
    name = at_desk.begins({**at_desk.preset("race"), "name": "Final"})
    client = connecting.warehouse(at_desk.site.settings)
    put(client, "spm.contest_result", [{"contest_id": name, "participant_id": "r1"}])
    status, refused = at_desk.asks("end", contest_id=name, how="CALL_OFF", reason="x")
    assert status == 409
    assert "final" in refused["error"]
    _, form = at_desk.asks("form")
    mine = next(c for c in form["contests"] if c["contest_id"] == name)
    assert (mine["is_final"], mine["may_end"]) == (True, False)


def test_two_who_begin_at_one_moment_both_have_their_contest(at_desk: Company) -> None:
    draft = at_desk.preset("race")
    names = [f"race-{n}" for n in range(2)]

    def begin(name: str) -> int:
        asked = {"contest": {**draft, "contest_id": name, "name": name}, "reason": name}
        return at_desk.made()("start", asked, name).status

    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(begin, names)) == [200, 200]
    assert {*names} <= set(at_desk.contests())


def test_a_broker_that_is_away_is_told_and_nothing_is_written(at_desk: Company) -> None:
    newest = at_desk.stored.newest()
    away = at_desk.site.settings.model_copy(update={"kafka_bootstrap": "127.0.0.1:1"})
    desk = at_desk.made()
    desk._make_log = lambda: connecting.log(away)
    asked = {"contest": {**at_desk.preset("race"), "contest_id": "later"}, "reason": "r"}
    status, told = desk("start", asked, "Dana")
    assert status == 503
    assert "nothing is half done" in told["remedy"]
    assert at_desk.stored.newest() == newest


@given(ZONES, st.integers(0, 2 * 366 * 86_400))
def test_an_end_now_is_an_instant_from_now_on_that_clocks_name(zone: str, second: int) -> None:
    now = datetime(2025, 1, 1, tzinfo=UTC) + timedelta(seconds=second)
    local = next_minute(now, zone)
    later = moment(instant(local, zone)) - now
    assert timedelta(0) <= later <= timedelta(minutes=61)
    shown = now.astimezone(ZoneInfo(zone))
    if not shown.fold:
        assert later < timedelta(minutes=1)


@given(ZONES, st.integers(0, 400), st.integers(1, 10_000), st.integers(0, 10_000))
def test_a_contest_looked_ahead_at_ran_on_the_same_weekdays_and_is_over(
    zone: str, day: int, minutes: int, ahead: int
) -> None:
    starts = datetime.fromisoformat("2026-01-01T12:00") + timedelta(days=day)
    ends = starts + timedelta(minutes=minutes)
    one = understood({
        "contest_id": "x", "name": "X", "time_zone": zone, "metrics": [{"kpi": "k"}],
        "starts_at": starts.isoformat()[:16], "ends_at": ends.isoformat()[:16],
    })  # fmt: skip
    now = moment(window(one).start) - timedelta(minutes=ahead)
    ran = earlier(one, now)
    assert ran is not None
    assert millis(now) >= window(ran).end
    shift = starts - datetime.fromisoformat(ran.starts_at)
    assert shift == ends - datetime.fromisoformat(ran.ends_at)
    assert shift.days % 7 == 0
    assert shift.seconds == 0


def test_ids_are_made_of_names_and_never_taken_twice() -> None:
    draft = {"name": "Café & more", "starts_at": "2026-11-18T09:00"}
    first = id_of(draft, set())
    assert first == "cafe-more-2026-11-18"
    assert id_of(draft, {first}) == f"{first}-2"
    assert id_of({"name": "سباق", "starts_at": ""}, set()) == "contest"
