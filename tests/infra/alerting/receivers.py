"""Receivers of messages on this machine: a web server and a mail server that keep what comes."""

import json
import socketserver
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Post:
    """A request."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Web:
    """What came in, and what is answered: status, headers, body. The last answer stays."""

    port: int
    posts: list[Post] = field(default_factory=list)
    answers: list[tuple[int, dict[str, str], bytes]] = field(
        default_factory=lambda: [(200, {}, b"ok")]
    )

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/services/T0/B0/secretpath"

    def answer(self) -> tuple[int, dict[str, str], bytes]:
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


@contextmanager
def web() -> Iterator[Web]:
    """A web server."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            made.posts.append(Post(self.path, dict(self.headers.items()), body))
            status, headers, text = made.answer()
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made = Web(server.server_address[1])
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield made
    finally:
        server.shutdown()
        server.server_close()


@dataclass
class Mails:
    """Mails that came in: receivers and text. `refuse`: how the next receivers are answered."""

    port: int
    mails: list[tuple[list[str], str]] = field(default_factory=list)
    refuse: str = ""
    logins: list[str] = field(default_factory=list)
    refuse_login: str = ""


@contextmanager
def mail(secure: ssl.SSLContext | None = None, *, at_once: bool = False) -> Iterator[Mails]:
    """A mail server of what RFC 5321 asks for at least.

    Args:
        secure: TLS, by STARTTLS, or from the first byte.
    """

    class Handler(socketserver.StreamRequestHandler):
        def say(self, text: str) -> None:
            self.wfile.write(f"{text}\r\n".encode())

        def secured(self) -> None:
            assert secure is not None
            self.request = secure.wrap_socket(self.request, server_side=True)
            self.setup()

        def handle(self) -> None:
            if at_once:
                self.secured()
            self.say("220 here")
            to: list[str] = []
            while line := self.rfile.readline().decode().strip():
                verb = line.split(" ")[0].upper()
                if verb == "EHLO":
                    self.say("250-here\r\n250-STARTTLS\r\n250 AUTH PLAIN")
                elif verb == "STARTTLS":
                    self.say("220 go on")
                    self.secured()
                elif verb == "AUTH":
                    made.logins.append(line)
                    self.say(made.refuse_login or "235 in")
                elif verb == "RCPT":
                    if made.refuse:
                        self.say(made.refuse)
                    else:
                        to.append(line.partition("<")[2].rstrip(">"))
                        self.say("250 fine")
                elif verb == "DATA":
                    self.say("354 go on")
                    lines = []
                    while (text := self.rfile.readline().decode()) != ".\r\n":
                        lines.append(text.removeprefix("."))
                    made.mails.append((to, "".join(lines)))
                    self.say("250 kept")
                elif verb == "QUIT":
                    self.say("221 bye")
                    return
                else:
                    self.say("250 fine")

    class Server(socketserver.ThreadingTCPServer):
        allow_reuse_address, daemon_threads = True, True

    server = Server(("127.0.0.1", 0), Handler)
    made = Mails(server.server_address[1])
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield made
    finally:
        server.shutdown()
        server.server_close()
