"""Salesforce's stream: places, cuts, gaps, limits, signs of life."""

import base64
from datetime import timedelta

import pytest

from connectors.sources.vendors.contract import CursorExpired, Notice, Unavailable
from connectors.sources.vendors.salesforce.client import SalesforceClient
from tests.connectors.vendors.salesforce_ground import (
    AT,
    client,
    client_with,
    deals_in,
    heard,
    ids_of,
    standin,
    tip,
)
from tests.connectors.vendors.salesforce_standin import SalesforceStandin

__all__ = ["client", "standin"]  # fixtures
DAY = timedelta(days=1)


def test_a_place_in_the_stream_expires_after_72_hours(
    standin: SalesforceStandin, client: SalesforceClient
) -> None:
    place = tip(client)
    deals_in(standin, 1)
    standin.forget_cursors()
    with pytest.raises(CursorExpired, match="72 hours"):
        next(client.listen(place))


def test_used_up_events_are_waited_for_and_none_is_missed(
    standin: SalesforceStandin, client: SalesforceClient
) -> None:
    place = tip(client)
    (deal,) = deals_in(standin, 1)
    standin.pubsub.is_used_up = True
    with pytest.raises(Unavailable, match="72 hours") as told:
        next(client.listen(place))
    assert (told.value.retry_after or 0) > 60
    standin.pubsub.is_used_up = False
    assert ids_of(heard(client, place, "Opportunity")[0]) == [deal]


def test_a_cut_stream_goes_on_behind_what_was_told(
    standin: SalesforceStandin, client: SalesforceClient
) -> None:
    place = tip(client)
    wanted = deals_in(standin, 160)  # more than may be under way
    found: list[str] = []
    places = [place]

    def hear(wanted: int) -> None:
        for page in client.listen(places[-1]):
            found.extend(ids_of(page.notices))
            places.append(page.cursor)
            if len(found) >= wanted:
                return
            if len(places) == 3:
                standin.pubsub.cut()

    with pytest.raises(Unavailable):
        hear(160)
    assert 0 < len(found) < 160
    hear(160)
    assert found == wanted


def test_no_more_than_a_hundred_events_are_pending_and_all_of_many_come(
    standin: SalesforceStandin, client: SalesforceClient
) -> None:
    place = tip(client)
    standin.pubsub.fetched.clear()
    wanted = deals_in(standin, 260)
    found: list[str] = []
    for page in client.listen(place):
        found += ids_of(page.notices)
        if len(found) >= 260:
            break
    assert found == wanted
    assert standin.pubsub.fetched[0] == 100
    assert sum(standin.pubsub.fetched) <= 260 + 100


def test_signs_of_life_move_the_place(standin: SalesforceStandin) -> None:
    client = client_with(standin, channel="/data/OpportunityChangeEvent")
    first = tip(client)
    standin.put("call", "1", AT, owner="005U1")  # nothing of this channel
    pages = client.listen(first)
    page = next(pages)
    assert page.notices == ()
    assert base64.b64decode(page.cursor) > base64.b64decode(first)
    client.close()
    assert list(pages) == [], "a client that is closed ends its stream"


def test_gaps_overflows_and_merged_events_come_through_the_stream(
    standin: SalesforceStandin, client: SalesforceClient
) -> None:
    one, two, three = deals_in(standin, 3, splits=(("005U1", 1),))
    split = next(iter(standin.org.rows["OpportunitySplit"]))
    place = tip(client)
    org = standin.org
    standin.put_alike("deal", ["0", "1", "2"], AT + DAY, Type="Renewal")
    org.tell("Opportunity", "GAP_UPDATE", [two], AT + DAY)
    org.tell("OpportunitySplit", "GAP_UPDATE", [split], AT + DAY)  # without the opportunity's id
    org.tell("OpportunitySplit", "GAP_UPDATE", ["1FF000000000404AAA"], AT + DAY)  # gone for good
    org.tell("Event", "GAP_OVERFLOW", ["000000000000000AAA"], AT + DAY)
    found, _ = heard(client, place, "Event")
    at = AT + DAY
    assert found == [
        Notice("Opportunity", three, at),
        Notice("Opportunity", two, at),
        Notice("Opportunity", one, at),
        Notice("Opportunity", "", at),
        Notice("Event", "", at),
    ]


def test_an_event_that_nobody_can_read_has_its_object_listed(
    standin: SalesforceStandin, client: SalesforceClient
) -> None:
    place = tip(client)
    standin.org.bus.put(standin.org.bus.ids["Task"], b"\xff\x00broken")
    found, _ = heard(client, place, "Task")
    assert found == [Notice("Task", "")]
