"""A tap's output: identity by key, states only after what they cover, and what is no message."""

import json
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.sources.singer.messages import BadTap, Reader
from connectors.sources.singer.taking import AT_ONCE, take
from connectors.sources.vendors.contract import Notice
from connectors.sources.vendors.singer import VENDOR
from tests.connectors.vendors.mapped import mapped

# singer-io/getting-started, docs/SPEC.md, the example of its output
_SHAPE = b'"schema": {"required": ["id"], "properties": {"id": {"type": "integer"}}}'
PUBLISHED = [
    b'{"type": "SCHEMA", "stream": "users", "key_properties": ["id"], ' + _SHAPE + b"}\n",
    b'{"type": "RECORD", "stream": "users", "record": {"id": 1, "name": "Chris"}}\n',
    b'{"type": "RECORD", "stream": "users", "record": {"id": 2, "name": "Mike"}}\n',
    b'{"type": "SCHEMA", "stream": "locations", "key_properties": ["id"], ' + _SHAPE + b"}\n",
    b'{"type": "RECORD", "stream": "locations", "record": {"id": 1, "name": "Philadelphia"}}\n',
    b'{"type": "STATE", "value": {"users": 2, "locations": 1}}\n',
]
DEAL = {"id": 7, "title": "Acme", "status": "won", "value": 1250.50, "currency": "EUR",
        "user_id": 3, "add_time": "2026-03-01 09:00:00", "update_time": "2026-03-02 10:00:00",
        "pipeline_id": 1, "stage_id": 4}  # fmt: skip


def schema(stream: str, *keys: str) -> bytes:
    return json.dumps(
        {"type": "SCHEMA", "stream": stream, "schema": {}, "key_properties": keys}
    ).encode()


def record(stream: str, **fields: object) -> bytes:
    return json.dumps({"type": "RECORD", "stream": stream, "record": fields}).encode()


def state(value: object) -> bytes:
    return json.dumps({"type": "STATE", "value": value}).encode()


class Log:
    """Kafka, for what was kept and told in which order."""

    def __init__(self, fails_at: int | None = None) -> None:
        self.said: list[object] = []
        self._fails_at = fails_at

    def keep(self, notices: list[Notice]) -> None:
        if self._fails_at is not None and len(self.said) >= self._fails_at:
            raise ConnectionError("Kafka is away")
        self.said += [notice.record_id for notice in notices]

    def tell(self, line: str) -> None:
        self.said.append(json.loads(line))


def test_the_published_example_is_taken_and_its_state_given_back():
    log = Log()
    taken = take(PUBLISHED, log.keep, log.tell)
    assert (taken.records, taken.states) == (3, 1)
    assert log.said == ["1", "2", "1", {"users": 2, "locations": 1}]


def test_a_state_is_told_only_after_all_that_comes_before_it_is_kept():
    lines = [
        schema("a", "id"),
        *(record("a", id=i) for i in range(AT_ONCE + 3)),
        state(1),
        record("a", id="x"),
        state(2),
    ]
    log = Log()
    take(lines, log.keep, log.tell)
    assert log.said == [*map(str, range(AT_ONCE + 3)), 1, "x", 2]


def test_what_kafka_did_not_take_has_no_state():
    log = Log(fails_at=2)
    with pytest.raises(ConnectionError):
        take(
            [schema("a", "id"), record("a", id=1), state(1), record("a", id=2), state(2)],
            log.keep,
            log.tell,
        )
    assert log.said == ["1", 1]


def test_what_came_before_a_bad_line_is_kept_without_its_state():
    log = Log()
    with pytest.raises(BadTap, match="line 3"):
        take([schema("a", "id"), record("a", id=1), b"Traceback", state(1)], log.keep, log.tell)
    assert log.said == ["1"]


def test_identity_is_made_of_all_key_properties():
    reader = Reader()
    reader.read(schema("splits", "deal", "user"))
    assert reader.read(record("splits", deal=1, user="u", share=1)).record_id == "1|u"
    for lacking in ({"deal": 1}, {"deal": 1, "user": None}, {"deal": True, "user": "u"}):
        with pytest.raises(BadTap, match="key"):
            reader.read(record("splits", **lacking))


@pytest.mark.parametrize(
    ("line", "what"),
    [
        (b"{", "no JSON"),
        (b"[]", "no message"),
        (b'{"type": "BATCH"}', "BATCH"),
        (b'{"type": "LOG"}', "not known"),
        (b'{"type": "STATE"}', "no value"),
        (record("unheard", id=1), "before its SCHEMA"),
        (b'{"type": "SCHEMA", "stream": "a"}', "key_properties"),
        (b'{"type": "RECORD", "record": {}}', "stream is missing"),
        (b'{"type": "RECORD", "stream": "a"}', "no record"),
        (b" " * 2_000_000 + b"1", "longer"),
    ],
)
def test_what_is_no_message_is_told_with_its_line(line, what):
    with pytest.raises(BadTap, match=f"line 1: .*{what}"):
        Reader().read(line)


def test_a_stream_without_a_key_is_refused_and_full_table_versions_pass():
    reader = Reader()
    reader.read(schema("a"))
    with pytest.raises(BadTap, match="no key_properties"):
        reader.read(record("a", id=1))
    assert reader.read(b'{"type": "ACTIVATE_VERSION", "stream": "a", "version": 1}') is None
    assert reader.read(b"\n") is None


def test_a_row_deleted_in_the_log_of_a_database_is_gone():
    reader = Reader()
    reader.read(schema("a", "id"))
    gone = reader.read(record("a", id=1, _sdc_deleted_at="2026-03-02T10:00:00Z"))
    assert (gone.gone, gone.record) == (True, None)
    assert reader.read(record("a", id=1, _sdc_deleted_at=None)).gone is False


@settings(max_examples=50)
@given(st.binary(max_size=200))
def test_whatever_stands_on_a_line_it_is_read_or_told(line):
    told = "line 1: "
    try:
        Reader().read(line)
    except BadTap as bad:
        told = str(bad)
    assert told.startswith("line 1: ")


def test_numbers_keep_their_digits_and_the_shipped_mapping_makes_a_deal():
    reader = Reader()
    reader.read(schema("deals", "id"))
    line = record("deals", **DEAL).replace(b"1250.5", b"1250.5000000000000001")
    assert str(reader.read(line).record["value"]) == "1250.5000000000000001"
    made = mapped(VENDOR, reader.read(record("deals", **DEAL))).record
    assert (made["stage_class"], made["owner_id"], made["amount"]) == (
        "WON",
        "3",
        Decimal("1250.5"),
    )
    log = Log()
    exact: list[str] = []
    take([b'{"type": "STATE", "value": {"at": 1.2500000000000000001}}'], log.keep, exact.append)
    assert exact == ['{"at":1.2500000000000000001}']
