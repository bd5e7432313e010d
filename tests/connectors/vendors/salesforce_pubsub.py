"""The gRPC side of the stand-in: Subscribe with flow control and replay, GetSchema, GetTopic."""

import json
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc

from connectors.sources.vendors.salesforce import pubsub_api_pb2 as pb
from tests.connectors.vendors.salesforce_http import ORG_ID, HttpSide
from tests.connectors.vendors.salesforce_org import TOLD, Org

CODES = "sfdc.platform.eventbus.grpc."
TOPICS = {"/data/ChangeEvents": TOLD, **{f"/data/{name}ChangeEvent": (name,) for name in TOLD}}


class PubSubSide:
    """Salesforce's event bus.

    Attributes:
        keepalive_seconds: between signs of life; the real one takes up to 270.
        batch: events in one answer at most.
        is_used_up: the delivered events of 24 hours are.
        fetched: num_requested of each request, in order.
    """

    keepalive_seconds = 0.2
    batch = 10

    def __init__(self, org: Org, http: HttpSide) -> None:
        self.org, self._http = org, http
        self.url = ""
        self.asked = 0
        self.is_used_up = False
        self.fetched: list[int] = []
        self._cut = 0
        self._port = 0
        self._server: grpc.Server | None = None

    def start(self) -> None:
        """Listen; on the same port when it was stopped before."""
        handlers = {
            "Subscribe": grpc.stream_stream_rpc_method_handler(
                self._subscribe, pb.FetchRequest.FromString, pb.FetchResponse.SerializeToString
            ),
            "GetSchema": grpc.unary_unary_rpc_method_handler(
                self._schema, pb.SchemaRequest.FromString, pb.SchemaInfo.SerializeToString
            ),
            "GetTopic": grpc.unary_unary_rpc_method_handler(
                self._topic, pb.TopicRequest.FromString, pb.TopicInfo.SerializeToString
            ),
        }
        self._server = grpc.server(ThreadPoolExecutor(8))
        service = grpc.method_handlers_generic_handler("eventbus.v1.PubSub", handlers)
        self._server.add_generic_rpc_handlers((service,))
        self._port = self._server.add_insecure_port(f"127.0.0.1:{self._port}")
        self.url = f"http://127.0.0.1:{self._port}"
        self._server.start()

    def stop(self) -> None:
        """Stop listening."""
        if self._server is not None:
            self.cut()
            self._server.stop(0.2).wait()
            self._server = None

    def cut(self) -> None:
        """End every subscription."""
        with self.org.bus.changed:
            self._cut += 1
            self.org.bus.changed.notify_all()

    def _subscribe(self, requests: Iterator[Any], context: Any) -> Iterator[Any]:
        self._enter(context)
        first = next(requests)
        topic = first.topic_name
        if topic not in TOPICS:
            self._abort(context, "NOT_FOUND", "topic.not.found", f"Topic not found: {topic}")
        if self.is_used_up:
            self._abort(
                context,
                "RESOURCE_EXHAUSTED",
                "subscription.limit.exceeded",
                "You have exceeded the event delivery limit for your org.",
            )
        place = self._start(first, context)
        credit = _Credit(first.num_requested, self.fetched)
        threading.Thread(target=credit.read, args=(requests,), daemon=True).start()
        yield from self._sent(topic, place, credit, context, self._cut)

    def _sent(
        self, topic: str, place: int, credit: "_Credit", context: Any, cut: int
    ) -> Iterator[Any]:
        bus = self.org.bus
        schemas = {bus.ids[name] for name in TOPICS[topic]}
        quiet_since = time.monotonic()
        while context.is_active():
            with bus.changed:
                events = [one for one in bus.behind(place) if one.schema_id in schemas]
                events = events[: min(self.batch, credit.left)]
                is_quiet = time.monotonic() - quiet_since > self.keepalive_seconds
                if not events and not is_quiet and cut == self._cut:
                    bus.changed.wait(0.05)
                    continue
                latest = bus.latest
            if cut != self._cut:
                self._abort(context, "UNAVAILABLE", "service.unavailable", "going away")
            quiet_since = time.monotonic()
            place = events[-1].replay if events else latest if credit.left else place
            credit.left -= len(events)
            yield pb.FetchResponse(
                events=[
                    pb.ConsumerEvent(
                        event=pb.ProducerEvent(
                            id=str(one.replay), schema_id=one.schema_id, payload=one.payload
                        ),
                        replay_id=_bytes(one.replay),
                    )
                    for one in events
                ],
                latest_replay_id=_bytes(place),
                pending_num_requested=credit.left,
            )

    def _start(self, first: Any, context: Any) -> int:
        bus = self.org.bus
        if first.replay_preset == pb.EARLIEST:
            return 0
        if first.replay_preset == pb.LATEST:
            return bus.latest
        place = int.from_bytes(first.replay_id, "big")
        if len(first.replay_id) != 8 or not bus.oldest <= place <= bus.latest:
            self._abort(
                context,
                "INVALID_ARGUMENT",
                "subscription.fetch.replayid.corrupted",
                "The Replay ID validation failed.",
            )
        return place

    def _schema(self, request: Any, context: Any) -> Any:
        self._enter(context)
        known = self.org.bus.schemas.get(request.schema_id)
        if known is None:
            self._abort(context, "NOT_FOUND", "schema.not.found", "no such schema")
        return pb.SchemaInfo(schema_json=json.dumps(known), schema_id=request.schema_id)

    def _topic(self, request: Any, context: Any) -> Any:
        self._enter(context)
        if request.topic_name not in TOPICS:
            self._abort(context, "NOT_FOUND", "topic.not.found", "Topic not found")
        return pb.TopicInfo(topic_name=request.topic_name, tenant_guid="CORE/x", can_subscribe=True)

    def _enter(self, context: Any) -> None:
        self.asked += 1
        if self._http.is_away:
            self._abort(context, "UNAVAILABLE", "service.unavailable", "try again later")
        said = dict(context.invocation_metadata())
        is_known = said.get("accesstoken") in self._http.tokens
        is_here = said.get("instanceurl") == self._http.url and said.get("tenantid") == ORG_ID
        if not (is_known and is_here):
            self._abort(context, "UNAUTHENTICATED", "service.auth.error", "not authenticated")

    def _abort(self, context: Any, status: str, code: str, words: str) -> None:
        context.set_trailing_metadata((("error-code", CODES + code),))
        context.abort(grpc.StatusCode[status], f"{words} rpcId: 0000-standin")


class _Credit:
    """How many more events a subscriber asked for."""

    def __init__(self, first: int, fetched: list[int]) -> None:
        self.left = min(first, 100)
        self._fetched = fetched
        fetched.append(first)

    def read(self, requests: Iterator[Any]) -> None:
        """Add what further requests ask for; at most 100 are pending."""
        try:
            for one in requests:
                self._fetched.append(one.num_requested)
                self.left = min(100, self.left + one.num_requested)
        except grpc.RpcError:
            return


def _bytes(replay: int) -> bytes:
    return replay.to_bytes(8, "big")
