"""A vendor's HTTP API: every answer is a value, or one of the contract's two troubles.

Vendors differ in what they say; this is what they have in common: patience is asked for by status
and Retry-After, tokens expire, numbers of money are exact.
"""

import json
import logging
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from email.utils import parsedate_to_datetime
from typing import Any, NamedTuple

import httpx

from connectors.sources.vendors.contract import Denied, Unavailable

# httpx tells every address at INFO, and some vendors want keys in the query.
logging.getLogger("httpx").setLevel(logging.WARNING)

CONNECT_SECONDS_MAX = 10.0
READ_SECONDS_MAX = 60.0  # searches of large organisations take half a minute
ANSWER_BYTES_MAX = 64 * 1024 * 1024  # a page of the largest batch is a tenth of it
PATIENCE_SECONDS_MAX = 86_400.0  # quotas renew daily; a longer Retry-After is a mistake
_TOLD_MAX = 300  # characters of a vendor's error: enough for its code and sentence
_BUSY = (408, 425, 429)


class Answer(NamedTuple):
    """What the vendor said; `body` is its JSON, None when there is none.

    `headers` take names in any case.
    """

    status: int
    headers: Mapping[str, str]
    body: Any


class Api:
    """One API at one address. For one thread at a time.

    Args:
        headers: sent with everything; called before each request, so that it may renew a token.
        renew: called once when the vendor says 401; then the request is sent again. None: 401 is
            Denied at once.
        limited: tells by an answer that is an error whether it is a limit in disguise, such as 403
            with a code; returns how long to wait (0: not said), None for no limit.
        heard: is given every answer, for quotas told in headers.
        read_seconds: how long an answer may keep us waiting.
    """

    def __init__(
        self,
        base_url: str,
        *,
        headers: Callable[[], Mapping[str, str]] = dict,
        renew: Callable[[], None] | None = None,
        limited: Callable[[Answer], float | None] | None = None,
        heard: Callable[[Answer], None] | None = None,
        read_seconds: float = READ_SECONDS_MAX,
    ) -> None:
        self._headers, self._renew = headers, renew
        self._limited, self._heard = limited, heard
        self._client = httpx.Client(
            base_url=base_url,
            timeout=httpx.Timeout(read_seconds, connect=CONNECT_SECONDS_MAX),
            headers={"Accept": "application/json", "User-Agent": "pacesetter"},
            follow_redirects=False,  # another host must not get our token
        )

    def get(self, path: str, params: Mapping[str, Any] | None = None) -> Any:
        """Return the JSON of a GET."""
        return self.ask("GET", path, params=params).body

    def post(self, path: str, body: Any) -> Any:
        """Return the JSON of a POST of JSON."""
        return self.ask("POST", path, body=body).body

    def ask(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, Any] | None = None,
        body: Any = None,
        form: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        also: tuple[int, ...] = (),
        raw: bool = False,
    ) -> Answer:
        """Return an answer whose status is 2xx or one of `also`.

        Args:
            path: below the base address, or a whole address such as a link to the next page.
            body: sent as JSON. form: sent as a form.
            raw: what is asked for is no JSON: the body of a success is its bytes.

        Raises:
            Unavailable: the vendor is away, overloaded, or asks for patience.
            Denied: it refuses what it was asked, and will again.
        """
        request: dict[str, Any] = {"params": params, "data": form, "headers": dict(headers or {})}
        if body is not None:
            request["content"] = json.dumps(body, default=_plain)
            request["headers"] = {"Content-Type": "application/json", **(headers or {})}
        answer = self._sent(method, path, request, raw)
        if answer.status == 401 and self._renew is not None and 401 not in also:
            self._renew()
            answer = self._sent(method, path, request, raw)
        if 200 <= answer.status < 300 or answer.status in also:
            return answer
        raise self._trouble(method, path, answer)

    def close(self) -> None:
        """Let go of connections."""
        self._client.close()

    def _sent(self, method: str, path: str, request: Mapping[str, Any], raw: bool) -> Answer:
        host = self._client.base_url.host
        headers = {**self._headers(), **request["headers"]}
        try:
            made = self._client.build_request(method, path, **{**request, "headers": headers})
            if made.url.host != host:  # a link in an answer must not carry our token elsewhere
                raise Denied(f"{host} names a page of {made.url.host}", "check the settings")
            response = self._client.send(made, stream=True)
            try:
                data = _read(response, host)
            finally:
                response.close()
        except httpx.TimeoutException:
            raise Unavailable(f"{host} did not answer in time") from None
        except httpx.TransportError as error:
            raise Unavailable(f"{host} cannot be reached ({_reason(error)})") from None
        except (httpx.InvalidURL, httpx.DecodingError) as error:
            raise Unavailable(f"{host}: {error}") from None
        body = data if raw and response.is_success else _parsed(data, response, host)
        answer = Answer(response.status_code, response.headers, body)
        if self._heard is not None:
            self._heard(answer)
        return answer

    def _trouble(self, method: str, path: str, answer: Answer) -> Exception:
        host = self._client.base_url.host
        where = f"{host} answered {answer.status} to {method} {path.partition('?')[0]}"
        patience = self._limited(answer) if self._limited is not None else None
        if patience is not None:
            return Unavailable(f"{where}: its limit is reached", patience or retry_after(answer))
        if answer.status in _BUSY or answer.status >= 500:
            return Unavailable(where, retry_after(answer))
        if answer.status == 401:
            return Denied(f"{where}: the credentials are not taken", "renew them")
        if answer.status == 403:
            return Denied(f"{where}: {told(answer)}", "give the user or app this permission")
        if 300 <= answer.status < 400:
            return Denied(f"{where}: it has moved", "correct the address in the settings")
        return Denied(f"{where}: {told(answer)}", "check the settings and the vendor's version")


def retry_after(answer: Answer) -> float | None:
    """Return the seconds an answer asks to wait; None: it does not say."""
    written = answer.headers.get("retry-after", "").strip()
    try:
        seconds = float(written)
    except ValueError:
        seconds = _until(written)
    if not 0 <= seconds < float("inf"):
        return None
    return min(seconds, PATIENCE_SECONDS_MAX)


def told(answer: Answer) -> str:
    """Return what an error says, cut to a line of a log."""
    body = answer.body
    text = json.dumps(body, default=str, ensure_ascii=False) if body is not None else "no reason"
    return text if len(text) <= _TOLD_MAX else text[: _TOLD_MAX - 3] + "..."


def _until(written: str) -> float:
    try:
        then = parsedate_to_datetime(written)
    except (ValueError, TypeError, IndexError):
        return -1.0
    now = datetime.now(UTC)
    return max(0.0, ((then if then.tzinfo else then.replace(tzinfo=UTC)) - now).total_seconds())


def _read(response: httpx.Response, host: str) -> bytes:
    data = bytearray()
    for part in response.iter_bytes():
        data += part
        if len(data) > ANSWER_BYTES_MAX:
            raise Unavailable(f"{host} answered more than {ANSWER_BYTES_MAX} bytes")
    return bytes(data)


def _parsed(data: bytes, response: httpx.Response, host: str) -> Any:
    """Return JSON with exact numbers; an error's page need not be any."""
    if not data.strip():
        return None
    try:
        return parsed_json(data)
    except ValueError:
        if response.is_success:
            raise Unavailable(f"{host} answered what is no JSON") from None
        return data[:_TOLD_MAX].decode("utf-8", "replace")


def parsed_json(data: bytes) -> Any:
    """Return JSON with exact numbers.

    Raises:
        ValueError: it is none.
    """
    try:
        return json.loads(data, parse_float=Decimal)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} is no JSON")


def _reason(error: Exception) -> str:
    return str(error) or type(error).__name__
