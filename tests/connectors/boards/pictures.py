"""Pictures of every page, at the size of a television and of a phone.

    python -m tests.connectors.boards.pictures connectors/boards/docs

Needs Chromium. Those of a television are half its size.
"""

import argparse
import tempfile
from base64 import b64decode
from pathlib import Path
from typing import Any, NamedTuple

from schemas.principals import Role
from tests.connectors.boards.browser import CHROMIUM
from tests.connectors.boards.ground import Broker, Served
from tests.connectors.boards.scene import BOSS, Scene

SIZES = {"tv": (1920, 1080), "phone": (390, 844)}
CONTESTS = (
    "blitz", "race", "duel", "sides", "regions", "goal", "king", "cup", "survivors", "sprint",
    "next",
)  # fmt: skip
READY = (
    ".lanes tbody tr, .cards > li, .quotas li, .pairing b, .desk .new, .duel, .goal, .draw li,"
    " .podium, .ahead-of"
)
# What is read while somebody looks is there a second later: quotas, earnings, details of contests.
SETTLE_MS = {
    "card": 2500,
    **{f"board{n}": 2500 for n in ("", "-light", "-contrast", "-arabic")},
    **{f"contest-{n}": 2500 for n in ("cup", "king", "goal", "survivors")},
}


class Shot(NamedTuple):
    """One page to be shown to somebody of a role."""

    name: str
    path: str
    role: Role
    query: str = ""
    scheme: str = "dark"


SHOTS = (
    Shot("board", "/", Role.MANAGER), Shot("board-light", "/", Role.MANAGER, scheme="light"),
    Shot("board-contrast", "/", Role.MANAGER, "contrast=more"),
    Shot("board-arabic", "/", Role.MANAGER, "lang=ar-EG"),
    Shot("teams", "/", Role.MANAGER, "of=teams"), Shot("contests", "/contests", Role.MANAGER),
    Shot("screens", "/screens", Role.MANAGER), Shot("card", "/card", Role.REP),
    Shot("around-me", "/", Role.REP), Shot("tv", "/tv", Role.DISPLAY),
    *(Shot(f"contest-{n}", f"/contest/{n}", Role.REP) for n in CONTESTS),
)  # fmt: skip


def pictures(folder: Path, only: str = "") -> None:
    """Write a picture of every page whose name holds a text."""
    from playwright.sync_api import sync_playwright

    folder.mkdir(parents=True, exist_ok=True)
    broker, scene = Broker(), Scene()
    with tempfile.TemporaryDirectory() as home:
        served = Served(Path(home), broker.bootstrap, scene, about=scene.about()).ready()
        try:
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(
                    executable_path=CHROMIUM, args=["--no-sandbox"]
                )
                for shot in SHOTS:
                    for size in SIZES if only in shot.name else ():
                        _picture(browser, served, shot, folder, size)
                browser.close()
        finally:
            served.stop()
            broker.stop()


def _picture(browser: Any, served: Served, shot: Shot, folder: Path, size: str) -> None:
    width, height = SIZES[size]
    context = browser.new_context(
        viewport={"width": width, "height": height}, color_scheme=shot.scheme, locale="en-GB",
        reduced_motion="reduce",
    )  # fmt: skip
    page = context.new_page()
    if shot.name != "tv":
        rep_id = BOSS if shot.role is Role.MANAGER else "rep-08"
        page.goto(served.url)
        page.fill("#token", served.token(shot.name, shot.role, rep_id))
        page.keyboard.press("Enter")
        page.wait_for_selector(".board")
    page.goto(f"{served.url}{shot.path}?{shot.query}")
    page.wait_for_selector(READY)
    if shot.name == "around-me":
        page.get_by_role("button", name="Around me").click()
    page.evaluate("document.fonts.ready")
    page.wait_for_timeout(SETTLE_MS.get(shot.name, 300))
    (folder / f"{shot.name}-{size}.webp").write_bytes(_webp(page, width, size))
    context.close()


def _webp(page: Any, width: int, size: str) -> bytes:
    high: int = page.evaluate("document.documentElement.scrollHeight")
    whole = {"x": 0, "y": 0, "width": width, "height": high, "scale": 0.5 if size == "tv" else 1}
    told = page.context.new_cdp_session(page).send(
        "Page.captureScreenshot",
        {"format": "webp", "quality": 70, "clip": whole, "captureBeyondViewport": True},
    )
    return b64decode(told["data"])


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Pictures of every page.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--only", default="", help="of pages whose name holds this")
    given = parser.parse_args()
    pictures(given.folder, given.only)
