"""Salesforce's published shapes: messages of the Pub/Sub API, payloads, sign-in, tables, seeds."""

import csv
import io
import json
import sys
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import fastavro
import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from connectors.sources.vendors.contract import Denied, Unreadable
from connectors.sources.vendors.registry import vendor
from connectors.sources.vendors.salesforce import pubsub_api_pb2 as pb
from connectors.sources.vendors.salesforce import records, reference, soql
from connectors.sources.vendors.salesforce.client import SalesforceClient
from connectors.sources.vendors.salesforce.pubsub import decoded
from connectors.sources.vendors.salesforce.settings import SalesforceSettings
from schemas.definitions import Rates
from tests.connectors.vendors.salesforce_events import schema_of
from tests.connectors.vendors.salesforce_ground import AT, client, standin
from tests.connectors.vendors.salesforce_mapping import event_of
from tests.connectors.vendors.salesforce_org import OBJECTS
from tests.connectors.vendors.salesforce_standin import SalesforceStandin
from tests.samples import sample

__all__ = ["client", "standin"]  # fixtures

# Change Data Capture Developer Guide, "Subscribe with Pub/Sub API": the decoded payload, trimmed.
PUBLISHED: dict[str, Any] = {
    "ChangeEventHeader": {
        "entityName": "Opportunity",
        "recordIds": ["006SM0000001Tb3YAE"],
        "changeType": "CREATE",
        "changeOrigin": "com/salesforce/api/soap/55.0;client=SfdcInternalAPI/",
        "transactionKey": "00000466-3d4f-bbe3-9c2b-5ab0fb45cc02",
        "sequenceNumber": 1,
        "commitTimestamp": 1652977933000,
        "commitNumber": 1652977933433528300,
        "commitUser": "005SM000000146PYAQ",
        "nulledFields": [],
        "diffFields": [],
        "changedFields": [],
    },
    "AccountId": "001SM0000000iibYAA",
    "Name": "Acme - 400 Widgets",
    "StageName": "Prospecting",
    "Amount": 40000,
    "Probability": 10,
    "CloseDate": 1653955200000,
    "IsClosed": False,
    "IsWon": False,
    "ForecastCategoryName": "Pipeline",
    "OwnerId": "005SM000000146PYAQ",
    "CreatedDate": 1652977933000,
    "LastModifiedDate": 1652977933000,
}


def test_the_published_opportunity_is_read_from_its_avro_bytes() -> None:
    change = decoded(GOOD, SCHEMA, PARSED)
    assert change.record_ids == ("006SM0000001Tb3YAE",)
    assert change.at == datetime(2022, 5, 19, 16, 32, 13, tzinfo=UTC)
    assert change.said["Name"] == "Acme - 400 Widgets"


def _bytes() -> bytes:
    data = io.BytesIO()
    full = {field["name"]: PUBLISHED.get(field["name"]) for field in SCHEMA["fields"]}
    fastavro.schemaless_writer(data, PARSED, full)
    return data.getvalue()


SCHEMA = schema_of("Opportunity", OBJECTS["Opportunity"])
PARSED = fastavro.parse_schema(dict(SCHEMA))
GOOD = _bytes()


@settings(max_examples=150)
@given(
    st.binary(max_size=80)
    | st.tuples(st.integers(0, len(GOOD) - 1), st.binary(max_size=9), st.integers(0, 9)).map(
        lambda cut: GOOD[: cut[0]] + cut[1] + GOOD[cut[0] + cut[2] :]
    )
)
def test_damaged_events_are_unreadable_and_nothing_worse(payload: bytes) -> None:
    try:
        change = decoded(payload, SCHEMA, PARSED)
    except Unreadable:
        return
    assert change.op


# The same opportunity as REST would tell it (REST API Developer Guide, form of a query's answer).
ROW: dict[str, Any] = {
    "attributes": {"type": "Opportunity", "url": "/services/data/v62.0/sobjects/Opportunity/006SM"},
    "Id": "006SM0000001Tb3YAE",
    "Name": "Acme - 400 Widgets",
    "StageName": "Prospecting",
    "Amount": Decimal("40000.0"),
    "Probability": Decimal("10.0"),
    "CloseDate": "2022-05-31",
    "IsClosed": False,
    "IsWon": False,
    "IsDeleted": False,
    "OwnerId": "005SM000000146PYAQ",
    "CreatedDate": "2022-05-19T16:32:13.000+0000",
    "SystemModstamp": "2022-05-19T16:32:13.000+0000",
    "OpportunitySplits": None,
}


def test_the_published_opportunity_is_an_open_deal_and_its_date_stays_its_date() -> None:
    deal = event_of("Opportunity", records.of_rest(ROW, soql.BY_NAME["Opportunity"], "CHF")).record
    assert deal["close_date"] == date(2022, 5, 31)
    assert deal["stage_class"] == "OPEN"
    assert (deal["amount"], deal["probability"]) == (40000, Decimal("0.1"))
    assert deal["splits"] == []
    assert deal["currency"] == "CHF", "an organisation with one currency does not say which"


def test_messages_have_the_published_names_numbers_and_paths() -> None:
    """As pubsub_api.proto says them: a wrong number would be another message to Salesforce."""
    published = {
        "FetchRequest": {
            "topic_name": 1,
            "replay_preset": 2,
            "replay_id": 3,
            "num_requested": 4,
            "auth_refresh": 5,
        },
        "FetchResponse": {
            "events": 1,
            "latest_replay_id": 2,
            "rpc_id": 3,
            "pending_num_requested": 4,
        },
        "ConsumerEvent": {"event": 1, "replay_id": 2},
        "ProducerEvent": {"id": 1, "schema_id": 2, "payload": 3, "headers": 4},
        "EventHeader": {"key": 1, "value": 2},
        "SchemaRequest": {"schema_id": 1},
        "SchemaInfo": {"schema_json": 1, "schema_id": 2, "rpc_id": 3},
        "TopicRequest": {"topic_name": 1},
        "TopicInfo": {
            "topic_name": 1,
            "tenant_guid": 2,
            "can_publish": 3,
            "can_subscribe": 4,
            "schema_id": 5,
            "rpc_id": 6,
        },
    }
    made = {
        name: {field.name: field.number for field in message.fields}
        for name, message in pb.DESCRIPTOR.message_types_by_name.items()
    }
    assert made == published
    assert dict(pb.ReplayPreset.items()) == {"LATEST": 0, "EARLIEST": 1, "CUSTOM": 2}
    service = pb.DESCRIPTOR.services_by_name["PubSub"]
    assert service.full_name == "eventbus.v1.PubSub"
    assert {m.name for m in service.methods} == {"Subscribe", "GetSchema", "GetTopic"}
    request = pb.FetchRequest(
        topic_name="/data/A", replay_preset=pb.CUSTOM, replay_id=b"\1", num_requested=9
    )
    assert request.SerializeToString() == b"\x0a\x07/data/A\x10\x02\x1a\x01\x01\x20\x09"


def test_a_certificate_signs_in_where_secrets_are_not_allowed(standin: SalesforceStandin) -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode()
    given = {
        **standin.settings,
        "client_secret": "",
        "private_key": pem,
        "username": "p@acme.example",
    }
    client = SalesforceClient(SalesforceSettings(**given))
    assert [one.user_id for one in client.users()] == ["005U1"]
    client.close()
    (assertion,) = standin.http.assertions
    said = jwt.decode(
        assertion, key.public_key(), ["RS256"], audience="https://login.salesforce.com"
    )
    assert (said["iss"], said["sub"]) == (standin.http.client_id, "p@acme.example")
    assert said["exp"] - datetime.now(UTC).timestamp() <= 300
    broken = SalesforceClient(SalesforceSettings(**{**given, "private_key": "no key"}))
    with pytest.raises(Denied, match="private_key") as denied:
        list(broken.users())
    assert "no key" not in str(denied.value)
    broken.close()


@pytest.mark.parametrize(
    "wrong",
    [
        {"client_secret": ""},
        {"client_secret": "", "private_key": "x"},
        {"private_key": "x", "username": "u"},
        {"login_url": "http://acme.my.salesforce.com"},
        {"login_url": "acme.my.salesforce.com"},
        {"pubsub_url": "http://api.pubsub.salesforce.com:7443"},
        {"channel": "OpportunityChangeEvent"},
        {"extra_fields": "Lead.Company"},
        {"extra_fields": "Opportunity.Name FROM User"},
        {"api_version": "62"},
        {"currency": "euro"},
    ],
)
def test_settings_that_cannot_work_are_refused(wrong: dict[str, str]) -> None:
    good = {"login_url": "https://acme.my.salesforce.com", "client_id": "x", "client_secret": "y"}
    SalesforceSettings(**good)  # type: ignore[arg-type]
    with pytest.raises(ValidationError):
        SalesforceSettings(**{**good, **wrong})  # type: ignore[arg-type]


def test_secrets_are_not_printed() -> None:
    made = SalesforceSettings(
        login_url="https://a.my.salesforce.com", client_id="x", client_secret="hush"
    )
    assert "hush" not in repr(made) + str(made) + made.model_dump_json()


def _rate(standin: SalesforceStandin, number: int, code: str, rate: str, start: str) -> None:
    values = {
        "IsoCode": code,
        "ConversionRate": Decimal(rate),
        "StartDate": date.fromisoformat(start),
    }
    standin.org.write("DatedConversionRate", [f"04w{number:0>15}"], AT, values)


def _currencies(standin: SalesforceStandin) -> None:
    for number, (code, rate) in enumerate((("EUR", "1"), ("USD", "1.084"), ("JPY", "162.5")), 1):
        values = {"IsoCode": code, "ConversionRate": Decimal(rate), "IsCorporate": code == "EUR"}
        standin.org.write("CurrencyType", [f"01L{number:0>15}"], AT, values)


def test_dated_rates_become_definitions_that_lose_no_digit(
    standin: SalesforceStandin, client: SalesforceClient, tmp_path: Path
) -> None:
    _currencies(standin)
    _rate(standin, 1, "EUR", "1", "2026-01-01")
    _rate(standin, 2, "USD", "1.091234", "2026-01-01")
    _rate(standin, 3, "USD", "1.075", "2026-02-01")
    values = {"Name": "DACH", "DeveloperName": "DACH"}
    standin.org.write("Territory2", ["0MI000000000001AAA"], AT, values)
    done = client.tables(tmp_path)
    assert done.counts == {
        "rates": 2,
        "territories": 1,
        "users": 1,
        "roles": 0,
        "territory_holders": 0,
    }
    import yaml

    written = Rates.model_validate(yaml.safe_load((tmp_path / "rates.yaml").read_text()))
    assert [(one.base, one.quote, str(one.on), one.rate) for one in written.rates] == [
        ("EUR", "USD", "2026-01-01", Decimal("1.091234")),
        ("EUR", "USD", "2026-02-01", Decimal("1.075")),
    ]
    people = list(csv.DictReader((tmp_path / "salesforce" / "users.csv").open()))
    assert people[0]["Email"] == "ana@acme.example"
    assert client.tables(tmp_path) == done, "again changes nothing"


def test_rates_without_dates_hold_for_ever_and_one_currency_has_none(
    standin: SalesforceStandin, client: SalesforceClient
) -> None:
    assert list(reference.rates(client.rest)) == []
    _currencies(standin)
    standin.http.hidden.add("DatedConversionRate")
    found = {one.quote: (one.on, one.rate) for one in reference.rates(client.rest)}
    first = date(2000, 1, 1)
    assert found == {"USD": (first, Decimal("1.084")), "JPY": (first, Decimal("162.5"))}
    standin.http.hidden.add("CurrencyType")  # an organisation with one currency
    assert list(reference.rates(client.rest)) == []


_NAMES = {name.lower().replace("__c", "_c"): name for types in OBJECTS.values() for name in types}


@pytest.mark.parametrize(
    ("file", "name", "kind"),
    [
        ("sf_opportunity_data.csv", "Opportunity", "deal"),
        ("sf_task_data.csv", "Task", "call"),
        ("sf_event_data.csv", "Event", "meeting"),
    ],
)
def test_rows_of_a_real_organisation_are_mapped(file: str, name: str, kind: str) -> None:
    """Fivetran's seeds: columns of the API in snake case, values of real organisations, hashed."""
    with sample(f"fivetran_salesforce_seeds/{file}").open(newline="") as lines:
        rows = list(csv.DictReader(lines))
    assert rows
    for row in rows:
        said: dict[str, Any] = {
            _NAMES[plain]: _seed(value, OBJECTS[name].get(_NAMES[plain], ""))
            for column, value in row.items()
            if (plain := column.replace("_", "")) in _NAMES
        }
        said |= {"TaskSubtype": "Call", "IsClosed": True} if kind == "call" else {}
        stamp = _instant(row.get("system_modstamp") or row["_fivetran_synced"])
        said |= {"SystemModstamp": stamp, "CreatedDate": _instant(row["created_date"])}
        said.pop("Probability", None)  # disguised: some are above 100
        event = event_of(name, records.of_rest(said, soql.BY_NAME[name], "USD"))
        assert event.message == kind
        assert event.record["source_id"] == row["id"]
        assert event.record["op"] == ("CANCELLED" if said["IsDeleted"] else "SET")


def _seed(text: str, kind: str) -> Any:
    if text == "":
        return None
    if kind == "boolean":
        return text.lower() == "true"
    if kind == "date":
        return text[:10]
    return _instant(text) if kind == "datetime" else text


def _instant(text: str) -> str:
    return text[:19].replace(" ", "T") + ".000+0000"


def test_the_vendor_is_told_as_the_contract_wants() -> None:
    told = vendor("salesforce")
    assert told.objects == ("Opportunity", "Task", "Event", "EmailMessage")
    assert told.hook is None
    described = told.settings.model_json_schema()["properties"]
    assert all(field.get("description") for field in described.values()), json.dumps(described)


def test_without_its_libraries_it_says_how_to_install_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in [name for name in sys.modules if ".vendors.salesforce" in name]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "grpc", None)
    with pytest.raises(KeyError, match=r"pip install 'pacesetter\[salesforce\]'"):
        vendor("salesforce")
