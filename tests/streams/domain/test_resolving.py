"""Who and when: identity map, stints, zones."""

from datetime import UTC, date, datetime
from typing import Any

import numpy as np
import polars as pl
import pytest

from schemas.definitions import Bundle
from streams.domain.resolving import Resolver

BUNDLE: dict[str, Any] = {
    "company": {"name": "T", "reporting_currency": "EUR", "time_zone": "UTC"},
    "roster": {
        "teams": [{"team_id": "t", "name": "T"}],
        "reps": [
            {
                "rep_id": "ana",
                "history": [
                    {
                        "valid_from": "2026-01-01",
                        "valid_to": "2026-06-01",
                        "team_id": "t",
                        "time_zone": "America/New_York",
                    },
                    {"valid_from": "2026-06-01", "team_id": "t", "time_zone": "Asia/Tokyo"},
                ],
            }
        ],
    },
    "identities": {"identities": [{"source": "crm", "user_id": "7", "rep_id": "ana"}]},
}
RESOLVER = Resolver(Bundle.model_validate(BUNDLE))


@pytest.mark.parametrize(
    ("source", "user", "rep"),
    [
        ("crm", "7", "ana"),
        ("crm", "8", "unassigned"),
        ("other", "7", "unassigned"),
        ("crm", None, "unassigned"),
    ],
)
def test_a_user_is_found_by_source_and_id(source: str, user: str | None, rep: str) -> None:
    users = pl.Series([user], dtype=pl.String)
    assert RESOLVER.names[RESOLVER.reps(pl.Series([source]), users)].to_list() == [rep]


@pytest.mark.parametrize(
    ("user", "at", "day", "why"),
    [
        ("7", "2026-03-10T02:00", "2026-03-09", "evening of the day before in New York"),
        ("7", "2026-03-08T05:30", "2026-03-08", "the day its clocks go forward"),
        ("7", "2026-06-10T16:00", "2026-06-11", "the morning after in Tokyo"),
        ("7", "2025-12-31T23:30", "2025-12-31", "before every stint: the company's zone"),
        ("7", "2026-06-01T03:59", "2026-06-01", "claimed by both zones: the later stint"),
        ("8", "2026-03-10T02:00", "2026-03-10", "nobody we know: the company's zone"),
    ],
)
def test_a_day_is_cut_in_the_zone_of_the_stint(user: str, at: str, day: str, why: str) -> None:
    reps = RESOLVER.reps(pl.Series(["crm"]), pl.Series([user]))
    ms = int(datetime.fromisoformat(at).replace(tzinfo=UTC).timestamp() * 1000)
    found = RESOLVER.days(reps, np.array([ms], np.int64))
    assert pl.Series(found).cast(pl.Date)[0] == date.fromisoformat(day), why
