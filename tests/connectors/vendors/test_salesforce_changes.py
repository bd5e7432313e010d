"""Change events of Salesforce: which fields their bitmaps name, which records they are about."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.sources.vendors.contract import Notice
from connectors.sources.vendors.salesforce.bitmaps import BadBitmap, names
from connectors.sources.vendors.salesforce.changes import Change, Parents, change_of, notices_of
from tests.connectors.vendors.salesforce_events import bitmap

# Fields of AccountChangeEvent in the order in which the Change Data Capture Developer Guide prints
# them ("Get Compound Fields in Change Events"), up to the last one its bitmaps name.
_ADDRESS = [
    "Street",
    "City",
    "State",
    "PostalCode",
    "Country",
    "Latitude",
    "Longitude",
    "GeocodeAccuracy",
]
_ACCOUNT = [
    "ChangeEventHeader",
    "Name",
    "Type",
    "ParentId",
    "BillingAddress",
    "ShippingAddress",
    "Phone",
    "Fax",
    "AccountNumber",
    "Website",
    "Sic",
    "Industry",
    "AnnualRevenue",
    "NumberOfEmployees",
    "Ownership",
    "TickerSymbol",
    "Description",
    "Rating",
    "Site",
    "OwnerId",
    "CreatedDate",
    "CreatedById",
    "LastModifiedDate",
    "LastModifiedById",
    "Jigsaw",
]


def _text(name: str) -> dict[str, Any]:
    return {"name": name, "type": ["null", "string"]}


def _compound(name: str, fields: list[str]) -> dict[str, Any]:
    inner = {"type": "record", "name": f"{name}Type", "fields": [_text(one) for one in fields]}
    return {"name": name, "type": ["null", inner]}


ACCOUNT = {
    "type": "record",
    "name": "AccountChangeEvent",
    "fields": [
        _compound(one, _ADDRESS) if one.endswith("Address") else _text(one) for one in _ACCOUNT
    ],
}


@pytest.mark.parametrize(
    ("published", "expected"),
    [
        # "Compound Field in an Updated Record": the street of the billing address was changed.
        (["0x400000", "4-0x01"], ("LastModifiedDate", "BillingAddress.Street")),
        # "Example: Delivered Enriched Event Messages": only the fax number was changed.
        (["0x400080"], ("Fax", "LastModifiedDate")),
        # A change of the industry, as "Merged Change Events" tells it with names.
        (["0x400800"], ("Industry", "LastModifiedDate")),
        # pozil/pub-sub-api-node-client, README: the state of the billing address.
        (["0x400000", "4-0x04"], ("LastModifiedDate", "BillingAddress.State")),
        ([], ()),
    ],
)
def test_published_bitmaps_name_the_published_fields(
    published: list[str], expected: tuple[str, ...]
) -> None:
    assert names(ACCOUNT, published) == expected


@st.composite
def _schemas(draw: st.DrawFn) -> tuple[dict[str, Any], list[str]]:
    """Return a schema and some of its fields, in its order."""
    fields, chosen, within = [], [], []
    for index in range(draw(st.integers(1, 40))):
        inner = [f"C{i}" for i in range(draw(st.sampled_from([0, 0, 0, 1, 11])))]
        fields.append(_compound(f"F{index}", inner) if inner else _text(f"F{index}"))
        if draw(st.booleans()):
            chosen.append(f"F{index}")
        within += [f"F{index}.{one}" for one in inner if draw(st.booleans())]
    return {"name": "AnyChangeEvent", "fields": fields}, [*chosen, *within]


@settings(max_examples=40)
@given(_schemas())
def test_what_is_written_by_the_documented_rule_is_read_again(
    drawn: tuple[dict[str, Any], list[str]],
) -> None:
    schema, fields = drawn
    assert list(names(schema, bitmap(schema, fields))) == fields


@settings(max_examples=60)
@given(st.lists(st.text(max_size=12) | st.from_regex(r"(\d{0,3}-)?0x[0-9A-F]{0,9}"), max_size=3))
def test_no_text_breaks_the_decoder(bitmaps: list[str]) -> None:
    try:
        found = names(ACCOUNT, bitmaps)
    except BadBitmap:
        return
    assert all(name.partition(".")[0] in _ACCOUNT for name in found)


@pytest.mark.parametrize(
    "text", ["0x2000000", "99-0x01", "1-0x01", "4-0x100", "0x", "400000", "4-"]
)
def test_a_bitmap_that_does_not_fit_its_schema_is_refused(text: str) -> None:
    with pytest.raises(BadBitmap):
        names(ACCOUNT, [text])


def _event(op: str, ids: list[str], **said: Any) -> dict[str, Any]:
    fields: dict[str, Any] = {"Name": None, "Industry": None, "Fax": None, **said.get("values", {})}
    header = {
        "entityName": said.get("entity", "Account"),
        "recordIds": ids,
        "changeType": op,
        "commitTimestamp": 1714170102000,
        "changedFields": said.get("changed", []),
        "nulledFields": said.get("nulled", []),
        "diffFields": said.get("diff", []),
    }
    return {"ChangeEventHeader": header, **fields}


AT = datetime(2024, 4, 26, 22, 21, 42, tzinfo=UTC)


def test_an_update_states_the_changed_fields_only_and_what_was_emptied_as_empty() -> None:
    # Nulled: Fax. Industry changed. Name is unchanged, though the event has it as null.
    event = _event(
        "UPDATE",
        ["0015f00002JUZPDAA5"],
        values={"Industry": "Apparel"},
        changed=["0x400880"],
        nulled=["0x80"],
    )
    change = change_of(event, ACCOUNT)
    assert change.said == {"Fax": None, "Industry": "Apparel", "LastModifiedDate": None}
    assert change.at == AT


def test_a_value_that_is_told_as_a_difference_is_not_stated() -> None:
    event = _event(
        "UPDATE",
        ["0015f00002JUZPDAA5"],
        values={"Industry": "--- a\n+++ b"},
        changed=["0x400800"],
        diff=["0x800"],
    )
    assert "Industry" not in change_of(event, ACCOUNT).said


def _notices(*events: dict[str, Any], parents: Any = None) -> tuple[Notice, ...]:
    changes = [change_of(event, ACCOUNT) for event in events]
    return notices_of(changes, ("Account",), parents or {})


def test_the_published_merged_event_is_one_notice_for_each_record() -> None:
    # Change Data Capture Developer Guide, "Merged Change Events".
    ids = ["0015f00002JUZPDAA5", "0015f00002JUZPXAA5", "0015f00002JUZPcAAP"]
    found = _notices(_event("UPDATE", ids, changed=["0x400800"]))
    assert found == tuple(Notice("Account", one, AT) for one in ids)


@pytest.mark.parametrize(
    "op",
    [
        "CREATE",
        "UPDATE",
        "DELETE",
        "UNDELETE",
        "GAP_CREATE",
        "GAP_UPDATE",
        "GAP_DELETE",
        "GAP_UNDELETE",
    ],
)
def test_every_kind_of_change_has_its_record_read(op: str) -> None:
    found = _notices(_event(op, ["0015f00002JUZPDAA5"]))
    assert found == (Notice("Account", "0015f00002JUZPDAA5", AT),)


@pytest.mark.parametrize(
    ("op", "ids"),
    [
        ("GAP_OVERFLOW", ["000000000000000AAA"]),
        ("GAP_OVERFLOW", []),
        ("UPDATE", ["001*"]),  # a field's type was converted: of all accounts
        ("GAP_UPDATE", ["000000000000000AAA"]),
    ],
)
def test_where_no_record_is_named_the_whole_object_is_listed(op: str, ids: list[str]) -> None:
    assert _notices(_event(op, ids)) == (Notice("Account", "", AT),)


def test_a_record_that_is_told_of_twice_is_read_once_in_its_last_place() -> None:
    first, other = "0015f00002JUZPDAA5", "0015f00002JUZPXAA5"
    events = [_event("UPDATE", [one]) for one in (first, other, first)]
    assert [one.record_id for one in _notices(*events)] == [other, first]


def test_a_child_is_told_as_its_parent_and_an_unknown_parent_as_any() -> None:
    known = {"Part": Parents("Account", {"1FF5f00002JUZPDAA5": "0015f00002JUZPDAA5"})}
    said = Change("Part", ("1FF5f00002JUZPDAA5", "1FF5f00002JUZPXAA5"), "UPDATE", AT, {})
    found = notices_of([said], ("Account",), known)
    assert [one.record_id for one in found] == ["0015f00002JUZPDAA5", ""]


def test_objects_that_nobody_maps_are_passed_over() -> None:
    assert _notices(_event("UPDATE", ["0035f00002JUZPDAA5"], entity="Contact")) == ()
