"""POST /v1/events and its neighbours, over HTTP into a real broker."""

import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest

from connectors.sources.intake.config import Limits
from connectors.sources.intake.gate import Gate
from connectors.sources.intake.refusing import Refusal
from schemas.examples import example
from schemas.principals import Principal, Role
from tests.brokers import Broker, free_port
from tests.builders import call, deal
from tests.connectors.intake.conftest import Door, config_of, opened


def stored(door: Door, topic: str, entity_id: str) -> list[dict[str, Any]]:
    return [r for _, _, _, r in door.broker.records(topic) if r["entity_id"] == entity_id]


def errors_of(answer: httpx.Response, index: int = 0) -> list[str]:
    errors = answer.json()["results"][index]["errors"]
    return [f"{e['field']}: {e['problem']}; {e['remedy']}" for e in errors]


def test_a_single_event_is_in_the_log_when_it_is_answered(door: Door) -> None:
    body = json.dumps(deal(source_id="single")).replace('"25000"', "25000.10")
    answer = door.post(body)
    assert answer.status_code == 200, answer.text
    assert answer.json() == {
        "accepted": 1,
        "refused": 0,
        "unacknowledged": 0,
        "results": [
            {"index": 0, "entity_id": "crm:deal:single", "status": "accepted", "errors": []}
        ],
    }
    (record,) = stored(door, "crm.deals", "crm:deal:single")
    assert record["amount"] == Decimal("25000.1000")
    assert record["source"] == "crm"


def test_each_event_of_a_batch_has_its_own_result(door: Door) -> None:
    batch = [deal(source_id="b1"), deal(source_id="b2", currency="euro"), 17, call(source_id="b3")]
    del batch[0]["source"]
    answer = door.post(batch)
    assert answer.status_code == 207
    told = answer.json()
    assert (told["accepted"], told["refused"]) == (2, 2)
    statuses = [r["status"] for r in told["results"]]
    assert statuses == ["accepted", "refused", "refused", "accepted"]
    assert "currency: is no ISO 4217 code; write three capitals such as EUR" in errors_of(answer, 1)
    assert stored(door, "crm.calls", "crm:call:b3")
    assert not stored(door, "crm.deals", "crm:deal:b2")


def test_a_batch_of_nothing_right_is_422(door: Door) -> None:
    assert door.post([{"message": "deal"}, {"message": "opportunity"}]).status_code == 422


def test_lines_of_json_are_a_batch(door: Door) -> None:
    lines = "\n".join(json.dumps(call(source_id=f"line-{i}")) for i in range(3)) + "\n\n"
    answer = door.post(lines, content_type="application/x-ndjson; charset=utf-8")
    assert answer.json()["accepted"] == 3


def test_the_example_of_every_message_is_accepted(door: Door) -> None:
    for message in ("call", "email", "meeting", "deal"):
        raw = example(message)
        raw["source"] = "crm"
        answer = door.post(raw)
        assert answer.status_code == 200, answer.text


def test_repeating_a_request_changes_nothing(door: Door) -> None:
    for _ in range(2):
        assert door.post(deal(source_id="twice")).status_code == 200
    one, two = stored(door, "crm.deals", "crm:deal:twice")
    assert one == two


def cloud_event(**changed: Any) -> dict[str, Any]:
    data = {n: v for n, v in deal().items() if n not in ("message", "source_id", "revision")}
    return {
        "specversion": "1.0",
        "id": "e-1",
        "source": "/acme/crm",
        "type": "io.spm.deal.changed.v1",
        "subject": "ce-1",
        "time": "2026-03-02T10:00:00Z",
        "data": data,
        **changed,
    }


def test_cloudevents_come_in_all_three_modes(door: Door) -> None:
    one = door.post(json.dumps(cloud_event()), content_type="application/cloudevents+json")
    batch = [cloud_event(subject="ce-2"), cloud_event(subject="ce-3", type="com.acme.deal")]
    many = door.post(json.dumps(batch), content_type="application/cloudevents-batch+json")
    event = cloud_event(subject="ce 4", type="io.spm.deal.cancelled.v1")
    data = event.pop("data")
    headers = {f"ce_{name}": value.replace(" ", "%20") for name, value in event.items()}
    binary = door.post(data, **headers)
    assert (one.status_code, many.status_code, binary.status_code) == (200, 207, 200), binary.text
    assert "type: names no message" in errors_of(many, 1)[0]
    assert stored(door, "crm.deals", "crm:deal:ce-1")[0]["op"] == "SET"
    assert stored(door, "crm.deals", "crm:deal:ce 4")[0]["op"] == "CANCELLED"


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"specversion": "0.3"}, "specversion: is not taken"),
        ({"id": ""}, "id: is no text"),
        ({"data": None}, "data: is no object"),
        ({"data_base64": "e30="}, "data_base64: is not taken; send JSON in data"),
        ({"data": {**cloud_event()["data"], "message": "call"}}, "message: is not the deal"),
        ({"data": {**cloud_event()["data"], "op": "CANCELLED"}}, "op: is not the SET"),
        ({"subject": None}, "source_id: is missing"),
    ],
)
def test_a_wrong_cloudevent_is_told(door: Door, changed: dict[str, Any], told: str) -> None:
    answer = door.post(
        json.dumps(cloud_event(**changed)), content_type="application/cloudevents+json"
    )
    assert answer.status_code == 422
    assert any(told in error for error in errors_of(answer)), answer.text


def test_a_token_speaks_for_its_source_alone(door: Door) -> None:
    answer = door.post(deal(source="salesforce"))
    assert answer.status_code == 422
    assert "not this token's source" in errors_of(answer)[0]


def test_who_has_no_token_of_a_source_learns_nothing(door: Door) -> None:
    rep = door.principals.add(Principal("ana", Role.REP, rep_id="rep-1"))
    for authorization, status in [
        ("", 401),
        ("Bearer", 401),
        ("Bearer ps_wrong", 401),
        (f"Basic {door.token}", 401),
        (f"Bearer {rep}", 403),
    ]:
        answer = door.post(b"not even json", authorization=authorization)
        assert answer.status_code == status
        assert "crm" not in answer.text
    assert "Bearer" in door.post(b"", authorization="").headers["www-authenticate"]


def test_a_revoked_token_stops_working_at_once(door: Door) -> None:
    token = door.principals.add(Principal("brief", Role.SOURCE, source="brief"))
    event = deal(source="brief")
    assert door.post(event, authorization=f"Bearer {token}").status_code == 200
    door.principals.remove("brief")
    assert door.post(event, authorization=f"Bearer {token}").status_code == 401


@pytest.mark.parametrize(
    ("body", "content_type", "status", "told"),
    [
        (b"{}", "text/plain", 415, "text/plain is not taken"),
        (b"{}", "", 415, "(none)"),
        (b"{}", "application/json; charset=latin-1", 415, "charset latin-1"),
        (b"", "application/json", 400, "line 1 column 1"),
        (b'{\n "message": deal}', "application/json", 400, "line 2 column 13"),
        (b'{"a": 1}\n{"b": }', "application/x-ndjson", 400, "line 2 column 7"),
        (b'{"amount": NaN}', "application/json", 400, "NaN is no number"),
        (b'{"a": 1, "a": 2}', "application/json", 400, "'a' stands twice"),
        (b'{"a": "\xff"}', "application/json", 400, "byte 7 is no UTF-8"),
        (b"[" * 100_000, "application/json", 400, "nested too deeply"),
        (b"1" * 5000, "application/json", 400, "correct it"),
        (b"[1e99999999999999999999]", "application/json", 400, "correct it"),
        (b"{}", "application/cloudevents-batch+json", 400, "a batch is a JSON array"),
        (b"[" + b"{}," * 1000 + b"{}]", "application/json", 413, "1001 events are too many"),
        (b'"' + b"x" * 1_048_576 + b'"', "application/json", 413, "exceeds 1048576 bytes"),
    ],
)
def test_a_body_that_cannot_be_read_is_told_with_a_remedy(
    door: Door, body: bytes, content_type: str, status: int, told: str
) -> None:
    answer = door.post(body, content_type=content_type)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert told in answer.text
    assert answer.json()["remedy"]


def test_a_body_without_a_length_is_limited_too(door: Door) -> None:
    def endless() -> Any:
        for _ in range(40):
            yield b" " * 65_536

    headers = {"authorization": f"Bearer {door.token}", "content-type": "application/json"}
    answer = httpx.post(
        f"{door.url}/v1/events", content=endless(), headers=headers, timeout=20, verify=False
    )
    assert answer.status_code == 413


@pytest.mark.parametrize(
    ("raw", "told"),
    [
        (call(occurred_at=(datetime.now(UTC) + timedelta(days=3)).isoformat()), "occurred_at"),
        (deal(revision=(datetime.now(UTC) + timedelta(days=3)).isoformat()), "revision"),
        (deal(revision=1_772_445_600_000), "microseconds since 1970"),
        (deal(revision=2**62), "revision"),
        (call(occurred_at="1970-01-19T07:11:34.8Z"), "lies before 2000-01-01"),
    ],
)
def test_implausible_instants_stay_outside(door: Door, raw: dict[str, Any], told: str) -> None:
    answer = door.post(raw)
    assert answer.status_code == 422
    assert any(told in error for error in errors_of(answer))


def test_a_meeting_may_be_planned(door: Door) -> None:
    raw = {**example("meeting"), "source": "crm", "outcome": "SCHEDULED"}
    ahead = (datetime.now(UTC) + timedelta(days=60)).isoformat()
    answer = door.post({**raw, "occurred_at": ahead, "start_at": ahead, "end_at": None})
    assert answer.status_code == 200, answer.text


def test_progress_of_a_source_is_kept_by_source(door: Door) -> None:
    said = {"complete_through": "2026-03-12T16:45:00Z"}
    assert door.post(said, "/v1/progress").json() == {"status": "accepted"}
    wrong = door.post({"complete": 1}, "/v1/progress")
    assert wrong.status_code == 422
    assert "complete_through" in wrong.text
    assert door.post({**said, "source": "other"}, "/v1/progress").status_code == 422
    assert "v1/progress" in door.post({"message": "progress"}).text
    ((_, key, message, record),) = door.broker.records("crm.progress")
    assert (key, message, record["source"]) == (b"crm", "progress", "crm")


def test_the_schema_the_probes_and_the_metrics_are_there(door: Door) -> None:
    assert set(door.get("/v1/schema").json()["$defs"]) == {
        "call", "email", "meeting", "deal", "progress"
    }  # fmt: skip
    assert door.get("/livez").text == "ok\n"
    assert (door.get("/readyz").status_code, door.get("/readyz").text) == (200, "ok\n")
    door.post(deal(source_id="measured"))
    assert (
        'events_total{message="deal",source="crm",status="accepted"}' in door.get("/metrics").text
    )
    assert door.get("/v1/events").status_code == 405
    assert door.get("/nothing").json()["remedy"]


def test_many_senders_at_once_all_learn_what_became_of_theirs(door: Door) -> None:
    def send(worker: int) -> int:
        batch = [call(source_id=f"w{worker}-{i}") for i in range(100)]
        return int(door.post(batch).json()["accepted"])

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(send, range(24))) == [100] * 24


def test_the_gate_gives_every_source_its_share() -> None:
    now = [0.0]
    limits = Limits(requests_max=3, requests_per_source_max=2, events_per_second_max=100)
    gate = Gate(limits, lambda: now[0])
    with gate.passing("a"), gate.passing("a"):
        with pytest.raises(Refusal, match="too many requests"), gate.passing("a"):
            pass
        with gate.passing("b"), pytest.raises(Refusal), gate.passing("c"):
            pass
    assert gate.under_way == 0
    gate.spend("a", 200)
    with pytest.raises(Refusal, match="too fast") as refused:
        gate.spend("a", 50)
    assert refused.value.retry_seconds == 1
    gate.spend("b", 50)
    now[0] = 0.5
    gate.spend("a", 50)


def test_too_fast_is_429_with_retry_after(tmp_path: Path, broker: Broker) -> None:
    limits = Limits(events_per_second_max=5)
    door = opened(replace(config_of(tmp_path, broker), limits=limits), broker)
    try:
        answers = [door.post([call(source_id=f"fast{i}") for i in range(9)]) for _ in range(2)]
    finally:
        door.stop()
    assert [a.status_code for a in answers] == [200, 429]
    assert int(answers[1].headers["retry-after"]) in (1, 2)


def test_when_kafka_is_away_it_says_503_in_time_and_recovers(tmp_path: Path) -> None:
    broker = Broker(free_port())
    broker.start()
    door = opened(config_of(tmp_path, broker, deadline_seconds=2.0), broker)
    try:
        assert door.post(deal(source_id="before")).status_code == 200
        broker.stop()
        begun = time.monotonic()
        answer = door.post([deal(source_id="during"), {"message": "deal"}])
        assert time.monotonic() - begun < 6
        assert answer.status_code == 503, answer.text
        assert int(answer.headers["retry-after"]) > 0
        statuses = [r["status"] for r in answer.json()["results"]]
        assert statuses == ["unacknowledged", "refused"]
        assert door.get("/readyz").status_code == 503
        broker.start()
        until = time.monotonic() + 20
        while time.monotonic() < until and door.post(deal(source_id="after")).status_code != 200:
            time.sleep(0.2)
        assert door.post(deal(source_id="after")).status_code == 200
    finally:
        door.stop()
        broker.stop()


def test_stopping_answers_what_is_under_way(tmp_path: Path, broker: Broker) -> None:
    door = opened(config_of(tmp_path, broker), broker)
    answers: list[int] = []

    def slow_sender() -> None:
        def body() -> Any:
            yield json.dumps(deal(source_id="slow")).encode()[:50]
            time.sleep(1.0)
            yield json.dumps(deal(source_id="slow")).encode()[50:]

        headers = {"authorization": f"Bearer {door.token}", "content-type": "application/json"}
        got = httpx.post(
            f"{door.url}/v1/events", content=body(), headers=headers, timeout=20, verify=False
        )
        answers.append(got.status_code)

    sender = threading.Thread(target=slow_sender)
    sender.start()
    time.sleep(0.4)
    door.stop()
    sender.join(10)
    assert answers == [200]
    assert stored(door, "crm.deals", "crm:deal:slow")
