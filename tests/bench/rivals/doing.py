"""What all rivals share: decoding one record with fastavro, counting it, inserting it, telling.

It imports nothing of Pacesetter, so that it runs where only the rival and its own libraries are
installed. A rival counts records per owner, day in UTC and kind in a dictionary: it does not tell
duplicates, corrections or time zones, and cannot go on after a crash without counting twice.
"""

import argparse
import io
import json
import os
import struct
import time
from pathlib import Path
from typing import Any

import fastavro

SCHEMAS = Path(__file__).resolve().parents[3] / "schemas" / "avro"
KINDS = ("call", "email", "meeting", "deal")
TOPICS = ("crm.calls", "crm.emails", "crm.meetings", "crm.deals")
ROWS_MAX = 50_000  # of one insert: ClickHouse prefers few large ones
EPOCH = 719_163  # of 1970-01-01 among the days of Python's calendar
COLUMNS = (
    "entity_id", "kind", "revision", "op", "owner_id", "created_at", "occurred_at",
    "topic", "partition", "offset",
)  # fmt: skip
_HEAD = struct.Struct(">bI")


def asked() -> argparse.Namespace:
    """Return what the bench asks for on the command line."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--bootstrap", required=True)
    parser.add_argument("--prefix", default="", help="before the names of the topics")
    parser.add_argument("--group", required=True)
    parser.add_argument("--events", type=int, required=True, help="how many there are")
    parser.add_argument("--out", type=Path, required=True, help="counts and times, as JSON")
    parser.add_argument("--variant", default="")
    parser.add_argument("--table", default="", help="insert every event here")
    parser.add_argument("--warehouse-port", type=int, default=0)
    return parser.parse_args()


def consumer_settings(given: argparse.Namespace) -> dict[str, Any]:
    """Return librdkafka's settings for a fast reader."""
    return {
        "bootstrap.servers": given.bootstrap,
        "group.id": given.group,
        "auto.offset.reset": "earliest",
        # Else the reader idles for a second whenever its queue was full: a quarter of the time.
        "fetch.queue.backoff.ms": 10,
        "queued.max.messages.kbytes": 262_144,
        "fetch.message.max.bytes": 4_194_304,
        "enable.auto.commit": True,
    }


class Count:
    """Counts events, tells when all of them are counted, inserts them if there is a table.

    Attributes:
        left: events not counted yet.
    """

    def __init__(self, given: argparse.Namespace) -> None:
        self.left = given.events
        self._given = given
        self._schemas = _schemas()
        self._counts: dict[tuple[str, int, str], int] = {}
        self._began = 0.0
        self._sink = Sink(given) if given.table else None

    def decode(self, value: bytes) -> tuple[str, dict[str, Any]] | None:
        """Return kind and record; None for a marker, which is no event."""
        found = self._schemas.get(_HEAD.unpack_from(value)[1])
        if found is None:
            return None
        kind, schema = found
        body = io.BytesIO(value)
        body.seek(5)
        return kind, fastavro.schemaless_reader(body, schema)

    def begin(self) -> None:
        """Take note of the first record that arrived."""
        if not self._began:
            self._began = time.time()

    @staticmethod
    def key_of(kind: str, record: dict[str, Any]) -> tuple[str, int, str]:
        """Return what is counted by."""
        return record["owner_id"] or "", record["occurred_at"].toordinal() - EPOCH, kind

    def add(
        self, kind: str, record: dict[str, Any], topic: str, partition: int, offset: int
    ) -> bool:
        """Count one event and insert it by and by; return whether it was the last."""
        key = (record["owner_id"] or "", record["occurred_at"].toordinal() - EPOCH, kind)
        self._counts[key] = self._counts.get(key, 0) + 1
        if self._sink is not None:
            self._sink.add(kind, record, topic, partition, offset)
        self.left -= 1
        return self.left == 0

    def flush(self) -> None:
        """Insert what waits."""
        if self._sink is not None:
            self._sink.flush()

    def tell(self, counts: dict[tuple[str, int, str], int] | None = None) -> None:
        """Insert the rest and write what the bench wants to know."""
        self.flush()
        ended = time.time()
        found = self._counts if counts is None else counts
        about = {
            "began": self._began,
            "ended": ended,
            "counts": [[*key, n] for key, n in found.items()],
        }
        draft = self._given.out.with_suffix(".draft")
        draft.write_text(json.dumps(about))
        draft.rename(self._given.out)

    def leave(self) -> None:
        """End the process: what is to be told has been told."""
        os._exit(0)


class Sink:
    """Inserts events by columns, many at once."""

    def __init__(self, given: argparse.Namespace) -> None:
        import clickhouse_connect

        self._table = given.table
        self._columns: list[list[Any]] = [[] for _ in COLUMNS]
        self._client = clickhouse_connect.get_client(
            host="127.0.0.1",
            port=given.warehouse_port,
            username="service",
            password=os.environ["BENCH_TOKEN"],
            autogenerate_session_id=False,
            compress=False,  # loopback
        )
        # Asking for the table's columns before each insert would cost a round trip each.
        self._context = self._client.create_insert_context(
            self._table, COLUMNS, column_oriented=True
        )

    def add(
        self, kind: str, record: dict[str, Any], topic: str, partition: int, offset: int
    ) -> None:
        """Keep an event for the next insert."""
        row = (
            record["entity_id"], kind, record["revision"], record["op"], record["owner_id"] or "",
            record["created_at"], record["occurred_at"], topic, partition, offset,
        )  # fmt: skip
        for column, value in zip(self._columns, row, strict=True):
            column.append(value)
        if len(self._columns[0]) >= ROWS_MAX:
            self.flush()

    def flush(self) -> None:
        """Insert what waits."""
        if self._columns[0]:
            self._context.data = self._columns
            self._client.insert(context=self._context)
            self._columns = [[] for _ in COLUMNS]


def topics_of(given: argparse.Namespace) -> list[str]:
    """Return the names of the four topics."""
    return [given.prefix + name for name in TOPICS]


def _schemas() -> dict[int, tuple[str, Any]]:
    ids = json.loads((SCHEMAS / "catalogue.json").read_text())
    return {
        ids[f"{kind}/1"]: (
            kind,
            fastavro.parse_schema(json.loads((SCHEMAS / kind / "1.avsc").read_text())),
        )
        for kind in KINDS
    }
