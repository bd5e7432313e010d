"""The commission agent on a real broker: the ledger adds up to a direct count, whatever happens."""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from confluent_kafka.admin import AdminClient, NewTopic

from connectors.sinks.kafka_topics import create_topics
from streams.engine.starting import Refused
from tests.ground import Site, broker, site, stop, wait_for
from tests.load import Floor, definitions
from tests.streams.commissioned import TIERS, Desk, StageOne, credit, owed, plans

pytestmark = [pytest.mark.slow]
HIGHER = (("0", "0.08"), ("30000", "0.12"))


@pytest.fixture
def made(tmp_path: Path) -> Iterator[Site]:
    with site(tmp_path, partitions=2) as found:
        found.define(1, {**definitions(6), **plans(*TIERS)})
        yield found


def test_the_ledger_is_exact_across_kill_9_and_revisions(made: Site) -> None:
    made.open_epochs()
    worker = made.start_worker()
    one, desk = StageOne(made), Desk(seed=1)
    one.tell(desk.credits(400))
    wait_for(one.ledger, "first entries", 120)
    one.tell(desk.credits(400))
    stop(worker, signal.SIGKILL)
    one.tell(desk.credits(200))
    made.start_worker()
    one.wait_for(desk.owed())
    made.define(2, plans(*HIGHER))
    one.mark(2)
    one.mark(1)  # lower than what is in force: ignored
    one.wait_for(desk.owed(HIGHER), "the ledger under another plan")
    one.tell(desk.credits(200))
    one.wait_for(desk.owed(HIGHER))
    kinds = made.frame("SELECT DISTINCT kind FROM spm.commission_ledger ORDER BY kind")
    assert kinds["kind"].to_list() == ["ACCRUAL", "ADJUSTMENT"]
    twice = made.frame(
        "SELECT entry_id FROM spm.commission_ledger FINAL GROUP BY entry_id HAVING count() > 1"
    )
    assert twice.is_empty()


def test_credits_ahead_of_stage_one_wait_and_let_others_go_on(made: Site) -> None:
    made.open_epochs()
    made.start_worker()
    one = StageOne(made)
    early = credit("r1", "deal:1", 500)
    one.publish([early])
    wait_for(lambda: "stage one is behind" in made.logs(), "named wait", 120)
    wait_for(lambda: "upstream" in made.trouble(), "told by readyz", 60)
    made.send("crm.calls", b"k", b"no call at all")
    made.wait_applied()  # of the topics of facts
    assert one.ledger() == {}
    one.store([{**early, "position": 499}])  # not far enough
    wait_for(lambda: "position 500" in made.logs(), "what it waits for", 60)
    assert one.ledger() == {}
    one.store([early])
    one.wait_for({("r1", early["day"]): 7})
    wait_for(lambda: not made.trouble(), "ready again")


def test_the_ledger_survives_a_broker_that_lost_its_log(made: Site) -> None:
    made.open_epochs()
    worker = made.start_worker()
    one, desk = StageOne(made), Desk(seed=3)
    one.tell(desk.credits(300))
    one.wait_for(desk.owed())
    made.define(2, plans(*HIGHER))
    one.mark(2)
    one.wait_for(desk.owed(HIGHER))
    stop(worker, signal.SIGKILL)
    # The flush of the second half did not come to its end: its entries and `applied` are missing.
    half = made.frame(
        "SELECT intDiv(min(position) + max(position), 2) AS half FROM spm.credit "
        "WHERE partition = 0"
    )["half"][0]
    for table in ("spm.commission_ledger", "spm.applied"):
        of = f"bitShiftLeft(toUInt64(epoch), 40) + offset_to > {half}"
        where = of if table == "spm.applied" else f"position >= {half}"
        made.warehouse().command(
            f"ALTER TABLE {table} DELETE WHERE topic = 'spm.credits' AND partition = 0 AND {where} "
            "SETTINGS mutations_sync = 2"
        )
    stop(made.broker, signal.SIGKILL)
    with broker(made.settings.broker_port):
        create_topics(made.settings.kafka_config(), made.settings.partitions, 1)
        made.open_epochs()
        assert one.ledger() == desk.owed(HIGHER)
        made.start_worker()
        one = StageOne(made)
        one.publish(desk.last.values())  # stage one tells all of it again
        one.tell(desk.credits(100))
        one.wait_for(desk.owed(HIGHER))
        stop(made.workers[-1])


def test_credits_made_anew_with_another_number_of_partitions_are_refused(made: Site) -> None:
    made.open_epochs()
    admin = AdminClient(made.settings.kafka_config())
    admin.delete_topics(["spm.credits"])["spm.credits"].result(10)
    admin.create_topics([NewTopic("spm.credits", 5, 1)])["spm.credits"].result(10)
    with pytest.raises(Refused, match="rebuild --partitions 5"):
        made.open_epochs()


def test_deals_become_commissions_through_both_stages(made: Site) -> None:
    floor = Floor(seed=5, reps=10)
    known = {**definitions(floor.reps), **plans(*TIERS, valid_from="2020-01-01")}
    made.define(2, {**known, "identities": {"identities": []}})
    made.open_epochs()
    worker = made.start_worker()
    made.produce(floor.events(1_500))
    made.wait_applied(120)
    one = StageOne(made)
    assert one.ledger() == {}  # nobody is known, so nobody is paid
    made.define(3, {"identities": known["identities"]})
    made.mark(3)
    wait_for(one.ledger, "first entries", 120)
    made.produce(floor.events(1_000))
    stop(worker, signal.SIGKILL)
    made.produce(floor.events(500))
    made.start_worker()
    one.wait_for(
        owed(
            (rep, found.day, found.reporting_amount)
            for (rep, _, role, _), found in floor.credits().items()
            if rep != "unassigned"
            and role == "REVENUE"
            and found.stage_class == "WON"
            and found.cancelled_on is None
        )
    )
