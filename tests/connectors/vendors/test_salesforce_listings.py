"""Salesforce's listings: pages, bulk queries, places that expire."""

import itertools
from datetime import timedelta

import pytest

from connectors.sources.vendors.contract import CursorExpired, Unavailable
from connectors.sources.vendors.salesforce import bulk, listing
from connectors.sources.vendors.salesforce.client import SalesforceClient
from connectors.sources.vendors.salesforce.settings import SalesforceSettings
from tests.connectors.vendors.salesforce_ground import (
    AT,
    client,
    client_with,
    deals_in,
    end,
    ids_of,
    listed,
    standin,
)
from tests.connectors.vendors.salesforce_standin import SalesforceStandin

__all__ = ["client", "standin"]  # fixtures
DAY = timedelta(days=1)


def test_a_listing_of_many_pages_has_each_record_once_in_the_order_of_change(
    standin: SalesforceStandin, client: SalesforceClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listing, "ROWS_MAX", 3)  # a query ends here,
    standin.http.page_rows = 2  # and an answer before
    wanted = deals_in(standin, 8)
    pages = list(client.changed("Opportunity", None, None))
    assert [one for page in pages for one in ids_of(page.notices)] == wanted
    assert {page.total for page in pages} == {8}
    for done, page in enumerate(pages[:-1]):
        rest = wanted[sum(len(p.notices) for p in pages[: done + 1]) :]
        assert ids_of(listed(client, "Opportunity", page.cursor))[-len(rest) :] == rest


def test_records_that_all_changed_within_one_second_are_all_listed(
    standin: SalesforceStandin, client: SalesforceClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listing, "ROWS_MAX", 3)
    wanted = deals_in(standin, 7)
    standin.put_alike("deal", [str(i) for i in range(7)], AT + DAY, Type="Renewal")
    assert sorted(ids_of(listed(client, "Opportunity"))) == sorted(wanted)


def test_a_next_listing_overlaps_and_has_what_changed_since_only(
    standin: SalesforceStandin, client: SalesforceClient
) -> None:
    ids = deals_in(standin, 3)
    place = end(client, "Opportunity")
    # A long transaction shows a record whose stamp lies before the end of the last listing.
    standin.put("deal", "late", AT + timedelta(minutes=1), owner="005U1")
    assert standin.id_of("deal", "late") in ids_of(listed(client, "Opportunity", place))
    standin.put("deal", "0", AT + DAY, name="New")
    standin.put("call", "1", AT + DAY + timedelta(minutes=10))  # time goes on at the server,
    listed(client, "Task")  # which any answer tells
    place = end(client, "Opportunity", place)
    standin.put("deal", "1", AT + 2 * DAY, name="New")
    assert ids_of(listed(client, "Opportunity", place)) == [ids[1]]


def test_what_changed_since_an_instant_is_listed_with_its_count(
    standin: SalesforceStandin, client: SalesforceClient
) -> None:
    ids = deals_in(standin, 30)
    pages = list(client.changed("Opportunity", AT + timedelta(minutes=25), None))
    found = [one for page in pages for one in ids_of(page.notices)]
    assert found == ids[20:], "five minutes before belong to it"
    assert pages[0].total == 10


@pytest.fixture
def calls(
    standin: SalesforceStandin, monkeypatch: pytest.MonkeyPatch
) -> tuple[SalesforceStandin, list[str]]:
    """Two calls for a first page, and twelve for a bulk query of three pages."""
    monkeypatch.setattr(listing, "ROWS_MAX", 2)
    monkeypatch.setattr(listing, "BULK_ROWS_MIN", 12)
    monkeypatch.setattr(bulk, "ROWS_MAX", 5)
    for index in range(14):
        standin.put("call", str(index), AT + timedelta(minutes=index), owner="005U1",
                    uuid=f'"x,\n{index}', seconds=index, direction="INBOUND")  # fmt: skip
    return standin, [standin.id_of("call", str(index)) for index in range(14)]


def test_a_bulk_query_tells_the_same_records_as_rest_and_can_be_resumed_at_each_page(
    calls: tuple[SalesforceStandin, list[str]], client: SalesforceClient
) -> None:
    standin, wanted = calls
    pages = list(client.changed("Task", None, None))
    assert standin.http.queries[-1].startswith("SELECT Id,")
    assert [len(page.notices) for page in pages] == [2, 0, 0, 5, 5, 2]
    assert {page.total for page in pages} == {14}
    by_bulk = {one.record_id: one.record for page in pages for one in page.notices}
    assert by_bulk == client.read("Task", wanted)
    assert not standin.http.jobs, "a job that was read is dropped"


def test_a_bulk_query_that_was_begun_is_gone_on_with_after_a_kill(
    calls: tuple[SalesforceStandin, list[str]], standin: SalesforceStandin
) -> None:
    _, wanted = calls
    found: list[str] = []
    cursor: str | None = None
    for _life in range(12):  # each process is killed behind its second page
        client = client_with(standin)
        for page in itertools.islice(client.changed("Task", None, cursor), 2):
            found += ids_of(page.notices)
            cursor = page.cursor
        client.close()
        if "whole" not in str(cursor):
            break
    assert sorted(found) == sorted(wanted)
    jobs = [one for one in standin.http.queries if "LIMIT" not in one]
    assert len(jobs) == 1


def test_a_bulk_query_that_salesforce_gives_up_says_why(
    calls: tuple[SalesforceStandin, list[str]], client: SalesforceClient
) -> None:
    standin, _ = calls
    pages = client.changed("Task", None, None)
    next(pages)
    assert not standin.http.jobs, "who only looks at the first page starts no job"
    cursor = next(pages).cursor
    (job,) = standin.http.jobs.values()
    job |= {"ends_as": "Failed", "error": "QUERY_TIMEOUT"}
    with pytest.raises(Unavailable, match="QUERY_TIMEOUT"):
        list(pages)
    standin.forget_cursors()
    with pytest.raises(CursorExpired):
        next(client.changed("Task", None, cursor))


def test_opportunities_with_splits_never_go_by_bulk(
    standin: SalesforceStandin, client: SalesforceClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listing, "BULK_ROWS_MIN", 1)
    deals_in(standin, 2)
    assert len(listed(client, "Opportunity")) == 2
    assert not standin.http.jobs
    standin.http.hidden.add("OpportunitySplit")  # an organisation without splits
    plain = client_with(standin)
    assert len(listed(plain, "Opportunity")) == 2
    plain.close()


@pytest.mark.parametrize("cursor", ["", "x", "{}", '{"at": 1, "id": "", "begun": null}', "[]"])
def test_a_cursor_that_is_none_is_expired(client: SalesforceClient, cursor: str) -> None:
    with pytest.raises(CursorExpired):
        next(client.changed("Opportunity", None, cursor))
    if cursor:
        with pytest.raises(CursorExpired):
            next(client.listen(cursor))


def test_a_place_older_than_the_recycle_bin_is_expired(
    standin: SalesforceStandin, client: SalesforceClient
) -> None:
    deals_in(standin, 1)
    place = end(client, "Opportunity")
    standin.put("deal", "2", AT + 14 * DAY, owner="005U1")
    assert listed(client, "Opportunity", place)
    standin.put("deal", "3", AT + 16 * DAY, owner="005U1")
    listed(client, "Task")
    with pytest.raises(CursorExpired, match="recycle bin"):
        next(client.changed("Opportunity", None, place))


def test_a_record_that_changes_now_is_read_when_its_second_is_over(
    standin: SalesforceStandin,
) -> None:
    (deal,) = deals_in(standin, 1, name="First")
    standin.org.now = AT.replace(microsecond=0)  # the change was right now
    waited: list[float] = []

    def meanwhile(seconds: float) -> None:
        waited.append(seconds)
        standin.org.rows["Opportunity"][deal]["Name"] = "Second"  # within the same second
        standin.org.now += timedelta(seconds=seconds)

    settings = SalesforceSettings(**standin.settings)
    for ask in ("read", "changed"):
        standin.org.now = AT.replace(microsecond=0)
        standin.org.rows["Opportunity"][deal]["Name"] = "First"
        client = SalesforceClient(settings, sleep=meanwhile)
        if ask == "read":
            record = client.read("Opportunity", [deal])[deal]
        else:
            record = listed(client, "Opportunity")[0].record
        assert record is not None
        assert record["Name"] == "Second"
        client.close()
    assert waited == [2.0, 2.0]
