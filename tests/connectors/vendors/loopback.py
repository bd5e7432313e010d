"""A vendor's HTTP server on loopback: what stand-ins have in common, with the faults on demand."""

import json
import threading
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple
from urllib.parse import parse_qs, urlsplit

RETRY_AFTER = "1"


class Asked(NamedTuple):
    """One request. `query` holds the last value of each name."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes
    target: str


class Told(NamedTuple):
    """One answer."""

    status: int = 200
    body: Any = None
    headers: Mapping[str, str] = {}


class Loopback:
    """Base of stand-ins that speak HTTP. Implements what every Standin offers of faults.

    Attributes:
        unlimited: paths that no limit is for, such as those of another server of the vendor.
    """

    unlimited: tuple[str, ...] = ()

    def __init__(self) -> None:
        self.asked = 0
        self.base_url = ""
        self.lock = threading.RLock()
        self._away, self._refused = False, 0
        self._server: ThreadingHTTPServer | None = None
        self._thread: threading.Thread | None = None

    def answer(self, asked: Asked) -> Told:
        """Return what the vendor answers."""
        raise NotImplementedError

    def limited(self) -> Told:
        """Return the vendor's answer to too many requests."""
        return Told(429, {"error": "rate limit"}, {"Retry-After": RETRY_AFTER})

    def start(self) -> None:
        """Listen on a free loopback port."""
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self.base_url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        """Stop listening."""
        assert self._server is not None
        assert self._thread is not None
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def outage(self, on: bool) -> None:
        """While on, answer 503."""
        self._away = on

    def limit(self, requests: int) -> None:
        """Refuse so many of the next requests with 429 and Retry-After."""
        self._refused = requests

    def __enter__(self) -> "Loopback":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def told(self, asked: Asked) -> Told:
        """Return the answer, faults first."""
        with self.lock:
            self.asked += 1
            if self._away:
                return Told(503, {"error": "maintenance"})
            if self._refused > 0 and asked.path not in self.unlimited:
                self._refused -= 1
                return self.limited()
            return self.answer(asked)


def _handler(vendor: Loopback) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _serve(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            parts = urlsplit(self.path)
            query = {n: v[-1] for n, v in parse_qs(parts.query, keep_blank_values=True).items()}
            headers = {name.lower(): value for name, value in self.headers.items()}
            body = self.rfile.read(length)
            told = vendor.told(Asked(self.command, parts.path, query, headers, body, self.path))
            data = told.body if isinstance(told.body, bytes) else b""
            if told.body is not None and not isinstance(told.body, bytes):
                data = json.dumps(told.body).encode()
            self.send_response(told.status)
            for name, value in {"Content-Type": "application/json", **told.headers}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _serve

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing: tests read what pytest prints."""

    return Handler
