"""The sample company with a floor that has a past, as workers would have written it.

No process but the warehouse: the simulator's events go through the real engine in this one.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

from clickhouse_connect.driver.client import Client

from connectors.sinks.clickhouse import Warehouse
from connectors.sources.simulator.dials import Dials
from connectors.sources.simulator.floor import Floor
from connectors.sources.simulator.world import World
from infra.amortisation.writing import write as amortise
from infra.bi.making import make_views
from infra.contests import members as contest_members
from infra.contests.following import Following
from infra.definitions import planning
from infra.definitions.canonical import content_of
from infra.definitions.loading import load
from infra.definitions.peopling import people_changes
from infra.definitions.stored import Revision, Stored
from infra.forecasting.watching import Maker
from infra.reconcile import totals
from infra.reconcile.findings import Checked, Report
from infra.reconcile.periods import ALL
from infra.reconcile.storing import store
from infra.sample import DEFINITIONS
from schemas import topics
from schemas.canonical import check
from schemas.codec import decode, encode
from schemas.contests import Contests
from schemas.definitions import KINDS, Bundle
from schemas.payroll import PeriodAct, PeriodStep
from schemas.quotas import Quotas
from schemas.warehouse import Message
from streams.domain.hierarchy import member_rows
from tests.infra.rebuild.in_process import IDS, Installation
from tests.infra.warehouse.serving import Served

SEED = 7
SAMPLE_YEAR = 2026  # of the sample company's quotas
DEALS_DAYS = 45  # of deals and meetings: this month and the one before have both
CALLS_DAYS = 7  # of calls and e-mails, of which there are so many more
# What a run finds where all is well; runs of their own are tested with the proof.
PROOF = Report((Checked(totals.TABLE, keys=1000, seconds=0.2),), (), (), {}, {}, 0.3)
NOTICED = {
    "rule_id": "quiet",
    "subject_kind": "REP",
    "subject_id": "hp-03",
    "kpi": "calls_connected",
    "period_start": date(1970, 1, 1),
    "number": 1,
    "before": "OK",
    "after": "FIRING",
    "reason": "BAD",
    "value": 0,
    "inputs": "{}",
    "sequence": 1,
    "event_id": "e1",
    "notice_key": ["n1"],
    "notice_route": ["MANAGER"],
    "notice_recipient": ["hp-02"],
    "notice_channel": ["mail"],
    "notice_due": [datetime(1970, 1, 1, tzinfo=UTC)],
}
SAID = {
    "rule_id": "quiet", "subject_kind": "REP", "subject_id": "hp-03", "kpi": "calls_connected",
    "period_start": date(1970, 1, 1), "act": "ACK", "author": "boss", "note": "",
}  # fmt: skip
FINAL = {
    "contest_id": "blitz", "participant_id": "hp-03", "rep_id": "hp-03", "place": 1,
    "is_tied": False, "score": 12, "events": 12, "prize_amount": 100, "prize_currency": "EUR",
    "things": ["cup"], "sequence": 1, "cut": [], "author": "frida",
}  # fmt: skip
TOPIC = {message: topic.name for topic in topics.TOPICS for message in topic.messages}


def fill(served: Served) -> None:
    """Fill a migrated warehouse: definitions, a floor's past, forecasts, a proof, a dead letter."""
    now = datetime.now(UTC)
    with served.client() as client:
        stored = Stored(client)
        bundle = define(stored, now)
        warehouse = Warehouse(lambda: client)
        made = Installation(warehouse, 1)
        made.open_epochs()
        made.mark(1)
        made.log.send(past(now))
        made.log.send([Message(topics.CALLS.name, b"call:broken", b"no event")])
        made.fold()
        Following(warehouse).look(now)
        told = [["simulator", now, now, "", 1]]
        columns = ["source", "complete_through", "observed_at", "detail", "position"]
        client.insert("spm.source_progress", told, column_names=columns)
        asked = [["d1", "e1", "hp-03", "OPEN", "hp-03", now, "why?"]]
        columns = ["dispute_id", "entry_id", "rep_id", "state", "author", "at", "text"]
        client.insert("spm.dispute", asked, column_names=columns)
        alert = {"at": now, "episode": now}
        _insert(client, "spm.alert_event", NOTICED | alert | {"day": now.date(), "story": now})
        _insert(client, "spm.alert_act", SAID | alert)
        _insert(client, "spm.contest_result", FINAL | {"finalized_at": now, "reached_at": now})
        amortise(Stored(client), {}, now)
        Maker(lambda: warehouse, lambda: bundle).run(now)
        store(warehouse, PROOF, ALL, now)


def _insert(client: Client, table: str, row: dict[str, Any]) -> None:
    client.insert(table, [list(row.values())], column_names=list(row))


def define(stored: Stored, now: datetime) -> Bundle:
    """Put the sample company in force, as `definitions apply` does but for the log; return it."""
    values = load(DEFINITIONS).values
    values["contests"] = under_way(values["contests"], now)
    values["quotas"] = moved(values["quotas"], now.year - SAMPLE_YEAR)
    step = PeriodAct(at=now, period_start=date(2026, 1, 1), period_end=date(2026, 2, 1),
                     step=PeriodStep.PROVISIONAL, by="frida")  # fmt: skip
    values["payroll"] = values["payroll"].model_copy(update={"periods": (step,)})
    stored.add_people(people_changes(values["people"], {}, now).rows)
    stored.add_revisions([
        Revision(1, kind, "0" * 64, "test", "", now, content_of(values[kind]))
        for kind in KINDS if kind in values
    ])  # fmt: skip
    for sequence, roster in stored.rosters_without_rows():
        stored.add_roster(sequence, roster)
    missing = stored.without_members()
    assert missing is not None
    sequence, roster, territories = missing
    stored.add_members(sequence, member_rows(roster, territories.territories))
    plans = planning.missing(stored)
    assert plans is not None
    planning.write(stored, plans, now)
    contest_members.keep(stored)
    make_views(stored.client)
    return stored.in_force().bundle()


def under_way(contests: Contests, now: datetime) -> Contests:
    """Return contests that take place around now, whatever day it is."""
    starts, ends = (f"{now + timedelta(days=d):%Y-%m-%dT00:00}" for d in (-CALLS_DAYS, 1))
    return contests.model_copy(update={"contests": tuple(
        c.model_copy(update={"starts_at": starts, "ends_at": ends}) for c in contests.contests
    )})  # fmt: skip


def moved(quotas: Quotas, years: int) -> Quotas:
    """Return quotas so many years later, so that some are of today whatever day it is."""

    def later(day: date) -> date:
        return day.replace(year=day.year + years)

    return quotas.model_copy(update={"quotas": tuple(
        quota.model_copy(update={
            "period_start": later(quota.period_start), "period_end": later(quota.period_end),
            "changes": tuple(
                c.model_copy(update={"on": later(c.on)})
                for c in quota.changes
            ),
        })
        for quota in quotas.quotas
    )})  # fmt: skip


def past(now: datetime) -> Iterator[Message]:
    """Yield what happened on the floor, without most of its calls and e-mails, and bills."""
    bundle = {k: v for k, v in load(DEFINITIONS).values.items() if k != "people"}
    first = now.date() - timedelta(DEALS_DAYS)
    since = (now - timedelta(CALLS_DAYS)).timestamp() * 1000
    world = World(Floor.of_bundle(Bundle(**bundle)), SEED, first, dials=Dials(), ids=IDS)
    for event in world.until(round(now.timestamp() * 1000)):
        if event.message not in ("call", "email") or event.at >= since:
            yield Message(TOPIC[event.message], event.key, event.value)
        if event.message == "deal":
            yield from bill(decode(event.value, IDS)[1], event.key, now)


def bill(deal: Mapping[str, Any], key: bytes, now: datetime) -> Iterator[Message]:
    """Yield what a billing system says of a deal that is won: half of it is paid."""
    if deal["stage_class"] != "WON" or not deal["amount"]:
        return
    said = {
        "entity_id": deal["entity_id"], "source": "billing", "source_id": f"in_{deal['source_id']}",
        "bill_id": f"INV-{deal['source_id']}", "revision": now, "created_at": now,
        "occurred_at": now, "currency": deal["currency"], "invoiced_amount": deal["amount"],
        "paid_amount": deal["amount"] / 2,
    }  # fmt: skip
    record, errors = check("deal", said)
    assert record, errors
    yield Message(TOPIC["deal"], key, encode("deal", record, IDS))
