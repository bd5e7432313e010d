import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from queue import Empty, Queue
from threading import Thread
from typing import Any

import httpx
import pytest

from connectors.boards.config import BoardConfig
from connectors.boards.scores import Partial
from connectors.boards.server import create_app, utc_now
from schemas.definitions import Company
from schemas.positions import position_of
from schemas.topics import DEALS, DEFINITIONS, REP_DAYS
from tests.connectors.boards.ground import Broker, Floor, Served, Warehouse, answer_of, until

TODAY = utc_now().date()
SECONDS_MAX = 15.0
Event = dict[str, Any]


def stored(rep: str, value: int, offset: int = 1, day: date = TODAY) -> Partial:
    position = position_of(1, offset)
    return Partial(
        rep, day, "revenue_won_reporting", "EUR", DEALS.name, 1, position, Decimal(value)
    )


class Viewer:
    """A page's stream, read by a program."""

    def __init__(self, served: Served, query: str = "period=quarter&by=revenue") -> None:
        self._served, self._query = served, query
        self._token = served.token(f"viewer {query} {time.monotonic()}")
        self.events: Queue[Event] = Queue()
        self.headers: dict[str, str] = {}

    @contextmanager
    def watching(self) -> Iterator["Viewer"]:
        reading = Thread(target=self._read, daemon=True)
        reading.start()
        yield self

    def until(self, holds: Any) -> Event:
        """Return the first event of which something holds."""
        end = time.monotonic() + SECONDS_MAX
        last: Event = {}
        while time.monotonic() < end:
            try:
                last = self.events.get(timeout=0.2)
            except Empty:
                continue
            if holds(last):
                return last
        raise AssertionError(f"not seen within {SECONDS_MAX} s; the last was {last}")

    def revenue(self, **expected: int) -> Event:
        wanted = {rep.replace("_", "-"): str(value) for rep, value in expected.items()}
        return self.until(
            lambda e: (
                e["event"] == "snapshot"
                and wanted.items() <= {r["id"]: r["value"] for r in e["data"]["rows"]}.items()
            )
        )

    def _read(self) -> None:
        headers = {"authorization": f"Bearer {self._token}"}
        url = f"{self._served.url}/events?{self._query}"
        try:
            with httpx.stream("GET", url, headers=headers, timeout=60, verify=False) as answer:
                self.headers = dict(answer.headers)
                self._parse(answer.iter_lines())
        except httpx.TransportError:
            pass  # the server was stopped

    def _parse(self, lines: Iterator[str]) -> None:
        event: Event = {}
        for line in lines:
            name, _, value = line.partition(": ")
            if name == "data":
                event["data"] = json.loads(value)
            elif name in {"event", "id", "retry"}:
                event[name] = value
            elif not line and "event" in event:
                self.events.put(event)
                event = {}


def test_the_past_comes_from_the_warehouse_and_the_present_from_the_topic(
    warehouse: Warehouse, broker: Broker, floor: Floor, tmp_path: Path
) -> None:
    warehouse.stored([stored("rep-a", 70), stored("rep-a", 100, offset=2), stored("rep-b", 30)])
    warehouse.stored([stored("rep-c", 900)], generation=2)  # not live
    floor.wins("rep-c", 1)  # before the board's place in the topic: nothing of it is seen
    served = Served(tmp_path, broker.bootstrap, warehouse.seed()).ready()
    try:
        with Viewer(served).watching() as viewer:
            first = viewer.revenue(rep_a=100, rep_b=30, rep_c=0)
            assert first["data"]["wins"] == []
            names = [row["name"] for row in first["data"]["rows"]]
            assert names == ["Ana Souza", "Ben Ode", "Cleo Marsh"]
            floor.wins("rep-b", 50)
            after = viewer.revenue(rep_b=80)
            assert [(w["name"], w["amount"]) for w in after["data"]["wins"]] == [("Ben Ode", "50")]
    finally:
        served.stop()


def test_the_stream_says_who_it_is_and_how_to_come_back(served: Served) -> None:
    with Viewer(served).watching() as viewer:
        beat = viewer.until(lambda e: e["event"] == "beat")
        assert beat["retry"] == "2000"
        assert beat["data"]["feed"]["state"] == "live"
        snapshot = viewer.until(lambda e: e["event"] == "snapshot")
        epoch, sequence = snapshot["id"].split("-")
        assert int(epoch) > 1_700_000_000_000
        assert int(sequence) >= 1
    assert viewer.headers["cache-control"] == "no-cache, no-transform"
    assert viewer.headers["x-accel-buffering"] == "no"
    assert viewer.headers["content-type"].startswith("text/event-stream")


def test_a_flood_costs_at_most_four_snapshots_a_second(served: Served, floor: Floor) -> None:
    with Viewer(served).watching() as viewer:
        viewer.revenue(rep_a=0)
        began = time.monotonic()
        for _ in range(60):
            floor.wins("rep-a", 10)
        seen = 0
        while True:
            event = viewer.until(lambda e: e["event"] == "snapshot")
            seen += 1
            if {r["id"]: r["value"] for r in event["data"]["rows"]}["rep-a"] == "600":
                break
        assert seen <= 4 * (time.monotonic() - began) + 2


def test_foreign_money_without_a_rate_is_named(served: Served, floor: Floor) -> None:
    with Viewer(served).watching() as viewer:
        floor.wins("rep-a", 70, currency="USD")
        event = viewer.until(
            lambda e: e["event"] == "snapshot" and e["data"]["unrated"] == {"USD": "70"}
        )
        assert event["data"]["totals"]["revenue"] == "0"


def test_quiet_late_and_silent_sources_are_told_apart(
    served_alone: Served, own_broker: Broker
) -> None:
    floor = Floor(own_broker)
    floor.progress("crm")
    floor.progress("dialer", behind=timedelta(minutes=9))
    floor.progress("mail", silent=timedelta(minutes=9))
    with Viewer(served_alone).watching() as viewer:
        event = viewer.until(lambda e: e["event"] == "snapshot" and len(e["data"]["sources"]) == 3)
    states = {s["source"]: s["state"] for s in event["data"]["sources"]}
    assert states == {"crm": "live", "dialer": "late", "mail": "silent"}


def test_progress_said_before_the_board_began_is_known(
    warehouse: Warehouse, own_broker: Broker, tmp_path: Path
) -> None:
    row = ["mail", utc_now() - timedelta(minutes=8), utc_now(), "catching up", 7]
    warehouse.client.insert("spm.source_progress", [row])
    Floor(own_broker).progress("crm")
    served = Served(tmp_path, own_broker.bootstrap, warehouse.seed()).ready()
    try:
        with Viewer(served).watching() as viewer:
            event = viewer.until(
                lambda e: e["event"] == "snapshot" and len(e["data"]["sources"]) == 2
            )
        states = {s["source"]: (s["state"], s["detail"]) for s in event["data"]["sources"]}
        assert states == {"crm": ("live", ""), "mail": ("late", "catching up")}
    finally:
        served.stop()


def test_a_broker_that_dies_is_noticed_and_the_board_begins_again(
    served_alone: Served, warehouse: Warehouse, own_broker: Broker
) -> None:
    served, broker, floor = served_alone, own_broker, Floor(own_broker)
    with Viewer(served).watching() as viewer:
        floor.wins("rep-a", 100)
        viewer.revenue(rep_a=100)
        broker.stop()
        stalled = viewer.until(
            lambda e: e["event"] == "snapshot" and e["data"]["feed"]["state"] == "stalled"
        )
        assert stalled["data"]["feed"]["as_of"] < stalled["data"]["server_now"]
        assert stalled["data"]["rows"][0]["value"] == "100"  # what was known is still shown
        assert answer_of(f"{served.url}/readyz").status_code == 503
        # What the old log held is in the warehouse; the new one begins at offset 0.
        warehouse.stored([stored("rep-a", 120)])
        broker.start()
        viewer.revenue(rep_a=120)
        floor.epoch, floor.totals = 2, {}
        floor.wins("rep-b", 5)
        viewer.revenue(rep_b=5, rep_a=120)


def test_a_log_begun_anew_behind_the_boards_back_is_noticed(
    served: Served, warehouse: Warehouse, floor: Floor
) -> None:
    with Viewer(served).watching() as viewer:
        floor.wins("rep-a", 100)
        viewer.revenue(rep_a=100)
        warehouse.stored([stored("rep-b", 40)])  # its message got lost with the old log
        floor.epoch = 2
        floor.wins("rep-a", 11)
        viewer.revenue(rep_b=40)


def test_a_new_generation_replaces_all_numbers(
    served: Served, warehouse: Warehouse, floor: Floor
) -> None:
    with Viewer(served).watching() as viewer:
        floor.wins("rep-a", 100)
        viewer.revenue(rep_a=100)
        warehouse.stored([stored("rep-a", 60), stored("rep-b", 7)], generation=2)
        warehouse.live(2)
        part = floor.partial("rep-c", TODAY, "revenue_won_reporting", 9, "EUR")
        floor.tell("rep-c", part, generation=2)
        viewer.revenue(rep_a=60, rep_b=7)


def test_new_people_appear_when_the_definitions_move(
    served: Served, warehouse: Warehouse, broker: Broker
) -> None:
    with Viewer(served).watching() as viewer:
        viewer.revenue(rep_a=0)
        warehouse.roster({"rep-n": ("Nora Neu", "North")}, sequence=2)
        warehouse.company(
            Company(name="Renamed", reporting_currency="EUR", time_zone="UTC"), sequence=2
        )
        revision = {
            "kind": "roster", "revision_id": "x", "author": "tests", "note": "",
            "written_at": utc_now(), "content": b"",
        }  # fmt: skip
        broker.send(DEFINITIONS.name, "definitions", "roster", [revision])
        event = viewer.revenue(rep_n=0)
    assert [row["name"] for row in event["data"]["rows"]] == ["Nora Neu"]
    assert event["data"]["company"]["name"] == "Renamed"


def test_bytes_that_are_no_message_are_counted_and_left_out(
    served: Served, broker: Broker, floor: Floor
) -> None:
    from confluent_kafka import Producer

    producer = Producer({"bootstrap.servers": broker.bootstrap, "log_level": 0})
    for value in (b"", b"\x00\x00\x00\x00\x00", b"{}", b"\x00\x00\x00\xff\xff\x01"):
        producer.produce(REP_DAYS.name, value, "rep-a")
    assert producer.flush(10) == 0
    with Viewer(served).watching() as viewer:
        floor.wins("rep-a", 5)
        viewer.revenue(rep_a=5)
    told = answer_of(f"{served.url}/metrics").text
    assert 'pacesetter_board_undecodable_total{topic="spm.rep-days"} 4.0' in told
    assert "pacesetter_board_live 1.0" in told
    assert "rep-a" not in told


def test_a_viewer_who_leaves_is_counted_out_and_a_crowd_is_turned_away(
    warehouse: Warehouse, broker: Broker, tmp_path: Path
) -> None:
    served = Served(tmp_path, broker.bootstrap, warehouse.seed(), streams_max=1).ready()
    bearer = {"authorization": f"Bearer {served.token('tv')}"}
    try:
        with httpx.stream("GET", f"{served.url}/events", headers=bearer, verify=False) as one:
            assert one.status_code == 200
            assert answer_of(f"{served.url}/events", headers=bearer).status_code == 503
        until(lambda: "pacesetter_board_viewers 0.0" in answer_of(f"{served.url}/metrics").text)
    finally:
        served.stop()


def test_a_token_revoked_ends_the_open_stream(served: Served, floor: Floor) -> None:
    with Viewer(served).watching() as viewer:
        viewer.revenue(rep_a=0)
        for principal in served.principals.everyone():
            if principal.name.startswith("viewer"):
                served.principals.remove(principal.name)
        floor.wins("rep-a", 5)
        viewer.until(lambda e: e["event"] == "leave")


def test_a_warehouse_address_that_is_none_is_refused_at_once(tmp_path: Path) -> None:
    config = BoardConfig(
        "127.0.0.1:1", "127.0.0.1:8123", "x", "y", tmp_path / "p.json", tmp_path / "s.json"
    )
    with pytest.raises(ValueError, match="write http://host:port"):
        create_app(config)
