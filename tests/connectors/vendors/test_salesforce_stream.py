"""Salesforce's stream through the runtime and a real broker, with the listing out of the way."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.brokers import running_broker
from tests.connectors.vendors import trial as trials
from tests.connectors.vendors.salesforce_standin import SalesforceStandin
from tests.connectors.vendors.trial import Trial, trial

pytestmark = pytest.mark.slow


@pytest.fixture
def one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Trial]:
    monkeypatch.setattr(trials, "POLL_SECONDS", 3600.0)  # once, when it begins
    with (
        running_broker() as broker,
        trial("salesforce", SalesforceStandin, broker, tmp_path) as made,
    ):
        yield made


def _put(one: Trial, record_id: str, at: datetime, amount: str, **said: Any) -> None:
    one.standin.put("deal", record_id, at, owner="005U1", amount=amount, currency="EUR", **said)


def _stands(one: Trial, record_id: str, amount: str, op: str = "SET") -> dict[str, Any]:
    def right() -> Any:
        now = one.floor.now("deal", "salesforce", record_id)
        return now if now and now["op"] == op and str(now["amount"]).startswith(amount) else None

    return dict(one.until(right))


def _place(one: Trial) -> str | None:
    assert one.running is not None
    state = one.running.world.state()
    try:
        return str(state.get("stream") or "") or None
    finally:
        state.close()


def test_changes_are_heard_while_it_runs_while_it_does_not_and_after_their_time_is_over(
    one: Trial,
) -> None:
    began = datetime.now(UTC).replace(microsecond=0)

    def at(seconds: int) -> datetime:
        return began + timedelta(seconds=seconds)

    one.until(lambda: _place(one))  # it listens
    _put(one, "1", at(1), "10.5", splits=(("005U1", "0.4"), ("005U2", "0.6")))
    assert len(_stands(one, "1", "10.5")["splits"]) == 2
    _put(one, "1", at(2), "10.5", splits=(("005U1", 1),))  # a change of its splits alone
    one.until(lambda: len(_stands(one, "1", "10.5")["splits"]) == 1)
    one.standin.delete("deal", "1", at(3))
    _stands(one, "1", "10.5", "CANCELLED")

    one.rest()  # what happens meanwhile is replayed from the place that was kept
    _put(one, "2", at(4), "20.5")
    one.standin.restore("deal", "1", at(5))
    one.start()
    _stands(one, "2", "20.5")
    _stands(one, "1", "10.5")

    one.rest()  # longer than 72 hours: what changed since is listed, and the stream goes on
    _put(one, "3", at(6), "30.5")
    one.standin.forget_cursors()
    one.start()
    _stands(one, "3", "30.5")
    one.until(lambda: _place(one))
    _put(one, "2", at(7), "21.5")
    _stands(one, "2", "21.5")
    told = [record for _, record in one.floor.of("deal", "salesforce", "2")]
    assert len({str(record) for record in told}) == 2, "each change once"
    assert one.aside() == 0
