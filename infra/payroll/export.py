"""What payroll pays: a line per payee and currency, as CSV or in fixed columns by a template."""

import csv
import io
from collections.abc import Iterable, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple

import yaml
from pydantic import Field, ValidationError

from schemas.defining import Definition
from schemas.money import minor_units
from streams.domain.periods import Span

_PAID = """
SELECT entry.currency, person.employee_number, entry.rep_id, person.name, entry.amount
FROM
(
    SELECT currency, toString(rep_id) AS rep_id, sum(amount) AS amount
    FROM spm.commission_ledger FINAL
    WHERE state = 'PAID' AND kind = 'PAYOUT' AND posted_start = {start:Date32}
        AND posted_end = {end:Date32}
    GROUP BY currency, rep_id
) AS entry
LEFT JOIN (SELECT * FROM spm.person FINAL) AS person ON person.rep_id = entry.rep_id
ORDER BY entry.currency, person.employee_number, entry.rep_id
"""
NAMES = ("employee_number", "rep_id", "name", "currency", "amount", "amount_minor",
         "period_start", "period_end")  # fmt: skip


class Column(Definition):
    """One column of a layout."""

    name: Literal["employee_number", "rep_id", "name", "currency", "amount", "amount_minor",
                  "period_start", "period_end", "text"]  # fmt: skip
    heading: str = ""
    text: Annotated[str, Field(description="of name text: what stands in every line")] = ""
    width: Annotated[int, Field(ge=1, le=500, description="of FIXED")] = 1
    align: Literal["LEFT", "RIGHT"] = "LEFT"
    pad: Annotated[str, Field(min_length=1, max_length=1)] = " "


class Layout(Definition):
    """How a payroll system wants its file."""

    format: Literal["CSV", "FIXED"] = "CSV"
    header: bool = True
    delimiter: Annotated[str, Field(min_length=1, max_length=1)] = ","
    decimal_mark: Literal[".", ","] = "."
    date_format: str = "%Y-%m-%d"
    columns: Annotated[tuple[Column, ...], Field(min_length=1)]


PLAIN = Layout(columns=tuple(Column(name=name) for name in NAMES if name != "amount_minor"))  # type: ignore[arg-type]


class Line(NamedTuple):
    """What one payee is paid in one currency."""

    currency: str
    employee_number: str
    rep_id: str
    name: str
    amount: Decimal


class Unfit(ValueError):
    """A file or template that cannot be used; str() says why and what to do."""


def lines(client: Any, period: Span) -> list[Line]:
    """Return what was paid for a period.

    Raises:
        Unfit: the lines are not what the ledger has.
    """
    given = {"start": period.start, "end": period.end}
    found = [Line(*row) for row in client.query(_PAID, parameters=given).result_rows]
    total = client.query(
        "SELECT sum(amount) FROM spm.commission_ledger FINAL WHERE state = 'PAID'"
        " AND kind = 'PAYOUT' AND posted_start = {start:Date32} AND posted_end = {end:Date32}",
        parameters=given,
    ).result_rows[0][0]
    if sum((line.amount for line in found), Decimal(0)) != (total or 0):
        raise Unfit("the lines do not add up to the ledger: payments moved meanwhile; try again")
    return found


def without_number(found: Iterable[Line]) -> list[str]:
    """Return payees who have no employee number: payroll cannot pay them."""
    return sorted({line.rep_id for line in found if not line.employee_number})


def layout_from(file: Path) -> Layout:
    """Return the layout a template describes.

    Raises:
        Unfit: it is none; the first thing wrong is named.
    """
    try:
        return Layout.model_validate(yaml.safe_load(file.read_text("utf-8")))
    except (OSError, yaml.YAMLError) as error:
        raise Unfit(f"{file} cannot be read: {error}") from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise Unfit(f"{file}: {where}: {first['msg']}; columns are {', '.join(NAMES)}") from error


def text_of(found: Sequence[Line], period: Span, layout: Layout) -> str:
    """Return the file of these lines.

    Raises:
        Unfit: a value is wider than its column.
    """
    rows = [[_value(line, period, column, layout) for column in layout.columns] for line in found]
    headings = [column.heading or column.name for column in layout.columns]
    if layout.format == "CSV":
        out = io.StringIO()
        writer = csv.writer(out, delimiter=layout.delimiter, lineterminator="\n")
        writer.writerows([headings, *rows] if layout.header else rows)
        return out.getvalue()
    made = ["".join(map(_fixed, row, layout.columns)) for row in rows]
    return "".join(f"{line}\n" for line in made)


def _value(line: Line, period: Span, column: Column, layout: Layout) -> str:
    digits = minor_units(line.currency)
    values = {
        "amount": f"{line.amount:.{digits}f}".replace(".", layout.decimal_mark),
        "amount_minor": str(int(line.amount.scaleb(digits))),
        "period_start": period.start.strftime(layout.date_format),
        "period_end": period.end.strftime(layout.date_format),
        "text": column.text,
    }
    return values.get(column.name) or str(getattr(line, column.name, ""))


def _fixed(value: str, column: Column) -> str:
    if len(value) > column.width:
        raise Unfit(
            f"{column.name} is {value!r}, wider than its {column.width}; widen it in the template"
        )
    left = column.align == "LEFT"
    return value.ljust(column.width, column.pad) if left else value.rjust(column.width, column.pad)
