"""Zoho CRM's listings: complete, in order, and resumed where they were broken off."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from connectors.sources.vendors.contract import (
    CursorExpired,
)
from connectors.sources.vendors.zoho.listing import Cursor
from connectors.sources.vendors.zoho.vendor import ZohoClient
from tests.connectors.vendors.zoho_ground import T0, client, listed, notices, zoho
from tests.connectors.vendors.zoho_standin import ZohoStandin

__all__ = ["client", "zoho"]  # fixtures


def test_a_listing_is_complete_in_order_and_without_repeats(
    zoho: ZohoStandin, client: ZohoClient
) -> None:
    for i in range(1, 601):
        zoho.put("call", str(i), T0 + timedelta(seconds=i))
    said = [n.record_id for n in notices(listed(client, "Calls"))]
    assert said == [str(i) for i in range(1, 601)]


def test_an_import_of_one_second_is_counted_through(zoho: ZohoStandin, client: ZohoClient) -> None:
    for i in range(1, 1001):
        later = 0 if i < 3 else 60 if i < 900 else 61 + i
        zoho.put("call", str(i), T0 + timedelta(seconds=later))
    said = [n.record_id for n in notices(listed(client, "Calls"))]
    assert sorted(map(int, said)) == [*range(1, 1001)]
    assert len(said) == len(set(said))


def test_what_changes_while_it_is_listed_is_not_skipped(
    zoho: ZohoStandin, client: ZohoClient
) -> None:
    for i in range(1, 401):
        zoho.put("call", str(i), T0 + timedelta(seconds=i))
    pages = client.changed("Calls", None, None)
    said = list(next(pages).notices)
    for i in range(1, 50):
        zoho.put("call", str(i), T0 + timedelta(hours=1, seconds=i), seconds=2)
    said += notices(list(pages))
    assert {n.record_id for n in said} == {str(i) for i in range(1, 401)}


def test_a_listing_goes_on_where_it_was_broken_off_though_tokens_expired(
    zoho: ZohoStandin, client: ZohoClient
) -> None:
    for i in range(1, 601):
        zoho.put("call", str(i), T0 + timedelta(seconds=i // 300))
    pages = client.changed("Calls", None, None)
    first, second = next(pages), next(pages)
    zoho.forget_cursors()
    rest = notices(listed(client, "Calls", second.cursor))
    told = {n.record_id for n in (*first.notices, *second.notices, *rest)}
    assert told == {str(i) for i in range(1, 601)}


def test_deletions_are_listed_and_restored_records_are_back(
    zoho: ZohoStandin, client: ZohoClient
) -> None:
    for one in ("1", "2", "3"):
        zoho.put("deal", one, T0, stage="OPEN")
    cursor = listed(client, "Deals")[-1].cursor
    zoho.delete("deal", "1", T0 + timedelta(hours=1))
    zoho.merge("deal", "2", "3", T0 + timedelta(hours=2))
    pages = listed(client, "Deals", cursor)
    told = {n.record_id: n.gone for n in notices(pages)}
    assert told == {"1": True, "2": False, "3": True}
    gone = [n.at for n in notices(pages) if n.record_id == "1"]
    assert gone[0] is not None
    assert timedelta(0) <= gone[0] - (T0 + timedelta(hours=1)) < timedelta(seconds=1)
    zoho.restore("deal", "1", T0 + timedelta(hours=3))
    again = [n for n in notices(listed(client, "Deals", pages[-1].cursor)) if n.record_id == "1"]
    assert [n.gone for n in again] == [False]


@pytest.mark.parametrize("cursor", ["", '{"a": 1}', "[]x", '["a"]', "[1,2,3,4]", "[1,2,1e300]"])
def test_a_cursor_of_somebody_else_is_expired(client: ZohoClient, cursor: str) -> None:
    with pytest.raises(CursorExpired):
        listed(client, "Deals", cursor)


def test_a_cursor_older_than_the_bin_is_expired(client: ZohoClient) -> None:
    old = (datetime.now(UTC) - timedelta(days=61)).timestamp()
    with pytest.raises(CursorExpired):
        listed(client, "Deals", json.dumps(Cursor(old, old, old)))
