"""What HubSpot lists, page by page, against the stand-in."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from connectors.sources.vendors.contract import (
    CursorExpired,
)
from connectors.sources.vendors.hubspot.listing import Cursor
from connectors.sources.vendors.hubspot.vendor import VENDOR, HubSpotClient
from tests.connectors.vendors.hubspot_ground import T0, client, hub, listed, told
from tests.connectors.vendors.hubspot_standin import HubSpotStandin
from tests.connectors.vendors.mapped import mapped

__all__ = ["client", "hub"]  # fixtures


def put_many(hub: HubSpotStandin, ids: range, at: datetime, step: timedelta) -> None:
    for i in ids:
        hub.put("call", str(i), at + step * (i - ids.start), seconds=1, connected=True)


def test_a_listing_is_complete_in_order_and_without_repeats(
    hub: HubSpotStandin, client: HubSpotClient
) -> None:
    put_many(hub, range(1, 451), T0, timedelta(seconds=1))
    pages = listed(client, "calls")
    said = told(pages)
    assert [n.record_id for n in said] == [str(i) for i in range(1, 451)]
    assert pages[0].total == 450


def test_an_import_of_one_instant_is_counted_through(
    hub: HubSpotStandin, client: HubSpotClient
) -> None:
    put_many(hub, range(1, 4), T0, timedelta(seconds=1))
    put_many(hub, range(10, 440), T0 + timedelta(minutes=1), timedelta(0))
    put_many(hub, range(500, 503), T0 + timedelta(minutes=2), timedelta(seconds=1))
    said = [n.record_id for n in told(listed(client, "calls"))]
    assert sorted(map(int, said)) == [*range(1, 4), *range(10, 440), *range(500, 503)]
    assert len(said) == len(set(said))


def test_what_changes_while_it_is_listed_is_not_skipped(
    hub: HubSpotStandin, client: HubSpotClient
) -> None:
    put_many(hub, range(1, 401), T0, timedelta(seconds=1))
    pages = client.changed("calls", None, None)
    said = list(next(pages).notices)
    for i in range(1, 50):  # everything behind them moves up by as many places
        hub.put("call", str(i), T0 + timedelta(hours=1, seconds=i), seconds=2)
    said += told(list(pages))
    assert {n.record_id for n in said} == {str(i) for i in range(1, 401)}
    seconds = {n.record_id: mapped(VENDOR, n).record["talk_seconds"] for n in said}
    assert seconds["1"] == 2


def test_a_listing_goes_on_where_it_was_broken_off(
    hub: HubSpotStandin, client: HubSpotClient
) -> None:
    put_many(hub, range(1, 401), T0, timedelta(seconds=1))
    first = next(client.changed("calls", None, None))
    rest = told(listed(client, "calls", first.cursor))
    assert {n.record_id for n in (*first.notices, *rest)} == {str(i) for i in range(1, 401)}
    assert len(rest) <= 400 - len(first.notices)


def test_what_the_index_lagged_with_comes_with_the_next_listing(
    hub: HubSpotStandin, client: HubSpotClient
) -> None:
    now = datetime.now(UTC)
    hub.lag(1)
    hub.put("call", "1", now - timedelta(seconds=20), seconds=1)
    hub.lag(0)
    hub.put("call", "2", now, seconds=1)
    pages = listed(client, "calls")
    assert [n.record_id for n in told(pages)] == ["2"]
    assert "1" in [n.record_id for n in told(listed(client, "calls", pages[-1].cursor))]


def test_a_quiet_account_repeats_nothing_but_its_newest_instant(
    hub: HubSpotStandin, client: HubSpotClient
) -> None:
    put_many(hub, range(1, 11), T0, timedelta(seconds=1))
    pages = listed(client, "calls")
    again = told(listed(client, "calls", pages[-1].cursor))
    assert [n.record_id for n in again] == ["10"]


def test_deletions_and_merges_are_listed(hub: HubSpotStandin, client: HubSpotClient) -> None:
    for one in ("1", "2", "3", "4"):
        hub.put("deal", one, T0, stage="OPEN")
    pages = listed(client, "deals")
    hub.delete("deal", "1", T0 + timedelta(hours=1))
    hub.merges_anew = True
    hub.merge("deal", "3", "4", T0 + timedelta(hours=2))
    said = told(listed(client, "deals", pages[-1].cursor))
    gone = {n.record_id: (n.at, n.merged_into) for n in said if n.gone}
    assert gone == {
        "1": (T0 + timedelta(hours=1), None),
        "3": (T0 + timedelta(hours=2), "93"),
        "4": (T0 + timedelta(hours=2), "93"),
    }
    assert [n.record_id for n in said if not n.gone and n.record_id == "93"] == ["93"]
    hub.restore("deal", "1", T0 + timedelta(hours=3))
    restored = told(listed(client, "deals"))
    assert [n.gone for n in restored if n.record_id == "1"] == [False]


def test_a_long_list_of_deletions_rests(hub: HubSpotStandin, client: HubSpotClient) -> None:
    put_many(hub, range(1, 251), T0, timedelta(0))
    for i in range(1, 251):
        hub.delete("call", str(i), T0 + timedelta(hours=1))
    pages = listed(client, "calls")
    assert len([n for n in told(pages) if n.gone]) == 250
    asked = hub.asked
    listed(client, "calls", pages[-1].cursor)
    assert hub.asked - asked == 1


@pytest.mark.parametrize("cursor", ["", "[]x", '{"a": 1}', "[1, 2, 3, 4, 5]", '"x"'])
def test_a_cursor_of_somebody_else_is_expired(client: HubSpotClient, cursor: str) -> None:
    with pytest.raises(CursorExpired):
        listed(client, "deals", cursor)


def test_a_cursor_older_than_deletions_are_kept_is_expired(client: HubSpotClient) -> None:
    old = int((datetime.now(UTC) - timedelta(days=91)).timestamp() * 1000)
    with pytest.raises(CursorExpired):
        listed(client, "deals", json.dumps(Cursor(at=old, gone=old, rested=old)))
