"""Whatever comes in, the intake answers: never a 500, never without a reason."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from connectors.principals import PrincipalFile
from connectors.sources.intake.app import create_app
from schemas.principals import Principal, Role
from tests.brokers import Broker
from tests.connectors.intake.conftest import config_of
from tests.strategies import events

KINDS = [
    "application/json",
    "application/x-ndjson",
    "application/cloudevents+json",
    "application/cloudevents-batch+json",
    "application/json;charset=utf-8",
    "text/csv",
]
ASCII = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=30)
HEADERS = st.dictionaries(
    st.sampled_from(["ce-type", "ce-id", "ce-specversion", "ce-source", "ce-subject", "ce-time",
                     "content-encoding", "x-anything"]),
    ASCII | st.sampled_from(["1.0", "io.spm.deal.changed.v1", "%ff%00", "2026-01-01"]),
    max_size=6,
)  # fmt: skip
LEAVES = st.none() | st.booleans() | st.integers() | st.text(max_size=10) | st.floats()
VALUES: st.SearchStrategy[Any] = st.recursive(
    LEAVES, lambda v: st.lists(v, max_size=4) | st.dictionaries(st.text(max_size=8), v, max_size=4)
)
EVENTS = st.sampled_from(["call", "email", "meeting", "deal"]).flatmap(
    lambda m: events(m).map(lambda e: {**e, "message": m})
)
CROOKED = st.tuples(EVENTS, st.dictionaries(st.sampled_from(
    ["message", "source", "revision", "amount", "splits", "entity_id", "occurred_at", "data"]
), VALUES, max_size=3)).map(lambda two: {**two[0], **two[1]})  # fmt: skip
ENVELOPES = st.fixed_dictionaries(
    {"specversion": st.just("1.0"), "id": ASCII, "source": ASCII},
    optional={"type": VALUES | st.just("io.spm.call.changed.v1"), "data": VALUES | CROOKED,
              "subject": VALUES, "time": VALUES},
)  # fmt: skip
OBJECTS = VALUES | CROOKED | EVENTS | ENVELOPES
BODIES = (
    st.binary(max_size=200)
    | OBJECTS.map(json.dumps).map(str.encode)
    | st.lists(OBJECTS, max_size=5).map(json.dumps).map(str.encode)
)


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory, broker: Broker) -> Iterator[TestClient]:
    config = config_of(tmp_path_factory.mktemp("fuzz"), broker)
    token = PrincipalFile(config.principals).add(Principal("crm", Role.SOURCE, source="crm"))
    with TestClient(create_app(config), headers={"authorization": f"Bearer {token}"}) as client:
        yield client


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(body=BODIES, kind=st.sampled_from(KINDS) | ASCII, headers=HEADERS)
def test_no_body_and_no_header_makes_it_stumble(
    client: TestClient, body: bytes, kind: str, headers: dict[str, str]
) -> None:
    for path in ("/v1/events", "/v1/progress"):
        answer = client.post(path, content=body, headers={**headers, "content-type": kind})
        assert answer.status_code in (200, 207, 400, 413, 415, 422), (body, answer.text)
        told = answer.json()
        for result in told.get("results", []):
            assert (result["status"] == "refused") == bool(result["errors"])
            assert all(error["remedy"] for error in result["errors"])


@settings(max_examples=50, deadline=None, suppress_health_check=list(HealthCheck))
@given(token=ASCII, scheme=st.sampled_from(["Bearer", "bearer", "Basic", ""]) | ASCII)
def test_no_authorization_header_makes_it_stumble(
    client: TestClient, token: str, scheme: str
) -> None:
    answer = client.post("/v1/events", headers={"authorization": f"{scheme} {token}"})
    assert answer.status_code == 401


def test_a_damaged_file_of_principals_is_no_500(tmp_path: Path, broker: Broker) -> None:
    config = config_of(tmp_path, broker)
    config.principals.write_text("{broken")
    with TestClient(create_app(config)) as client:
        answer = client.post("/v1/events", headers={"authorization": "Bearer ps_x"})
    assert answer.status_code == 503
