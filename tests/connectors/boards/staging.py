"""The scene of a floor, served for tests of pages, and how people get in."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from schemas.principals import Role
from tests.connectors.boards.browser import Page
from tests.connectors.boards.ground import Broker, Served
from tests.connectors.boards.scene import BOSS, Scene

REP = "rep-08"


@contextmanager
def staged(folder: Path, broker: Broker, currency: str = "EUR") -> Iterator[Served]:
    """Serve the scene."""
    scene = Scene(currency)
    served = Served(folder, broker.bootstrap, scene, about=scene.about()).ready()
    yield served
    served.stop()


def enter(opened: Any, served: Served, path: str, role: Role = Role.MANAGER) -> Page:
    """Open a page as somebody of a role, without the door."""
    token = served.token(f"{role} {id(opened)}", role, BOSS if role is Role.MANAGER else REP)
    page = opened.page
    page.goto(f"{served.url}/livez")
    status = page.evaluate(
        """token => fetch("/session", {
             method: "POST", headers: {"content-type": "application/json"},
             body: JSON.stringify({token}) }).then(answer => answer.status)""",
        token,
    )
    assert status == 204
    page.goto(f"{served.url}{path}")
    return page
