"""The shipped mapping of Salesforce, for its tests."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from connectors.sources import vendors
from connectors.sources.files.mapper import Given
from connectors.sources.producing import Event
from connectors.sources.vendors.contract import Record
from connectors.sources.vendors.mapping import Made, SourceMapping, load, mapper
from connectors.sources.vendors.registry import vendor

NOW = datetime(2026, 11, 30, tzinfo=UTC)


def shipped() -> SourceMapping:
    """Return it as it is shipped."""
    return load(Path(str(vendors.__file__)).parent / "mappings" / vendor("salesforce").mapping)


MAPPING = shipped()


def mapped(name: str, record: Record) -> Made:
    """Return what a record becomes."""
    return mapper(MAPPING, name)(record, Given(as_of=None, now=NOW))


def event_of(name: str, record: Record | None) -> Event:
    """Return the message of a record, which must be one."""
    assert record is not None, f"the {name} is gone"
    made: Any = mapped(name, record)
    assert isinstance(made, Event), made
    return made
