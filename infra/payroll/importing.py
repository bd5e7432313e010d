"""Opening balances from a CSV: what another system left, as acts that somebody else approves."""

import csv
from datetime import datetime
from pathlib import Path

from pydantic import ValidationError

from infra.payroll.export import Unfit
from schemas.payroll import Opening

REQUIRED = ("opening_id", "rep_id", "plan_id", "component_id", "day", "currency")
FIELDS = (*REQUIRED, "deal_id", "credited", "earned", "paid", "debt")


def openings_from(file: Path, by: str, reason: str, at: datetime) -> list[Opening]:
    """Return the opening balances of a CSV; empty cells are left out.

    Raises:
        Unfit: a row cannot be used; it is named with what is wrong.
    """
    try:
        text = file.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise Unfit(f"{file} cannot be read: {error}") from error
    reader = csv.DictReader(text.splitlines())
    names = set(reader.fieldnames or ())
    if missing := [name for name in REQUIRED if name not in names]:
        raise Unfit(f"{file} lacks the columns {', '.join(missing)}; they are {', '.join(FIELDS)}")
    if strange := sorted(names - set(FIELDS)):
        raise Unfit(
            f"{file} has unknown columns {', '.join(strange)}; they are {', '.join(FIELDS)}"
        )
    found = []
    for n, row in enumerate(reader, 2):
        cells = {name: value for name, value in row.items() if value}
        try:
            found.append(Opening.model_validate({**cells, "by": by, "reason": reason, "at": at}))
        except ValidationError as error:
            first = error.errors()[0]
            raise Unfit(f"{file}:{n}: {'.'.join(map(str, first['loc']))}: {first['msg']}") from None
    return found
