"""The door itself: one push in, one answer out. Plain ASGI, because thousands come in a second.

It decides nothing but whether the push is the vendor's. What it says is found out behind Kafka.
"""

import asyncio
import logging
import time
from datetime import UTC, datetime

from starlette.types import Receive, Scope, Send

from connectors.sources.gateway.config import GatewayConfig
from connectors.sources.gateway.hooks import Hooks, Known
from connectors.sources.gateway.measuring import Measures
from connectors.sources.gateway.sparing import spared
from connectors.sources.intake.config import Limits as GateLimits
from connectors.sources.intake.gate import Gate
from connectors.sources.intake.refusing import RETRY_SECONDS, Refusal, reply_to
from connectors.sources.producing import Acknowledged, EventProducer
from connectors.sources.runtime.records import framed, of_delivery
from connectors.sources.vendors.contract import Endpoint, Reply, Request, Unsigned
from schemas.codec import SchemaIds

log = logging.getLogger(__name__)

PREFIX = "/hooks/"
METHODS = ("GET", "POST", "PUT")  # GET is for handshakes alone
ANSWER_SHARE = 0.8  # of the vendor's patience; the rest is the way there and back
DONE = Reply(200, {"Content-Type": "text/plain"}, b"ok\n")
_NO_PROOF = Refusal(401, "nothing proves that this is the vendor's", "check the hook's secret")
_HEADERS_MAX = 100


class Door:
    """Answers pushes."""

    def __init__(
        self, config: GatewayConfig, hooks: Hooks, producer: EventProducer, ids: SchemaIds,
        measures: Measures,
    ) -> None:  # fmt: skip
        self._config, self._hooks, self._measures = config, hooks, measures
        self._producer, self._ids = producer, ids
        limits = config.limits
        self._gate = Gate(
            GateLimits(
                requests_max=limits.requests_max,
                requests_per_source_max=limits.requests_per_source_max,
                events_per_second_max=limits.per_second_max,
            )
        )
        measures.under_way.set_function(lambda: self._gate.under_way)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one push."""
        began, name = time.perf_counter(), ""
        try:
            known = self._known(scope)
            name = known.name
            with self._gate.passing(name):
                self._gate.spend(name, 1)
                answer = await self._answered(known, scope, receive, began)
        except Refusal as refusal:
            response = reply_to(refusal)
            headers = dict(response.headers)
            answer = Reply(response.status_code, headers, bytes(response.body))
        self._measures.requests.labels(name, str(answer.status)).inc()
        self._measures.seconds.observe(time.perf_counter() - began)
        await _sent(send, answer)

    def _known(self, scope: Scope) -> Known:
        name = scope["path"].removeprefix(PREFIX)
        known = self._hooks.get(name)
        if known is None:
            raise Refusal(404, "there is no such hook", "`pacesetter source list` shows all")
        if scope["method"] not in METHODS:
            raise Refusal(405, "this method is not taken", "send POST")
        return known

    async def _answered(self, known: Known, scope: Scope, receive: Receive, began: float) -> Reply:
        body = await self._body(scope, receive)
        request = _request(scope, body)
        now = datetime.now(UTC)
        endpoint = Endpoint(self._config.public_url.rstrip("/") + request.target, known.secrets)
        reply = _verified(known, request, endpoint, now)
        if reply is not None:
            return reply
        row = framed(of_delivery(known.name, spared(request, known.secrets), now), self._ids)
        left = known.answer_seconds_max * ANSWER_SHARE - (time.perf_counter() - began)
        delivery = self._producer.send([row])
        try:
            async with asyncio.timeout(max(0.0, left)):
                (outcome,) = await delivery.outcomes()
        except TimeoutError:
            raise _away("Kafka has not acknowledged it in time") from None
        if not isinstance(outcome, Acknowledged):
            raise _away(outcome.reason)
        return DONE

    async def _body(self, scope: Scope, receive: Receive) -> bytes:
        most = self._config.limits.body_bytes_max
        too_large = Refusal(413, f"the body exceeds {most} bytes", "send less at once")
        for name, value in scope["headers"]:
            if name == b"content-length" and value.isdigit() and int(value[:20]) > most:
                raise too_large
        body = bytearray()
        try:
            async with asyncio.timeout(self._config.limits.body_seconds_max):
                while True:
                    message = await receive()
                    if message["type"] == "http.disconnect":
                        raise Refusal(400, "the sender went away", "send it again")
                    body += message.get("body", b"")
                    if len(body) > most:
                        raise too_large
                    if not message.get("more_body"):
                        return bytes(body)
        except TimeoutError:
            raise Refusal(408, "the body came too slowly", "send it again") from None


def _verified(known: Known, request: Request, endpoint: Endpoint, now: datetime) -> Reply | None:
    """Return a handshake's answer, None for a delivery to keep.

    Raises:
        Refusal: nothing proves that it is the vendor's (401).
    """
    try:
        return known.hook.verify(request, endpoint, now)
    except Unsigned as why:
        log.info("%s: refused: %s", known.name, why)
    except Exception:  # whatever a stranger sends must not be more than a refusal
        log.exception("%s: verifying failed", known.name)
    raise _NO_PROOF


def _request(scope: Scope, body: bytes) -> Request:
    """Return the push as it came; headers that come twice are joined as HTTP says."""
    if len(scope["headers"]) > _HEADERS_MAX:
        raise Refusal(431, "there are too many headers", "send fewer")
    headers: dict[str, str] = {}
    for raw_name, raw_value in scope["headers"]:
        name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    target = scope["raw_path"].decode("latin-1")
    query = scope["query_string"].decode("latin-1")
    return Request(scope["method"], f"{target}?{query}" if query else target, headers, body)


def _away(reason: str) -> Refusal:
    return Refusal(503, reason, "send it again; repeating changes nothing", RETRY_SECONDS)


async def _sent(send: Send, answer: Reply) -> None:
    headers = [
        (name.lower().encode("latin-1"), value.encode("latin-1"))
        for name, value in answer.headers.items()
        if name.lower() != "content-length"
    ]
    headers.append((b"content-length", str(len(answer.body)).encode()))
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": answer.body})
