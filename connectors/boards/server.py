"""The board's server: a page, its stream of events, and the door in front of both."""

import asyncio
import hashlib
import logging
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import structlog
import uvicorn
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp

from connectors.boards import editing, screen_routes
from connectors.boards.about import NOTHING, About
from connectors.boards.access import manages, runs_for_all
from connectors.boards.asking import may_stay, selection_of
from connectors.boards.board import Board
from connectors.boards.config import BoardConfig
from connectors.boards.door import Door, SafeHeaders, refusal
from connectors.boards.feed import Feed, Life
from connectors.boards.honours import Honours
from connectors.boards.metrics import Metrics
from connectors.boards.packing import is_wanted
from connectors.boards.screens import Screens
from connectors.boards.seed import Seed, over_http
from connectors.boards.selections import OneContest, Selection
from connectors.boards.sessions import Sessions
from connectors.boards.slides import is_among
from connectors.boards.sse import EventStream
from connectors.boards.stream import Stream
from connectors.boards.watching import Watching
from connectors.principals import PrincipalFile
from connectors.sinks.schema_ids import ids_from

log = structlog.get_logger()

PAGES = ("/", "/contests", "/contest/{contest_id:str}", "/card", "/screens", "/tv")
PAGE = Path(__file__).with_name("page")
CLOSE_SECONDS_MAX = 2  # pages reconnect by themselves; nothing is lost by hanging up


def utc_now() -> datetime:
    """Return the present instant."""
    return datetime.now(UTC)


def create_app(
    config: BoardConfig,
    seed: Seed | None = None,
    clock: Callable[[], datetime] = utc_now,
    about: About = NOTHING,
    edit: editing.Edit | None = None,
) -> Starlette:
    """Return the board as an ASGI application.

    Args:
        seed: where to begin from; None: the warehouse of the configuration.
        about: who knows what contests are and how they go, beyond their rows.
        edit: what answers the form of contests; None: there is none.
    """
    seed = seed or over_http(config.warehouse_url, config.warehouse_user, config.warehouse_token)
    board = Board(clock(), about.rules, config.rings_per_hour)
    feed = Feed(clock, Metrics(), _version(), config.title, board)
    principals = PrincipalFile(config.principals)
    screens = Screens(
        config.screens or config.sessions.with_name("board-screens.json"), principals, clock
    )
    door = Door(Sessions(config.sessions, principals, clock), principals, screens)
    stream = Stream(config, seed, feed, ids_from(config.registry_url))
    watching = Watching(feed, seed, about.detail, quotas=config.quotas)
    ears = (stream, watching, Honours(feed, about.honours))
    server = _Server(config, feed, door, ears)
    app = Starlette(
        routes=[
            *(Route(path, server.page) for path in PAGES),
            Route("/session", door.about_me, methods=["GET"]),
            Route("/session", door.sign_in, methods=["POST"]),
            Route("/session", door.sign_out, methods=["DELETE"]),
            Route("/codes", door.new_code, methods=["POST"]),
            Route("/events", server.events),
            *screen_routes.routes(door, screens),
            Route("/contests/running", server.running),
            *editing.routes(door, edit),
            Route("/livez", server.livez),
            Route("/readyz", server.readyz),
            Route("/metrics", server.metrics),
            Mount("/page", _Files(directory=PAGE)),
        ],
        middleware=[Middleware(SafeHeaders)],
        lifespan=server.lifespan,
    )
    app.state.feed = feed
    return app


class BoardServer(uvicorn.Server):
    """uvicorn for one board; when it is told to stop, it first lets the viewers go."""

    def __init__(self, config: BoardConfig, app: Starlette) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                host=config.host,
                port=config.port,
                log_level="warning",
                access_log=False,
                server_header=False,
                timeout_graceful_shutdown=CLOSE_SECONDS_MAX,
            )
        )
        self._app = app

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop."""
        self._app.state.feed.close()
        await super().shutdown(sockets)


def serve(config: BoardConfig, about: About = NOTHING, edit: editing.Edit | None = None) -> None:
    """Serve until told to stop (SIGINT or SIGTERM)."""
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # the stream says it once, not thrice
    BoardServer(config, create_app(config, about=about, edit=edit)).run()


class _Server:
    def __init__(
        self, config: BoardConfig, feed: Feed, door: Door, ears: tuple[Stream, Watching, Honours]
    ) -> None:
        self._config, self._feed, self._door, self._ears = config, feed, door, ears
        self._tasks: list[asyncio.Task[None]] = []

    @asynccontextmanager
    async def lifespan(self, _: Starlette) -> AsyncIterator[None]:
        self._tasks = [
            asyncio.create_task(self._ears[0].run(), name="stream"),
            asyncio.create_task(self._ears[1].run(), name="watching"),
            asyncio.create_task(self._ears[2].run(), name="honours"),
            asyncio.create_task(self._feed.publish(), name="publish"),
        ]
        for task in self._tasks:
            task.add_done_callback(self._ended)
        try:
            yield
        finally:
            for task in self._tasks:
                task.remove_done_callback(self._ended)
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    def _ended(self, task: asyncio.Task[None]) -> None:
        """Say that a task is no more: the page shows it, and /livez asks for a restart."""
        error = None if task.cancelled() else task.exception()
        log.error("board is broken", task=task.get_name(), exc_info=error)
        self._feed.stalls("the board is broken and has to be started again")

    async def page(self, _: Request) -> Response:
        return FileResponse(PAGE / "index.html", headers={"cache-control": "no-cache"})

    async def events(self, request: Request) -> ASGIApp:
        if (refused := self._door.refuse(request)) is not None:
            return refused
        board, door, who = self._feed.board, self._door, self._door.who(request)
        assert who is not None, "refuse() lets nobody unknown pass"
        selection = selection_of(request.query_params, who, board)
        if isinstance(selection, JSONResponse):
            return selection
        if not _is_shown(door, request, selection):
            return refusal(
                403, f"{who.name} shows other pages", "a manager chooses them, at /screens"
            )
        if self._feed.metrics.viewers_now >= self._config.streams_max:
            return refusal(503, "too many pages are open", "close some, or raise streams_max")

        def stays() -> bool:
            if door.refuse(request) is not None or not _is_shown(door, request, selection):
                return False
            return may_stay(selection, door.who(request), board)

        packs = is_wanted(request.headers.get("accept-encoding", ""))
        return EventStream(self._feed, selection, stays, packs=packs)

    async def running(self, request: Request) -> Response:
        """Answer with the contests that run, for screens that rotate."""
        if (refused := self._door.refuse(request)) is not None:
            return refused
        who = self._door.who(request)
        assert who is not None, "refuse() lets nobody unknown pass"
        feed = self._feed
        found = runs_for_all(feed.board, feed.clock(), manages=manages(who))
        found = [c for c in found if _is_shown(self._door, request, OneContest(c))]
        return JSONResponse({"contests": found}, headers={"cache-control": "no-store"})

    async def livez(self, _: Request) -> Response:
        dead = [task.get_name() for task in self._tasks if task.done()]
        return PlainTextResponse(f"{dead} ended" if dead else "ok", 503 if dead else 200)

    async def readyz(self, _: Request) -> Response:
        life, reason = self._feed.life
        ready = life is Life.LIVE
        return JSONResponse({"state": life, "reason": reason}, 200 if ready else 503)

    async def metrics(self, _: Request) -> Response:
        return Response(
            generate_latest(self._feed.metrics.registry), media_type=CONTENT_TYPE_LATEST
        )


def _is_shown(door: Door, request: Request, selection: Selection) -> bool:
    """Return whether a screen was put up to show this; everybody else chooses for themselves."""
    screen = door.screen(request)
    return screen is None or is_among(selection, screen.shows.slides)


class _Files(StaticFiles):
    """Files of the page, asked for again each time: an old script must not meet a new server."""

    def file_response(self, *args: Any, **kwargs: Any) -> Response:
        response = super().file_response(*args, **kwargs)
        response.headers["cache-control"] = "no-cache"
        return response


def _version() -> str:
    """Return a digest of the page's files; a page that sees another one loads itself again."""
    found = hashlib.sha256()
    for path in sorted(PAGE.rglob("*")):
        if path.is_file():
            found.update(path.read_bytes())
    return found.hexdigest()[:12]
