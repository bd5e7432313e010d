"""The registry: every vendor can be made, has a mapping that fits, and a stand-in."""

from pathlib import Path

import pytest
from pydantic import BaseModel

from connectors.sources.runtime.folder import secret_fields, shipped_mapping
from connectors.sources.vendors.mapping import parsed
from connectors.sources.vendors.registry import VENDORS, vendor
from tests.connectors.vendors.standins import STANDINS

PIPED = {"singer"}  # comes on standard input, of whatever makes it


def test_every_vendor_has_a_stand_in() -> None:
    assert set(STANDINS) == set(VENDORS) - PIPED


def test_an_unknown_vendor_is_told_which_there_are() -> None:
    with pytest.raises(KeyError, match=r"there are .*webhook"):
        vendor("siebel")


@pytest.mark.parametrize("name", sorted(VENDORS))
def test_a_vendor_is_whole(name: str) -> None:
    one = vendor(name)
    assert one.name == name
    assert one.hook is not None or one.client is not None or name in PIPED
    assert issubclass(one.settings, BaseModel)
    assert all(f.description for f in one.settings.model_fields.values()), "source add shows them"
    assert one.secret_field in ("", *secret_fields(one.settings))
    assert one.setup


@pytest.mark.parametrize("name", sorted(VENDORS))
def test_the_shipped_mapping_is_of_the_vendors_objects(name: str) -> None:
    one = vendor(name)
    mapping = parsed(shipped_mapping(one), one.mapping)
    assert mapping.source == one.mapping.removesuffix(".yaml").replace("_", "-")
    assert set(mapping.objects) <= set(one.objects)
    assert mapping.objects
    other = parsed(shipped_mapping(one), one.mapping, "another")
    said = [rule.template or "" for o in other.objects.values() for m in o
            for rule in m.fields.values()]  # fmt: skip
    assert not any(text.startswith(f"{name}:") for text in said), "write {$source}"


def test_a_crm_takes_under_two_hundred_lines_as_contributing_says() -> None:
    here = Path(__file__).parent
    files = [here / f"example_crm.{suffix}" for suffix in ("py", "yaml")]
    assert sum(len(file.read_text().splitlines()) for file in files) + 1 < 200
