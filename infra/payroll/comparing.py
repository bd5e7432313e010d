"""A period beside what another system says of it: the parallel run before one is trusted."""

import csv
from collections import defaultdict
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, NamedTuple

from infra.payroll.export import Unfit
from streams.domain.periods import Span

_OURS = """
SELECT entry.rep_id, person.employee_number, entry.currency, entry.amount
FROM
(
    SELECT toString(rep_id) AS rep_id, currency, sum(amount) AS amount
    FROM spm.commission_ledger FINAL
    WHERE state = {state:String} AND posted_end > {start:Date32} AND posted_end <= {end:Date32}
    GROUP BY rep_id, currency
) AS entry
LEFT JOIN (SELECT * FROM spm.person FINAL) AS person ON person.rep_id = entry.rep_id
"""
_PEOPLE = "SELECT employee_number, rep_id FROM spm.person FINAL WHERE employee_number != ''"


class Difference(NamedTuple):
    """What both systems say of a payee in a currency; None: that one does not know them."""

    rep_id: str
    currency: str
    old: Decimal | None
    ours: Decimal | None

    @property
    def off(self) -> Decimal:
        """By how much ours is more."""
        return (self.ours or Decimal(0)) - (self.old or Decimal(0))


def compare(client: Any, file: Path, period: Span, state: str) -> list[Difference]:
    """Return every payee and currency of either system, in order; `off` is 0 where they agree.

    Args:
        file: CSV with rep_id or employee_number, currency and amount; rows of a payee add up.
        state: which balance of ours: EARNED, ELIGIBLE, RELEASED or PAID.

    Raises:
        Unfit: the file cannot be read; the row is named.
    """
    numbers = dict(client.query(_PEOPLE).result_rows)
    old = _old(file, numbers)
    given = {"state": state, "start": period.start, "end": period.end}
    rows = client.query(_OURS, parameters=given).result_rows
    ours = {(rep, currency): amount for rep, _, currency, amount in rows}
    keys = sorted(old.keys() | ours.keys())
    return [
        Difference(rep, code, old.get((rep, code)), ours.get((rep, code))) for rep, code in keys
    ]


def _old(file: Path, numbers: dict[str, str]) -> dict[tuple[str, str], Decimal]:
    sums: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    try:
        text = file.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise Unfit(f"{file} cannot be read: {error}") from error
    reader = csv.DictReader(text.splitlines())
    names = set(reader.fieldnames or ())
    if not {"currency", "amount"} <= names or not names & {"rep_id", "employee_number"}:
        raise Unfit(f"{file} needs the columns rep_id or employee_number, currency, amount")
    for n, row in enumerate(reader, 2):
        rep_id = row.get("rep_id") or numbers.get(row.get("employee_number") or "")
        if not rep_id:
            who = row.get("employee_number") or "nobody"
            raise Unfit(f"{file}:{n}: employee {who!r} is unknown; add the number to people.yaml")
        try:
            sums[rep_id, row["currency"]] += Decimal(row["amount"])
        except InvalidOperation:
            raise Unfit(f"{file}:{n}: amount {row['amount']!r} is no number") from None
    return sums
