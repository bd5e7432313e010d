"""CSV next to YAML: the kinds that people keep in spreadsheets, as the same tree of values."""

import csv
import io
from collections.abc import Iterator
from typing import Any, NamedTuple

from infra.definitions.nodes import Tree
from infra.definitions.problems import Path, Place, did_you_mean
from schemas.calendars import Absence
from schemas.defining import Definition
from schemas.definitions import Identity, Person, Rate, Stint, Team
from schemas.quotas import Quota


class Sheet(NamedTuple):
    """One CSV file: the kind it is (part of), where its rows go, and what a row is."""

    kind: str
    into: str
    row: type[Definition]


SHEETS = {
    "teams.csv": Sheet("roster", "teams", Team),
    "roster.csv": Sheet("roster", "reps", Stint),  # a row per stint, with the rep_id
    "people.csv": Sheet("people", "people", Person),
    "identities.csv": Sheet("identities", "identities", Identity),
    "rates.csv": Sheet("rates", "rates", Rate),
    "quotas.csv": Sheet("quotas", "quotas", Quota),
    "leave.csv": Sheet("leave", "leave", Absence),
}
_Cells = dict[str, Any]


def from_csv(file: str, text: str) -> Tree:
    """Return the tree of one of SHEETS; its value is None if the file cannot be read as a table."""
    sheet, tree = SHEETS[file], Tree(file)
    required = {n for n, f in sheet.row.model_fields.items() if f.is_required()}
    known = _plain_fields(sheet.row)
    if sheet.row is Stint:
        required, known = required | {"rep_id"}, known | {"rep_id"}
    rows = list(_rows(tree, text, known, required))
    if tree.problems:
        return tree
    tree.places[(sheet.into,)] = Place(file, 1)
    if sheet.row is Stint:
        tree.value = {"reps": _reps(tree, rows)}
    else:
        for i, (line, cells) in enumerate(rows):
            _note(tree, (sheet.into, i), line, cells)
        tree.value = {sheet.into: [cells for _, cells in rows]}
    return tree


def _plain_fields(row: type[Definition]) -> set[str]:
    """Return the fields of a row that fit into one cell."""
    return {n for n, f in row.model_fields.items() if not isinstance(f.default, tuple)}


def joined(file: str, trees: list[Tree]) -> Tree:
    """Return the trees of several sheets of one kind as one."""
    whole = Tree(file)
    for tree in trees:
        whole.places.update(tree.places)
        whole.problems.extend(tree.problems)
    if all(tree.value is not None for tree in trees):
        whole.value = {k: v for tree in trees for k, v in tree.value.items()}
    return whole


def _reps(tree: Tree, rows: list[tuple[int, _Cells]]) -> list[_Cells]:
    reps: dict[str, _Cells] = {}
    places: dict[str, int] = {}
    for line, cells in rows:
        rep_id = cells.get("rep_id", "")
        if rep_id not in reps:
            reps[rep_id] = {**({"rep_id": rep_id} if rep_id else {}), "history": []}
            at = places[rep_id] = len(places)
            for path in (("reps", at), ("reps", at, "rep_id"), ("reps", at, "history")):
                tree.places[path] = Place(tree.file, line)
        at = places[rep_id]
        history = reps[rep_id]["history"]
        stint = {k: v for k, v in cells.items() if k != "rep_id"}
        _note(tree, ("reps", at, "history", len(history)), line, stint)
        history.append(stint)
    return list(reps.values())


def _note(tree: Tree, path: Path, line: int, cells: _Cells) -> None:
    tree.places[path] = Place(tree.file, line)
    for name in cells:
        tree.places[(*path, name)] = Place(tree.file, line)


def _rows(
    tree: Tree, text: str, known: set[str], required: set[str]
) -> Iterator[tuple[int, _Cells]]:
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        header = [cell.strip() for cell in next(reader, [])]
        if not _header_ok(tree, header, known, required):
            return
        before = reader.line_num
        for cells in reader:
            line, before = before + 1, reader.line_num
            if not any(cell.strip() for cell in cells):
                continue
            if len(cells) != len(header):
                tree.wrong(
                    Place(tree.file, line), "", "", f"has {len(cells)} cells",
                    f"give {len(header)} like the first line; put text with commas in quotes",
                )  # fmt: skip
                continue
            yield line, {h: c.strip() for h, c in zip(header, cells, strict=True) if c.strip()}
    except csv.Error as error:
        place = Place(tree.file, max(1, reader.line_num))
        tree.wrong(place, "", "", f"is no CSV: {error}", "look at the quotes on this line")


def _header_ok(tree: Tree, header: list[str], known: set[str], required: set[str]) -> bool:
    place = Place(tree.file, 1)
    if len(header) == 1 and (";" in header[0] or "\t" in header[0]):
        tree.wrong(place, "", "", "is not separated by commas", "export it with commas")
        return False
    otherwise = f"columns are {', '.join(sorted(known))}"
    for i, name in enumerate(header):
        if name not in known:
            remedy = did_you_mean(name, known, otherwise)
            tree.wrong(place, name, "", "is no column of this file", remedy)
        elif name in header[:i]:
            tree.wrong(place, name, "", "stands twice in the first line", "keep one of them")
    for name in sorted(required - set(header)):
        tree.wrong(place, name, "", "column is missing", f"add it; {otherwise}")
    return not tree.problems
