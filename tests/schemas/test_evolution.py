"""What may follow a published version, and that everything published keeps to it."""

import copy
from collections.abc import Callable
from typing import Any

import pytest

from schemas import catalogue
from schemas.evolution import breaks

Change = Callable[[dict[str, Any]], None]
DEAL = catalogue.schema(catalogue.latest("deal"))


def field_of(schema: dict[str, Any], name: str) -> dict[str, Any]:
    return next(f for f in schema["fields"] if f["name"] == name)


def changed(change: Change) -> dict[str, Any]:
    schema = copy.deepcopy(DEAL)
    change(schema)
    return schema


def add(name: str, **field: Any) -> Change:
    return lambda schema: schema["fields"].append({"name": name, "doc": "", **field})


def drop(name: str) -> Change:
    return lambda schema: schema["fields"].remove(field_of(schema, name))


def put(name: str, kind: Any) -> Change:
    return lambda schema: field_of(schema, name).update(type=kind)


def symbols(name: str, *now: str, default: str | None = "UNKNOWN") -> Change:
    def change(schema: dict[str, Any]) -> None:
        enum = field_of(schema, name)["type"]
        enum["symbols"] = list(now)
        enum.pop("default")
        if default:
            enum["default"] = default

    return change


MONEY = {"type": "bytes", "logicalType": "decimal", "precision": 18, "scale": 4}


@pytest.mark.parametrize("message", sorted(catalogue.messages()))
def test_all_published_versions_read_each_other(message: str) -> None:
    numbers = sorted(v.number for v in catalogue.ids() if v.message == message)
    assert numbers == list(range(1, len(numbers) + 1)), "versions are 1, 2, 3 ..."
    history = [catalogue.schema(catalogue.Version(message, n)) for n in numbers]
    assert not breaks(history)


def test_ids_are_given_once() -> None:
    ids = list(catalogue.ids().values())
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize(
    "change",
    [
        add("arr", type=["null", MONEY], default=None),
        drop("region"),
        symbols("deal_type", "NEW", "RENEWAL", "EXPANSION", "UPSELL", "OTHER", "UNKNOWN"),
    ],
    ids=["a new field with a default", "a field with a default goes", "a new symbol"],
)
def test_what_may_change(change: Change) -> None:
    assert not breaks([DEAL, changed(change)])


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (add("arr", type=MONEY), "arr has no default and was not written"),
        (drop("stage_id"), "stage_id has no default and was not written"),
        (put("amount", MONEY), "amount was union and is bytes"),
        (put("revision", "int"), "revision was long and is int"),
        (put("currency", ["null", "string"]), "currency was string and is union"),
        (put("amount", ["null", {**MONEY, "scale": 2}]), "amount had scale 4 and has 2"),
        (put("created_at", "long"), "created_at had logicalType timestamp-millis and has None"),
        (symbols("op", "SET", "DELETED", default=None), "op does not know CANCELLED, UNKNOWN"),
        (lambda s: s.update(name="Opportunity"), "message was called Deal"),
        (
            lambda s: field_of(s, "splits")["type"]["items"]["fields"].append(
                {"name": "team", "type": "string"}
            ),
            "splits[].team has no default and was not written",
        ),
    ],
)
def test_what_breaks_is_told(change: Change, told: str) -> None:
    assert any(told in line for line in breaks([DEAL, changed(change)]))


def test_every_pair_is_compared_not_only_neighbours() -> None:
    without = changed(drop("region"))
    again = changed(put("region", ["null", "int"]))
    assert not breaks([DEAL, without])
    assert not breaks([without, again])
    assert any("region" in line for line in breaks([DEAL, without, again]))


@pytest.mark.parametrize("version", sorted(catalogue.ids()), ids=str)
def test_shapes_the_columnar_reader_takes(version: catalogue.Version) -> None:
    for kind in kinds_in(catalogue.schema(version)):
        if isinstance(kind, list):
            assert len(kind) == 2, f"{version}: unions are [null, T]"
            assert kind[0] == "null", f"{version}: unions are [null, T]"
        if isinstance(kind, dict) and kind["type"] == "enum":
            assert kind["symbols"][-1] == kind["default"] == "UNKNOWN", f"{version}: {kind['name']}"
        assert kind not in ("float", "double"), f"{version}: money and shares are decimal"


def kinds_in(kind: Any) -> list[Any]:
    if isinstance(kind, list):
        return [kind, *(k for branch in kind for k in kinds_in(branch))]
    if isinstance(kind, dict) and kind["type"] == "record":
        return [kind, *(k for f in kind["fields"] for k in kinds_in(f["type"]))]
    if isinstance(kind, dict) and kind["type"] == "array":
        return [kind, *kinds_in(kind["items"])]
    return [kind]
