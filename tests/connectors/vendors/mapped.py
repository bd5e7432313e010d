"""What a shipped mapping makes of what a vendor says."""

from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

from connectors.sources import vendors
from connectors.sources.files.mapper import Given, Skipped
from connectors.sources.producing import Event
from connectors.sources.vendors.contract import Notice, Vendor
from connectors.sources.vendors.mapping import SourceMapping, load, mapper

FOLDER = Path(vendors.__file__).parent / "mappings"


@cache
def shipped(name: str) -> SourceMapping:
    """Return a shipped mapping."""
    return load(FOLDER / name)


def made(vendor: Vendor, notice: Notice) -> object:
    """Return what the shipped mapping makes of a notice that holds its record."""
    assert notice.record is not None
    given = Given(as_of=None, now=datetime.now(UTC) + timedelta(days=1))
    return mapper(shipped(vendor.mapping), notice.object)(notice.record, given)


def mapped(vendor: Vendor, notice: Notice) -> Event:
    """Return the event the shipped mapping makes of a notice that holds its record."""
    event = made(vendor, notice)
    assert isinstance(event, Event), event
    return event


def is_skipped(vendor: Vendor, notice: Notice) -> bool:
    """Return whether the shipped mapping leaves it out."""
    return isinstance(made(vendor, notice), Skipped)
