"""The door of the form of contests: managers alone, from our own page alone, JSON alone."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from connectors.boards.config import BoardConfig
from connectors.boards.editing import BODY_BYTES_MAX, Answer
from connectors.boards.seed import over_http
from connectors.boards.server import create_app
from connectors.principals import PrincipalFile
from schemas.principals import Principal, Role

URL = "http://board.test"
ACTS = ("preview", "start", "end")


class Heard:
    """What answers the form, and what got through to it."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, Mapping[str, Any], str]] = []

    def __call__(self, action: str, asked: Mapping[str, Any], author: str) -> Answer:
        self.asked.append((action, asked, author))
        return Answer(200, {"heard": action})


class Board:
    """A board's application, spoken to without a port."""

    def __init__(self, folder: Path) -> None:
        self.heard = Heard()
        self.principals = PrincipalFile(folder / "principals.json")
        self.config = BoardConfig(
            bootstrap="127.0.0.1:1", warehouse_url="http://127.0.0.1:1", warehouse_user="x",
            warehouse_token="x", principals=folder / "principals.json",
            sessions=folder / "sessions.json",
        )  # fmt: skip
        seed = over_http("http://127.0.0.1:1", "x", "x")
        self.app = create_app(self.config, seed, edit=self.heard)

    def browser(self, role: Role | None) -> TestClient:
        """Return a browser in which somebody is signed in; None: nobody."""
        client = TestClient(self.app, base_url=URL, headers={"origin": URL})
        if role is not None:
            token = self.principals.add(Principal(f"a {role}", role))
            assert client.post("/session", json={"token": token}).status_code == 204
        return client


@pytest.fixture
def board(tmp_path: Path) -> Board:
    return Board(tmp_path)


def test_a_manager_is_heard_under_their_own_name(board: Board) -> None:
    browser = board.browser(Role.MANAGER)
    assert browser.get("/contests/edit/form").json() == {"heard": "form"}
    for act in ACTS:
        assert browser.post(f"/contests/edit/{act}", json={"x": 1}).status_code == 200
    assert board.heard.asked == [("form", {}, "a manager"),
                                 *((act, {"x": 1}, "a manager") for act in ACTS)]  # fmt: skip
    assert "no-store" in browser.get("/contests/edit/form").headers["cache-control"]


@pytest.mark.parametrize("role", sorted(set(Role) - {Role.MANAGER, Role.SOURCE}))
def test_everybody_else_is_turned_away(board: Board, role: Role) -> None:
    browser = board.browser(role)
    answers = [browser.get("/contests/edit/form"),
               *(browser.post(f"/contests/edit/{act}", json={}) for act in ACTS)]  # fmt: skip
    assert {a.status_code for a in answers} == {403}
    assert "manager" in answers[0].json()["remedy"]
    assert board.heard.asked == []


def test_nobody_and_links_for_screens_are_turned_away(board: Board) -> None:
    assert board.browser(None).get("/contests/edit/form").status_code == 401
    service = board.principals.add(Principal("board", Role.SERVICE))
    browser = board.browser(None)
    code = browser.post("/codes", headers={"authorization": f"Bearer {service}"}).json()["code"]
    assert browser.post("/session", json={"code": code}).status_code == 204
    assert browser.post("/contests/edit/start", json={}).status_code == 403
    assert board.heard.asked == []


@pytest.mark.parametrize("origin", ["http://evil.test", "null", "http://board.test.evil.test"])
def test_a_page_of_another_site_is_turned_away(board: Board, origin: str) -> None:
    browser = board.browser(Role.MANAGER)
    for act in ACTS:
        sent = browser.post(f"/contests/edit/{act}", json={}, headers={"origin": origin})
        assert sent.status_code == 403
    assert board.heard.asked == []


def test_a_cookie_without_an_origin_is_no_page_of_ours_and_a_program_needs_none(
    board: Board,
) -> None:
    browser = board.browser(Role.MANAGER)
    del browser.headers["origin"]
    assert browser.post("/contests/edit/start", json={}).status_code == 403
    token = board.principals.add(Principal("script", Role.MANAGER))
    program = TestClient(board.app, base_url=URL, headers={"authorization": f"Bearer {token}"})
    assert program.post("/contests/edit/start", json={}).status_code == 200


@pytest.mark.parametrize(
    ("kind", "body", "status"),
    [
        ("text/plain", b"{}", 415),
        ("application/x-www-form-urlencoded", b"a=b", 415),
        ("application/json", b"[]", 400),
        ("application/json", b"{", 400),
        ("application/json", b"[" * 60_000, 400),
        ("application/json", b'{"a": "' + b"a" * BODY_BYTES_MAX + b'"}', 400),
    ],
)
def test_only_small_objects_of_json_are_listened_to(
    board: Board, kind: str, body: bytes, status: int
) -> None:
    browser = board.browser(Role.MANAGER)
    sent = browser.post("/contests/edit/start", content=body, headers={"content-type": kind})
    assert sent.status_code == status
    assert sent.json()["remedy"]
    assert board.heard.asked == []


def test_a_token_that_is_revoked_ends_it_at_once(board: Board) -> None:
    browser = board.browser(Role.MANAGER)
    assert browser.get("/contests/edit/form").status_code == 200
    board.principals.remove("a manager")
    assert browser.post("/contests/edit/start", json={}).status_code == 401


def test_a_board_without_a_desk_has_no_form(tmp_path: Path) -> None:
    board = Board(tmp_path)
    bare = TestClient(create_app(board.config, over_http("http://127.0.0.1:1", "x", "x")))
    assert bare.get("/contests/edit").status_code == 404
    assert board.browser(Role.MANAGER).get("/contests/edit").status_code == 200
