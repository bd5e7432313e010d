"""Imports as a user sees them: totals, refusals, corrections, repetition."""

import csv
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors.sources.files.importing import Stopped, run
from connectors.sources.files.picking import MissingColumns
from connectors.sources.files.refused import refused_path
from connectors.sources.files.repeats import Repeats
from connectors.sources.files.rows import BadFile
from connectors.sources.producing import Delivery, Event, Unacknowledged
from tests.connectors.files.reading import imported
from tests.connectors.files.test_mapping import FOLDER

AS_OF = datetime(2026, 3, 15, tzinfo=UTC)
MAPPING = """\
message: deal
source: crm
file: {time_zone: UTC}
skip_if: {column: kind, is: test}
cancelled_if: {column: deleted, is: "TRUE"}
fields:
  source_id: id
  revision: modified
  created_at: created
  occurred_at: created
  owner_id: owner
  stage_id: stage
  stage_class: {column: stage, lookup: {won: WON, lost: LOST, open: OPEN}}
  amount: amount
  currency: {column: currency, default: EUR}
splits:
  - {owner_id: "second?", role: {constant: REVENUE}, share: {column: "share2?", percent: true}}
  - owner_id: owner
    role: {constant: REVENUE}
    share: {column: "share1?", percent: true, default: 100}
"""
HEADER = ["id", "owner", "stage", "amount", "currency", "created", "modified", "kind", "deleted"]
ROW = ["D1", "u1", "won", "100.50", "", "2026-01-01", "2026-02-01", "", ""]


def csv_file(path: Path, rows: Sequence[Sequence[str]], header: Sequence[str] = HEADER) -> Path:
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([header, *rows])
    return path


def row(**changed: str) -> list[str]:
    return [changed.get(name, cell) for name, cell in zip(HEADER, ROW, strict=True)]


def test_rows_become_records(tmp_path: Path) -> None:
    rows = [row(), row(id="D2", kind="Test"), row(id="D3", deleted="true", currency="USD")]
    log, account = imported(csv_file(tmp_path / "d.csv", rows), MAPPING)
    first, third = log.records
    assert first["entity_id"] == "crm:deal:D1"
    assert first["amount"] == Decimal("100.5000")
    assert first["revision"] == int(datetime(2026, 2, 1, 12, tzinfo=UTC).timestamp()) * 10**6
    assert (third["op"], third["currency"]) == ("CANCELLED", "USD")
    assert (account.read, account.sent_count, account.skipped, account.cancelled) == (3, 2, 1, 1)


def test_splits_come_from_columns(tmp_path: Path) -> None:
    rows = [[*row(), "u2", "30", "70"], [*row(id="D2"), "", "", ""]]
    path = csv_file(tmp_path / "d.csv", rows, [*HEADER, "second", "share2", "share1"])
    log, account = imported(path, MAPPING)
    assert not account.problems
    two, one = (record["splits"] for record in log.records)
    assert [(s["owner_id"], s["share"]) for s in two] == [
        ("u2", Decimal("0.3")),
        ("u1", Decimal("0.7")),
    ]
    assert [(s["owner_id"], s["share"]) for s in one] == [("u1", 1)]


def test_a_refused_row_names_column_value_problem_and_remedy(tmp_path: Path) -> None:
    rows = [
        row(amount="1,5"),
        row(stage="wonn"),
        row(created="01/02/2026"),
        row(currency="Euro", owner=""),
        row(id=""),
        row(created="1970-01-19"),
        row(modified=""),
    ]
    _, account = imported(csv_file(tmp_path / "d.csv", rows), MAPPING)
    told = [str(problem) for problem in account.problems]
    assert account.refused == len(rows)
    assert told[0].startswith("row 2: amount is 1,5: is no number; check file.decimal")
    assert (
        "row 3: stage (stage_class) is wonn: is not in the lookup; did you mean 'won'?" in told[1]
    )
    assert "row 4: created (created_at, occurred_at) is 01/02/2026: is no date" in told[2]
    assert "row 5: currency is Euro: is no ISO 4217 code" in told[3]
    assert "row 6: id (source_id): is empty; fill the cell" in told[4]
    assert "row 7: created (occurred_at) is 1970-01-19" in told[5]
    assert "row 8: modified (revision): is empty" in told[6]


def test_as_of_stands_in_for_a_missing_revision_and_never_for_a_given_one(tmp_path: Path) -> None:
    path = csv_file(tmp_path / "d.csv", [row(), row(id="D2", modified="")])
    log, _ = imported(path, MAPPING, as_of=AS_OF)
    assert [datetime.fromtimestamp(r["revision"] / 1e6, UTC).day for r in log.records] == [1, 15]


def test_the_same_file_says_the_same_whenever_it_is_imported(tmp_path: Path) -> None:
    path = csv_file(tmp_path / "d.csv", [row(), row(id="D2", amount="")])
    once, _ = imported(path, MAPPING)
    again, _ = imported(path, MAPPING)
    assert once.records == again.records


def test_an_older_export_has_the_lower_revision(tmp_path: Path) -> None:
    new, _ = imported(csv_file(tmp_path / "new.csv", [row(modified="2026-03-01")]), MAPPING)
    old, _ = imported(csv_file(tmp_path / "old.csv", [row(modified="2026-02-01")]), MAPPING)
    assert old.records[0]["revision"] < new.records[0]["revision"]


@pytest.mark.parametrize("kind", ["csv", "jsonl", "xlsx"])
def test_refused_rows_can_be_corrected_and_imported_with_the_same_mapping(
    tmp_path: Path, kind: str
) -> None:
    rows = [row(), row(id="D2", amount="1,5"), row(id="D3", stage="wonn")]
    path = csv_file(tmp_path / "d.csv", rows)
    if kind == "jsonl":
        path = tmp_path / "d.jsonl"
        lines = [json.dumps(dict(zip(HEADER, r, strict=True))) for r in rows]
        path.write_text("\n".join([*lines, "{broken"]))
    elif kind == "xlsx":
        path = tmp_path / "d.xlsx"
        book = openpyxl.Workbook()
        for cells in [HEADER, *rows]:
            book.active.append(cells)  # type: ignore[union-attr]
        book.save(path)
    refused = refused_path(None, path, tmp_path)
    first, account = imported(path, MAPPING, refused=refused)
    assert account.refused == (3 if kind == "jsonl" else 2)
    assert refused.suffix == (".jsonl" if kind == "jsonl" else ".csv")
    text = refused.read_text()
    assert "_problem" in text
    assert "is no number" in text
    corrected = text.replace("1,5", "1.5").replace('"1.5"', "1.5").replace("wonn", "won")
    line = json.dumps(dict(zip(HEADER, row(id="D4"), strict=True)))
    corrected = corrected.replace("{broken", line.replace('"', r"\""))
    refused.write_text(corrected)
    again = refused_path(None, refused, tmp_path)
    assert again.name == f"d.refused.2{refused.suffix}"
    second, account = imported(refused, MAPPING, refused=again)
    assert not account.problems, [str(p) for p in account.problems]
    ids = [r["source_id"] for r in first.records + second.records]
    assert ids == ["D1", "D2", "D3"] + (["D4"] if kind == "jsonl" else [])
    assert not again.exists(), "nothing was refused, so there is no file"


def test_refused_twice_keeps_one_column_of_problems(tmp_path: Path) -> None:
    path = csv_file(tmp_path / "d.csv", [row(amount="x")])
    imported(path, MAPPING, refused=tmp_path / "r1.csv")
    imported(tmp_path / "r1.csv", MAPPING, refused=tmp_path / "r2.csv")
    assert (tmp_path / "r1.csv").read_text() == (tmp_path / "r2.csv").read_text()
    lines = tmp_path / "d.jsonl"
    lines.write_text(json.dumps({**dict(zip(HEADER, ROW, strict=True)), "amount": "x"}) + "\n")
    imported(lines, MAPPING, refused=tmp_path / "r1.jsonl")
    imported(tmp_path / "r1.jsonl", MAPPING, refused=tmp_path / "r2.jsonl")
    assert (tmp_path / "r1.jsonl").read_text() == (tmp_path / "r2.jsonl").read_text()


def test_a_file_of_refused_rows_never_overwrites(tmp_path: Path) -> None:
    (tmp_path / "there.csv").touch()
    with pytest.raises(BadFile, match="exists"):
        refused_path(tmp_path / "there.csv", tmp_path / "d.csv", tmp_path)


@pytest.mark.parametrize(
    ("header", "told"),
    [
        (["idd", *HEADER[1:]], "there is no column 'id'; did you mean 'idd'?"),
        ([*HEADER[:-1], "id"], "the heading 'id' stands twice"),
        ([";".join(HEADER)], "there is no column 'amount'"),
    ],
)
def test_headings_that_do_not_fit_stop_before_anything_is_sent(
    tmp_path: Path, header: list[str], told: str
) -> None:
    with pytest.raises(MissingColumns) as missing:
        imported(csv_file(tmp_path / "d.csv", [ROW], header), MAPPING)
    assert told in str(missing.value)


def test_one_identity_with_one_revision_and_two_contents_is_told(tmp_path: Path) -> None:
    rows = [row(), row(), row(amount="7"), row(amount="8", modified="2026-02-02"), row(id="D2")]
    _, account = imported(csv_file(tmp_path / "d.csv", rows), MAPPING)
    (contradiction,) = account.contradictions
    assert (contradiction.entity_id, contradiction.rows) == ("crm:deal:D1", (2, 4))
    assert account.sent_count == 5


ENTRIES = st.lists(st.tuples(st.sampled_from("abcé"), st.integers(0, 3), st.integers(0, 2)))


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(ENTRIES)
def test_repeats_finds_exactly_the_contradictions(entries: list[tuple[str, int, int]]) -> None:
    repeats = Repeats()
    for number, entry in enumerate(entries):
        repeats.note(number, *entry)
    count, found = repeats.contradictions(100)
    repeats.close()
    contents: dict[tuple[str, int], set[int]] = {}
    for key, revision, content in entries:
        contents.setdefault((key, revision), set()).add(content)
    wanted = sorted(key for (key, _), said in contents.items() if len(said) > 1)
    assert sorted(r.entity_id for r in found) == wanted
    assert count == len(wanted)


def test_when_kafka_stops_taking_rows_the_account_says_how_far_it_came(tmp_path: Path) -> None:
    path = csv_file(tmp_path / "d.csv", [row(id=f"D{i}") for i in range(1200)])
    calls: list[int] = []

    def failing(events: Sequence[Event]) -> Delivery:
        from connectors.sources.producing import Acknowledged

        calls.append(len(events))
        delivery = Delivery(len(events), 0.1)
        good = Acknowledged("t", 0, 1)
        for i in range(len(events)):
            delivery.report(i, good if len(calls) < 3 else Unacknowledged("away", "wait"))
        return delivery

    with pytest.raises(Stopped, match="1000 rows are in Kafka") as stopped:
        imported_with(path, failing)
    assert "importing the same file again" in str(stopped.value)


def imported_with(path: Path, publish: Any) -> None:
    from connectors.sources.files.joining import Joined
    from connectors.sources.files.mapper import Given, maker
    from connectors.sources.files.mapping import EventMapping
    from connectors.sources.files.picking import Columns
    from connectors.sources.files.reading_mapping import mapping_of
    from connectors.sources.files.rows import opened

    mapping = mapping_of(MAPPING, "m")
    assert isinstance(mapping, EventMapping)
    rows = opened(path, mapping.file)
    make = maker(
        mapping,
        Columns(rows.header, mapping.file),
        Joined({}, {}, mapping.file),
        Given(None, AS_OF),
    )
    run(rows, make, publish, None)


def test_the_sample_that_is_shipped_shows_every_outcome() -> None:
    from connectors.sources.files.reading_mapping import read_mapping

    mapping = read_mapping(FOLDER / "deals.yaml")
    log, account = imported(FOLDER / "deals.csv", mapping)  # type: ignore[arg-type]
    assert (account.read, account.sent_count, account.skipped, account.cancelled) == (7, 6, 1, 1)
    won = {r["source_id"]: r for r in log.records if r["stage_class"] == "WON"}
    assert {k: (r["amount"], r["currency"]) for k, r in won.items()} == {
        "D-1001": (Decimal(18400), "EUR"),
        "D-1002": (Decimal(9600), "GBP"),
    }
    assert won["D-1001"]["won_at"] == datetime(2026, 3, 12, 15, 45, tzinfo=UTC)


def test_invoices_become_bills_of_deals(tmp_path: Path) -> None:
    from connectors.sources.files.reading_mapping import read_mapping

    path = tmp_path / "invoices.csv"
    path.write_text(
        "Invoice ID,Invoice Number,Deal ID,Last Modified,Issued,Currency,Invoiced,Paid,Status\n"
        "in_1,INV-1,D-1,2026-03-02 10:00:00,2026-03-01 10:00:00,EUR,1000,400.50,Open\n"
        "in_2,INV-2,D-1,2026-03-02 10:00:00,2026-03-01 10:00:00,EUR,1000,,Void\n"
        "in_3,,D-1,2026-03-02 10:00:00,2026-03-01 10:00:00,EUR,1000,,Open\n"
    )
    sent, account = imported(path, read_mapping(FOLDER / "bills.yaml"))  # type: ignore[arg-type]
    assert [
        (r["entity_id"], r["source_id"], r["bill_id"], r["op"], r["paid_amount"])
        for r in sent.records
    ] == [
        ("files:deal:D-1", "in_1", "INV-1", "SET", Decimal("400.5")),
        ("files:deal:D-1", "in_2", "INV-2", "CANCELLED", None),
    ]
    (problem,) = account.problems
    assert (problem.row, problem.field, problem.remedy) == (
        4, "bill_id", "give the invoice's number, or leave it out of a deal",
    )  # fmt: skip


def test_the_german_telephone_export_of_the_documentation_works(tmp_path: Path) -> None:
    from connectors.sources.files.reading_mapping import read_mapping

    text = (FOLDER / "calls.yaml").read_text()
    lines = [line[4:] for line in text.splitlines() if line.startswith("#   ")]
    path = tmp_path / "calls.csv"
    path.write_text("\n".join(lines))
    mapping = read_mapping(FOLDER / "calls.yaml")
    log, account = imported(path, mapping)  # type: ignore[arg-type]
    assert not account.problems
    (record,) = log.records
    assert (record["talk_seconds"], record["direction"]) == (270, "OUTBOUND")
    assert record["occurred_at"] == datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
