from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import httpx
import pytest

from connectors.boards.link import NoLink, new_link
from connectors.boards.seed import over_http
from connectors.boards.server import utc_now
from schemas.principals import Role
from tests.connectors.boards.ground import Served, answer_of, free_port


class Clock:
    """A clock that can be turned."""

    ahead = timedelta(0)

    def __call__(self) -> datetime:
        return utc_now() + self.ahead


CLOCK = Clock()


def open_door(folder: Path) -> Served:
    """A board without broker and warehouse: its door works all the same."""
    nowhere = over_http(f"http://127.0.0.1:{free_port()}", "x", "y")
    return Served(folder, f"127.0.0.1:{free_port()}", nowhere, clock=CLOCK)


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    served = open_door(tmp_path_factory.mktemp("door"))
    yield served
    served.stop()


@pytest.fixture
def clock() -> Iterator[Clock]:
    yield CLOCK
    CLOCK.ahead = timedelta(0)


def browser(served: Served) -> httpx.Client:
    return httpx.Client(base_url=served.url, headers={"origin": served.url}, verify=False)


@pytest.mark.parametrize("role", sorted(set(Role) - {Role.SOURCE}))
def test_every_role_but_a_source_may_look(door: Served, role: Role) -> None:
    with browser(door) as client:
        assert client.post("/session", json={"token": door.token("x", role)}).status_code == 204
        assert client.get("/session").json()["role"] == role


def test_a_source_is_told_why_it_may_not_look(door: Served) -> None:
    token = door.token("crm", Role.SOURCE)
    with browser(door) as client:
        refused = client.post("/session", json={"token": token})
        assert refused.status_code == 403
        assert "source" in refused.json()["error"]
        assert (
            client.get("/events", headers={"authorization": f"Bearer {token}"}).status_code == 403
        )


@pytest.mark.parametrize("path", ["/session", "/events", "/events?token=x"])
def test_nobody_sees_anything_without_signing_in(door: Served, path: str) -> None:
    answer = answer_of(door.url + path)
    assert answer.status_code == 401
    assert answer.json()["remedy"]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b'{"token": "ps_wrong"}', 401),
        (b'{"code": "wrong"}', 401),
        (b'{"token": 7}', 400),
        (b"[]", 400),
        (b"not json", 400),
        (b'{"token": "' + b"x" * 5000 + b'"}', 400),
        (b"", 400),
        (b"\xff\xfe", 400),
    ],
)
def test_what_is_wrong_is_answered_with_a_remedy(door: Served, body: bytes, status: int) -> None:
    with browser(door) as client:
        answer = client.post("/session", content=body)
        assert answer.status_code == status
        assert answer.json()["error"]
        assert answer.json()["remedy"]
        assert "set-cookie" not in answer.headers


def test_the_cookie_is_out_of_reach_for_scripts_and_other_sites(door: Served) -> None:
    with browser(door) as client:
        cookie = client.post("/session", json={"token": door.token("tv")}).headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    assert door.config.sessions.stat().st_mode & 0o077 == 0
    session_id = cookie.split("=")[1].split(";")[0]
    assert session_id not in door.config.sessions.read_text()  # a digest only


@pytest.mark.parametrize("method", ["POST", "DELETE"])
def test_another_site_cannot_sign_anybody_in_or_out(door: Served, method: str) -> None:
    with browser(door) as client:
        client.post("/session", json={"token": door.token("tv")})
        foreign = {"origin": "https://evil.example"}
        answer = client.request(method, "/session", json={"token": "x"}, headers=foreign)
        assert answer.status_code == 403
        assert client.get("/session").status_code == 200


def test_signing_out_and_revoking_both_end_a_session(door: Served) -> None:
    with browser(door) as client:
        token = door.token("tv")
        client.post("/session", json={"token": token})
        kept = client.cookies["pacesetter_board"]
        assert client.delete("/session").status_code == 204
        stolen = {"cookie": f"pacesetter_board={kept}"}
        assert answer_of(f"{door.url}/session", headers=stolen).status_code == 401
        client.post("/session", json={"token": token})
        door.token("tv")  # a newer token of the same name
        assert client.get("/session").status_code == 401


def test_a_screen_stays_signed_in_when_the_board_starts_again(tmp_path: Path) -> None:
    first = open_door(tmp_path)
    with browser(first) as client:
        client.post("/session", json={"token": first.token("tv")})
        kept = client.cookies["pacesetter_board"]
    first.stop()
    again = open_door(tmp_path)
    answer = answer_of(f"{again.url}/session", headers={"cookie": f"pacesetter_board={kept}"})
    again.stop()
    assert answer.json()["name"] == "tv"


def test_a_session_ends_after_thirty_days(door: Served, clock: Clock) -> None:
    with browser(door) as client:
        client.post("/session", json={"token": door.token("tv")})
        clock.ahead = timedelta(days=30, seconds=1)
        assert client.get("/session").status_code == 401


def test_a_link_opens_once_and_only_for_looking(door: Served) -> None:
    link = new_link(door.url, door.service)
    base, _, code = link.partition("/#code=")
    assert base == door.url  # nothing but the fragment carries it
    with browser(door) as client:
        assert client.post("/session", json={"code": code}).status_code == 204
        assert client.get("/session").json() == {
            "name": "display by link", "role": "display", "rep_id": None, "manages": False,
        }  # fmt: skip
    with browser(door) as other:
        again = other.post("/session", json={"code": code})
        assert again.status_code == 401
        assert "pacesetter board link" in again.json()["remedy"]


def test_a_link_is_too_old_after_ten_minutes(door: Served, clock: Clock) -> None:
    code = new_link(door.url, door.service).split("=")[1]
    clock.ahead = timedelta(minutes=10, seconds=1)
    with browser(door) as client:
        assert client.post("/session", json={"code": code}).status_code == 401


@pytest.mark.parametrize("role", sorted(set(Role) - {Role.SERVICE}))
def test_only_a_service_makes_links(door: Served, role: Role) -> None:
    with pytest.raises(NoLink, match="may not make links"):
        new_link(door.url, door.token("x", role))


def test_a_link_to_nowhere_says_what_to_start() -> None:
    with pytest.raises(NoLink, match="start it: pacesetter board"):
        new_link(f"http://127.0.0.1:{free_port()}", "ps_x")
    with pytest.raises(NoLink, match="no address"):
        new_link("file:///etc/passwd", "ps_x")


@pytest.mark.parametrize(
    "path", ["/", "/page/main.js", "/session", "/nothing", "/livez", "/metrics"]
)
def test_every_answer_carries_the_safe_headers(door: Served, path: str) -> None:
    headers = answer_of(door.url + path).headers
    assert headers["content-security-policy"].startswith("default-src 'self';")
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["x-content-type-options"] == "nosniff"


def test_files_outside_the_page_are_out_of_reach(door: Served) -> None:
    for path in ("/page/../server.py", "/page/%2e%2e/server.py", "/page//etc/passwd"):
        assert answer_of(door.url + path).status_code == 404


def test_a_selection_that_does_not_exist_is_answered_with_those_that_do(door: Served) -> None:
    bearer = {"authorization": f"Bearer {door.token('tv')}"}
    for query in ("period=year", "by=luck"):
        answer = answer_of(f"{door.url}/events?{query}", headers=bearer)
        assert answer.status_code == 400
        assert "quarter" in answer.json()["remedy"]


def test_a_board_without_a_broker_lives_and_is_not_ready(door: Served) -> None:
    assert answer_of(f"{door.url}/livez").status_code == 200
    ready = answer_of(f"{door.url}/readyz")
    assert ready.status_code == 503
    assert ready.json()["state"] == "starting"
