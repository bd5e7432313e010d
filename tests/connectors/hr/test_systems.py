"""HR systems on loopback give whole snapshots, or say what is wrong."""

import json
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from connectors.sources.files.mapping import PeopleMapping
from connectors.sources.files.people import Draft, columns_of
from connectors.sources.files.reading_mapping import read_mapping
from connectors.sources.hr.contract import Moved, Snapshot
from connectors.sources.hr.patience import patient
from connectors.sources.hr.personio import row_of
from connectors.sources.hr.registry import SYSTEMS, system
from connectors.sources.vendors.contract import Denied, Unavailable
from infra.hr.syncing import read
from tests.connectors.files.test_mapping import FOLDER
from tests.connectors.hr import standins
from tests.connectors.hr.standins import KEY, PASSWORD, SECRET, BambooHR, Hr, Personio, Workday

MAKERS: dict[str, tuple[type[Hr], Callable[..., dict[str, Any]]]] = {
    "bamboohr": (BambooHR, standins.bamboo),
    "personio": (Personio, standins.personio),
    "workday": (Workday, standins.workday),
}


def mapping(name: str) -> PeopleMapping:
    found = read_mapping(FOLDER / f"{system(name).mapping}.yaml")
    assert isinstance(found, PeopleMapping)
    return found


class Site:
    """One system with some people in it, and how long its caller waited."""

    def __init__(self, name: str) -> None:
        self.name = name
        made, self.person = MAKERS[name]
        self.hr = made()
        self.waited: list[float] = []

    def pull(self, **instead: str) -> Snapshot:
        what = system(self.name)
        settings = what.settings.model_validate({**self.hr.settings, **instead})  # type: ignore[attr-defined]
        return what.pull(settings, columns_of(mapping(self.name)), patient(self.waited.append))

    def draft(self, folder: Path, **instead: str) -> Draft:
        found = self.pull(**instead)
        file = folder / f"people{found.suffix}"
        file.write_bytes(found.data)
        return read(file, mapping(self.name), {})


@pytest.fixture(params=sorted(SYSTEMS))
def site(request: pytest.FixtureRequest) -> Iterator[Site]:
    made = Site(request.param)
    with made.hr:
        yield made


LEAVES = {
    "bamboohr": {"terminationDate": "2026-03-31"},
    "personio": {"termination_date": "2026-03-31T00:00:00+02:00"},
    "workday": {"Termination_Date": "2026-03-31"},
}
REPORTS_TO_7 = {
    "bamboohr": {"jobInformationReportsTo": "Rep No7"},
    "personio": {
        "supervisor": {
            "type": "Employee",
            "attributes": {"id": {"label": "ID", "value": 7, "type": "integer"}},
        }
    },
    "workday": {"Manager_ID": "7"},
}


def test_a_snapshot_of_the_shipped_mapping_is_who_they_are(site: Site, tmp_path: Path) -> None:
    to_7 = REPORTS_TO_7[site.name]
    site.hr.people = [
        site.person(7), site.person(8, **to_7), site.person(9, **to_7, **LEAVES[site.name]),
    ]  # fmt: skip
    draft = site.draft(tmp_path)
    assert draft.problems == []
    assert {p.rep_id: (p.name, p.email, p.employee_number) for p in draft.people.values()} == {
        f"hr-{n}": (f"Rep No{n}", f"rep{n}@acme.example", str(n)) for n in (7, 8, 9)
    }
    stints = {rep_id: rep.history[0] for rep_id, rep in draft.reps.items()}
    assert {s.team_id for s in stints.values()} == {"sales"}
    assert [stints[f"hr-{n}"].manager_id for n in (7, 8, 9)] == [None, "hr-7", "hr-7"]
    assert stints["hr-7"].valid_from == date(2026, 1, 1)
    assert stints["hr-9"].valid_to == date(2026, 4, 1), "the last day is the last one that counts"


def test_all_pages_are_read(site: Site) -> None:
    site.hr.people = [site.person(n) for n in range(2345)]
    found = site.pull()
    assert found.people == 2345
    assert len(set(found.data.splitlines())) == 2345


def test_patience_is_as_long_as_the_system_asks(site: Site) -> None:
    site.hr.people = [site.person(n) for n in range(3)]
    site.hr.limit(2)
    assert site.pull().people == 3
    assert len(site.waited) == 2
    assert all(seconds >= 1 for seconds in site.waited), "Retry-After says a second"


def test_a_system_that_is_away_for_too_long_is_no_empty_company(site: Site) -> None:
    site.hr.people = [site.person(1)]
    site.hr.outage(True)
    with pytest.raises(Unavailable):
        site.pull()
    assert len(site.waited) == 5


def test_wrong_credentials_are_told_and_not_repeated(site: Site) -> None:
    secret = {"bamboohr": "api_key", "personio": "client_secret", "workday": "password"}
    with pytest.raises(Denied) as told:
        site.pull(**{secret[site.name]: "wrong-secret-value"})
    said = f"{told.value} {told.value.remedy}"
    assert not any(one in said for one in ("wrong-secret-value", KEY, SECRET, PASSWORD))
    assert site.waited == []


@pytest.mark.parametrize("name", ["bamboohr", "personio"])
def test_a_list_that_changes_between_its_pages_is_read_again(name: str) -> None:
    site = Site(name)
    with site.hr:
        site.hr.people = [site.person(n) for n in range(1500)]
        site.hr.joins = [site.person(9001)]
        assert site.pull().people == 1501
        site.hr.joins = [site.person(n) for n in range(9002, 9100)]
        with pytest.raises(Moved):
            site.pull()


@pytest.mark.parametrize("name", ["bamboohr", "personio"])
def test_no_more_is_asked_for_than_the_mapping_reads(name: str) -> None:
    site = Site(name)
    with site.hr:
        site.hr.people = [site.person(1)]
        data = site.pull().data
        assert b"homePhone" not in data
        read = {one.partition(".")[0] for one in columns_of(mapping(name))}
        assert set(site.hr.asked_for) <= read


def test_a_token_that_expired_is_renewed() -> None:
    site = Site("personio")
    with site.hr:
        assert isinstance(site.hr, Personio)
        site.hr.people = [site.person(n) for n in range(300)]
        answer, asked = site.hr.answer, []

        def expiring(one: Any) -> Any:
            asked.append(one.path)
            if len(asked) == 3:  # a token, a page, and now
                site.hr.forget_tokens()  # type: ignore[attr-defined]
            return answer(one)

        site.hr.answer = expiring  # type: ignore[method-assign]
        assert site.pull().people == 300
        assert asked.count("/v1/auth") == 2


def test_a_report_in_csv_is_read_as_one(tmp_path: Path) -> None:
    site = Site("workday")
    with site.hr:
        full = {"Manager_ID": "", "Termination_Date": ""}
        site.hr.people = [site.person(n, **full) for n in (7, 8)]
        assert isinstance(site.hr, Workday)
        url = f"{site.hr.settings['report_url']}?format=csv"
        draft = site.draft(tmp_path, report_url=url)
    assert sorted(draft.people) == ["hr-7", "hr-8"]


def test_an_answer_that_is_no_report_is_told() -> None:
    site = Site("workday")
    with site.hr:
        site.hr.answer = lambda _: standins.Told(200, b"<html>Sign in</html>")  # type: ignore[method-assign]
        with pytest.raises(Denied, match="Report_Entry"):
            site.pull()


@pytest.mark.parametrize(
    ("url", "wrong"),
    [("http://wd2.workday.com/ccx/r", "https"), ("https://wd2.workday.com/r?format=gdata", "json")],
)
def test_a_password_goes_to_no_address_that_is_not_safe(url: str, wrong: str) -> None:
    with pytest.raises(ValueError, match=wrong):
        system("workday").settings(report_url=url, user="u", password="p")


# Published in personio-personnel-data-api-oa3.yaml, /company/employees, shortened.
PUBLISHED = """
{"type": "Employee", "attributes": {
 "id": {"label": "ID", "value": 1, "type": "integer", "universal_id": "id"},
 "first_name": {"label": "First name", "value": "Alexander", "type": "standard",
  "universal_id": "first_name"},
 "supervisor": {"label": "Supervisor", "type": "standard", "universal_id": "supervisor",
  "value": {"type": "Employee", "attributes": {
   "id": {"label": "ID", "value": 2, "type": "integer", "universal_id": "id"}}}},
 "hire_date": {"label": "Hire date", "value": "2014-11-09T00:00:00+01:00", "type": "date",
  "universal_id": "hire_date"},
 "termination_date": {"label": "Termination date", "value": null, "type": "date",
  "universal_id": "termination_date"},
 "department": {"label": "Department", "type": "standard", "universal_id": "department",
  "value": {"type": "Department", "attributes": {"id": 281521, "name": "Customer Support"}}},
 "cost_centers": {"label": "Cost center", "type": "standard", "universal_id": "cost_centers",
  "value": [{"type": "CostCenter", "attributes": {"id": 82957, "name": "Cost center 1",
   "percentage": 100}}]},
 "dynamic_24407": {"label": "Titel", "value": "Dr", "universal_id": null, "type": "standard"}}}
"""


def test_the_employee_that_personio_publishes() -> None:
    assert row_of(json.loads(PUBLISHED)) == {
        "id": 1,
        "first_name": "Alexander",
        "supervisor": {"id": 2},
        "hire_date": "2014-11-09T00:00:00+01:00",
        "termination_date": None,
        "department": {"id": 281521, "name": "Customer Support"},
        "cost_centers": [{"id": 82957, "name": "Cost center 1", "percentage": 100}],
        "dynamic_24407": "Dr",
    }
