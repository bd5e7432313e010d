"""The bench itself, with a handful of events on the embedded broker; its figures mean nothing."""

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from schemas import codec
from schemas.codec import CatalogueIds
from tests.bench import compare, engines, readme, report
from tests.bench.__main__ import Options, run
from tests.bench.floor import DUPLICATES, OLD, OLD_DAYS, Log
from tests.bench.profiling import shares

DAY_MS = 86_400_000
UNTIL = 1_790_000_000_000
EVENTS = 600


@pytest.fixture(scope="module")
def log() -> Log:
    return Log(seed=3, count=20_000, reps=50, until_ms=UNTIL)


def test_bytes_and_columns_tell_the_same(log: Log) -> None:
    rows = log.columns.head(2_000).iter_rows(named=True)
    for row, sent in zip(rows, log.slice(2_000), strict=True):
        message, record = codec.decode(sent.value, CatalogueIds())
        assert record["entity_id"].encode() == sent.key
        assert record["revision"] == row["revision"]
        assert int(record["occurred_at"].timestamp() * 1_000) == pytest.approx(
            row["occurred_at"], abs=1
        )
        assert record["owner_id"] == (None if row["owner"] < 0 else f"u{row['owner']}")
        assert message in sent.key.decode()


def test_shares_of_repeated_and_corrected_records_are_as_promised(log: Log) -> None:
    columns = log.columns
    repeated = columns.height - columns.unique(["entity", "revision"]).height
    assert repeated / log.count == pytest.approx(DUPLICATES, rel=0.3)
    first = columns.group_by("entity", maintain_order=True).agg(
        pl.col("created_at").first(), pl.col("revision").unique().len().alias("states")
    )
    old = first.filter(pl.col("created_at") < UNTIL - OLD_DAYS * DAY_MS)
    assert (old["states"] - 1).sum() / log.count == pytest.approx(OLD, rel=0.7)


def test_rounds_are_the_same_facts_under_other_identities(log: Log) -> None:
    first, third = next(log.sent(0)), next(log.sent(3))
    one, other = (codec.decode(sent.value, CatalogueIds())[1] for sent in (first, third))
    assert first.key != third.key
    assert other["entity_id"].encode() == third.key
    assert {**one, "entity_id": ""} == {**other, "entity_id": ""}


@pytest.mark.thorough
@pytest.mark.slow
def test_engines_count_what_was_sent(tmp_path: Path) -> None:
    """Pacesetter and a rival that needs nothing else, through the bench's own code."""
    options = Options(
        what=("engines",), broker="embedded", events=EVENTS, reps=(20,), repeat=1,
        rivals=engines.RIVALS[:1],
    )  # fmt: skip
    found = run(options)
    assert [(r["engine"], r["sink"], r["totals"]["ok"]) for r in found["engines"]] == [
        (engines.PACESETTER, "warehouse", True),
        (engines.BARE, None, True),
        (engines.BARE, "warehouse", True),
    ]
    assert found["engines"][2]["totals"]["inserted"] == EVENTS
    assert not report.wrong(found)
    assert {"worker", "warehouse", "broker"} == set(found["engines"][0]["cpu_s_per_million"])
    again = json.loads(json.dumps(found))
    assert all(ratio == "1.00" or not ratio for *_, ratio in compare.compared(again, again))
    page = readme.written(f"# x\n{readme.BEGIN}\nstale table\n{readme.END}\nend", again)
    assert "| Pacesetter | yes |" in page
    assert page.endswith("end")
    assert "stale table" not in page


@pytest.mark.thorough
@pytest.mark.slow
def test_accruals_are_seen_and_add_up() -> None:
    options = Options(
        what=("accrual",), broker="embedded", reps=(20,), seconds=4.0, accrual_rate=40,
        deals_per_s=4,
    )  # fmt: skip
    found = run(options)
    row = found["accrual"]
    assert row["totals"]["ok"]
    assert row["totals"]["numbers"] == row["deals"] > 10
    assert row["to_ledger_ms"]["of"] > 4
    assert "never" not in row["to_ledger_ms"]
    assert not report.wrong(found)
    (bar,) = report.bars(found)
    assert bar["bar"] == "ms p99, accrual visible, 4 deals/s at 40 events/s"
    assert "A deal won to its accrual" in report.text(found)


@pytest.mark.thorough
@pytest.mark.slow
def test_a_quarter_comes_to_the_same_by_agents_and_in_sql(tmp_path: Path) -> None:
    options = Options(what=("quarter",), broker="embedded", held=3_000, held_reps=20)
    found = run(options)
    told = found["quarter"]
    assert told["totals"]["ok"], told
    assert not report.wrong(found)
    agents, sql = told["rows"]
    assert min(agents["numbers"], sql["numbers"]) > 2_000
    assert report.wrong({"quarter": {"totals": {"ok": False}}})


def _found(**changes: Any) -> dict[str, Any]:
    row = {
        "engine": engines.PACESETTER, "sink": engines.SINK, "reps": 1_000, "events": 10,
        "events_per_s": 300_000, "ratio": 1.0, "totals": {"ok": True},
        "cpu_s_per_million": {"worker": 1.0, "warehouse": 1.0, "broker": 1.0},
    }  # fmt: skip
    others = [
        {**row, "engine": engines.BARE, "events_per_s": 100_000, "ratio": 3.0},
        {**row, "engine": "Bytewax", "events_per_s": 120_000, "ratio": 2.5},
        {**row, "engine": engines.TABLE, "sink": None, "events_per_s": 3_000, "ratio": 100.0},
    ]
    return {"engines": [{**row, **changes}, *others]}


def test_bars_are_met_or_not() -> None:
    met = {bar["bar"]: (bar["measured"], bar["met"]) for bar in report.bars(_found())}
    assert met == {
        "events/s into ClickHouse, 1,000 reps": (300_000, True),
        "x the best Python engine with the sink, 1,000 reps": (2.5, False),
        "x the bare loop with the sink, 1,000 reps": (3.0, True),
        "x Faust with a Table, 1,000 reps": (100.0, True),
    }


def test_a_takeover_may_take_the_session_longer_than_a_restart() -> None:
    row = {"facts": 10, "first_visible_s": 5.5, "all_visible_s": 10.5}
    rows = [{**row, "how": "restart"}, {**row, "how": "takeover", "session_s": 6.0}]
    found = {"restart": [{**rows[0], "facts": 1, "first_visible_s": 99}, *rows]}
    assert [bar["met"] for bar in report.bars(found)] == [False, True]


def test_wrong_totals_are_named() -> None:
    found = _found(totals={"ok": False, "differing": 3})
    assert report.wrong(found) == ["Pacesetter: {'ok': False, 'differing': 3}"]


def test_samples_of_a_stack_are_counted_by_function_and_room(tmp_path: Path) -> None:
    raw = tmp_path / "raw.txt"
    raw.write_text(
        "run (asyncio/runners.py:1);fold (streams/engine/folding.py:9) 3\n"
        "run (asyncio/runners.py:1);fold (streams/engine/folding.py:12) 1\n"
        "run (asyncio/runners.py:1);EpollSelector.select (selectors.py:468) 9\n"
        " 5\n"
    )
    assert shares(raw) == {
        "of": 4,
        "rooms": [["streams/engine", 1.0]],
        "functions": [["fold (streams/engine/folding.py)", 1.0]],
    }
