"""Every message has an example that docs show, and it survives the wire."""

from typing import Any

import jsonschema
import pytest

from schemas import canonical, catalogue, codec, readme
from schemas.codec import CatalogueIds
from schemas.examples import example
from schemas.json_schema import json_schema, json_schema_of

MESSAGES = sorted(catalogue.messages())


def record_of(message: str) -> dict[str, Any]:
    raw = example(message)
    assert raw.pop("message") == message
    record, errors = canonical.check(message, raw)
    assert record is not None, [str(e) for e in errors]
    return record


@pytest.mark.parametrize("message", MESSAGES)
def test_the_example_is_accepted_and_comes_back_from_the_wire(message: str) -> None:
    record = record_of(message)
    ids = CatalogueIds()
    assert codec.decode(codec.encode(message, record, ids), ids) == (message, record)


@pytest.mark.parametrize("message", ["call", "email", "meeting", "deal", "progress"])
def test_the_example_shows_more_than_what_is_required(message: str) -> None:
    fields = catalogue.schema(catalogue.latest(message))["fields"]
    optional = {f["name"] for f in fields if "default" in f}
    assert optional & set(example(message))


@pytest.mark.parametrize("message", MESSAGES)
def test_the_json_schema_accepts_the_example_and_knows_its_fields(message: str) -> None:
    schema = json_schema(message)
    jsonschema.Draft202012Validator.check_schema(schema)
    checker = jsonschema.Draft202012Validator(
        schema, format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER
    )
    checker.validate(example(message))
    with pytest.raises(jsonschema.ValidationError):
        checker.validate({**example(message), "opportunity": 1})


def test_the_joint_schema_tells_messages_apart() -> None:
    checker = jsonschema.Draft202012Validator(json_schema_of(("call", "deal")))
    checker.validate(example("deal"))
    with pytest.raises(jsonschema.ValidationError):
        checker.validate({**example("deal"), "message": "call"})


def test_the_readme_shows_the_topics_and_messages_that_are() -> None:
    text = readme.README.read_text("utf-8")
    assert readme.written_into(text) == text, "run python -m schemas.readme"
