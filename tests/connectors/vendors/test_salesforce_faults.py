"""Salesforce in trouble: limits, expired tokens, wrong credentials, odd answers, permissions."""

import json
from datetime import timedelta
from typing import Any

import pytest

from connectors.sources.vendors.contract import Denied, Unavailable
from connectors.sources.vendors.salesforce.client import SalesforceClient
from tests.connectors.vendors.salesforce_ground import (
    AT,
    client,
    client_with,
    deals_in,
    heard,
    ids_of,
    listed,
    standin,
    tip,
)
from tests.connectors.vendors.salesforce_standin import SalesforceStandin

__all__ = ["client", "standin"]  # fixtures
DAY = timedelta(days=1)


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
    (deal,) = deals_in(standin, 1)
    place = tip(client)
    standin.http.expire_tokens()
    assert ids_of(listed(client, "Opportunity")) == [deal]
    standin.http.expire_tokens()
    standin.put("deal", "0", AT + DAY, name="New")
    found, _ = heard(client, place, "Opportunity")
    assert ids_of(found) == [deal]


@pytest.mark.parametrize(
    ("wrong", "field"),
    [({"client_secret": "oops"}, "client_secret"), ({"client_id": "x"}, "client_id")],
)
def test_wrong_credentials_are_denied_with_a_remedy_and_without_the_secret(
    standin: SalesforceStandin, wrong: dict[str, str], field: str
) -> None:
    client = client_with(standin, **wrong)
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


def test_an_answer_that_is_not_as_documented_is_trouble_of_the_vendor(
    standin: SalesforceStandin, client: SalesforceClient
) -> None:
    (deal,) = deals_in(standin, 1)
    standin.org.rows["Opportunity"][deal]["SystemModstamp"] = None
    with pytest.raises(Unavailable, match="not documented"):
        client.read("Opportunity", [deal])
    with pytest.raises(Unavailable, match="not documented"):
        listed(client, "Opportunity")


def test_a_check_finds_what_a_user_may_not_see(
    standin: SalesforceStandin, client: SalesforceClient
) -> None:
    assert all(finding.ok for finding in client.check()), client.check()
    standin.http.hidden |= {"Task", "Event.StartDateTime", "OpportunitySplit"}
    standin.http.hidden.add("Opportunity.CurrencyIsoCode")  # an organisation with one currency
    other = client_with(standin, channel="/data/Nowhere__chn")
    wrong = {finding.what: finding.remedy for finding in other.check() if not finding.ok}
    assert len(wrong) == 4
    assert all(wrong.values()), "each with a remedy"
    told = json.dumps(list(wrong))
    assert "Task" in told
    assert "StartDateTime" in told
    assert "/data/Nowhere__chn" in told
    assert "currency" in told
    other.close()
    with_currency = client_with(standin, currency="CHF")
    standin.put("deal", "9", AT, owner="005U1")
    (deal,) = listed(with_currency, "Opportunity")
    assert deal.record is not None
    assert deal.record["CurrencyIsoCode"] == "CHF"
    with_currency.close()
    with pytest.raises(Denied, match="Lead"):
        client.read("Lead", [])
