"""Salesforce in trouble: pages, limits, expired tokens and places, bulk queries, a cut stream."""

import base64
import itertools
import json
from datetime import timedelta
from typing import Any

import pytest

from connectors.sources.vendors.contract import CursorExpired, Denied, Notice, Unavailable
from connectors.sources.vendors.salesforce import bulk, listing
from connectors.sources.vendors.salesforce.client import SalesforceClient
from connectors.sources.vendors.salesforce.settings import SalesforceSettings
from tests.connectors.vendors.salesforce_ground import AT, client, end, heard, listed, standin, tip
from tests.connectors.vendors.salesforce_standin import SalesforceStandin

__all__ = ["client", "standin"]  # fixtures
DAY = timedelta(days=1)


def _deals(standin: SalesforceStandin, many: int, **said: Any) -> list[str]:
    for index in range(many):
        standin.put("deal", str(index), AT + timedelta(minutes=index), owner="005U1", **said)
    return [standin.id_of("deal", str(index)) for index in range(many)]


def _ids(notices: Any) -> list[str]:
    return [one.record_id for one in notices]


def _with(standin: SalesforceStandin, **other: Any) -> SalesforceClient:
    settings = SalesforceSettings(**{**standin.settings, **other})
    return SalesforceClient(settings, sleep=lambda _: None)


def test_a_listing_of_many_pages_has_each_record_once_in_the_order_of_change(
    standin: SalesforceStandin, client: SalesforceClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listing, "ROWS_MAX", 3)  # a query ends here,
    standin.http.page_rows = 2  # and an answer before
    wanted = _deals(standin, 8)
    pages = list(client.changed("Opportunity", None, None))
    assert [one for page in pages for one in _ids(page.notices)] == wanted
    assert {page.total for page in pages} == {8}
    for done, page in enumerate(pages[:-1]):
        rest = wanted[sum(len(p.notices) for p in pages[: done + 1]) :]
        assert _ids(listed(client, "Opportunity", page.cursor))[-len(rest) :] == rest


def test_records_that_all_changed_within_one_second_are_all_listed(
    standin: SalesforceStandin, client: SalesforceClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listing, "ROWS_MAX", 3)
    wanted = _deals(standin, 7)
    standin.put_alike("deal", [str(i) for i in range(7)], AT + DAY, Type="Renewal")
    assert sorted(_ids(listed(client, "Opportunity"))) == sorted(wanted)


def test_a_next_listing_overlaps_and_has_what_changed_since_only(
    standin: SalesforceStandin, client: SalesforceClient
) -> None:
    ids = _deals(standin, 3)
    place = end(client, "Opportunity")
    # A long transaction shows a record whose stamp lies before the end of the last listing.
    standin.put("deal", "late", AT + timedelta(minutes=1), owner="005U1")
    assert standin.id_of("deal", "late") in _ids(listed(client, "Opportunity", place))
    standin.put("deal", "0", AT + DAY, name="New")
    standin.put("call", "1", AT + DAY + timedelta(minutes=10))  # time goes on at the server,
    listed(client, "Task")  # which any answer tells
    place = end(client, "Opportunity", place)
    standin.put("deal", "1", AT + 2 * DAY, name="New")
    assert _ids(listed(client, "Opportunity", place)) == [ids[1]]


def test_what_changed_since_an_instant_is_listed_with_its_count(
    standin: SalesforceStandin, client: SalesforceClient
) -> None:
    ids = _deals(standin, 30)
    pages = list(client.changed("Opportunity", AT + timedelta(minutes=25), None))
    found = [one for page in pages for one in _ids(page.notices)]
    assert found == ids[20:], "five minutes before belong to it"
    assert pages[0].total == 10


def test_patience_that_is_asked_for_is_told(
    standin: SalesforceStandin, client: SalesforceClient
) -> None:
    listed(client, "Task")
    standin.limit(1)
    with pytest.raises(Unavailable) as asked:
        listed(client, "Task")
    assert asked.value.retry_after == 1
    standin.http.is_used_up = True
    with pytest.raises(Unavailable, match="limit") as asked:
        listed(client, "Task")
    assert asked.value.retry_after == 900, "the limit of 24 hours slides"
    standin.http.is_used_up = False
    standin.outage(True)
    with pytest.raises(Unavailable):
        listed(client, "Task")
    with pytest.raises(Unavailable):
        next(client.listen(None))
    standin.outage(False)
    assert listed(client, "Task") == []
    quota = client.quota()
    assert quota is not None
    assert (quota.left + standin.http.asked, quota.of) == (100_000, 100_000)


def test_an_expired_token_is_replaced_by_itself(
    standin: SalesforceStandin, client: SalesforceClient
) -> None:
    (deal,) = _deals(standin, 1)
    place = tip(client)
    standin.http.expire_tokens()
    assert _ids(listed(client, "Opportunity")) == [deal]
    standin.http.expire_tokens()
    standin.put("deal", "0", AT + DAY, name="New")
    found, _ = heard(client, place, "Opportunity")
    assert _ids(found) == [deal]


@pytest.mark.parametrize(
    ("wrong", "field"),
    [({"client_secret": "oops"}, "client_secret"), ({"client_id": "x"}, "client_id")],
)
def test_wrong_credentials_are_denied_with_a_remedy_and_without_the_secret(
    standin: SalesforceStandin, wrong: dict[str, str], field: str
) -> None:
    client = _with(standin, **wrong)
    for call in (lambda: listed(client, "Task"), lambda: next(client.listen(None))):
        with pytest.raises(Denied) as denied:
            call()
        assert field in denied.value.remedy
        assert "oops" not in str(denied.value)
        assert standin.http.client_secret not in str(denied.value)
    (finding,) = client.check()
    assert not finding.ok
    client.close()


def test_a_token_that_never_works_is_denied_and_not_asked_for_again_and_again(
    standin: SalesforceStandin, client: SalesforceClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(standin.http, "tokens", frozenset())
    monkeypatch.setattr(standin.http, "_token", _useless(standin))
    for call in (lambda: listed(client, "Task"), lambda: next(client.listen(None))):
        before = standin.asked
        with pytest.raises(Denied):
            call()
        assert standin.asked - before <= 4


def _useless(standin: SalesforceStandin) -> Any:
    from tests.connectors.vendors.salesforce_http import Reply

    said = {"access_token": "x", "instance_url": standin.http.url, "id": "https://x/id/00D/005"}
    return lambda form: Reply(200, said)


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
        client = _with(standin)
        for page in itertools.islice(client.changed("Task", None, cursor), 2):
            found += _ids(page.notices)
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
    _deals(standin, 2)
    assert len(listed(client, "Opportunity")) == 2
    assert not standin.http.jobs
    standin.http.hidden.add("OpportunitySplit")  # an organisation without splits
    plain = _with(standin)
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
    _deals(standin, 1)
    place = end(client, "Opportunity")
    standin.put("deal", "2", AT + 14 * DAY, owner="005U1")
    assert listed(client, "Opportunity", place)
    standin.put("deal", "3", AT + 16 * DAY, owner="005U1")
    listed(client, "Task")
    with pytest.raises(CursorExpired, match="recycle bin"):
        next(client.changed("Opportunity", None, place))


def test_a_place_in_the_stream_expires_after_72_hours(
    standin: SalesforceStandin, client: SalesforceClient
) -> None:
    place = tip(client)
    _deals(standin, 1)
    standin.forget_cursors()
    with pytest.raises(CursorExpired, match="72 hours"):
        next(client.listen(place))


def test_used_up_events_are_waited_for_and_none_is_missed(
    standin: SalesforceStandin, client: SalesforceClient
) -> None:
    place = tip(client)
    (deal,) = _deals(standin, 1)
    standin.pubsub.is_used_up = True
    with pytest.raises(Unavailable, match="72 hours") as told:
        next(client.listen(place))
    assert (told.value.retry_after or 0) > 60
    standin.pubsub.is_used_up = False
    assert _ids(heard(client, place, "Opportunity")[0]) == [deal]


def test_a_cut_stream_goes_on_behind_what_was_told(
    standin: SalesforceStandin, client: SalesforceClient
) -> None:
    place = tip(client)
    wanted = _deals(standin, 160)  # more than may be under way
    found: list[str] = []
    places = [place]

    def hear(wanted: int) -> None:
        for page in client.listen(places[-1]):
            found.extend(_ids(page.notices))
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
    wanted = _deals(standin, 260)
    found: list[str] = []
    for page in client.listen(place):
        found += _ids(page.notices)
        if len(found) >= 260:
            break
    assert found == wanted
    assert standin.pubsub.fetched[0] == 100
    assert sum(standin.pubsub.fetched) <= 260 + 100


def test_signs_of_life_move_the_place(standin: SalesforceStandin) -> None:
    client = _with(standin, channel="/data/OpportunityChangeEvent")
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
    one, two, three = _deals(standin, 3, splits=(("005U1", 1),))
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


def test_a_record_that_changes_now_is_read_when_its_second_is_over(
    standin: SalesforceStandin,
) -> None:
    (deal,) = _deals(standin, 1, name="First")
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


def test_a_check_finds_what_a_user_may_not_see(
    standin: SalesforceStandin, client: SalesforceClient
) -> None:
    assert all(finding.ok for finding in client.check()), client.check()
    standin.http.hidden |= {"Task", "Event.StartDateTime", "OpportunitySplit"}
    standin.http.hidden.add("Opportunity.CurrencyIsoCode")  # an organisation with one currency
    other = _with(standin, channel="/data/Nowhere__chn")
    wrong = {finding.what: finding.remedy for finding in other.check() if not finding.ok}
    assert len(wrong) == 4
    assert all(wrong.values()), "each with a remedy"
    told = json.dumps(list(wrong))
    assert "Task" in told
    assert "StartDateTime" in told
    assert "/data/Nowhere__chn" in told
    assert "currency" in told
    other.close()
    with_currency = _with(standin, currency="CHF")
    standin.put("deal", "9", AT, owner="005U1")
    (deal,) = listed(with_currency, "Opportunity")
    assert deal.record is not None
    assert deal.record["CurrencyIsoCode"] == "CHF"
    with_currency.close()
    with pytest.raises(Denied, match="Lead"):
        client.read("Lead", [])
