"""Change events: what a decoded event says, and which records it is about. Pure.

Salesforce tells of an update with the changed fields only, and the others empty; so `said` holds
what an event really states. Which record it belongs to is read from that, its state always from the
record itself.

Source: Change Data Capture Developer Guide, ChangeEventHeader Fields, Merged Change Events, Gap
Events, Overflow Events.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from connectors.sources.vendors.contract import Notice
from connectors.sources.vendors.salesforce import bitmaps

HEADER = "ChangeEventHeader"
NO_ID = "0" * 15  # what stands in place of ids where an event names none
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Change(NamedTuple):
    """One change event.

    Attributes:
        entity: the object's name.
        record_ids: of all records that changed alike; none: of the whole object.
        op: CREATE, UPDATE, DELETE, UNDELETE, GAP_..., GAP_OVERFLOW; LOST: it could not be read.
        at: when it was committed; None: not known.
        said: fields whose values the event states, None among them where one was emptied.
        nested: fields within compound ones that changed, as `Compound.Field`.
    """

    entity: str
    record_ids: tuple[str, ...]
    op: str
    at: datetime | None
    said: Mapping[str, Any]
    nested: tuple[str, ...] = ()


def change_of(event: Mapping[str, Any], schema: bitmaps.Schema) -> Change:
    """Return what a decoded event says.

    Raises:
        BadBitmap: its header does not fit the schema.
        KeyError, TypeError: it is no change event.
    """
    header = event[HEADER]
    op = str(header["changeType"])
    ids = tuple(str(one) for one in header["recordIds"])
    named = not any(one.endswith("*") or one.startswith(NO_ID) for one in ids)
    if op == "GAP_OVERFLOW" or not named:
        ids = ()
    fields = {name: value for name, value in event.items() if name != HEADER}
    nested: tuple[str, ...] = ()
    if op == "UPDATE":
        fields, nested = _updated(fields, header, schema)
    elif op not in ("CREATE", "UNDELETE"):
        fields = {}  # a deletion states nothing, a gap even less
    at = _EPOCH + timedelta(milliseconds=int(header["commitTimestamp"]))
    return Change(str(header["entityName"]), ids, op, at, fields, nested)


def lost(schema: bitmaps.Schema) -> Change:
    """Return what an event stands for that nobody can read: anything of its object."""
    return Change(str(schema.get("name", "")).removesuffix("ChangeEvent"), (), "LOST", None, {})


class Parents(NamedTuple):
    """Whose children changed.

    Attributes:
        object: the object whose records hold them.
        of: a child's id -> its record's. A child that is missing belongs to nobody knows whom.
    """

    object: str
    of: Mapping[str, str]


def notices_of(
    changes: Iterable[Change], kinds: Iterable[str], parents: Mapping[str, Parents]
) -> tuple[Notice, ...]:
    """Return a notice for each record to read, the last one where a record is told of twice.

    Args:
        kinds: the objects whose records are wanted.
        parents: for each object that is told of as a part of another's records.
    """
    wanted = frozenset(kinds)
    found: dict[tuple[str, str], Notice] = {}
    for change in changes:
        for object_name, record_id in _targets(change, wanted, parents):
            found.pop((object_name, record_id), None)  # the last place is the newest
            found[object_name, record_id] = Notice(object_name, record_id, change.at)
    return tuple(found.values())


def _targets(
    change: Change, wanted: frozenset[str], parents: Mapping[str, Parents]
) -> list[tuple[str, str]]:
    if change.entity in wanted:
        return [(change.entity, one) for one in change.record_ids or ("",)]
    known = parents.get(change.entity)
    if known is None:
        return []
    return [(known.object, known.of.get(one, "")) for one in change.record_ids or ("",)]


def _updated(
    fields: Mapping[str, Any], header: Mapping[str, Any], schema: bitmaps.Schema
) -> tuple[dict[str, Any], tuple[str, ...]]:
    changed = bitmaps.names(schema, header["changedFields"])
    emptied = frozenset(bitmaps.names(schema, header["nulledFields"]))
    told_in_part = frozenset(bitmaps.names(schema, header["diffFields"]))
    said = {
        name: None if name in emptied else fields.get(name)
        for name in (*changed, *emptied)
        if "." not in name and name not in told_in_part
    }
    return said, tuple(name for name in changed if "." in name)
