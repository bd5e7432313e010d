"""Cells: nothing is guessed, everything is exact."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.sources.files.cells import Unreadable, reader_of
from connectors.sources.files.mapping import FileOptions, Rule

MONEY = {"type": "bytes", "logicalType": "decimal", "precision": 18, "scale": 4}
DATE = {"type": "int", "logicalType": "date"}
SYMBOLS = {"type": "enum", "symbols": ["NO_ANSWER", "UNKNOWN"]}


def read(kind: Any, cell: Any, file: dict[str, Any] | None = None, **rule: Any) -> Any:
    return reader_of(kind, Rule(column="c", **rule), FileOptions(**(file or {})))(cell)


GERMAN = {"decimal": ",", "thousands": "."}


@pytest.mark.parametrize(
    ("cell", "file", "rule", "value"),
    [
        ("1250.50", {}, {}, "1250.50"),
        (" -3 ", {}, {}, "-3"),
        ("1.250,50", GERMAN, {}, "1250.50"),
        ("1,250.5", {"thousands": ","}, {}, "1250.5"),
        ("1\u202f250\u00a0000,5", {"decimal": ",", "thousands": " "}, {}, "1250000.5"),
        ("€ 9'600.-", {"thousands": "'"}, {"remove": "€-"}, "9600"),
        ("65", {}, {"percent": True}, "0.65"),
        (0.1, {}, {}, "0.1"),
        (25000, GERMAN, {}, "25000"),
        (Decimal("1.005"), {}, {}, "1.005"),
        ("1.2E+05", {}, {}, "120000"),
    ],
)
def test_numbers(cell: Any, file: dict[str, Any], rule: dict[str, Any], value: str) -> None:
    assert read(MONEY, cell, file, **rule) == Decimal(value)


@pytest.mark.parametrize(
    ("cell", "file", "remedy"),
    [
        ("1250,50", {}, "is ',' the decimal mark?"),
        ("1.250,50", {}, "is ',' the decimal mark?"),
        ("1250.50", GERMAN, "check decimal and thousands"),
        ("1,25", {"thousands": ","}, "check decimal and thousands"),
        ("1.5.2", {}, "file.decimal"),
        ("€5", {}, "cut signs out with remove"),
        ("NaN", {}, "write digits"),
        ("1,000.00", GERMAN, "swap the two"),
        (True, {}, "check the column"),
    ],
)
def test_a_number_written_otherwise_is_not_guessed(
    cell: Any, file: dict[str, Any], remedy: str
) -> None:
    with pytest.raises(Unreadable) as wrong:
        read(MONEY, cell, file)
    assert remedy in wrong.value.remedy


@given(
    st.decimals(-(10**13), 10**13, places=4),
    st.sampled_from([(".", ""), (",", ""), (".", ","), (",", "."), (",", " "), (".", "'")]),
)
def test_any_amount_in_any_writing_is_itself(amount: Decimal, marks: tuple[str, str]) -> None:
    decimal, thousands = marks
    written = f"{amount:,.4f}".translate({ord(","): thousands, ord("."): decimal})
    assert read(MONEY, written, {"decimal": decimal, "thousands": thousands}) == amount


BERLIN = {"time_zone": "Europe/Berlin"}


@pytest.mark.parametrize(
    ("cell", "file", "rule", "value"),
    [
        ("2021-01-07 6:49:18", {"time_zone": "UTC"}, {}, "2021-01-07T06:49:18+00:00"),
        ("2026-03-02 10:00", BERLIN, {}, "2026-03-02T09:00:00+00:00"),
        ("2026-07-02T10:00:00.1234567", BERLIN, {}, "2026-07-02T08:00:00.123456+00:00"),
        ("2026-03-02T10:00:00Z", {}, {}, "2026-03-02T10:00:00+00:00"),
        ("2026-03-02 10:00:00+0100", {}, {}, "2026-03-02T09:00:00+00:00"),
        ("2026-03-02", BERLIN, {}, "2026-03-02T11:00:00+00:00"),
        ("2026-03-02", {**BERLIN, "date_at": "00:00"}, {}, "2026-03-01T23:00:00+00:00"),
        ("02.03.26 10h", {**BERLIN, "formats": "%d.%m.%y %Hh"}, {}, "2026-03-02T09:00:00+00:00"),
        ("3/2/26", BERLIN, {"formats": ["%d/%m/%Y", "%m/%d/%y"]}, "2026-03-02T11:00:00+00:00"),
        ("1772445600", {"formats": "epoch_seconds"}, {}, "2026-03-02T10:00:00+00:00"),
        (1772445600123, {"formats": "epoch_millis"}, {}, "2026-03-02T10:00:00.123000+00:00"),
        (datetime(2026, 3, 2, 10), BERLIN, {}, "2026-03-02T09:00:00+00:00"),  # noqa: DTZ001
        ("2026-10-25 02:30", BERLIN, {}, "2026-10-25T00:30:00+00:00"),
    ],
)  # fmt: skip
def test_instants(cell: Any, file: dict[str, Any], rule: dict[str, Any], value: str) -> None:
    assert read("instant", cell, file, **rule).astimezone(UTC).isoformat() == value


@pytest.mark.parametrize(
    ("cell", "file", "told"),
    [
        ("2026-03-02 10:00", {}, "names no time zone; write file.time_zone"),
        ("2026-03-02", {}, "names no time zone"),
        ("02/03/2026", BERLIN, "add its form to formats"),
        ("2026-02-30", BERLIN, "is no date"),
        ("2026-03-29 02:30", BERLIN, "does not exist in Europe/Berlin"),
        ("soon", BERLIN, "is no date as 2026-11-22"),
    ],
)
def test_an_instant_that_could_be_several_is_none(
    cell: str, file: dict[str, Any], told: str
) -> None:
    with pytest.raises(Unreadable) as wrong:
        read("instant", cell, file)
    assert told in f"{wrong.value.problem}; {wrong.value.remedy}"


def test_a_date_passes_through_no_zone_unless_told() -> None:
    assert read(DATE, "2018-12-19 00:00:00") == date(2018, 12, 19)
    assert read(DATE, "2026-03-31T23:30:00Z") == date(2026, 3, 31)
    assert read(DATE, "2026-03-31T23:30:00Z", day_in="Europe/Berlin") == date(2026, 4, 1)
    assert read(DATE, "2026-03-31 23:30", {"time_zone": "UTC"}, day_in="Asia/Tokyo") == date(
        2026, 4, 1
    )


@pytest.mark.parametrize(
    ("cell", "unit", "seconds"),
    [("3800", "milliseconds", 4), ("4.5", "minutes", 270), ("0.25", "hours", 900), ("12", None, 12),
     (12.0, None, 12), ("2500", "milliseconds", 2)],
)  # fmt: skip
def test_durations_become_seconds(cell: Any, unit: str | None, seconds: int) -> None:
    assert read("int", cell, unit=unit) == seconds


def test_other_kinds() -> None:
    assert read("boolean", "Yes") is True
    assert read("boolean", 0) is False
    assert read(SYMBOLS, "no answer") == "NO_ANSWER"
    assert read("string", 42.0) == "42"
    for kind, cell in (("boolean", "maybe"), ("int", "1.5"), ("int", "1e40")):
        with pytest.raises(Unreadable):
            read(kind, cell)
