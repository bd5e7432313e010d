"""The Pub/Sub API: change events as they come, decoded with the schema each was written with.

Flow control is the caller's pace: more events are asked for when those there were are dealt with.

Source: developer.salesforce.com, Pub/Sub API, Subscribe RPC Method, Handle Errors.
"""

import json
import logging
from collections.abc import Callable, Iterator
from io import BytesIO
from queue import SimpleQueue
from typing import Any, NamedTuple, TypeVar
from urllib.parse import urlsplit

import fastavro
import grpc

from connectors.sources.vendors.contract import Unavailable
from connectors.sources.vendors.salesforce import pubsub_api_pb2 as pb
from connectors.sources.vendors.salesforce.auth import Login
from connectors.sources.vendors.salesforce.changes import Change, change_of, lost
from connectors.sources.vendors.salesforce.troubles import is_unauthenticated, trouble

log = logging.getLogger(__name__)

EVENTS_MAX = 100  # the most that Salesforce has pending for a stream
CALL_SECONDS_MAX = 30.0
MESSAGE_BYTES_MAX = 16 * 1024 * 1024  # 100 events of 1 MB do not come in one; 3 MB is Salesforce's
_SERVICE = "/eventbus.v1.PubSub/"
_OPTIONS = (
    ("grpc.keepalive_time_ms", 60_000),  # a dead line is noticed before the 270 s of a keepalive
    ("grpc.keepalive_timeout_ms", 20_000),
    ("grpc.http2.max_pings_without_data", 0),
    ("grpc.max_receive_message_length", MESSAGE_BYTES_MAX),
    ("grpc.enable_retries", 0),  # the runtime waits and retries, and says so
)
_Answer = TypeVar("_Answer")


class Batch(NamedTuple):
    """What came at once; `replay` is the place behind it, as Salesforce names places."""

    changes: tuple[Change, ...]
    replay: bytes


class PubSub:
    """One connection to the Pub/Sub API."""

    def __init__(self, url: str, login: Login) -> None:
        parts = urlsplit(url)
        self._host = parts.netloc
        if parts.scheme == "https":
            self._channel = grpc.secure_channel(
                self._host, grpc.ssl_channel_credentials(), options=_OPTIONS
            )
        else:
            self._channel = grpc.insecure_channel(self._host, options=_OPTIONS)
        self._login = login
        self._schemas: dict[str, tuple[dict[str, Any], Any]] = {}
        self._closed = False

    def topic(self, name: str) -> Any:
        """Return what Salesforce says of a topic: whether it may be subscribed to.

        Raises:
            Unavailable, Denied
        """
        call = self._unary("GetTopic", pb.TopicRequest, pb.TopicInfo)
        return self._signed_in(lambda: call(pb.TopicRequest(topic_name=name)))

    def batches(self, topic: str, replay: bytes | None) -> Iterator[Batch]:
        """Yield changes behind a place, without one from now on; empty batches as signs of life.

        Raises:
            CursorExpired: Salesforce no longer has what followed the place.
            Unavailable, Denied
        """
        renewed = False
        while not self._closed:
            try:
                for batch in self._subscribed(topic, replay):
                    renewed = False
                    replay = batch.replay or replay
                    yield batch
                raise Unavailable(f"{self._host} closed the subscription")
            except grpc.RpcError as error:
                if self._closed:
                    return
                if renewed or not is_unauthenticated(error):
                    raise trouble(self._host, error) from None
                self._login.renew()
                renewed = True

    def close(self) -> None:
        """End subscriptions and let go of the connection."""
        self._closed = True
        self._channel.close()

    def _subscribed(self, topic: str, replay: bytes | None) -> Iterator[Batch]:
        call = self._channel.stream_stream(
            _SERVICE + "Subscribe",
            request_serializer=pb.FetchRequest.SerializeToString,
            response_deserializer=pb.FetchResponse.FromString,
        )
        wanted: SimpleQueue[Any] = SimpleQueue()
        wanted.put(_first(topic, replay))
        answers = call(iter(wanted.get, None), metadata=self._metadata())
        pending = EVENTS_MAX
        try:
            for answer in answers:
                changes = tuple(self._decoded(one) for one in answer.events)
                last = answer.events[-1].replay_id if answer.events else answer.latest_replay_id
                yield Batch(changes, last)
                pending -= len(changes)
                if pending <= EVENTS_MAX // 2:
                    more = EVENTS_MAX - pending
                    wanted.put(pb.FetchRequest(topic_name=topic, num_requested=more))
                    pending = EVENTS_MAX
        finally:
            wanted.put(None)  # lets the sending thread end
            answers.cancel()

    def _decoded(self, one: Any) -> Change:
        raw, schema = self._schema(one.event.schema_id)
        try:
            event: Any = fastavro.schemaless_reader(BytesIO(one.event.payload), schema, None)
            return change_of(event, raw)
        except (ValueError, TypeError, KeyError, IndexError, EOFError, AttributeError) as error:
            # What it says is lost, not that something happened: all of its object is listed.
            log.warning(
                "a change event of schema %s makes no sense: %s", one.event.schema_id, error
            )
            return lost(raw)

    def _schema(self, schema_id: str) -> tuple[dict[str, Any], Any]:
        known = self._schemas.get(schema_id)
        if known is None:
            call = self._unary("GetSchema", pb.SchemaRequest, pb.SchemaInfo)
            answer = self._signed_in(lambda: call(pb.SchemaRequest(schema_id=schema_id)))
            raw = json.loads(answer.schema_json)
            known = self._schemas[schema_id] = (raw, fastavro.parse_schema(raw))
        return known

    def _unary(self, name: str, request: Any, answer: Any) -> Callable[[Any], Any]:
        call = self._channel.unary_unary(
            _SERVICE + name,
            request_serializer=request.SerializeToString,
            response_deserializer=answer.FromString,
        )
        return lambda asked: call(asked, metadata=self._metadata(), timeout=CALL_SECONDS_MAX)

    def _signed_in(self, call: Callable[[], _Answer]) -> _Answer:
        try:
            return call()
        except grpc.RpcError as error:
            if not is_unauthenticated(error):
                raise trouble(self._host, error) from None
        self._login.renew()
        try:
            return call()
        except grpc.RpcError as error:
            raise trouble(self._host, error) from None

    def _metadata(self) -> tuple[tuple[str, str], ...]:
        session = self._login.session()
        return (
            ("accesstoken", session.token),
            ("instanceurl", session.instance_url),
            ("tenantid", session.org_id),
        )


def _first(topic: str, replay: bytes | None) -> Any:
    if replay is None:
        return pb.FetchRequest(topic_name=topic, replay_preset=pb.LATEST, num_requested=EVENTS_MAX)
    return pb.FetchRequest(
        topic_name=topic, replay_preset=pb.CUSTOM, replay_id=replay, num_requested=EVENTS_MAX
    )
