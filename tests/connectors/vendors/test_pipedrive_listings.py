"""Pipedrive's listings: complete, in order, and resumed where they were broken off."""

import json
from datetime import timedelta

import pytest

from connectors.sources.vendors.contract import (
    CursorExpired,
)
from connectors.sources.vendors.pipedrive.vendor import (
    PipedriveClient,
)
from tests.connectors.vendors.pipedrive_ground import T0, client, listed, notices, pipe
from tests.connectors.vendors.pipedrive_standin import PipedriveStandin

__all__ = ["client", "pipe"]  # fixtures


def test_a_listing_is_complete_and_in_order(
    pipe: PipedriveStandin, client: PipedriveClient
) -> None:
    for i in range(1, 1204):
        pipe.put("call", str(i), T0 + timedelta(seconds=i // 2))
    said = [n.record_id for n in notices(listed(client, "activities"))]
    assert said == [str(i) for i in range(1, 1204)]


def test_what_changes_while_it_is_listed_is_not_skipped(
    pipe: PipedriveStandin, client: PipedriveClient
) -> None:
    for i in range(1, 1001):
        pipe.put("call", str(i), T0 + timedelta(seconds=i))
    pages = client.changed("activities", None, None)
    said = list(next(pages).notices)
    for i in range(1, 50):  # everything behind them moves up by as many places
        pipe.put("call", str(i), T0 + timedelta(hours=1, seconds=i))
    said += notices(list(pages))
    assert {n.record_id for n in said} == {str(i) for i in range(1, 1001)}


def test_an_import_of_one_second_is_paged_through(
    pipe: PipedriveStandin, client: PipedriveClient
) -> None:
    for i in range(1, 1301):
        pipe.put("call", str(i), T0 + timedelta(seconds=0 if i < 3 else 60 if i < 1200 else i))
    said = [n.record_id for n in notices(listed(client, "activities"))]
    assert sorted(map(int, said)) == [*range(1, 1301)]
    assert len(said) == len(set(said))


def test_a_listing_goes_on_where_it_was_broken_off_though_cursors_are_forgotten(
    pipe: PipedriveStandin, client: PipedriveClient
) -> None:
    for i in range(1, 1001):
        pipe.put("call", str(i), T0 + timedelta(seconds=i))
    first = next(client.changed("activities", None, None))
    pipe.forget_cursors()
    rest = notices(listed(client, "activities", first.cursor))
    assert {n.record_id for n in (*first.notices, *rest)} == {str(i) for i in range(1, 1001)}
    assert len(rest) <= 501


def test_the_next_listing_tells_what_changed_since(
    pipe: PipedriveStandin, client: PipedriveClient
) -> None:
    pipe.put("deal", "1", T0, stage="OPEN")
    pipe.put("deal", "2", T0 + timedelta(hours=1), stage="OPEN")
    cursor = listed(client, "deals")[-1].cursor
    pipe.put("deal", "1", T0 + timedelta(hours=2), stage="WON")
    pipe.merge("deal", "1", "2", T0 + timedelta(hours=3))
    said = {n.record_id: n.gone for n in notices(listed(client, "deals", cursor))}
    assert said == {"1": False, "2": True}
    since = listed(client, "deals", since=T0 + timedelta(hours=4))
    assert notices(since) == []


@pytest.mark.parametrize("cursor", ["", "[]", "{}", '{"listed": "x"}', '{"listed": 1e300}'])
def test_a_cursor_of_somebody_else_is_expired(client: PipedriveClient, cursor: str) -> None:
    with pytest.raises(CursorExpired):
        listed(client, "deals", cursor)


def test_a_cursor_older_than_deletions_are_kept_is_expired(
    pipe: PipedriveStandin, client: PipedriveClient
) -> None:
    pipe.put("deal", "1", T0, stage="OPEN")
    place = json.loads(listed(client, "deals")[-1].cursor)
    assert notices(listed(client, "deals", json.dumps(place)))  # a quiet account is no old cursor
    place["listed"] -= 31 * 86_400
    with pytest.raises(CursorExpired):
        listed(client, "deals", json.dumps(place))
