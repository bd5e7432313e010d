"""The intake's web application: authenticate, read, judge, send, and tell what became of it.

Status of POST /v1/events: 200 all accepted, 207 some refused, 422 all refused, 503 Kafka did not
acknowledge everything that was right (the results say which; repeating changes nothing). Whatever
refuses the request as a whole is told as application/problem+json, and nothing of it was sent.
"""

import asyncio
import logging
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from connectors.principals import PrincipalFile
from connectors.sinks.schema_ids import ids_from
from connectors.sources.admitting import admitted
from connectors.sources.intake.bodies import JSON, parsed, sent_in
from connectors.sources.intake.config import IntakeConfig
from connectors.sources.intake.gate import Gate
from connectors.sources.intake.judging import Judge, Judged, shown
from connectors.sources.intake.measuring import Measures
from connectors.sources.intake.observing import Observing
from connectors.sources.intake.refusing import (
    RETRY_SECONDS,
    Refusal,
    answer,
    on_refusal,
    reply_to,
)
from connectors.sources.producing import Acknowledged, Event, EventProducer, Outcome
from schemas.json_schema import json_schema_of
from schemas.principals import Principal, Role
from schemas.topics import BY_FACT, FACTS, PROGRESS

log = logging.getLogger(__name__)

READY_SECONDS_MAX = 2.0  # how long a probe waits for the broker, and how long its answer holds


class Intake:
    """The handlers of one intake and what they share."""

    def __init__(self, config: IntakeConfig) -> None:
        self._config = config
        self._principals = PrincipalFile(config.principals)
        self._gate = Gate(config.limits)
        self.measures = Measures()
        self.measures.under_way.set_function(lambda: self._gate.under_way)
        self._producer: EventProducer | None = None
        self._ready: tuple[float, str] = (float("-inf"), "not asked yet")

    @asynccontextmanager
    async def life(self, _: Starlette) -> AsyncIterator[None]:
        """Hold the producer while the application runs; at the end let it finish."""
        ids = ids_from(self._config.registry_url)
        self._producer = EventProducer(self._config.kafka, ids)
        try:
            yield
        finally:
            left = await asyncio.to_thread(self._producer.close)
            if left:
                log.warning("stopped with %d events unacknowledged; their senders know", left)

    async def events(self, request: Request) -> Response:
        """POST /v1/events."""
        source = self._source_of(request)
        with self._gate.passing(source):
            sent = sent_in(_headers(request), await self._body(request))
            if len(sent.objects) > self._config.limits.batch_events_max:
                remedy = f"send at most {self._config.limits.batch_events_max} at once"
                raise Refusal(413, f"{len(sent.objects)} events are too many", remedy)
            self._gate.spend(source, len(sent.objects))
            judged = Judge(source, datetime.now(UTC), self._config.window).all_of(sent)
            outcomes = await self._sent([j.event for j in judged if j.event is not None])
            return self._told(source, judged, outcomes)

    async def progress(self, request: Request) -> Response:
        """POST /v1/progress: how far the source is complete."""
        source = self._source_of(request)
        with self._gate.passing(source):
            if not request.headers.get("content-type", "").lower().startswith(JSON):
                raise Refusal(415, "this content type is not taken", f"send {JSON}")
            raw = parsed(await self._body(request))
            if not isinstance(raw, dict):
                raise Refusal(400, "the body is no object", 'send {"complete_through": ...}')
            now = datetime.now(UTC)
            raw = {"source": source, "observed_at": now, **raw}
            raw.pop("message", None)
            if raw["source"] != source:
                raise Refusal(422, "source is not this token's source", "leave it out")
            record, errors = admitted("progress", raw, now, self._config.window)
            if record is None:
                wrong = [shown(e) for e in errors]
                return answer({"status": "refused", "errors": wrong}, 422)
            (outcome,) = await self._sent([Event("progress", record)])
            if not isinstance(outcome, Acknowledged):
                raise Refusal(503, outcome.reason, outcome.remedy, RETRY_SECONDS)
            return answer({"status": "accepted"})

    async def schema(self, _: Request) -> Response:
        """GET /v1/schema: JSON Schema of everything the intake takes, with examples."""
        return answer(json_schema_of((*BY_FACT, "progress")))

    async def livez(self, _: Request) -> Response:
        """GET /livez: the loop turns."""
        return Response("ok\n", media_type="text/plain")

    async def readyz(self, _: Request) -> Response:
        """GET /readyz: Kafka answers and has the topics."""
        at, told = self._ready
        if time.monotonic() - at > READY_SECONDS_MAX:
            told = await asyncio.to_thread(self._unready_because)
            self._ready = (time.monotonic(), told)
        return Response(f"{told or 'ok'}\n", 503 if told else 200, media_type="text/plain")

    async def metrics(self, _: Request) -> Response:
        """GET /metrics, in Prometheus' text format."""
        return Response(
            generate_latest(self.measures.registry), headers={"Content-Type": CONTENT_TYPE_LATEST}
        )

    def _unready_because(self) -> str:
        assert self._producer is not None
        try:
            missing = self._producer.missing_topics((*FACTS, PROGRESS), READY_SECONDS_MAX)
        except ConnectionError as error:
            return str(error)
        return f"missing topics {', '.join(missing)}; run `pacesetter setup`" if missing else ""

    def _source_of(self, request: Request) -> str:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        try:
            who = self._principals.by_token(token.strip()) if scheme.lower() == "bearer" else None
        except (ValueError, OSError):
            log.exception("the file of principals cannot be read")
            raise Refusal(503, "tokens cannot be checked", "see the intake's log", 10) from None
        if who is None:
            raise Refusal(401, "no valid token", "send Authorization: Bearer TOKEN")
        return _source(who)

    async def _body(self, request: Request) -> bytes:
        most = self._config.limits.body_bytes_max
        too_large = Refusal(413, f"the body exceeds {most} bytes", "send smaller batches")
        told = request.headers.get("content-length", "0")
        if told.isdecimal() and int(told[:20]) > most:
            raise too_large
        body = bytearray()
        try:
            async with asyncio.timeout(self._config.limits.body_seconds_max):
                async for chunk in request.stream():
                    body += chunk
                    if len(body) > most:
                        raise too_large
        except TimeoutError:
            raise Refusal(408, "the body came too slowly", "send it again") from None
        except ClientDisconnect:
            raise Refusal(400, "the sender went away", "send it again") from None
        return bytes(body)

    async def _sent(self, events: list[Event]) -> tuple[Outcome, ...]:
        assert self._producer is not None
        return await self._producer.publish(events).outcomes()

    def _told(self, source: str, judged: list[Judged], outcomes: tuple[Outcome, ...]) -> Response:
        ahead = iter(outcomes)
        results = []
        for index, one in enumerate(judged):
            outcome = next(ahead) if one.event is not None else None
            results.append({"index": index, "entity_id": one.entity_id, **_result(one, outcome)})
            message = one.event.message if one.event is not None else ""
            self.measures.events.labels(source, message, results[-1]["status"]).inc()
        counts = {s: sum(r["status"] == s for r in results) for s in _STATUSES}
        headers = {"Retry-After": str(RETRY_SECONDS)} if counts["unacknowledged"] else {}
        return answer({**counts, "results": results}, _status_of(counts), headers)


_STATUSES = ("accepted", "refused", "unacknowledged")


def _result(judged: Judged, outcome: Outcome | None) -> dict[str, Any]:
    if judged.event is None:
        return {"status": "refused", "errors": [shown(error) for error in judged.errors]}
    if outcome is None or isinstance(outcome, Acknowledged):
        return {"status": "accepted", "errors": []}
    told = {"field": "", "value": None, "problem": outcome.reason, "remedy": outcome.remedy}
    return {"status": "unacknowledged", "errors": [told]}


def _status_of(counts: dict[str, int]) -> int:
    if counts["unacknowledged"]:
        return 503
    if counts["refused"]:
        return 207 if counts["accepted"] else 422
    return 200


def _source(who: Principal) -> str:
    if who.role is not Role.SOURCE or not who.source:
        raise Refusal(403, "this token may not send events", "use the token of a source")
    return who.source


def _headers(request: Request) -> dict[str, str]:
    return {name.lower(): value for name, value in request.headers.items()}


async def _on_http(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return reply_to(Refusal(error.status_code, error.detail, "POST /v1/events, GET /v1/schema"))


def create_app(config: IntakeConfig) -> Starlette:
    """Return the intake's application. Its producer lives from startup to shutdown."""
    intake = Intake(config)
    return Starlette(
        routes=[
            Route("/v1/events", intake.events, methods=["POST"]),
            Route("/v1/progress", intake.progress, methods=["POST"]),
            Route("/v1/schema", intake.schema),
            Route("/livez", intake.livez),
            Route("/readyz", intake.readyz),
            Route("/metrics", intake.metrics),
        ],
        exception_handlers={Refusal: on_refusal, HTTPException: _on_http},
        middleware=[Middleware(Observing, measures=intake.measures)],
        lifespan=intake.life,
    )
