"""Lists of people become definitions, and merging them loses nothing."""

from datetime import date
from pathlib import Path

import pytest

from connectors.sources.files.mapping import PeopleMapping
from connectors.sources.files.people import Draft, people_of
from connectors.sources.files.people_folder import existing_in, write
from connectors.sources.files.people_merging import Merged, merge
from connectors.sources.files.picking import Columns
from connectors.sources.files.reading_mapping import mapping_of
from connectors.sources.files.rows import BadFile, opened
from schemas.definitions import Definition, Roster, Stint

MAPPING = """\
message: people
source: crm
fields:
  rep_id: id
  name: name
  valid_from: since
  valid_to: left
  team: team
  manager: boss
  time_zone: {constant: Europe/Berlin}
identities:
  - {source: crm, user_id: user}
quotas:
  - {amount: quota, kpi: revenue_won, period_start: 2026-01-01, period_end: 2026-04-01, currency: EUR}
"""  # noqa: E501
HEADER = "id,name,since,left,team,boss,user,quota\n"
ANA = "r-1,Ana Ray,2024-02-01,,North,Max Ott,u1,100000\n"
BEN = "r-2,Ben Low,2025-05-01,,North,Ana Ray,u2,\n"


def draft_of(folder: Path, rows: str, known: dict[str, str] | None = None) -> Draft:
    mapping = mapping_of(MAPPING, "people.yaml")
    assert isinstance(mapping, PeopleMapping)
    path = folder / "people.csv"
    path.write_text(HEADER + rows)
    opened_rows = opened(path, mapping.file)
    try:
        columns = Columns(opened_rows.header, mapping.file)
        return people_of(opened_rows, columns, mapping, known or {})
    finally:
        opened_rows.close()


def roster_of(merged: Merged) -> Roster:
    roster = merged.changed["roster"]
    assert isinstance(roster, Roster)
    return roster


def history(roster: Roster, rep_id: str) -> tuple[Stint, ...]:
    return next(rep.history for rep in roster.reps if rep.rep_id == rep_id)


def test_managers_are_found_by_name_or_made_without_their_name(tmp_path: Path) -> None:
    draft = draft_of(tmp_path, ANA + BEN)
    assert draft.reps["r-2"].history[0].manager_id == "r-1"
    assert draft.reps["r-1"].history[0].manager_id == "mgr-01"
    (stint,) = draft.reps["mgr-01"].history
    assert (stint.role, stint.valid_from, stint.team_id) == ("manager", date(2024, 2, 1), "north")
    assert draft.people["mgr-01"].name == "Max Ott"
    again = draft_of(tmp_path, ANA, known={"max  OTT": "boss-7"})
    assert again.reps["r-1"].history[0].manager_id == "boss-7"
    assert set(again.reps) == {"r-1"}, "who is defined already is not made anew"


def test_rows_that_cannot_be_used_are_told(tmp_path: Path) -> None:
    rows = ANA + "r-3,,soon,,North,,u3,\n" + "r-1,Twin,2024-01-01,,North,,u4,\n"
    rows += "r-4,Dan,2024-01-01,,North,,u5,-5\n"
    draft = draft_of(tmp_path, rows)
    told = [str(problem) for _, problems in draft.problems for problem in problems]
    assert "row 3: since (valid_from) is soon: is no date" in told[1]
    assert "row 3: name: is empty" in told[0]
    assert "r-1: stands in an earlier row too" in told[2]
    assert "quota" in told[3]
    assert set(draft.people) == {"r-1", "mgr-01"}


def test_the_draft_is_read_back_as_it_was_written(tmp_path: Path) -> None:
    merged = merge({}, draft_of(tmp_path, ANA + BEN), None)
    write(tmp_path / "out", merged.changed)
    assert existing_in(tmp_path / "out") == merged.changed
    assert not list((tmp_path / "out").glob("*.bak"))


def merged_twice(folder: Path, first: str, second: str, as_of: date | None) -> Merged:
    there: dict[str, Definition] = merge({}, draft_of(folder, first), None).changed
    known = {"Max Ott": "mgr-01"}
    return merge(there, draft_of(folder, second, known), as_of)


def test_importing_again_changes_nothing(tmp_path: Path) -> None:
    merged = merged_twice(tmp_path, ANA + BEN, ANA + BEN, None)
    assert (merged.changed, merged.added, merged.kept) == ({}, [], [])


def test_who_moves_gets_a_stint_from_a_day_on(tmp_path: Path) -> None:
    moved = ANA.replace("North", "South")
    told = merged_twice(tmp_path, ANA, moved, None)
    assert "roster" not in told.changed or history(roster_of(told), "r-1")[0].team_id == "north"
    assert "pass --as-of DAY" in told.kept[0]
    merged = merged_twice(tmp_path, ANA, moved, date(2026, 3, 1))
    before, after = history(roster_of(merged), "r-1")
    assert (before.team_id, before.valid_to) == ("north", date(2026, 3, 1))
    assert (after.team_id, after.valid_from, after.valid_to) == ("south", date(2026, 3, 1), None)


def test_who_leaves_keeps_the_past(tmp_path: Path) -> None:
    merged = merged_twice(tmp_path, ANA, ANA.replace("02-01,,", "02-01,2026-03-31,"), None)
    (stint,) = history(roster_of(merged), "r-1")
    assert stint.valid_to == date(2026, 3, 31)


def test_contradictions_keep_what_is_there(tmp_path: Path) -> None:
    other = "r-9,Zoe New,2025-01-01,,North,,u1,\n" + ANA.replace("100000", "5").replace("u1", "u8")
    merged = merged_twice(tmp_path, ANA, other, None)
    assert any("identity crm u1 is r-1, not r-9" in told for told in merged.kept)
    assert any("is 100000, not 5" in told for told in merged.kept)
    assert "quotas" not in merged.changed


def test_a_file_with_comments_is_kept_beside_the_new_one(tmp_path: Path) -> None:
    (tmp_path / "people.yaml").write_text("# ours\npeople:\n- {rep_id: old, name: Old Hand}\n")
    merged = merge(existing_in(tmp_path), draft_of(tmp_path, ANA), None)
    write(tmp_path, merged.changed)
    assert "# ours" in (tmp_path / "people.yaml.bak").read_text()
    assert "Old Hand" in (tmp_path / "people.yaml").read_text()


def test_a_damaged_folder_is_told(tmp_path: Path) -> None:
    (tmp_path / "roster.yaml").write_text("teams: 5")
    with pytest.raises(BadFile, match="pacesetter definitions check"):
        existing_in(tmp_path)
