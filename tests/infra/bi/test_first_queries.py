"""The queries of the analyst's page run as an analyst, and say what they promise."""

import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from clickhouse_connect.driver.client import Client

PAGE = Path(__file__).resolve().parents[3] / "infra" / "bi" / "first-queries.md"
QUERIES = re.findall(r"## (\d)\. [^\n]+\n.*?```sql\n(.*?)```", PAGE.read_text("utf-8"), re.S)


def asked(client: Client, number: int) -> list[dict[str, Any]]:
    """Return the rows of a query of the page, by name."""
    answer = client.query(dict(QUERIES)[str(number)])
    return [dict(zip(answer.column_names, row, strict=True)) for row in answer.result_rows]


def test_there_are_five() -> None:
    assert [number for number, _ in QUERIES] == list("12345")


def test_the_first_says_how_late_and_how_true(analyst: Client) -> None:
    rows = asked(analyst, 1)
    assert {r["what"] for r in rows} == {"fresh", "proved"}
    assert {"topic crm.deals", "log", "spm.kpi_rep_day"} <= {r["which"] for r in rows}


def test_the_second_names_everybody_with_a_quota_by_pace(analyst: Client) -> None:
    rows = asked(analyst, 2)
    sql = (
        "SELECT count() FROM fct_quota WHERE subject_kind = 'REP' AND kpi = 'revenue_won_reporting'"
        " AND period_start <= today() AND period_end > today() AND NOT is_overlay"
    )
    assert len(rows) == analyst.query(sql).result_rows[0][0] > 5
    paces = [r["pace"] for r in rows if r["pace"] is not None]
    assert paces == sorted(paces)
    assert all(r["chance"] is None or 0 <= r["chance"] <= 1 for r in rows)
    assert any(r["chance"] is not None for r in rows)


def test_the_third_adds_up_to_what_was_won(analyst: Client) -> None:
    rows = asked(analyst, 3)
    assert {r["currency"] for r in rows} == {"EUR"}
    sql = "SELECT sum(value) FROM rep_day WHERE measure = 'revenue_won_reporting'"
    assert sum(r["won"] for r in rows) == analyst.query(sql).result_rows[0][0] > 0


def test_the_fourth_divides_sums(analyst: Client) -> None:
    rows = asked(analyst, 4)
    assert len({r["team"] for r in rows}) > 1
    for quarter in {r["quarter"] for r in rows}:
        of = [r for r in rows if r["quarter"] == quarter and r["decided"]]
        won = sum(r["win_rate"] * r["decided"] for r in of)
        together = of[0]["together"]
        assert abs(won / sum(r["decided"] for r in of) - together) < Decimal("0.001")


def test_the_fifth_tells_what_became_of_open_deals(analyst: Client) -> None:
    rows = asked(analyst, 5)
    assert len({r["currency"] for r in rows}) > 1
    assert {"new", "won", "lost", "as it was"} <= {r["what"] for r in rows}
    for currency in {r["currency"] for r in rows}:
        sql = (
            "SELECT sum(amount), count() FROM fct_deal WHERE stage_class = 'OPEN'"
            " AND currency = {c:String}"
        )
        ((amount, _),) = analyst.query(sql, parameters={"c": currency}).result_rows
        told = sum(r["open_now"] or 0 for r in rows if r["currency"] == currency)
        assert told == amount


@pytest.mark.parametrize("name", ["ann", "mona", "rex"])
def test_nobody_sees_more_by_them(company: Any, name: str) -> None:
    """Managers and reps may ask the first: it tells nothing of any one person."""
    with company.client(name, database="spm_bi") as client:
        assert asked(client, 1)
