"""Files as people send them: broken, mislabelled, half written."""

from pathlib import Path
from typing import Any

import openpyxl
import pytest

from connectors.sources.files.mapping import FileOptions
from connectors.sources.files.rows import BadFile, Row, opened


def rows_of(path: Path, **options: Any) -> list[Row]:
    rows = opened(path, FileOptions(**options))
    try:
        return list(rows)
    finally:
        rows.close()


def written(folder: Path, name: str, data: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    return path


def cells(rows: list[Row]) -> list[dict[str, Any]]:
    return [dict(row.cells) for row in rows]


@pytest.mark.parametrize(
    ("data", "options"),
    [
        ("a,b\n1,x\n", {}),
        ("\ufeffa,b\r\n1,x\r\n", {}),
        ("a;b\n1;x", {"delimiter": ";"}),
        ("a\tb\n1\tx", {"delimiter": "tab"}),
        ('a,b\n"1","x"\n\n', {}),
        ("a,b\n1,x\n".encode("utf-16"), {"encoding": "utf-16"}),
        ("made by a tool\n\na,b\n1,x\n", {"header_row": 3}),
    ],
)
def test_csv_as_it_is_written(tmp_path: Path, data: str | bytes, options: dict[str, Any]) -> None:
    assert cells(rows_of(written(tmp_path, "f.csv", data), **options)) == [{"a": "1", "b": "x"}]


def test_a_cell_may_hold_lines_and_rows_keep_the_number_of_their_line(tmp_path: Path) -> None:
    path = written(tmp_path, "f.csv", 'a,b\n1,"x\ny ""z"""\n2,w\n')
    rows = rows_of(path)
    assert [(row.number, row.cells["b"]) for row in rows] == [(2, 'x\ny "z"'), (4, "w")]


def test_a_broken_line_is_set_aside_and_the_rest_is_read(tmp_path: Path) -> None:
    lines = ["a,b", '1,"open', "2,x", '3,"y"z', "4,x,extra", "5", "6,\x00", "7,ok"]
    rows = rows_of(written(tmp_path, "f.csv", "\n".join(lines)))
    told = {row.number: str(row.damage[0]) for row in rows if row.damage}
    assert [(r.number, r.cells["a"]) for r in rows if not r.damage] == [(3, "2"), (8, "7")]
    assert "never closed" in told[2]
    assert "expected after" in told[4]
    assert "3 cells where there are 2 headings" in told[5]
    assert "is the line cut off?" in told[6]
    assert "NUL" in told[7]


def test_a_quotation_mark_left_open_costs_one_line_of_a_long_file(tmp_path: Path) -> None:
    lines = ["a,b", *(f"{i},x" for i in range(60_000))]
    lines[100] = '99,"x'
    rows = rows_of(written(tmp_path, "f.csv", "\n".join(lines)))
    assert [row.number for row in rows if row.damage] == [101]
    assert len(rows) == 60_000
    assert rows[-1].cells["a"] == "59999"


def test_bytes_of_another_encoding_are_told_and_kept(tmp_path: Path) -> None:
    path = written(tmp_path, "f.csv", "a,b\n1,Müller\n".encode("cp1252"))
    (row,) = rows_of(path)
    assert "byte 0xfc is no utf-8" in str(row.damage[0])
    assert cells(rows_of(path, encoding="cp1252")) == [{"a": "1", "b": "Müller"}]


def test_a_huge_cell_is_told(tmp_path: Path) -> None:
    rows = rows_of(written(tmp_path, "f.csv", f"a,b\n1,{'x' * 200_000}\n2,y\n"))
    assert [bool(row.damage) for row in rows] == [True, False]


@pytest.mark.parametrize(
    ("name", "data", "told"),
    [
        ("f.csv", b"", "is empty"),
        ("f.csv", b"PK\x03\x04....", "name it .xlsx if it is one"),
        ("f.csv", b"\xd0\xcf\x11\xe0....", "old .xls workbook"),
        ("f.csv", b"\x1f\x8b....", "unpack it first"),
        ("f.csv", "a,b\n".encode("utf-16"), "file.encoding: utf-16"),
        ("f.csv", b"a,b\x00\x01\n", "NUL bytes"),
        ("f.csv", "Müller;b\n".encode("cp1252"), "write file.encoding"),
        ("f.csv", b'"a\n1,2\n', "headings are broken"),
        ("f.parquet", b"PAR1", "what is it?"),
        ("f.xlsx", b"a,b\n1,2\n", "is it CSV under another name?"),
        ("f.xlsx", b"PK\x03\x04 nonsense", "no workbook that can be read"),
    ],
)
def test_a_file_that_is_another_thing_is_told(
    tmp_path: Path, name: str, data: bytes, told: str
) -> None:
    with pytest.raises(BadFile, match=told.replace("?", r"\?").replace(".", r"\.")):
        rows_of(written(tmp_path, name, data))


def test_no_file_at_all_is_told(tmp_path: Path) -> None:
    with pytest.raises(BadFile, match="cannot be read"):
        rows_of(tmp_path / "absent.csv")
    folder = tmp_path / "folder.csv"
    folder.mkdir()
    with pytest.raises(BadFile, match="is a folder"):
        rows_of(folder)


def test_json_lines(tmp_path: Path) -> None:
    lines = [
        '{"a": 1.10, "p": {"q": "x", "r": []}}',
        "",
        "{broken",
        "[1]",
        '{"a": NaN}',
        '{"a": 2}',
    ]
    rows = rows_of(written(tmp_path, "f.jsonl", "\n".join(lines)))
    assert [row.number for row in rows if row.damage] == [3, 4, 5]
    assert [str(row.cells.get("a")) for row in rows if not row.damage] == ["1.10", "2"]
    assert rows[0].cells["p.q"] == "x"


def test_a_line_of_json_that_is_endless_is_told(tmp_path: Path) -> None:
    data = b'{"a": "' + b"x" * 3_000_000 + b'"}\n{"a": 2}\n'
    long, short = rows_of(written(tmp_path, "f.jsonl", data))
    assert "longer than" in str(long.damage[0])
    assert short.cells["a"] == 2


def sheet(folder: Path, rows: list[list[Any]], title: str = "Deals") -> Path:
    book = openpyxl.Workbook()
    assert book.active is not None
    book.active.title = title
    for row in rows:
        book.active.append(row)
    path = folder / "f.xlsx"
    book.save(path)
    return path


def test_sheets_have_typed_cells_and_empty_rows_are_nothing(tmp_path: Path) -> None:
    path = sheet(tmp_path, [["a", "b", None], [1.5, "x"], [None, None], [True, None]])
    rows = rows_of(path)
    assert [(row.number, dict(row.cells)) for row in rows] == [
        (2, {"a": 1.5, "b": "x"}),
        (4, {"a": True, "b": None}),
    ]
    with pytest.raises(BadFile, match="it has Deals"):
        rows_of(path, sheet="Deal")
    with pytest.raises(BadFile, match="has no headings"):
        rows_of(path, header_row=99)


def test_formulas_without_a_value_and_errors_of_a_sheet_are_told(tmp_path: Path) -> None:
    path = sheet(tmp_path, [["a", "b"], [1, "=A2*2"], ["#N/A", "x"], [2, "y", "spare"]])
    damage = [str(row.damage[0]) for row in rows_of(path)]
    assert "b is =A2*2: is a formula without a stored value" in damage[0]
    assert "a is #N/A: is an error of the sheet" in damage[1]
    assert "column 3 where there is no heading" in damage[2]
