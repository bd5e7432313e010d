"""Terms of contracts from a CSV file: what the events of deals do not say.

A deal's event carries neither term nor first day of service, so who knows them (billing, the
contract system) exports them: a row per deal, and another one each time they are estimated anew.
"""

import csv
import io
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path as FilePath

from pydantic import ValidationError

from infra.definitions.problems import Place, Problem, Refused, did_you_mean, field_of
from infra.definitions.wording import words_of
from schemas.accounting import ContractTerms

COLUMNS = tuple(ContractTerms.model_fields)
REQUIRED = tuple(n for n, f in ContractTerms.model_fields.items() if f.is_required())
Terms = Mapping[str, Sequence[ContractTerms]]


def read(path: FilePath) -> Terms:
    """Return deal -> its terms, oldest first.

    Raises:
        Refused: the file is not there, or says something that cannot be; with lines and remedies.
    """
    try:
        text = path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise Refused([
            Problem(Place(path.name, 0), "", "", f"cannot be read: {error}",
                    f"name a CSV file in UTF-8 with the columns {', '.join(COLUMNS)}")
        ]) from None  # fmt: skip
    problems: list[Problem] = []
    terms = _terms(path.name, text, problems)
    if problems:
        raise Refused(problems)
    return terms


def _terms(file: str, text: str, problems: list[Problem]) -> Terms:
    reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    header = [name.strip() for name in reader.fieldnames or ()]
    reader.fieldnames = header
    problems.extend(_header(file, header))
    found: dict[str, dict[date, ContractTerms]] = defaultdict(dict)
    for line, row in _rows(file, reader, problems) if not problems else ():
        one = _row(file, line, row, problems)
        if one is None:
            continue
        since = one.revised_on or date.min
        if since in found[one.deal_id]:
            problems.append(
                Problem(Place(file, line), "revised_on", str(one.revised_on or ""),
                        f"stands twice for {one.deal_id}",
                        "keep one row for each day something was estimated")
            )  # fmt: skip
        found[one.deal_id][since] = one
    return {deal: [rows[since] for since in sorted(rows)] for deal, rows in found.items()}


def _header(file: str, header: Sequence[str]) -> Iterator[Problem]:
    otherwise = f"columns are {', '.join(COLUMNS)}"
    for name in header:
        if name not in COLUMNS:
            yield Problem(Place(file, 1), name, "", "is no column of this file",
                          did_you_mean(name, COLUMNS, otherwise))  # fmt: skip
    for name in REQUIRED:
        if name not in header:
            yield Problem(Place(file, 1), name, "", "column is missing", f"add it; {otherwise}")


def _rows(
    file: str, reader: "csv.DictReader[str]", problems: list[Problem]
) -> Iterator[tuple[int, dict[str, str]]]:
    try:
        for row in reader:
            if None in row or None in row.values():
                problems.append(
                    Problem(Place(file, reader.line_num), "", "", "has not as many cells as line 1",
                            "give as many; put text with commas in quotes")
                )  # fmt: skip
                continue
            cells = {name: cell.strip() for name, cell in row.items() if cell.strip()}
            if cells:
                yield reader.line_num, cells
    except csv.Error as error:
        problems.append(
            Problem(Place(file, max(1, reader.line_num)), "", "", f"is no CSV: {error}",
                    "look at the quotes on this line")
        )  # fmt: skip


def _row(
    file: str, line: int, cells: Mapping[str, str], problems: list[Problem]
) -> ContractTerms | None:
    try:
        return ContractTerms.model_validate(dict(cells))
    except ValidationError as error:
        for each in error.errors():
            problem, remedy = words_of(each, ContractTerms)
            given = "" if each["type"] == "missing" else str(each["input"])
            problems.append(
                Problem(Place(file, line), field_of(each["loc"]), given, problem, remedy)
            )
    return None
