"""Days of a place, against the standard library."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.domain.zones import midnight_of, offsets

ZONES = ["UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe"]
EPOCH = date(1970, 1, 1)


@settings(deadline=None)  # the first look at a zone reads all its changes
@given(st.sampled_from(ZONES), st.integers(0, 130 * 365 * 86_400_000))
def test_offsets_are_those_of_the_standard_library(zone: str, ms: int) -> None:
    since, ahead = offsets(zone)
    expected = datetime.fromtimestamp(ms / 1000, UTC).astimezone(ZoneInfo(zone)).utcoffset()
    assert expected is not None
    assert ahead[np.searchsorted(since, ms, "right") - 1] == expected.total_seconds() * 1000


@settings(deadline=None)
@given(st.sampled_from(ZONES), st.dates(date(1971, 1, 1), date(2099, 1, 1)))
def test_midnight_is_the_first_instant_of_a_day(zone: str, day: date) -> None:
    ms = midnight_of((day - EPOCH).days, zone)
    at = datetime.fromtimestamp(ms / 1000, UTC).astimezone(ZoneInfo(zone))
    before = datetime.fromtimestamp(ms / 1000, UTC) - timedelta(milliseconds=1)
    assert at.date() == day
    assert before.astimezone(ZoneInfo(zone)).date() < day


def test_an_unknown_zone_is_named() -> None:
    with pytest.raises(ValueError, match="'Mars/Base' is no time zone"):
        offsets("Mars/Base")
