"""Mappings: those that are shipped work, and a slip of the pen is told with its line."""

import json
from pathlib import Path

import jsonschema
import pytest
import yaml

from connectors.sources.files.mapping import EventMapping
from connectors.sources.files.reading_mapping import (
    SHAPED,
    AnyMapping,
    BadMapping,
    json_schema,
    mapping_of,
    read_mapping,
)
from tests.samples import ROOT

FOLDER = ROOT / "infra" / "sample" / "mappings"
SHIPPED = sorted(FOLDER.glob("*.yaml"))
GOOD = """\
message: call
source: files
fields:
  source_id: id
  created_at: at
  occurred_at: at
  direction: {constant: OUTBOUND}
  status: {column: result, lookup: {Yes: COMPLETED, No: NO_ANSWER}}
"""


def test_a_mapping_of_bills_names_their_deal_and_nothing_of_it() -> None:
    bills = GOOD.replace("call", "deal").split("fields:")[0] + (
        "fields:\n  source_id: id\n  bill_id: number\n  created_at: at\n  occurred_at: at\n"
        "  currency: cur\n"
    )
    with pytest.raises(BadMapping, match=r"fields lacks entity_id; a deal needs them"):
        mapping_of(bills, "m.yaml")
    assert mapping_of(bills + "  entity_id: deal\n", "m.yaml")


@pytest.mark.parametrize("path", SHIPPED, ids=lambda p: p.stem)
def test_a_shipped_mapping_is_right_and_its_editor_agrees(path: Path) -> None:
    mapping = read_mapping(path)
    assert isinstance(mapping, AnyMapping)
    plain = yaml.load(path.read_text(), Loader=yaml.BaseLoader)  # text only
    jsonschema.Draft202012Validator(textual(json_schema())).validate(plain)
    assert f"$schema={SHAPED}" in path.read_text().splitlines()[0]


def textual(schema: object) -> object:
    """Let text stand for truth values and numbers, as it does in a mapping."""
    if isinstance(schema, dict):
        if schema.get("type") in ("boolean", "integer"):
            return {"type": "string"}
        return {k: textual(v) for k, v in schema.items()}
    return [textual(v) for v in schema] if isinstance(schema, list) else schema


def test_the_schema_for_editors_is_the_one_that_is_shipped() -> None:
    assert json.loads((FOLDER / SHAPED).read_text()) == json_schema()


def test_words_stay_words() -> None:
    mapping = mapping_of(GOOD, "m.yaml")
    assert isinstance(mapping, EventMapping)
    assert mapping.fields["status"].lookup == {"Yes": "COMPLETED", "No": "NO_ANSWER"}


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("created_at:", "createdat:", "m.yaml:5: fields.createdat is no field of a call; did you"),
        ("source: files", "sorce: files", "m.yaml:2: sorce is not known; did you mean source?"),
        ("  source_id: id\n", "", "fields lacks source_id; a call needs them"),
        ("message: call", "message: deals", "m.yaml:1: message is 'deals'; write call, email"),
        ("status: {column", "status: {colum", "m.yaml:8: fields.status.colum is not known; did"),
        ("{constant: OUTBOUND}", "{constant: A, column: b}", "m.yaml:7: fields.direction wants"),
        ("fields:", "file: {time_zone: Mars}\nfields:", "m.yaml:3: file.time_zone is no IANA"),
        ("fields:", "file: {encoding: ebcdic9}\nfields:", "is no encoding"),
        ("fields:", 'file: {delimiter: ";;"}\nfields:', "is no delimiter"),
        ("No: NO_ANSWER", "yes: NO_ANSWER", "lookup has yes twice"),
        ("source: files", "source: files\nsource: b", "m.yaml:3: source stands twice"),
        ("fields:", "skip_if: [{column: a, is: x, empty: true}]\nfields:", "wants exactly one"),
        ("  source_id: id", "  source_id: id\n  op: x", "fields.op is no field of a call; write"),
        ("fields:", "fields: [", "m.yaml:"),
        (GOOD, "", "holds no fields"),
        (GOOD, "- a\n- b", "holds no fields"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_with_its_line(old: str, new: str, told: str) -> None:
    assert old in GOOD
    with pytest.raises(BadMapping) as bad:
        mapping_of(GOOD.replace(old, new, 1), "m.yaml")
    assert told in str(bad.value)


def test_a_file_that_is_no_mapping_is_told(tmp_path: Path) -> None:
    (tmp_path / "binary.yaml").write_bytes(b"\xff\xfe\x00")
    for path in (tmp_path / "absent.yaml", tmp_path, tmp_path / "binary.yaml"):
        with pytest.raises(BadMapping, match=path.name):
            read_mapping(path)
