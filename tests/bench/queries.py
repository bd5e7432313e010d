"""How long dashboards wait: 100,000 reps, a year of days, as analysts see the embedded warehouse.

The year is made by the warehouse itself, as workers would have left it. Nothing is sent through
Kafka. Each answer is compared with a sum over the days, which knows nothing of views and months.
"""

import os
import shutil
import statistics
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

from clickhouse_connect.driver.exceptions import DatabaseError

from connectors.sinks.clickhouse import Warehouse
from infra.bi.making import make_views
from infra.definitions.loading import load
from infra.migrations import migrate
from infra.sample import DEFINITIONS
from infra.settling.settling import first_of, settle
from schemas.definitions import KINDS, Bundle
from tests.bench.sampling import cpu_seconds
from tests.infra.warehouse import serving

PARTITIONS = 4  # of a topic, as an installation has them
TEAM, REGION = 20, 5_000  # reps of each
MEASURES = {
    "calls": "crm.calls", "calls_connected": "crm.calls", "talk_seconds": "crm.calls",
    "emails_sent": "crm.emails", "replies": "crm.emails", "meetings_held": "crm.meetings",
    "deals_won": "crm.deals", "deals_lost": "crm.deals", "revenue_won_reporting": "crm.deals",
}  # fmt: skip
QUOTA = "revenue_won_reporting"
DAYS = 365
AT_ONCE = 40  # days written by one insert
Rows = list[dict[str, Any]]


class Asked(NamedTuple):
    """A question of a dashboard.

    Attributes:
        bar_ms: what it may take, 19 times of 20.
        proof: the same answer from the days alone.
    """

    name: str
    sql: str
    proof: str
    bar_ms: int


def measured(reps: int, share: int, repeat: int) -> dict[str, Any]:
    """Return what a year holds, what it took to settle, and what each question took.

    Args:
        share: reps have something on one working day of so many.
    """
    with _served() as served:
        client = served.client(send_receive_timeout=900)
        migrate(client)
        today = datetime.now(UTC).date()
        bundle = _bundle()
        make_views(client, bundle)
        rows = _fill(client, reps, share, today)
        _people(client, reps)
        _plans(client, reps, today)
        assert served.process is not None
        pid = served.process.pid
        began, cpu = time.monotonic(), cpu_seconds(pid)
        months = _settle(Warehouse.connect(served.url, *served.auth(), seconds_max=900))
        settling = {"months": months, "seconds": round(time.monotonic() - began, 1),
                    "cpu_s": round(cpu_seconds(pid) - cpu, 1)}  # fmt: skip
        asked = [_asked(served, client, pid, one, repeat) for one in questions(reps, today)]
        size = client.query(
            "SELECT sum(bytes_on_disk) FROM system.parts WHERE active AND table = 'kpi_rep_day'"
        ).result_rows[0][0]
    return {
        "reps": reps, "rows": rows, "one_day_of": share, "mb": round(size / 2**20),
        "settling": settling, "asked": asked,
    }  # fmt: skip


def questions(reps: int, today: date) -> Iterator[Asked]:
    """Yield what is asked, each of subjects in the middle of the company."""
    month, rep = first_of(today), f"r{reps // 2 + 7}"
    quarter = date(today.year, (today.month - 1) // 3 * 3 + 1, 1)
    year, team = date(today.year, 1, 1), reps // 2 // TEAM
    of_team = (
        f"rep_id IN (SELECT concat('r', toString(number)) FROM numbers({team * TEAM}, {TEAM}))"
    )
    value = "toDecimal128(sum(value), 10)"
    days = "FROM spm.kpi_rep_day FINAL WHERE generation = 1 AND"
    yield Asked(
        "a team's quarter",
        "SELECT kpi_id, value FROM spm_bi.kpi_team_measures "
        f"WHERE team_id = 't{team}' AND grain = 'quarter' AND period_start = '{quarter}'",
        f"SELECT measure, {value} {days} {of_team} AND day >= '{quarter}' GROUP BY measure",
        200,
    )
    yield Asked(
        "a rep's year",
        "SELECT period_start, kpi_id, value FROM spm_bi.kpi_rep_measures "
        f"WHERE rep_id = '{rep}' AND grain = 'month' AND period_start >= '{year}'",
        f"SELECT toDate32(toStartOfMonth(day)) AS month, measure, {value} {days} "
        f"rep_id = '{rep}' AND day >= '{year}' GROUP BY month, measure",
        200,
    )
    yield Asked(
        "the top 100 of the month",
        "SELECT rep_id, value FROM spm_bi.kpi_rep_measures "
        f"WHERE kpi_id = '{QUOTA}' AND grain = 'month' AND period_start = '{month}' "
        "ORDER BY value DESC, rep_id LIMIT 100",
        f"SELECT rep_id, {value} AS total {days} measure = '{QUOTA}' AND day >= '{month}' "
        "GROUP BY rep_id ORDER BY total DESC, rep_id LIMIT 100",
        200,
    )
    yield Asked(
        "the company's year",
        "SELECT kpi_id, value FROM spm_bi.kpi_company_measures "
        f"WHERE grain = 'year' AND period_start = '{year}'",
        f"SELECT measure, {value} {days} day >= '{year}' GROUP BY measure",
        2_000,
    )
    ratio = "toDecimal128(roundBankers(toDecimal256({0}, 20) / {1}, 10), 10)"
    won = "sumIf(value, measure = 'deals_won')"
    of = f"({won} + sumIf(value, measure = 'deals_lost'))"
    yield Asked(
        "a team's win rate by quarter",
        "SELECT period_start, value FROM spm_bi.kpi_team_totals WHERE kpi_id = 'win_rate' "
        f"AND team_id = 't{team}' AND grain = 'quarter' AND period_start = '{quarter}'",
        f"SELECT toDate32('{quarter}'), {ratio.format(won, of)} {days} {of_team} "
        f"AND day >= '{quarter}'",
        200,
    )
    told = "SELECT subject_id, actual_to_date FROM spm_bi.attainment_current WHERE"
    sums = f"toDecimal128(sum(value), 4) {days} measure = '{QUOTA}' AND day >= '{month}'"
    yield Asked("attainment of a rep", f"{told} subject_kind = 'REP' AND subject_id = '{rep}'",
                f"SELECT any(rep_id), {sums} AND rep_id = '{rep}'", 200)  # fmt: skip
    yield Asked("attainment of a team", f"{told} subject_kind = 'TEAM' AND subject_id = 't{team}'",
                f"SELECT 't{team}', {sums} AND {of_team}", 200)  # fmt: skip
    yield Asked(
        "attainment of everybody",
        "SELECT subject_kind, count(), sum(actual_to_date) FROM spm_bi.attainment_current "
        "GROUP BY subject_kind",
        f"SELECT kind, toUInt64(n), {sums} GROUP BY kind, n".replace(
            days, "FROM (SELECT * FROM spm.kpi_rep_day FINAL) AS d CROSS JOIN (SELECT "
            f"arrayJoin([('REP', {reps}), ('TEAM', {reps // TEAM})]) AS one, one.1 AS kind, "
            "one.2 AS n) AS kinds WHERE generation = 1 AND"),
        2_000,
    )  # fmt: skip


def _asked(
    served: serving.Served, client: Any, pid: int, one: Asked, repeat: int
) -> dict[str, Any]:
    took: list[float] = []
    cpu: list[float] = []
    found: list[Any] = []
    trouble = ""
    with served.client("ann") as analyst:
        for _ in range(repeat):
            began, before = time.perf_counter(), cpu_seconds(pid)
            try:
                found = list(analyst.query(one.sql).result_rows)
            except DatabaseError as error:  # an analyst's question may take ten seconds
                trouble = str(error)[:300]
            took.append(1_000 * (time.perf_counter() - began))
            cpu.append(1_000 * (cpu_seconds(pid) - before))
            if trouble:
                break
    expected = list(client.query(one.proof).result_rows)
    row = {
        "question": one.name, "p50_ms": round(statistics.median(took)),
        "p95_ms": round(sorted(took)[int(0.95 * (len(took) - 1) + 0.5)]),
        "cpu_ms": round(statistics.median(cpu)), "bar_ms": one.bar_ms, "of": len(took),
        "rows": len(found), "ok": bool(found) and not trouble and sorted(found) == sorted(expected),
        "trouble": trouble,
    }  # fmt: skip
    print(f"  {row}", flush=True)
    return row


def _bundle() -> Bundle:
    given = load(DEFINITIONS).values
    return Bundle(**{k: KINDS[k].model_validate(given[k]) for k in ("measures", "kpis")})  # type: ignore[arg-type]


def _fill(client: Any, reps: int, share: int, today: date) -> int:
    """Return how many rows a year has: sums per rep, day, measure and topic partition."""
    names, topics = list(MEASURES), list(MEASURES.values())
    for first in range(0, DAYS, AT_ONCE):
        since = today - timedelta(days=DAYS - 1 - first)
        count = min(AT_ONCE, DAYS - first)
        client.command(f"""
            INSERT INTO spm.kpi_rep_day SELECT 1, concat('r', toString(rep)), day, measure,
                if(measure = '{QUOTA}', 'EUR', ''), {topics}[n],
                cityHash64(rep, day, n) % {PARTITIONS},
                bitShiftLeft(toUInt64(1), 40) + toUInt64(toInt32(day)) * 200000 + rep,
                toDecimal64(1 + cityHash64(rep, day, measure) % 997, 4)
            FROM (SELECT toDate32('{since}') + number AS day FROM numbers({count})
                WHERE toDayOfWeek(day) <= 5) AS days
            CROSS JOIN (SELECT number AS rep FROM numbers({reps})) AS reps
            ARRAY JOIN {names} AS measure, arrayEnumerate({names}) AS n
            WHERE cityHash64(rep, day) % {share} = 0""")
    reached = (today.toordinal() - date(1970, 1, 1).toordinal() + 1) * 200_000
    parts = [(t, n) for t in dict.fromkeys(topics) for n in range(PARTITIONS)]
    client.insert(
        "spm.applied",
        [[t, n, 1, 0, reached] for t, n in parts],
        column_names=["topic", "partition", "epoch", "offset_from", "offset_to"],
    )
    client.insert(
        "spm.log",
        [["c", t, "x", 1, "open", PARTITIONS] for t in dict.fromkeys(topics)],
        column_names=["cluster_id", "topic", "topic_id", "epoch", "state", "partitions"],
    )
    return int(client.query("SELECT count() FROM spm.kpi_rep_day").result_rows[0][0])


def _people(client: Any, reps: int) -> None:
    rep = "concat('r', toString(number))"
    client.command(f"""
        INSERT INTO spm.membership SELECT 1, one.1, one.2, {rep}, '1970-01-01', '2199-12-31', true
        FROM numbers({reps}) ARRAY JOIN [('REP', {rep}), ('COMPANY', 'company'),
            ('TEAM', concat('t', toString(intDiv(number, {TEAM})))),
            ('REGION', concat('g', toString(intDiv(number, {REGION}))))] AS one""")
    client.command("INSERT INTO spm.membership SELECT 1, 'COMPANY', 'company', 'unassigned', "
                   "'1970-01-01', '2199-12-31', true")  # fmt: skip
    client.command(
        "INSERT INTO spm.person (rep_id, name, version) "
        f"SELECT {rep}, concat('Rep ', toString(number)), 1 FROM numbers({reps})"
    )


def _plans(client: Any, reps: int, today: date) -> None:
    """A quota of the month for each rep and team, along a straight line."""
    month = first_of(today)
    end = first_of(month + timedelta(days=31))
    count = (end - month).days
    client.command("INSERT INTO spm.planning (sequence, time_zone) SELECT 1, 'UTC'")
    client.command(f"""
        INSERT INTO spm.plan_curve (sequence, curve_id, day, elapsed, weight)
        SELECT 1, 'linear', toDate32('{month}') + number, number, 1 FROM numbers({count + 1})""")
    for kind, prefix, n in (("REP", "r", reps), ("TEAM", "t", reps // TEAM)):
        subject = f"concat('{prefix}', toString(number))"
        client.command(f"""
            INSERT INTO spm.quota (sequence, quota_id, subject_kind, subject_id, rep_id, kpi,
                currency, period_start, period_end, written_amount, amount, is_additive, curve_id,
                plan_from, plan_total, work_id, work_from, work_total)
            SELECT 1, concat('q', {subject}), '{kind}', {subject},
                if('{kind}' = 'REP', {subject}, ''),
                '{QUOTA}', 'EUR', '{month}', '{end}', 9000, 9000, true, 'linear', 0, {count},
                'linear', 0, {count} FROM numbers({n})""")


def _settle(warehouse: Warehouse) -> int:
    months = 0
    while True:
        run = settle(warehouse, datetime.now(UTC))
        assert run is not None
        months += run.months
        if run.is_complete:
            return months


@contextmanager
def _served() -> Iterator[serving.Served]:
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "pacesetter"
    cache.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="queries-", dir=cache))
    try:
        with serving.embedded(folder) as made:
            yield made
    finally:
        shutil.rmtree(folder, ignore_errors=True)


HEAD = ("question", "p50 ms", "p95 ms", "CPU ms", "answer")


def table(found: dict[str, Any]) -> Sequence[Sequence[object]]:
    """Return rows for people."""
    return [
        (row["question"], row["p50_ms"], row["p95_ms"], row["cpu_ms"],
         "right" if row["ok"] else "WRONG")
        for row in found["asked"]
    ]  # fmt: skip
