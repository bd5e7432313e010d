"""Change events as Salesforce writes them: Avro schemas with bitmaps, and the bus they lie on.

Schemas, header and bitmaps follow the Change Data Capture Developer Guide and the Pub/Sub API's
"Event Deserialization Considerations"; fields stand in the order of the object reference's
OpportunityChangeEvent and its neighbours.
"""

import hashlib
import io
import json
import threading
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any, NamedTuple

import fastavro

OPS = [
    "CREATE",
    "UPDATE",
    "DELETE",
    "UNDELETE",
    "GAP_CREATE",
    "GAP_UPDATE",
    "GAP_DELETE",
    "GAP_UNDELETE",
    "GAP_OVERFLOW",
]
_TEXTS = {"type": "array", "items": "string"}
_HEADER = {
    "type": "record",
    "name": "ChangeEventHeader",
    "fields": [
        {"name": "entityName", "type": "string"},
        {"name": "recordIds", "type": _TEXTS},
        {"name": "changeType", "type": {"type": "enum", "name": "ChangeType", "symbols": OPS}},
        {"name": "changeOrigin", "type": "string"},
        {"name": "transactionKey", "type": "string"},
        {"name": "sequenceNumber", "type": "int"},
        {"name": "commitTimestamp", "type": "long"},
        {"name": "commitNumber", "type": "long"},
        {"name": "commitUser", "type": "string"},
        {"name": "nulledFields", "type": _TEXTS},
        {"name": "diffFields", "type": _TEXTS},
        {"name": "changedFields", "type": _TEXTS},
    ],
}
_AVRO = {
    "boolean": "boolean",
    "int": "int",
    "date": "long",
    "datetime": "long",
    "double": "double",
    "currency": "double",
    "percent": "double",
}
_ABSENT = ("Id", "IsDeleted", "SystemModstamp")  # no event has them


def schema_of(entity: str, types: Mapping[str, str]) -> dict[str, Any]:
    """Return the Avro schema of an object's change events."""
    fields: list[dict[str, Any]] = [{"name": "ChangeEventHeader", "type": _HEADER}]
    fields += [
        {"name": name, "type": ["null", _AVRO.get(kind, "string")], "default": None}
        for name, kind in types.items()
        if name not in _ABSENT
    ]
    return {
        "type": "record",
        "name": f"{entity}ChangeEvent",
        "namespace": "com.sforce.eventbus",
        "fields": fields,
    }


def bitmap(schema: Mapping[str, Any], names: Sequence[str]) -> list[str]:
    """Return the bitmaps that name fields, those of a compound field written `Compound.Field`."""
    places = {field["name"]: index for index, field in enumerate(schema["fields"])}
    top = sum(1 << places[name] for name in set(names) if "." not in name)
    found = [_hex(top)] if top else []
    for compound in sorted({n.partition(".")[0] for n in names if "." in n}, key=places.get):  # type: ignore[arg-type]
        index = places[compound]
        inner = next(t for t in schema["fields"][index]["type"] if isinstance(t, dict))
        children = [field["name"] for field in inner["fields"]]
        bits = sum(
            1 << children.index(n.partition(".")[2])
            for n in set(names)
            if n.partition(".")[0] == compound and "." in n
        )
        found.append(f"{index}-{_hex(bits)}")
    return found


def _hex(bits: int) -> str:
    digits = f"{bits:X}"
    return f"0x{'0' * (len(digits) % 2)}{digits}"


class Stored(NamedTuple):
    """An event on the bus."""

    replay: int
    schema_id: str
    payload: bytes


class Bus:
    """The event bus of an organisation: replay ids grow, are not contiguous, and run out."""

    def __init__(self, objects: Mapping[str, Mapping[str, str]]) -> None:
        self.changed = threading.Condition()
        self.events: list[Stored] = []
        self.oldest = 0  # replay ids below are no longer known
        self.latest = 17_000_000
        self.commits = 1_652_977_933_433_528
        self.schemas: dict[str, dict[str, Any]] = {}
        self.ids: dict[str, str] = {}
        for entity, types in objects.items():
            schema = schema_of(entity, types)
            digest = hashlib.sha256(json.dumps(schema).encode()).hexdigest()[:22]
            self.schemas[digest], self.ids[entity] = schema, digest

    def publish(
        self,
        entity: str,
        op: str,
        ids: Sequence[str],
        at: datetime,
        *,
        user: str,
        values: Mapping[str, Any],
        changed: Sequence[str],
        transaction: str,
        sequence: int,
    ) -> None:
        """Put an event on the bus: of an update only the changed fields have values."""
        schema = self.schemas[self.ids[entity]]
        known = [field["name"] for field in schema["fields"][1:]]
        is_full = op in ("CREATE", "UNDELETE")
        told = [name for name in known if is_full or (op == "UPDATE" and name in changed)]
        names = [name for name in told if op == "UPDATE"]
        self.commits += 1
        event: dict[str, Any] = {name: None for name in known}
        event |= {name: _avro(values.get(name)) for name in told}
        event["ChangeEventHeader"] = {
            "entityName": entity,
            "recordIds": list(ids),
            "changeType": op,
            "changeOrigin": "com/salesforce/api/soap/62.0;client=SfdcInternalAPI/",
            "transactionKey": transaction,
            "sequenceNumber": sequence,
            "commitTimestamp": int(at.timestamp()) * 1000,
            "commitNumber": self.commits,
            "commitUser": user,
            "diffFields": [],
            "nulledFields": bitmap(schema, [n for n in names if values.get(n) is None]),
            "changedFields": bitmap(schema, names),
        }
        payload = io.BytesIO()
        fastavro.schemaless_writer(payload, fastavro.parse_schema(dict(schema)), event)
        self.put(self.ids[entity], payload.getvalue())

    def put(self, schema_id: str, payload: bytes) -> None:
        """Put bytes on the bus as they are."""
        with self.changed:
            self.latest += 3 if self.latest % 2 else 1
            self.events.append(Stored(self.latest, schema_id, payload))
            self.changed.notify_all()

    def behind(self, replay: int) -> list[Stored]:
        """Return the events behind a place."""
        return [event for event in self.events if event.replay > replay]

    def forget(self) -> None:
        """Let 72 hours pass for everything there is."""
        with self.changed:
            self.latest += 5
            self.oldest = self.latest
            self.events.clear()


def _avro(value: Any) -> Any:
    if isinstance(value, datetime):
        return int(value.timestamp() * 1000)
    if isinstance(value, date):  # midnight UTC, as Salesforce writes dates into events
        return int(datetime.combine(value, time(), UTC).timestamp() * 1000)
    return float(value) if isinstance(value, Decimal) else value
