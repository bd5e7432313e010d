"""A warehouse with a floor of two reps, of whom one sells as planned and one does nothing."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import clickhouse_connect
import pytest

from connectors.sinks.clickhouse import Warehouse
from infra.alerting.leasing import Lease
from infra.bi.making import make_views
from infra.definitions.stored import Stored
from schemas.alerts import Alerts
from schemas.calendars import Calendar, Calendars
from schemas.definitions import Bundle, Company, Rep, Roster, Stint, Team
from schemas.quotas import Quota, QuotaOwner, Quotas
from tests.brokers import Broker, free_port
from tests.emptying import emptied
from tests.ground import laid_out
from tests.ground import warehouse as served
from tests.infra.definitions import floors
from tests.infra.definitions.conftest import TABLES as OF_DEFINITIONS

TABLES = (*OF_DEFINITIONS, "alert_event", "alert_notice", "alert_act", "alert_published",
          "source_progress", "broadcast", "contest_standing", "contest_result", "deal",
          "lease")  # fmt: skip
DAYS = 30  # of the quarter before today
QUOTA = Decimal(6_000)  # of sixty days: 100 a day


@dataclass
class Ground:
    """The warehouse, and what is in it."""

    warehouse: Warehouse
    client: Any
    bundle: Bundle
    today: date

    def facts(self, position: int, *some: floors.Fact) -> None:
        """Let totals of days be these from now on."""
        columns = ["generation", "rep_id", "day", "measure", "currency", "topic", "partition",
                   "position", "value"]  # fmt: skip
        rows = [[1, f.rep_id, f.day, f.measure, f.currency, "t", 0, position, f.value]
                for f in some]  # fmt: skip
        self.client.insert("spm.kpi_rep_day", rows, column_names=columns)

    def progress(self, through: datetime, position: int) -> None:
        """Let the only source say how far it is."""
        columns = ["source", "complete_through", "observed_at", "detail", "position"]
        self.client.insert("spm.source_progress", [["crm", through, through, "", position]],
                           column_names=columns)  # fmt: skip

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        return [tuple(row) for row in self.client.query(sql).result_rows]


def at_once() -> Lease:
    """Return a lease that nobody contends for."""
    return Lease("alerts", "a test", settle=60, sleep=lambda _: None)


def bundle_of(today: date, alerts: Alerts) -> Bundle:
    """Return a company that works every day; a quota each, of sixty days that began DAYS ago."""
    start, end = today - timedelta(days=DAYS), today + timedelta(days=60 - DAYS)
    reps = tuple(
        Rep(rep_id=name, history=(
            Stint(valid_from=start, team_id="all", time_zone="UTC", manager_id=boss,
                  role="AE" if boss else "MANAGER"),
        ))
        for name, boss in (("busy", "boss"), ("idle", "boss"), ("boss", None))
    )  # fmt: skip
    quotas = tuple(
        Quota(owner_kind=QuotaOwner.REP, owner_id=rep.rep_id, kpi="revenue_won", currency="EUR",
              period_start=start, period_end=end, amount=QUOTA)
        for rep in reps[:2]
    )  # fmt: skip
    return Bundle(
        sequence=9,
        company=Company(name="C", reporting_currency="EUR", time_zone="UTC", calendar_id="daily"),
        roster=Roster(teams=(Team(team_id="all", name="All"),), reps=reps),
        calendars=Calendars(calendars=(
            Calendar(calendar_id="daily", name="Every day", working_days=(1, 2, 3, 4, 5, 6, 7)),
        )),
        measures=floors.MEASURES,
        quotas=Quotas(quotas=quotas),
        alerts=alerts,
    )  # fmt: skip


@pytest.fixture
def alerts() -> Alerts:
    """The rules; a module may say others."""
    return Alerts.model_validate(
        {
            "rules": [
                {"rule_id": "burn", "name": "Behind", "signal": "PACE_BURN", "subject": "REP",
                 "tolerance": "0.1", "long_days": 5, "short_days": 2, "enter": 3, "leave": 2,
                 "group": "pace", "severity": "ACT_NOW", "routes": ["MANAGER"]},
                {"rule_id": "quiet", "name": "No calls", "signal": "KPI", "subject": "REP",
                 "roles": ["AE"], "kpi": "calls", "worse": "BELOW", "long_days": 5, "enter": 0,
                 "leave": 1, "severity": "WATCH", "routes": ["DIGEST"]},
            ]
        }
    )  # fmt: skip


@pytest.fixture(scope="package")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str, Any]]:
    """A warehouse with nothing in it: its url, token and client."""
    folder, port = tmp_path_factory.mktemp("alerting"), free_port()
    laid_out(folder)
    with served(folder, port) as token:
        url = f"http://127.0.0.1:{port}"
        client = clickhouse_connect.get_client(dsn=url, username="service", password=token)
        make_views(client, bundle_of(datetime.now(UTC).date(), Alerts()))
        yield url, token, client
        client.close()


@pytest.fixture(scope="package")
def broker() -> Iterator[Broker]:
    """A broker with all topics."""
    made = Broker(free_port())
    made.start()
    yield made
    made.stop()


@pytest.fixture
def ground(server: tuple[str, str, Any], alerts: Alerts) -> Ground:
    """Half of the quarter is over; `busy` sold 100 a day and called, `idle` did nothing."""
    return written(server, alerts)


def written(server: tuple[str, str, Any], alerts: Alerts) -> Ground:
    """Return the floor of `ground`, in a warehouse that holds nothing else."""
    now = datetime.now(UTC)
    url, token, client = server
    emptied(client, TABLES)
    client.command("INSERT INTO spm.warehouse (incarnation, reason) VALUES ('one', 'a test')")
    bundle = bundle_of(now.date(), alerts)
    floors.write(floors.Floor(bundle, (), now.date()), client, Stored(client), now)
    made = Ground(Warehouse.connect(url, "service", token), client, bundle, now.date())
    days = [made.today - timedelta(days=n) for n in range(DAYS + 1)]
    sold = [floors.Fact("busy", day, "revenue_won", "EUR", Decimal(100)) for day in days]
    called = [floors.Fact("busy", day, "calls", "", Decimal(3)) for day in days]
    made.facts(1, *sold, *called)
    made.progress(now, 1)
    return made
