"""The gateway: who gets in, what is kept, and that nothing a stranger sends is more than a no."""

import json
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from confluent_kafka import Consumer, TopicPartition
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from connectors.sources.gateway.config import GatewayConfig, Limits
from connectors.sources.gateway.serving import server_of
from connectors.sources.gateway.sparing import spared
from connectors.sources.producing import ProducerSettings
from connectors.sources.runtime.folder import HOOK, Source, Sources
from connectors.sources.vendors.contract import Endpoint, Hook, Request, Unreadable, Unsigned
from connectors.sources.vendors.registry import VENDORS, vendor
from infra.local.ports import free_port
from infra.sources.asking import made_secret
from schemas import codec
from schemas.codec import CatalogueIds
from tests.brokers import Broker, running_broker
from tests.connectors.vendors.webhook_standin import Sender

PUBLIC = "https://hooks.example.com"
HOOKS = sorted(name for name in VENDORS if vendor(name).hook is not None)
IDS = CatalogueIds()


class Door:
    """A gateway with a source of each vendor that pushes."""

    def __init__(self, broker: Broker, folder: Path, limits: Limits) -> None:
        self.broker, self.sources = broker, Sources(folder / "sources")
        self.secrets = {name: made_secret() for name in HOOKS}
        for name, secret in self.secrets.items():
            self.sources.add(Source(name, name), {HOOK: secret})
        self.port = free_port()
        kafka = ProducerSettings(broker.address, deadline_seconds=3.0)
        config = GatewayConfig(self.sources, kafka, PUBLIC, port=self.port, limits=limits)
        self._server = server_of(config)
        self._thread = threading.Thread(target=self._server.run, daemon=True)
        self._thread.start()
        self.client = httpx.Client(
            base_url=f"http://127.0.0.1:{self.port}", verify=False, timeout=20
        )
        until = time.monotonic() + 20
        while not self._server.started and time.monotonic() < until:
            time.sleep(0.01)
        while self.client.get("/readyz").status_code != 200 and time.monotonic() < until:
            time.sleep(0.2)

    def post(self, request: Request, **headers: str) -> httpx.Response:
        told = {n.encode(): v.encode("latin-1") for n, v in {**request.headers, **headers}.items()}
        return self.client.request(
            request.method, request.target, headers=list(told.items()), content=request.body
        )

    def signed(self, number: int) -> Request:
        sender = Sender()
        sender.put("call", f"c{number}", datetime.now(UTC), seconds=number)
        return sender.pushes(f"{PUBLIC}/hooks/webhook", self.secrets["webhook"])[0]

    def close(self) -> None:
        self.client.close()
        self._server.should_exit = True
        self._thread.join(20)


def kept(broker: Broker, name: str) -> list[dict[str, object]]:
    """Return what stands in raw.<name>."""
    consumer = Consumer({"bootstrap.servers": broker.address, "group.id": "kept", "log_level": 0})
    consumer.assign([TopicPartition(f"raw.{name}", 0, 0)])
    found, quiet = [], 3.0
    while (got := consumer.poll(quiet)) is not None:
        assert got.error() is None, got.error()
        found.append(codec.decode(got.value() or b"", IDS)[1])
        quiet = 0.7
    consumer.close()
    return found


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    with running_broker() as broker:
        made = Door(broker, tmp_path_factory.mktemp("door"), Limits(body_seconds_max=1.0))
        yield made
        made.close()


def test_a_push_is_kept_as_it_came_once_kafka_has_it(door: Door) -> None:
    request = door.signed(1)
    assert door.post(request, authorization="Bearer of-somebody").status_code == 200
    raw = kept(door.broker, "webhook")[-1]
    assert (raw["kind"], raw["source"], raw["body"]) == ("DELIVERY", "webhook", request.body)
    assert raw["target"] == "/hooks/webhook"
    headers = {h["name"]: h["value"] for h in raw["headers"]}  # type: ignore[index,attr-defined]
    assert headers["webhook-id"] == request.headers["webhook-id"]
    assert "authorization" not in headers


@pytest.mark.parametrize(
    ("change", "status"),
    [
        (lambda r: replace(r, body=r.body + b" "), 401),
        (lambda r: replace(r, headers={}), 401),
        (lambda r: replace(r, target="/hooks/siebel"), 404),
        (lambda r: replace(r, target="/hooks/../webhook"), 404),
        (lambda r: replace(r, target="/hooks/webhook/"), 404),
        (lambda r: replace(r, method="DELETE"), 405),
        (lambda r: replace(r, body=b"x" * 1_048_577), 413),
    ],
)
def test_what_is_not_the_vendors_is_refused(door: Door, change: object, status: int) -> None:
    assert callable(change)
    assert door.post(change(door.signed(2))).status_code == status


def test_two_secrets_are_good_while_one_is_replaced(door: Door) -> None:
    before, fresh = door.secrets["webhook"], made_secret()
    with_old = door.signed(3)
    door.sources.rotate_hook("webhook", fresh)
    door.secrets["webhook"] = fresh
    with_new = door.signed(4)
    until = time.monotonic() + 10
    while door.post(with_new).status_code != 200 and time.monotonic() < until:
        time.sleep(0.2)
    assert door.post(with_new).status_code == 200
    assert door.post(with_old).status_code == 200
    door.sources.forget_previous("webhook")
    while door.post(with_old).status_code != 401 and time.monotonic() < until:
        time.sleep(0.2)
    assert door.post(with_old).status_code == 401
    assert before not in (door.sources.root / "webhook" / "source.yaml").read_text()


def test_it_says_how_it_does(door: Door) -> None:
    assert door.client.get("/livez").text == "ok\n"
    door.post(door.signed(5))
    told = door.client.get("/metrics").text
    assert 'pacesetter_gateway_requests_total{source="webhook",status="200"}' in told


def test_a_sender_that_does_not_send_is_left(door: Door) -> None:
    def dawdling() -> Iterator[bytes]:
        yield b"{"
        time.sleep(3)
        yield b"}"

    answer = door.client.post("/hooks/webhook", content=dawdling())
    assert answer.status_code == 408


@pytest.mark.slow
def test_without_kafka_it_asks_to_send_again(tmp_path: Path) -> None:
    with running_broker() as broker:
        door = Door(broker, tmp_path, Limits())
        assert door.post(door.signed(6)).status_code == 200
        broker.stop()
        answer = door.post(door.signed(7))
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")
        assert door.client.get("/readyz").status_code == 503
        assert door.client.get("/livez").status_code == 200
        door.close()


SECRET = 's3cret/with "quotes"&more'


@pytest.mark.parametrize("written", [json.dumps(SECRET).encode(), SECRET.encode(),
                                     b"a=s3cret%2Fwith+%22quotes%22%26more"])  # fmt: skip
def test_no_secret_is_kept_however_it_is_written(written: bytes) -> None:
    request = Request(
        "POST", "/hooks/x?code=s3cret%2Fwith%20%22quotes%22%26more",
        {"x-other": SECRET, "verification-token": "t", "x-forwarded-for": "10.0.0.1"},
        b'{"token":' + written + b"}",
    )  # fmt: skip
    left = spared(request, [SECRET])
    assert b"s3cret" not in left.body
    assert "s3cret" not in left.target
    assert left.headers == {"x-other": "***"}


NAMES = st.sampled_from(
    ["webhook-id", "webhook-timestamp", "webhook-signature", "x-hubspot-signature-v3",
     "x-hubspot-request-timestamp", "authorization", "verification-token", "validation-token",
     "x-twilio-signature", "content-type", "x-goog-channel-token", "x-goog-resource-state",
     "x-webhook-key", "x-hub-signature-256", "ce-id", "ce-type"]
)  # fmt: skip
VALUES = st.one_of(
    st.text(st.characters(max_codepoint=255, exclude_characters="\r\n\0"), max_size=60),
    st.sampled_from(["1", "v1,", "v1,====", "Basic Og==", "Basic \xff", "application/json",
                     "application/x-www-form-urlencoded", "9" * 40, "-1", "sha256="]),
)  # fmt: skip
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(
        st.sampled_from(["data", "token", "type", "timestamp", "meta", "ids", "module", "id",
                         "event", "current", "objectId", "occurredAt", "value", "uuid", "body"]),
        inner, max_size=5),
    max_leaves=20,
)  # fmt: skip
BODIES = st.one_of(
    st.binary(max_size=200),
    JSON.map(lambda value: json.dumps(value).encode()),
    st.sampled_from([b"", b"[" * 3000, b"\xff\xfe", b"a=b&c", b"NaN", b'{"a":1e999999}']),
)


@pytest.mark.parametrize("name", HOOKS)
@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    method=st.sampled_from(["GET", "POST"]), query=st.text("a=&%?\xff1+;", max_size=12),
    headers=st.dictionaries(NAMES, VALUES, max_size=4), body=BODIES,
)  # fmt: skip
def test_no_hook_says_more_than_no_to_a_stranger(
    name: str, method: str, query: str, headers: dict[str, str], body: bytes
) -> None:
    hook: Hook | None = vendor(name).hook
    assert hook is not None
    target = f"/hooks/{name}?{query}" if query else f"/hooks/{name}"
    request = Request(method, target, headers, body)
    endpoint = Endpoint(PUBLIC + target, ("a-secret-nobody-knows",))
    try:
        reply = hook.verify(request, endpoint, datetime.now(UTC))
    except Unsigned:
        pass
    else:
        assert reply is not None, "nobody has proved anything"
    try:
        hook.notices(request)
    except Unreadable:
        return


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(name=st.sampled_from(HOOKS), headers=st.dictionaries(NAMES, VALUES, max_size=3), body=BODIES)
@example(name="webhook", headers={"webhook-timestamp": "\xb2"}, body=b"")
def test_whatever_comes_the_gateway_lives(
    door: Door, name: str, headers: dict[str, str], body: bytes
) -> None:
    try:
        answer = door.post(Request("POST", f"/hooks/{name}", {}, body), **headers)
    except httpx.ProtocolError:  # no header of HTTP: one of the two does not want it
        return
    assert answer.status_code < 500, answer.text
