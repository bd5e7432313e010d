"""Of several machines one has the turn; who lost it writes nothing, the killed are replaced."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from infra.alerting.leasing import Lease, Leased, Taken, holder_of
from infra.alerting.serving import Looked, Service
from infra.alerting.ticking import tick
from schemas.alerts import Alerts
from schemas.warehouse import Fenced
from tests.emptying import emptied
from tests.ground import wait_for
from tests.infra.alerting.conftest import Ground, written

NOW = datetime.now(UTC).replace(microsecond=0)
SECONDS, LONGER = 2.0, 12.0  # turns of these tests


@pytest.fixture(scope="module")
def once(server: tuple[str, str, Any]) -> Ground:
    rule = {"rule_id": "quiet", "name": "No calls", "signal": "KPI", "subject": "REP",
            "roles": ["AE"], "kpi": "calls", "worse": "BELOW", "long_days": 5, "enter": 0,
            "leave": 1, "severity": "WATCH", "routes": ["DIGEST"]}  # fmt: skip
    return written(server, Alerts.model_validate({"rules": [rule]}))


@pytest.fixture
def ground(once: Ground) -> Ground:
    emptied(once.client, ("lease", "alert_event", "alert_published"))
    return once


def lease(holder: str, *, lasts: float = SECONDS, settle: float = 60) -> Lease:
    return Lease("alerts", holder, lasts=lasts, settle=settle, sleep=lambda _: None)


def test_one_has_it_until_it_leaves_or_its_time_is_over(ground: Ground) -> None:
    a, b = lease("a", lasts=600), lease("b", lasts=600)
    a.take(ground.warehouse)
    with pytest.raises(Taken, match="a has its turn"):
        b.take(ground.warehouse)
    a.take(ground.warehouse)  # again, at once
    b.leave(ground.warehouse)  # what is not its own
    with pytest.raises(Taken):
        b.take(ground.warehouse)
    a.leave(ground.warehouse)
    b.take(ground.warehouse)


def test_who_slept_through_its_time_writes_nothing(ground: Ground) -> None:
    asleep = lease("asleep").take(ground.warehouse)
    rows = pl.DataFrame({"event_id": ["x"], "at": [NOW]})
    incarnation = ground.warehouse.incarnation()
    asleep.insert("spm.alert_published", rows, incarnation)
    time.sleep(SECONDS)
    other = lease("other", lasts=600).take(ground.warehouse)
    with pytest.raises(Fenced):
        asleep.insert("spm.alert_published", rows, incarnation)
    with pytest.raises(Fenced):
        tick(asleep, ground.bundle, NOW)
    other.insert("spm.alert_published", rows, incarnation)
    assert ground.rows("SELECT count() FROM spm.alert_event") == [(0,)]


def test_of_those_who_claim_at_one_moment_one_has_it(ground: Ground) -> None:
    claimants = 6
    for attempt in range(3):
        ground.client.command("TRUNCATE TABLE spm.lease")
        ready = threading.Barrier(claimants)

        def take(n: int, ready: threading.Barrier = ready) -> Leased | None:
            one = Lease("alerts", f"m{n}", lasts=600, settle=4.0)
            ready.wait()
            try:
                return one.take(ground.warehouse)
            except Taken:
                return None

        with ThreadPoolExecutor(claimants) as pool:
            held = [one for one in pool.map(take, range(claimants)) if one is not None]
        assert len(held) <= 1, f"attempt {attempt}"
        rows = pl.DataFrame({"event_id": ["x"], "at": [NOW]})
        for one in held:
            one.insert("spm.alert_published", rows, ground.warehouse.incarnation())


def test_a_claim_that_took_long_does_not_count(ground: Ground) -> None:
    with pytest.raises(Taken, match="slow"):
        Lease("alerts", "a", settle=0.0, sleep=lambda _: None).take(ground.warehouse)


def test_two_machines_look_and_there_is_one_transition_and_whoever_is_killed_is_replaced(
    ground: Ground, tmp_path: Path
) -> None:
    stopping = threading.Event()

    def machine(name: str) -> Service:
        return Service(lambda: ground.warehouse, lambda: ground.bundle, {}, tmp_path / name,
                       stopping=stopping, lease=lease(name, lasts=LONGER))  # fmt: skip

    a, b = machine("a"), machine("b")
    assert a.look(NOW).tick.events > 0
    with pytest.raises(Taken):
        b.look(NOW)

    def stands_in() -> Looked | None:  # a was killed: it neither looks nor leaves
        try:
            return b.look(NOW)
        except Taken:
            return None

    assert wait_for(stands_in, "b has the turn").tick.events == 0
    with pytest.raises(Taken):
        a.look(NOW)
    sql = (
        "SELECT count(), uniqExact(rule_id, subject_id) FROM spm.alert_event WHERE after = 'FIRING'"
    )
    ((rows, alerts),) = ground.rows(sql)
    assert rows == alerts


def test_processes_of_one_machine_are_one_holder(tmp_path: Path) -> None:
    first = holder_of(tmp_path / "data")
    assert holder_of(tmp_path / "data") == first
    assert holder_of(tmp_path / "other") != first
