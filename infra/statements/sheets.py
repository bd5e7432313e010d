"""Statements as sheets: CSV and XLSX. Amounts are numbers with all their places.

Names of deals come from outside: a text that a sheet would take for a formula gets an apostrophe in
front in CSV, and is marked as text in a workbook.
"""

import csv
import io
from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Any

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Font
from openpyxl.utils import get_column_letter

from infra.statements.plain import COLUMNS, Shown, rows
from schemas.money import minor_units

DIGITS_MAX = 15  # of a sheet's number; what has more would be shown wrong
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
_MONEY = {"credit_amount": "credit_currency", "credited_amount": "credited_currency",
          "credited_before": "currency", "credited_after": "currency",
          "amount": "currency"}  # fmt: skip
_WIDTHS = {"what": 36, "formula": 60, "account": 24, "deal_id": 28, "entry_id": 34}


def csv_of(shown: Iterable[Shown]) -> str:
    """Return lines of statements as CSV (RFC 4180), with a first line of names."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    for one in shown:
        writer.writerows([_text(value) for value in row] for row in rows(one))
    return out.getvalue()


def xlsx_of(shown: Iterable[Shown]) -> bytes:
    """Return lines of statements as a workbook with one sheet."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet("Statement")
    sheet.freeze_panes = "A2"
    for number, name in enumerate(COLUMNS, 1):
        sheet.column_dimensions[get_column_letter(number)].width = _WIDTHS.get(name, 14)
    sheet.append([_head(sheet, name) for name in COLUMNS])
    for one in shown:
        for row in rows(one):
            values = dict(zip(COLUMNS, row, strict=True))
            sheet.append([_cell(sheet, name, value, values) for name, value in values.items()])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def safe(text: str) -> str:
    """Return a text that no sheet takes for a formula.

    >>> safe("=HYPERLINK(1)"), safe("Acme")
    ("'=HYPERLINK(1)", 'Acme')
    """
    return f"'{text}" if text.startswith(_FORMULA) else text


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, Decimal):
        return f"{value:f}"
    return safe(value) if isinstance(value, str) else str(value)


def _head(sheet: Any, name: str) -> Any:
    cell = WriteOnlyCell(sheet, name)
    cell.font = Font(bold=True)
    return cell


def _cell(sheet: Any, name: str, value: Any, row: dict[str, Any]) -> Any:
    if isinstance(value, Decimal):
        exact = value.normalize()
        if len(exact.as_tuple().digits) > DIGITS_MAX:
            return WriteOnlyCell(sheet, f"{value:f}")
        cell = WriteOnlyCell(sheet, exact)  # type: ignore[arg-type]  # written digit by digit
        cell.number_format = _format(name, exact, row)
        return cell
    if isinstance(value, str):
        cell = WriteOnlyCell(sheet, value)
        cell.data_type = "s"  # a text, whatever it begins with
        return cell
    cell = WriteOnlyCell(sheet, value)
    if isinstance(value, date):
        cell.number_format = "yyyy-mm-dd"
    return cell


def _format(name: str, value: Decimal, row: dict[str, Any]) -> str:
    """Return the format that shows all places there are, of money at least the minor unit's."""
    if name == "share":
        return "0.######%"
    places = max(0, -int(value.as_tuple().exponent))
    if name in _MONEY:
        places = max(places, minor_units(row[_MONEY[name]] or ""))
    return "#,##0" + ("." + "0" * places if places else "")
