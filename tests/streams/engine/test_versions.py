"""Whatever version a record was written with, and whatever was damaged around it: a batch is read
as its records are, one by one."""

import io
import random
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import fastavro
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas import catalogue, codec
from schemas.catalogue import Schema
from schemas.codec import Undecodable
from streams.agents.folds import FOLDS
from streams.engine import columns
from streams.engine.decoding import Reading, decode
from streams.engine.slices import slices_of
from tests.streams.engine.records import FIRST, batch

FOLD_OF = {fold.message: fold for fold in FOLDS.values()}
MESSAGES = sorted(FOLD_OF)
LATER = {"name": "added_later", "type": ["null", "string"], "default": None}
FIRST_ID = 1_000


def writers(message: str) -> list[Schema]:
    """Return schemas of one message as they grow: each has one field more, up to a future one."""
    newest = catalogue.schema(catalogue.latest(message))
    fields = newest["fields"]
    required = max(i for i, field in enumerate(fields) if "default" not in field) + 1
    grown = [fields[:count] for count in range(required, len(fields) + 1)] + [[*fields, LATER]]
    return [{**newest, "fields": some} for some in grown]


class Registry:
    """Schema ids of every version of one message."""

    def __init__(self, message: str) -> None:
        self.message, self.versions = message, writers(message)
        self._parsed = [fastavro.parse_schema(dict(schema)) for schema in self.versions]

    def id_of(self, message: str) -> int:
        return FIRST_ID

    def schema_of(self, schema_id: int) -> tuple[str, Schema]:
        if not 0 <= schema_id - FIRST_ID < len(self.versions):
            raise Undecodable(f"no schema {schema_id}")
        return self.message, self.versions[schema_id - FIRST_ID]

    def value(self, version: int, record: dict[str, Any]) -> bytes:
        out = io.BytesIO()
        out.write(b"\0" + (FIRST_ID + version).to_bytes(4, "big"))
        fastavro.schemaless_writer(out, self._parsed[version], record)
        return out.getvalue()


REGISTRIES = {message: Registry(message) for message in MESSAGES}
lawful = settings(deadline=None, max_examples=25)


def made(kind: Any, choice: random.Random) -> Any:
    """Return some value of an Avro type; drawing each through Hypothesis costs a second."""
    if isinstance(kind, list):
        return choice.choice([None, made(kind[1], choice)])
    name = kind if isinstance(kind, str) else kind.get("logicalType", kind["type"])
    if name == "record":
        return {field["name"]: made(field["type"], choice) for field in kind["fields"]}
    if name == "array":
        return [made(kind["items"], choice) for _ in range(choice.randrange(3))]
    if name == "enum":
        return choice.choice(kind["symbols"])
    return MADE[name](choice)


MADE: dict[str, Callable[[random.Random], Any]] = {
    "string": lambda choice: choice.choice(["", "a", "\0", "x" * 70, "Grüße"]),
    "int": lambda choice: choice.choice([0, -1, 64, 2**31 - 1]),
    "long": lambda choice: choice.choice([0, 1, -(2**63), 2**40]),
    "boolean": lambda choice: choice.random() < 0.5,
    "decimal": lambda choice: Decimal(choice.randrange(-(10**6), 10**6)).scaleb(-4),
    "date": lambda choice: date(1970, 1, 1) + timedelta(days=choice.randrange(80_000)),
    "timestamp-millis": lambda choice: FIRST + timedelta(seconds=choice.randrange(7 * 10**9)),
}


@pytest.mark.parametrize("message", MESSAGES)
@lawful
@given(seed=st.integers(0, 10**9))
def test_both_decoders_read_every_version_alike(message: str, seed: int) -> None:
    registry, choice = REGISTRIES[message], random.Random(seed)
    version = choice.randrange(len(registry.versions))
    some = [made(registry.versions[version], choice) for _ in range(choice.randint(1, 5))]
    values = [registry.value(version, record) for record in some]
    one_by_one = [codec.decode(value, registry)[1] for value in values]
    block = columns.read_block(slices_of(values).behind(5), registry.versions[version])
    fast = columns.in_newest_fields(block, message)
    assert fast.equals(columns.from_records(one_by_one, message))
    assert fast.to_dicts() == one_by_one


def _damaged(values: list[bytes], damages: list[tuple[int, int, str]]) -> list[bytes]:
    """Return values some of which are cut, drawn out, or have given bytes to their neighbour."""
    made = list(values)
    for at, count, kind in damages:
        i = at % len(made)
        if kind == "cut":
            made[i] = made[i][: max(5, len(made[i]) - count)]
        elif kind == "longer":
            made[i] += b"\0" * count
        elif i + 1 < len(made) and len(made[i]) - count > 5:
            made[i], tail = made[i][:-count], made[i][-count:]
            made[i + 1] = made[i + 1][:5] + tail + made[i + 1][5:]
    return made


damages = st.lists(
    st.tuples(st.integers(0, 4), st.integers(1, 4), st.sampled_from(["cut", "longer", "moved"])),
    max_size=3,
)


@pytest.mark.parametrize("message", MESSAGES)
@lawful
@given(seed=st.integers(0, 10**9), some=damages)
def test_a_batch_is_read_as_its_records_are_one_by_one(
    message: str, seed: int, some: list[tuple[int, int, str]]
) -> None:
    registry, fold, choice = REGISTRIES[message], FOLD_OF[message], random.Random(seed)
    versions = [choice.randrange(len(registry.versions)) for _ in range(choice.randint(1, 6))]
    originals = [made(registry.versions[v], choice) for v in versions]
    whole = [registry.value(v, one) for v, one in zip(versions, originals, strict=True)]
    values = _damaged(whole, some)
    good = {}
    for offset, value in enumerate(values):
        try:
            good[offset] = codec.decode(value, registry)[1]
        except Undecodable:
            continue
    keys = [(good.get(i) or one)["entity_id"].encode() for i, one in enumerate(originals)]
    reading = Reading(message, fold.faults, partitions=1)
    pairs = list(zip(keys, values, strict=True))
    found = decode([batch(fold.topic, 0, pairs)], reading, registry)
    rows = {
        row.pop("offset"): {name: row[name] for name in columns.dtypes(message)}
        for row in found.frame.to_dicts()
    }
    unreadable = set(range(len(values))) - set(good)
    assert unreadable <= {dead.offset for dead in found.dead}
    assert {dead.offset for dead in found.dead if dead.reason != "value"} <= unreadable
    faulty = {dead.offset for dead in found.dead if dead.reason == "value"}
    assert rows == {offset: good[offset] for offset in good if offset not in faulty}
