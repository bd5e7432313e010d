"""Settled months change nothing of what is told, whatever is corrected and whenever."""

import random
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from clickhouse_connect.driver.client import Client

from connectors.sinks.clickhouse import Warehouse
from infra.bi.context import Context
from infra.bi.kpi_views import kpis, measures
from infra.bi.lines import family_of
from infra.bi.subjects import Subject
from infra.reconcile import months
from infra.reconcile.asking import checked
from infra.reconcile.findings import Checked
from infra.reconcile.periods import ALL
from infra.settling import settling
from infra.settling.settling import settle
from streams.domain.kpis import Catalogue
from tests.emptying import emptied
from tests.infra.bi.facts import TODAY, World, bundle
from tests.infra.warehouse import serving
from tests.infra.warehouse.serving import Served

pytestmark = pytest.mark.timeout(300)
NOW = "toDateTime64('2026-03-18 10:30:00.000', 3, 'UTC')"
TOPICS = ("crm.calls", "crm.emails", "crm.meetings", "crm.deals")
PARTITIONS = 2
COLUMNS = ["generation", "rep_id", "day", "measure", "currency", "topic", "partition", "position",
           "value"]  # fmt: skip


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving.migrated(tmp_path_factory.mktemp("settled")) as made:
        yield made


@pytest.fixture(scope="module")
def client(served: Served) -> Iterator[Client]:
    with served.client() as made:
        yield made


@pytest.fixture(scope="module")
def warehouse(served: Served) -> Warehouse:
    return Warehouse.connect(served.url, *served.auth())


class Floor:
    """Totals as workers write them: rows of ever larger positions, each flush made known."""

    def __init__(self, client: Client, seed: int, **company: Any) -> None:
        self.client, self.random = client, random.Random(seed)
        self.bundle = bundle(**company)
        self.world, self.at = World(seed, self.bundle), 0
        self.world.write(client)
        emptied(client, ("kpi_rep_day", "kpi_rep_month", "settled", "applied", "log"))
        rows = [[t, "x", "c", 1, "open", PARTITIONS] for t in TOPICS]
        client.insert(
            "spm.log", rows,
            column_names=["topic", "topic_id", "cluster_id", "epoch", "state", "partitions"],
        )  # fmt: skip
        self.keys = [
            (rep, day, measure, currency, self.random.choice(TOPICS), n % PARTITIONS)
            for n, (rep, day, measure, currency, _) in enumerate(self.world.totals)
        ]

    def flush(self, keys: list[Any], *, known: bool = True) -> None:
        """Write new totals for some keys; `known`: in spm.applied, too."""
        self.at += 1_000
        positions = [(1 << 40) + self.at + n for n in range(len(keys))]
        values = [Decimal(self.random.randrange(-(10**6), 10**8)) / 10_000 for _ in keys]
        self.client.insert(
            "spm.kpi_rep_day",
            [[1, *key, at, value] for key, at, value in zip(keys, positions, values, strict=True)],
            column_names=COLUMNS,
        )
        if known:
            self.client.insert(
                "spm.applied",
                [[t, n, 1, 0, self.at + 1_000] for t in TOPICS for n in range(PARTITIONS)],
                column_names=["topic", "partition", "epoch", "offset_from", "offset_to"],
            )

    def told(self, subject: Subject) -> set[tuple[Any, ...]]:
        """Return what the views say of a kind of subject: of measures, and formulas of them."""
        context, every = Context.of(self.bundle, now=NOW), Catalogue(self.bundle).all()
        some = [c for c in every if {family_of(w) for w in c.wanted} == {"measures"}]
        formulas = [c for c in some if not c.of_measure]
        assert {w.is_previous for c in formulas for w in c.wanted} == {False, True}
        plain = measures([c for c in some if c.of_measure], subject, context)
        sql = f"{plain} UNION ALL {kpis(formulas, subject, context)}"
        rows = self.client.query(
            f"SELECT subject_id, kpi_id, grain, period_start, period_end, currency, value "
            f"FROM ({sql})",
            settings={"max_query_size": 1 << 22},
        ).result_rows
        assert len({row[:-1] for row in rows}) == len(rows), "a period stands there twice"
        return {tuple(row) for row in rows}

    def by_days(self, subject: Subject) -> set[tuple[Any, ...]]:
        """Return the same with nothing settled."""
        self.client.command("RENAME TABLE spm.settled TO spm.settled_aside")
        self.client.command("CREATE TABLE spm.settled AS spm.settled_aside")
        try:
            return self.told(subject)
        finally:
            self.client.command("DROP TABLE spm.settled SYNC")
            self.client.command("RENAME TABLE spm.settled_aside TO spm.settled")

    def check(self, *subjects: Subject) -> None:
        for subject in subjects:
            expected = self.by_days(subject)
            assert self.told(subject) == expected
            assert expected


def _at(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("seed", "company"),
    [(1, {}), (2, {"fiscal_year_start_month": 2}), (3, {"fiscal_year_start_month": 4})],
)
def test_what_is_told_is_the_same_whatever_is_settled_and_corrected(
    client: Client, warehouse: Warehouse, seed: int, company: dict[str, Any]
) -> None:
    floor = Floor(client, seed, **company)
    floor.flush(floor.keys)
    first = settle(warehouse, _at(TODAY - timedelta(days=20)))
    assert first is not None
    assert first.months > 0
    assert not first.loose
    floor.check(*Subject)
    floor.flush(floor.random.sample(floor.keys, 40), known=seed % 2 == 0)  # not settled yet
    floor.check(Subject.REP, Subject.TEAM)
    second = settle(warehouse, _at(TODAY - timedelta(days=20)))
    assert second is not None
    assert second.loose
    floor.check(Subject.REP, Subject.COMPANY)
    floor.flush(floor.random.sample(floor.keys, 5))
    third = settle(warehouse, _at(TODAY - timedelta(days=3)))  # another month, and loose ones
    assert third is not None
    assert third.settled.until == TODAY - timedelta(days=4)
    floor.check(Subject.REP, Subject.REGION)
    assert _proof(warehouse).differing == 0


def _proof(warehouse: Warehouse) -> Checked:
    return checked(warehouse, months.check(ALL))


def test_the_proof_finds_a_month_that_is_not_the_sum_of_its_days(
    client: Client, warehouse: Warehouse
) -> None:
    floor = Floor(client, 9)
    floor.flush(floor.keys)
    settle(warehouse, _at(TODAY))
    assert _proof(warehouse).differing == 0
    client.command("INSERT INTO spm.kpi_rep_month SELECT * REPLACE (version + 1 AS version, "
                   "value + 1 AS value) FROM spm.kpi_rep_month LIMIT 1")  # fmt: skip
    found = _proof(warehouse)
    assert found.differing == 1
    assert found.mismatches[0].off == 1


def test_months_that_are_settled_are_read_and_not_their_days(
    client: Client, warehouse: Warehouse
) -> None:
    """The days are taken away behind its back: what is told of settled months stays."""
    floor = Floor(client, 5)
    floor.flush(floor.keys)
    settle(warehouse, _at(TODAY))
    before = {row for row in floor.told(Subject.COMPANY) if row[2] == "year"}
    client.command("TRUNCATE TABLE spm.kpi_rep_day")
    found = {row for row in floor.told(Subject.COMPANY) if row[2] == "year"}
    assert found
    assert {row[:-1] for row in found} <= {row[:-1] for row in before}


def test_an_older_month_is_added_by_a_later_run(client: Client, warehouse: Warehouse) -> None:
    floor = Floor(client, 6)
    floor.flush(floor.keys)
    runs = [settle(warehouse, _at(TODAY), months_max=1) for _ in range(4)]
    assert [run.is_complete for run in runs if run] == [False, False, True, True]
    floor.check(Subject.REP)


def test_a_restored_warehouse_begins_again(client: Client, warehouse: Warehouse) -> None:
    floor = Floor(client, 7)
    floor.flush(floor.keys)
    settle(warehouse, _at(TODAY))
    client.command("TRUNCATE TABLE spm.kpi_rep_day")
    floor.flush(floor.keys[::3])
    client.command("INSERT INTO spm.warehouse (incarnation, reason) VALUES ('another', 'restored')")
    try:
        floor.check(Subject.REP)
        again = settle(warehouse, _at(TODAY))
        assert again is not None
        assert not again.loose
        floor.check(Subject.REP)
    finally:
        client.command("TRUNCATE TABLE spm.settled")


def test_nothing_is_settled_before_every_partition_has_begun(
    client: Client, warehouse: Warehouse
) -> None:
    floor = Floor(client, 8)
    floor.flush(floor.keys)
    client.command("ALTER TABLE spm.applied DELETE WHERE partition = 1 SETTINGS mutations_sync = 1")
    assert settle(warehouse, _at(TODAY)) is None
    floor.check(Subject.COMPANY)


def test_a_year_that_begins_anywhere_is_cut_into_calendar_months() -> None:
    assert settling.first_of(date(2026, 3, 18)) == date(2026, 3, 1)
    assert settling.following(date(2026, 12, 1)) == date(2027, 1, 1)
