"""Snapshots of an HR system: who comes, moves, leaves and returns, and what closed periods hold."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.sources.files.mapping import PeopleMapping
from infra.definitions.peopling import PersonRow
from infra.hr.folder import SETTLED, take
from infra.hr.snapshots import Changes, Cut, changes, first_difference
from infra.hr.syncing import read
from schemas.definitions import NO_END, Bundle, Company, People, Roster, Stint

HEAD = "Number,Name,Mail,Department,Boss,Since,Until"
MAPPING = PeopleMapping.model_validate(
    {
        "message": "people", "source": "hr",
        "fields": {
            "rep_id": "Number", "name": "Name", "email": "Mail", "employee_number": "Number",
            "team": "Department", "manager": "Boss", "valid_from": "Since", "valid_to": "Until",
            "time_zone": {"constant": "Europe/Berlin"},
        },
        "identities": [{"source": "aircall", "user_id": "Mail"}],
    }
)  # fmt: skip
ROWS = ["7,Ana Lopez,ana@x.eu,Sales,,2026-01-01,", "8,Ben Roe,ben@x.eu,Sales,Ana Lopez,2026-01-01,",
        "9,Cy Da,cy@x.eu,Service,Ana Lopez,2026-01-01,"]  # fmt: skip
COMPANY = Company(name="c", reporting_currency="EUR", time_zone="UTC")
FIRST = date(2026, 3, 1)


class Site:
    """Definitions in force, and snapshots put into them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.bundle = Bundle(company=COMPANY)
        self.people: dict[str, PersonRow] = {}

    def see(self, *rows: str, on: date = FIRST, whole: bool = False) -> Changes:
        file = self.folder / "hr.csv"
        file.write_text("\n".join([HEAD, *rows]) + "\n")
        draft = read(file, MAPPING, {p.name: p.rep_id for p in self.people.values()})
        found = changes(draft, self.bundle, self.people, on, is_whole=whole)
        kept = {k: v for k, v in found.definitions.items() if k != "people"}
        self.bundle = self.bundle.model_copy(update=kept)
        told = found.definitions.get("people", People(people=()))
        assert isinstance(told, People)
        for p in told.people:
            row = PersonRow(p.rep_id, p.name, p.email, p.employee_number, 1, 0, p.locale)
            self.people[p.rep_id] = row
        return found

    def stints(self, rep_id: str) -> tuple[Stint, ...]:
        return next(r.history for r in self.bundle.roster.reps if r.rep_id == rep_id)


@pytest.fixture
def site(tmp_path: Path) -> Site:
    made = Site(tmp_path)
    made.see(*ROWS)
    return made


def test_the_first_snapshot_makes_the_roster_and_a_second_look_changes_nothing(site: Site) -> None:
    assert {r.rep_id for r in site.bundle.roster.reps} == {"7", "8", "9"}
    assert site.stints("8")[0].manager_id == "7"
    assert {(i.source, i.user_id) for i in site.bundle.identities.identities} >= {
        ("aircall", "ben@x.eu")
    }
    again = site.see(*ROWS, on=date(2026, 3, 2))
    assert not again.definitions
    assert not again.touched


def test_who_moves_has_the_old_place_before_the_day_and_the_new_one_from_it(site: Site) -> None:
    moved = "8,Ben Roe,ben@x.eu,Service,Cy Da,2026-01-01,"
    found = site.see(ROWS[0], moved, ROWS[2], on=date(2026, 4, 5))
    old, new = site.stints("8")
    assert (old.team_id, old.valid_to) == ("sales", date(2026, 4, 5))
    assert (new.team_id, new.manager_id, new.valid_from) == ("service", "9", date(2026, 4, 5))
    assert [(t.rep_id, t.since) for t in found.touched] == [("8", date(2026, 4, 5))]
    assert not found.before(date(2026, 4, 5))
    assert found.before(date(2026, 4, 6))


def test_who_is_missing_leaves_and_who_is_back_begins_anew(site: Site) -> None:
    site.see(*ROWS[:2], on=date(2026, 5, 1))
    assert site.stints("9")[-1].valid_to == date(2026, 5, 1)
    site.see(*ROWS, on=date(2026, 8, 1))
    gone, back = site.stints("9")
    assert (gone.valid_to, back.valid_from, back.valid_to) == (
        date(2026, 5, 1), date(2026, 8, 1), None,
    )  # fmt: skip
    assert not site.see(*ROWS, on=date(2026, 8, 2)).definitions


def test_whom_no_hr_system_made_does_not_leave_by_being_absent(site: Site) -> None:
    row = site.people["9"]
    site.people["9"] = row._replace(employee_number="")
    site.see(*ROWS[:2], on=date(2026, 5, 1))
    assert site.stints("9")[-1].valid_to is None


def test_nobody_leaves_while_a_row_cannot_be_read(site: Site) -> None:
    found = site.see(*ROWS[:2], "9,Cy Da,cy@x.eu,Service,Ana Lopez,someday,", on=date(2026, 5, 1))
    assert site.stints("9")[-1].valid_to is None
    assert any("stay until every row can be read" in note for note in found.kept)


def test_a_snapshot_that_was_cut_off_is_refused(tmp_path: Path) -> None:
    site = Site(tmp_path)
    many = [f"{n},Person {n},p{n}@x.eu,Sales,,2026-01-01," for n in range(40)]
    site.see(*many)
    with pytest.raises(Cut, match="20 of the roster are missing"):
        site.see(*many[:20], on=date(2026, 5, 1))
    assert site.see(*many[:36], on=date(2026, 5, 1)).touched
    assert len(site.see(*many[:20], on=date(2026, 5, 2), whole=True).touched) == 16


def test_people_keep_their_pseudonym_by_number_or_by_e_mail(tmp_path: Path) -> None:
    site = Site(tmp_path)
    roster = {
        "teams": [{"team_id": "sales", "name": "Sales"}],
        "reps": [
            {
                "rep_id": r,
                "history": [
                    {"valid_from": "2026-01-01", "team_id": "sales", "time_zone": "Europe/Berlin"}
                ],
            }
            for r in ("ana", "ben")
        ],
    }
    site.bundle = site.bundle.model_copy(update={"roster": Roster.model_validate(roster)})
    site.people = {"ana": PersonRow("ana", "Ana L", "", "7", 1, 0, "de"),
                   "ben": PersonRow("ben", "Ben Roe", "ben@x.eu", "", 1, 0)}  # fmt: skip
    site.see(*ROWS)
    assert {r.rep_id for r in site.bundle.roster.reps} == {"ana", "ben", "9"}
    assert site.stints("ben")[-1].manager_id == "ana"
    assert site.people["ana"][:4] == ("ana", "Ana Lopez", "ana@x.eu", "7")
    assert site.people["ana"].locale == "de"
    assert ("aircall", "ben@x.eu", "ben") in {
        (i.source, i.user_id, i.rep_id) for i in site.bundle.identities.identities
    }


def test_who_left_in_the_past_changes_days_that_may_be_closed(site: Site) -> None:
    left = "8,Ben Roe,ben@x.eu,Sales,Ana Lopez,2026-01-01,2026-02-10"
    found = site.see(ROWS[0], left, ROWS[2], on=date(2026, 5, 1))
    assert [(t.rep_id, t.since) for t in found.before(date(2026, 3, 1))] == [
        ("8", date(2026, 2, 10))
    ]


def test_who_left_before_they_were_moved_has_not_been_moved(site: Site) -> None:
    site.see(ROWS[0], "8,Ben Roe,ben@x.eu,Service,Cy Da,2026-01-01,", ROWS[2], on=date(2026, 4, 5))
    left = "8,Ben Roe,ben@x.eu,Service,Cy Da,2026-01-01,2026-02-10"
    found = site.see(ROWS[0], left, ROWS[2], on=date(2026, 5, 1))
    (stint,) = site.stints("8")
    assert (stint.team_id, stint.valid_to) == ("sales", date(2026, 2, 10))
    assert [t.since for t in found.touched] == [date(2026, 2, 10)]
    assert not site.see(ROWS[0], left, ROWS[2], on=date(2026, 5, 2)).definitions


days = st.dates(date(2026, 1, 1), date(2026, 1, 20))
histories = st.lists(st.tuples(days, st.sampled_from("ab")), max_size=3, unique_by=lambda t: t[0])


@settings(deadline=None)
@given(histories, histories)
def test_the_first_difference_is_the_first_day_on_which_a_place_differs(
    one: list[tuple[date, str]], other: list[tuple[date, str]]
) -> None:
    old, new = stints(one), stints(other)
    every = (date(2026, 1, 1) + timedelta(days=n) for n in range(40))
    differing = [d for d in every if team(old, d) != team(new, d)]
    assert first_difference(old, new) == next(iter(differing), None)


def stints(history: list[tuple[date, str]]) -> list[Stint]:
    told = sorted(history)
    ends = [day for day, _ in told[1:]] + [None]
    return [
        Stint(valid_from=day, valid_to=end, team_id=name, time_zone="UTC")
        for (day, name), end in zip(told, ends, strict=False)
    ]


def team(history: list[Stint], day: date) -> str | None:
    return next((s.team_id for s in history if s.valid_from <= day < (s.valid_to or NO_END)), None)


def test_a_dropped_file_is_taken_once_it_is_whole_and_moved_with_its_reason(tmp_path: Path) -> None:
    now = datetime.now(UTC)
    for name in ("1.csv", "2.csv", "3.csv", "note.md"):
        (tmp_path / name).write_text(name)

    def one(path: Path) -> str | None:
        if path.name == "3.csv":
            raise ValueError("no such column")
        return "closed periods" if path.name == "2.csv" else None

    assert take(tmp_path, now, one, ValueError) == []
    later = now + SETTLED + timedelta(seconds=1)
    went = take(tmp_path, later, one, ValueError)
    assert [(o.file, o.went) for o in went] == [
        ("1.csv", "done"), ("2.csv", "held"), ("3.csv", "refused"),
    ]  # fmt: skip
    assert (tmp_path / "refused" / "3.csv.txt").read_text() == "no such column\n"
    assert (tmp_path / "held" / "2.csv.txt").read_text() == "closed periods\n"
    assert (tmp_path / "note.md").exists()
    (tmp_path / "1.csv").write_text("the next night")
    take(tmp_path, later + timedelta(days=1), one, ValueError)
    assert len(list((tmp_path / "done").iterdir())) == 2
