"""`rep show`, `team show` and what an apply makes of quotas, on a real broker and warehouse."""

import csv
import json
from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from click.testing import Result
from typer.testing import CliRunner

from infra.cli.main import app
from infra.definitions import planning
from tests.infra.definitions.conftest import Ground
from tests.samples import sample


def today() -> date:
    return datetime.now(UTC).date()


def run(*args: object) -> Result:
    return CliRunner().invoke(app, [str(a) for a in args], catch_exceptions=False)


def facts(ground: Ground, rows: list[tuple[str, date, str, str]]) -> None:
    columns = ["generation", "rep_id", "day", "measure", "topic", "partition", "position", "value"]
    ground.client.insert(
        "spm.kpi_rep_day",
        [[1, rep, day, measure, "t", 0, 1, Decimal(value)] for rep, day, measure, value in rows],
        column_names=columns,
    )


def quotas(folder: Path, *lines: str) -> None:
    start, end = today() - timedelta(10), today() + timedelta(10)
    span = f"period_start: {start}, period_end: {end}, kpi: calls, curve: linear"
    text = "".join(f"- {{{span}, {line}}}\n" for line in lines)
    (folder / "quotas.yaml").write_text(f"quotas:\n{text}")


def test_a_rep_and_a_team_are_shown_with_pace_and_who_did_nothing_too(
    installed: Ground, small: Path
) -> None:
    quotas(
        small, "owner_kind: REP, owner_id: r1, amount: 100",
        "owner_kind: REP, owner_id: r2, amount: 60", "owner_kind: TEAM, owner_id: all, amount: 150",
    )  # fmt: skip
    applied = installed.apply(small)
    assert applied.done.plans
    facts(installed, [("r1", today(), "calls", "7"), ("r1", today() - timedelta(1), "calls", "33")])
    one = json.loads(run("rep", "show", "ada", "--json").stdout)
    (quota,) = one["quotas"]
    assert one["numbers"] == [{"measure": "calls", "currency": "", "value": "7.0000"}]
    assert (quota["actual_to_date"], quota["plan_to_date"]) == ("40.0000", "50.0000")
    assert (quota["pace_ratio"], quota["gap_amount"]) == ("0.800000", "10.0000")
    text = run("rep", "show", "r2").stdout
    assert text.startswith(f"Ben Two (r2), AE, Everybody - {today()}, so far\n")
    assert "Nothing was counted that day." in text
    assert "0       60     0.0 %     50.0 %" in text
    yesterday = run("rep", "show", "r1", "--as-of", today() - timedelta(1), "--json")
    (before,) = json.loads(yesterday.stdout)["quotas"]
    assert (before["actual_to_date"], before["plan_to_date"]) == ("33.0000", "50.0000")
    team = json.loads(run("team", "show", "everybody", "--json").stdout)
    assert [q["actual_to_date"] for q in team["quotas"]] == ["40.0000"]
    assert [q["subject_id"] for q in team["quotas_of_members"]] == ["r1", "r2"]
    assert "None of them" not in run("team", "show", "all").stdout
    assert run("rep", "show", "nobody").exit_code == 1
    assert "did you mean" in run("team", "show", "al l").stderr


def test_a_quota_on_a_rate_is_shown_with_attainment_and_without_a_projection(
    installed: Ground, small: Path
) -> None:
    measure = "{{measure: {0}, of: call, rule: {0}, unit: COUNT, label: {0}, description: all}}"
    names = ("calls", "calls_connected")
    (small / "measures.yaml").write_text(f"measures: [{', '.join(map(measure.format, names))}]")
    rate = (
        "{kpi_id: answered, name: Answered, unit: RATIO, formula: calls_connected / calls, "
        "meaning: connected over all calls, denominator: calls, when_empty: NOTHING, "
        "empty_means: no call, source: calls}"
    )
    (small / "kpis.yaml").write_text(f"kpis: [{rate}]")
    start, end = today() - timedelta(10), today() + timedelta(10)
    span = f"period_start: {start}, period_end: {end}, kpi: answered, curve: linear, amount: 0.5"
    owners = ("REP, owner_id: r1", "REP, owner_id: r2", "TEAM, owner_id: all")
    lines = [f"- {{owner_kind: {owner}, {span}}}\n" for owner in owners]
    (small / "quotas.yaml").write_text(f"quotas:\n{''.join(lines)}")
    installed.apply(small)
    facts(installed, [("r1", today(), "calls", "8"), ("r1", today(), "calls_connected", "3")])
    (one,) = json.loads(run("rep", "show", "ada", "--json").stdout)["quotas"]
    assert (one["actual_to_date"], one["plan_to_date"]) == ("0.3750", "0.5000")
    assert (one["attainment_ratio"], one["pace_ratio"]) == ("0.750000", "0.750000")
    assert (one["projected_amount"], one["required_per_business_day"]) == (None, None)
    (nothing,) = json.loads(run("rep", "show", "r2", "--json").stdout)["quotas"]
    assert (nothing["actual_to_date"], nothing["attainment_ratio"]) == (None, None)
    assert "0.375 0.5 75.0 % 50.0 % 75.0 %" in " ".join(run("team", "show", "all").stdout.split())
    checked = json.loads(run("quota", "check", "--json").stdout)
    assert checked["sums"] == []  # rates of reps do not add up to their team's
    counted = {r["subject_kind"]: r for r in checked["standings"]["reached"]}
    assert (counted["REP"]["quotas"], counted["REP"]["empty"]) == (2, 1)
    assert [g["attainment_ratio"] for g in checked["standings"]["groups"]] == ["0.750000"]
    assert "REACHED" in run("quota", "check").stdout
    told = lines[0].replace("amount: 0.5", "amount: 0.5, proration: EMPLOYMENT")
    (small / "quotas.yaml").write_text(f"quotas:\n{told}")
    refused = run("quota", "check", small)
    assert (refused.exit_code, "does not add up over days" in refused.stderr) == (1, True)


def test_plans_are_written_again_only_when_what_they_depend_on_changes(
    installed: Ground, small: Path
) -> None:
    quotas(small, "owner_kind: REP, owner_id: r1, amount: 100")
    assert installed.apply(small).done.plans
    count = "SELECT count(), uniqExact(sequence) FROM spm.quota"
    assert installed.rows(count) == [(1, 1)]
    (small / "identities.yaml").write_text("identities: [{source: api, user_id: '9', rep_id: r1}]")
    assert not installed.apply(small).done.plans
    installed.client.command("TRUNCATE TABLE spm.planning")  # a crash before the last row
    assert installed.apply(small).done.plans
    quotas(small, "owner_kind: REP, owner_id: r1, amount: 120")
    assert installed.apply(small).done.plans
    versions = "SELECT amount, is_current FROM spm_bi.fct_quota_version ORDER BY amount"
    assert installed.rows(versions) == [(100, False), (120, True)]
    assert installed.rows("SELECT amount FROM spm_bi.fct_quota") == [(120,)]


def test_a_learned_curve_follows_the_past_once_there_is_enough_of_it(
    installed: Ground, small: Path
) -> None:
    (small / "quotas.yaml").write_text(
        "quotas:\n- {owner_kind: COMPANY, owner_id: company, kpi: calls, curve: own, amount: 90,"
        f" period_start: {today().replace(day=1)},"
        f" period_end: {(today().replace(day=1) + timedelta(32)).replace(day=1)}}}\n"
        "curves: [{curve_id: own, shape: LEARNED, by: MONTH, evidence_periods_min: 1}]\n"
    )
    installed.apply(small)
    note = "SELECT curve_note FROM spm_bi.fct_quota"
    assert installed.rows(note) == [("linear: 0 of the 1 past months needed",)]
    last = today().replace(day=1) - timedelta(1)
    facts(
        installed, [("unassigned", last.replace(day=1), "calls", "5"), ("r1", last, "calls", "5")]
    )
    told = run("quota", "learn")
    assert told.stdout == "own:calls: learned from 1 past months\n"
    plan = installed.rows(
        "SELECT DISTINCT plan_to_date FROM spm_bi.attainment_daily"
        f" WHERE day < '{today()}' AND day >= period_start"
    )
    assert plan in ([], [(45,)])  # half of it came on the first day; on the first there is no day


def test_days_of_a_calendar_know_what_is_left_of_their_month(
    installed: Ground, folder: Path
) -> None:
    installed.apply(folder)
    sql = (
        "SELECT is_business_day, holiday_name, business_day_of_month, business_days_left_in_month,"
        " fiscal_quarter, days_left_in_quarter FROM spm_bi.dim_date"
        " WHERE calendar_id = 'de-be' AND day = '{}'"
    )
    assert installed.rows(sql.format("2026-05-01")) == [(False, "Labor Day", 0, 18, 2, 61)]
    assert installed.rows(sql.format("2026-05-29")) == [(True, "", 18, 1, 2, 33)]
    twice = "SELECT count(), uniqExact(calendar_id, day) FROM spm_bi.dim_date"
    ((rows, days),) = installed.rows(twice)
    assert rows == days
    ((company,),) = installed.rows(
        "SELECT DISTINCT calendar_id FROM spm_bi.dim_date WHERE is_company_calendar"
    )
    assert company == "de-be"


def test_adventureworks_loads_through_the_shipped_imports_and_adds_up(
    installed: Ground, tmp_path: Path
) -> None:
    """163 quotas, 17 stints in territories and 13,532 rates; sums as the files themselves say."""
    out = tmp_path / "aw"
    files = {
        "SalesPerson": "people", "SalesTerritory": "territories",
        "SalesTerritoryHistory": "holders", "CurrencyRate": "rates",
        "SalesPersonQuotaHistory": "quotas",
    }  # fmt: skip
    for file, mapping in files.items():
        path = sample(f"adventureworks_sales/{file}.csv")
        done = run("import", path, "--mapping", f"adventureworks_{mapping}", "--out", out, "--json")
        assert done.exit_code == 0, done.output
        account = json.loads(done.stdout)
        assert account["refused"] == 0
        if mapping == "rates":
            assert (account["read"], account["skipped"]) == (13_532, 2_562)
    text = (out / "company.yaml").read_text("utf-8")
    (out / "company.yaml").write_text(text.replace("currency: EUR", "currency: USD"))
    installed.apply(out)
    wanted = _by_region()
    got = installed.rows(
        "SELECT region, sum(amount), count() FROM spm_bi.fct_quota GROUP BY region"
    )
    assert {region: (amount, count) for region, amount, count in got} == wanted
    total = sum((amount for amount, _ in wanted.values()), Decimal(0))
    assert (total, sum(n for _, n in wanted.values())) == (Decimal("95714000"), 163)
    gaps = installed.rows(
        "SELECT count() FROM spm_bi.fct_quota AS a LEFT JOIN spm_bi.fct_quota AS b ON"
        " a.rep_id = b.rep_id AND a.period_end = b.period_start"
        " WHERE b.rep_id = '' AND a.period_end < '2025-05-28'"
    )
    assert gaps == [(0,)]
    bundle = installed.stored.in_force().bundle()
    assert len(bundle.rates.rates) == 13_532 - 2_562
    assert planning.missing(installed.stored) is None


def _by_region() -> dict[str, tuple[Decimal, int]]:
    """Return the sums by region of the territory held when a quota began, from the files."""

    def read(name: str) -> list[list[str]]:
        with sample(f"adventureworks_sales/{name}.csv").open() as file:
            return list(csv.reader(file, delimiter="\t"))

    region = {row[0]: row[3] for row in read("SalesTerritory")}
    held: dict[str, list[Any]] = defaultdict(list)
    for who, territory, since, until, *_ in read("SalesTerritoryHistory"):
        held[who].append((since, until or "9999", region[territory]))
    found: dict[str, tuple[Decimal, int]] = {}
    for who, day, amount, *_ in read("SalesPersonQuotaHistory"):
        end = str(date.fromisoformat(day[:10]) + timedelta(80))
        # A person who comes within a quarter counts where they come.
        here = [r for since, until, r in sorted(held[who]) if since <= end and until >= day]
        name = here[0] if here else ""
        value, count = found.get(name, (Decimal(0), 0))
        found[name] = (value + Decimal(amount), count + 1)
    return found
