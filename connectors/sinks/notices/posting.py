"""Posting a body to a URL: what a receiver's answer means, and how long it asks to be left alone.

Sources: RFC 9110 (status codes, Retry-After), RFC 6585 (429).
"""

import http.client
import socket
import ssl
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from pathlib import Path
from urllib.parse import urlsplit

from connectors.sinks.notices.outcomes import Later, Never, Outcome, Sent, hidden

ANSWER_BYTES_MAX = 4_096  # enough for a reason; an answer is no place to be flooded from
LEFT_ALONE_MAX = 86_400.0  # seconds; a receiver that asks for more is asked again in a day
_PASSING = {408, 425, 429}  # of 4xx; every other one says that the request is wrong
_LOOPBACK = ("localhost", "127.0.0.1", "::1")


class _Stay(urllib.request.HTTPRedirectHandler):
    """Follows nothing: a body that names people goes nowhere but where it was told to."""

    def redirect_request(self, *_: object) -> None:
        return None


class Poster:
    """Posts to one URL, which is a secret."""

    def __init__(self, url: str, seconds_max: float, ca_file: Path | None = None) -> None:
        """Prepare to post.

        Raises:
            ValueError: it is no URL that may be posted to; the text does not repeat it.
        """
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("is no http or https URL")
        if parts.scheme == "http" and parts.hostname not in _LOOPBACK:
            raise ValueError("is not https; anybody on the way could read it")
        self._url, self._seconds_max = url, seconds_max
        secure = ssl.create_default_context(cafile=ca_file)
        handlers = [_Stay(), urllib.request.HTTPSHandler(context=secure)]
        self._opener = urllib.request.build_opener(*handlers)

    def post(self, body: bytes, headers: Mapping[str, str]) -> Outcome:
        """Return what became of a body."""
        told = {"Content-Type": "application/json; charset=utf-8", "User-Agent": "pacesetter",
                **headers}  # fmt: skip
        request = urllib.request.Request(self._url, body, told, method="POST")  # noqa: S310 - checked
        try:
            with self._opener.open(request, timeout=self._seconds_max) as answer:
                answer.read(ANSWER_BYTES_MAX)
                return Sent(f"HTTP {answer.status}")
        except urllib.error.HTTPError as error:
            with error:
                return self._refused(error)
        except (urllib.error.URLError, OSError, http.client.HTTPException) as error:
            return self._unreached(error)

    def _refused(self, error: urllib.error.HTTPError) -> Outcome:
        try:
            answer = error.read(ANSWER_BYTES_MAX).decode(errors="replace")
        except (OSError, http.client.HTTPException):
            answer = ""
        parts = urlsplit(self._url)
        reason = hidden(f"HTTP {error.code} {answer}", self._url, parts.path, parts.query)
        if error.code >= 500 or error.code in _PASSING:
            return Later(reason, _left_alone(error.headers.get("Retry-After")))
        if 300 <= error.code < 400:
            return Never(f"HTTP {error.code}: it points elsewhere; set the URL it points to")
        return Never(reason)

    def _unreached(self, error: Exception) -> Outcome:
        cause = error.reason if isinstance(error, urllib.error.URLError) else error
        if isinstance(cause, ssl.SSLCertVerificationError):
            return Never(f"its certificate is not trusted: {cause.verify_message}")
        if isinstance(cause, TimeoutError | socket.timeout):
            return Later(f"no answer within {self._seconds_max:g} s")
        return Later(hidden(f"not reached: {cause}", self._url))


def _left_alone(told: str | None) -> float | None:
    """Return the seconds a Retry-After asks for: a number of them, or a date."""
    if not told:
        return None
    if told.strip().isdigit():
        seconds = float(told)
    else:
        try:
            seconds = parsedate_to_datetime(told).timestamp() - time.time()
        except (ValueError, TypeError):
            return None
    return min(max(0.0, seconds), LEFT_ALONE_MAX)
