from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from schemas.principals import Principal, Role
from tests.connectors.boards.ground import Served
from tests.connectors.boards.test_door import CLOCK, browser, open_door


@pytest.fixture
def door(tmp_path: Path) -> Iterator[Served]:
    served = open_door(tmp_path)
    yield served
    CLOCK.ahead = timedelta(0)
    served.stop()


def manager(served: Served, name: str = "dana") -> httpx.Client:
    client = browser(served)
    token = served.token(name, Role.MANAGER, rep_id="rep-d")
    assert client.post("/session", json={"token": token}).status_code == 204
    return client


def told(tv: httpx.Client) -> Any:
    return tv.get("/session").json()


def test_a_television_is_paired_by_the_code_it_shows(door: Served) -> None:
    tv, dana = browser(door), manager(door)
    asked = tv.post("/tv/codes").json()
    assert len(asked["code"]) == 6
    assert tv.post("/tv/claims", json={"secret": asked["secret"]}).status_code == 202
    assert tv.get("/session").status_code == 401
    spoken = f" {asked['code'][:3].lower()}-{asked['code'][3:]} "
    body = {"code": spoken, "name": "Kitchen", "slides": ["contests"], "seconds": 30}
    assert dana.post("/screens/paired", json=body).status_code == 201
    assert tv.post("/tv/claims", json={"secret": asked["secret"]}).status_code == 204
    me = told(tv)
    assert me["role"] == Role.DISPLAY
    assert me["rep_id"] is None
    assert not me["manages"]
    assert me["screen"] == {"name": "Kitchen", "slides": ["contests"], "seconds": 30}
    # The code is used up, for the television and for everybody else.
    assert tv.post("/tv/claims", json={"secret": asked["secret"]}).status_code == 410
    assert dana.post("/screens/paired", json=body).status_code == 404


def test_a_code_is_over_after_ten_minutes(door: Served) -> None:
    tv, dana = browser(door), manager(door)
    asked = tv.post("/tv/codes").json()
    CLOCK.ahead = timedelta(minutes=11)
    body = {"code": asked["code"], "name": "Kitchen"}
    assert dana.post("/screens/paired", json=body).status_code == 404
    assert tv.post("/tv/claims", json={"secret": asked["secret"]}).status_code == 410


def test_the_code_alone_opens_nothing(door: Served) -> None:
    tv, thief = browser(door), browser(door)
    code = tv.post("/tv/codes").json()["code"]
    manager(door).post("/screens/paired", json={"code": code, "name": "Kitchen"})
    assert thief.post("/tv/claims", json={"secret": code}).status_code == 410
    assert thief.post("/session", json={"code": code}).status_code == 401
    assert thief.post("/session", json={"screen": code}).status_code == 401


def test_codes_cannot_be_guessed_by_trying(door: Served) -> None:
    tv, dana = browser(door), manager(door)
    code = tv.post("/tv/codes").json()["code"]
    for _ in range(10):
        wrong = dana.post("/screens/paired", json={"code": "AAAAAA", "name": "x"})
        assert wrong.status_code == 404
    body = {"code": code, "name": "Kitchen"}
    assert dana.post("/screens/paired", json=body).status_code == 429
    assert manager(door, "eve").post("/screens/paired", json=body).status_code == 201


def test_televisions_at_play_are_turned_away(door: Served) -> None:
    tv = browser(door)
    for _ in range(200):
        assert tv.post("/tv/codes").status_code == 201
    assert tv.post("/tv/codes").status_code == 429


def test_a_link_opens_a_display_until_it_is_taken_back(door: Served) -> None:
    dana, tv = manager(door), browser(door)
    made = dana.post("/screens/links", json={"name": "Lobby"}).json()
    path, _, secret = made["path"].partition("#screen=")
    assert path == "/tv"
    assert tv.post("/session", json={"screen": secret}).status_code == 204
    assert told(tv)["screen"]["name"] == "Lobby"
    listed = dana.get("/screens/list").json()["screens"]
    assert [(s["name"], s["kind"], s["by"]) for s in listed] == [("Lobby", "LINK", "dana")]
    assert listed[0]["seen_at"]
    assert secret not in dana.get("/screens/list").text  # it was shown once
    assert dana.delete(f"/screens/{made['id']}").status_code == 204
    assert tv.get("/session").status_code == 401
    assert browser(door).post("/session", json={"screen": secret}).status_code == 401
    assert dana.delete(f"/screens/{made['id']}").status_code == 404
    assert dana.get("/screens/list").json() == {"screens": []}


def test_a_link_is_over_after_its_days(door: Served) -> None:
    tv = browser(door)
    made = manager(door).post("/screens/links", json={"name": "Lobby", "days": 1}).json()
    assert tv.post("/session", json={"screen": made["path"].split("=")[1]}).status_code == 204
    CLOCK.ahead = timedelta(hours=25)
    assert tv.get("/session").status_code == 401


def test_a_screen_ends_with_the_access_of_who_put_it_up_and_not_with_their_token(
    door: Served,
) -> None:
    tv = browser(door)
    made = manager(door).post("/screens/links", json={"name": "Lobby"}).json()
    assert tv.post("/session", json={"screen": made["path"].split("=")[1]}).status_code == 204
    door.principals.add(Principal("dana", Role.MANAGER, rep_id="rep-d"))  # a new token
    assert tv.get("/session").status_code == 200
    door.principals.remove("dana")
    assert tv.get("/session").status_code == 401


def test_a_manager_changes_what_a_screen_shows(door: Served) -> None:
    dana, tv = manager(door), browser(door)
    made = dana.post("/screens/links", json={"name": "Lobby"}).json()
    tv.post("/session", json={"screen": made["path"].split("=")[1]})
    shows = {"slides": ["board:calls:today", "contest:blitz"], "seconds": 45}
    assert dana.put(f"/screens/{made['id']}", json=shows).status_code == 204
    assert told(tv)["screen"] == {"name": "Lobby", **shows}
    assert dana.put("/screens/none", json=shows).status_code == 404


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": ""}, {"name": "x" * 61}, {"name": "x", "days": 0}, {"name": "x", "days": 366},
        {"name": "x", "days": True}, {"name": "x", "slides": []}, {"name": "x", "slides": [1]},
        {"name": "x", "slides": ["y"] * 21}, {"name": "x", "seconds": 4},
        {"name": "x", "seconds": "20"}, {"name": "x", "slides": ["board:luck:month"]},
    ],
)  # fmt: skip
def test_what_is_no_screen_is_refused_with_a_reason(door: Served, wrong: dict[str, Any]) -> None:
    refused = manager(door).post("/screens/links", json=wrong)
    assert refused.status_code == 422
    assert refused.json()["error"]


ROUTES = [
    ("GET", "/screens/list"), ("POST", "/screens/paired"), ("POST", "/screens/links"),
    ("PUT", "/screens/x"), ("DELETE", "/screens/x"),
]  # fmt: skip


@pytest.mark.parametrize("role", sorted(set(Role) - {Role.SOURCE, Role.MANAGER, Role.SERVICE}))
def test_nobody_but_managers_has_to_do_with_screens(door: Served, role: Role) -> None:
    client = browser(door)
    client.post("/session", json={"token": door.token("x", role, rep_id="rep-a")})
    for method, path in ROUTES:
        assert client.request(method, path, json={"name": "x"}).status_code == 403
        assert browser(door).request(method, path, json={"name": "x"}).status_code == 401


def test_a_screen_may_look_and_nothing_else(door: Served) -> None:
    tv = browser(door)
    made = manager(door).post("/screens/links", json={"name": "Lobby"}).json()
    tv.post("/session", json={"screen": made["path"].split("=")[1]})
    for method, path in ROUTES:
        assert tv.request(method, path, json={"name": "x"}).status_code == 403
    assert tv.get("/events", params={"show": "card", "rep": "rep-a"}).status_code == 403
    assert tv.get("/contests/running").json() == {"contests": []}


def looks(tv: httpx.Client, **asked: str) -> int:
    with tv.stream("GET", "/events", params=asked) as answer:
        return answer.status_code


def test_a_screen_shows_what_it_was_put_up_for_and_nothing_beyond(door: Served) -> None:
    dana, tv = manager(door), browser(door)
    shows = {"slides": ["board:revenue:month:emea", "contest:duel"], "seconds": 20}
    made = dana.post("/screens/links", json={"name": "Lobby", **shows}).json()
    tv.post("/session", json={"screen": made["path"].split("=")[1]})
    assert looks(tv, by="revenue", period="month", team="emea") == 200
    assert looks(tv, show="contest", id="duel") == 200
    assert looks(tv, by="revenue", period="month") == 403  # the whole company
    assert looks(tv, by="revenue", period="month", team="apac") == 403
    assert looks(tv, by="calls", period="month", team="emea") == 403
    assert looks(tv, show="contest", id="blitz") == 403
    assert looks(tv, show="contests") == 403
    dana.put(f"/screens/{made['id']}", json={**shows, "slides": ["contests"]})
    assert looks(tv, show="contests") == 200
    assert looks(tv, show="contest", id="blitz") == 200
    assert looks(tv, by="revenue", period="month", team="emea") == 403


def test_a_screen_that_is_told_to_show_something_else_is_cut_off_from_what_it_showed(
    door: Served,
) -> None:
    dana, tv = manager(door), browser(door)
    made = dana.post("/screens/links", json={"name": "Lobby"}).json()
    tv.post("/session", json={"screen": made["path"].split("=")[1]})
    with tv.stream("GET", "/events", params={"by": "revenue", "period": "month"}) as answer:
        lines = answer.iter_lines()
        assert next(line for line in lines if line.startswith("event:")) == "event: beat"
        shows = {"slides": ["board:calls:today"], "seconds": 20}
        assert dana.put(f"/screens/{made['id']}", json=shows).status_code == 204
        assert "event: leave" in lines


def test_another_site_pairs_and_takes_back_nothing(door: Served) -> None:
    dana = manager(door)
    made = dana.post("/screens/links", json={"name": "Lobby"}).json()
    dana.headers["origin"] = "https://elsewhere.example"
    assert dana.delete(f"/screens/{made['id']}").status_code == 403
    assert dana.post("/screens/links", json={"name": "x"}).status_code == 403
    assert dana.post("/tv/codes").status_code == 403


def test_screens_outlive_the_server_and_no_secret_is_on_disk(door: Served) -> None:
    tv = browser(door)
    made = manager(door).post("/screens/links", json={"name": "Lobby"}).json()
    secret = made["path"].split("=")[1]
    tv.post("/session", json={"screen": secret})
    folder = door.config.sessions.parent
    assert (folder / "board-screens.json").stat().st_mode & 0o077 == 0
    assert not [p for p in folder.iterdir() if p.is_file() and secret in p.read_text()]
    door.stop()
    door.start()
    assert told(tv)["screen"]["name"] == "Lobby"
