"""Files to values: every slip of the pen is told with its line, its field and a remedy."""

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest

from infra.definitions.applying import checked
from infra.definitions.loading import MODELS, load
from infra.definitions.problems import Problem, Severity
from infra.sample import DEFINITIONS
from schemas.definitions import Identities, People, Rates, Roster
from schemas.quotas import Quotas

Edit = Callable[[str, str, str], int]


def _problems(folder: Path) -> list[Problem]:
    return list(checked(load(folder), {}))


def test_the_sample_is_clean_without_a_single_warning() -> None:
    loaded = load(DEFINITIONS)
    assert checked(loaded, {}) == ()
    assert loaded.values.keys() == MODELS.keys()


# ruff: noqa: E501, PLR0917 - a table reads best with a row on a line
# what the file says, what somebody makes of it, then field and words
MISTAKES = [
    ("company.yaml", "week_start: 1 ", "week_strat: 1 ", "week_strat", "did you mean week_start?"),
    ("company.yaml", "week_start: 1 ", "week_start: 8 ", "week_start", "is above 7; give 7 or less"),
    ("company.yaml", "week_start: 1 ", "week_start: no ", "week_start", "is no whole number"),
    ("company.yaml", "won_day: WON_AT", "won_day: WON_ATT", "won_day", "did you mean WON_AT?"),
    ("company.yaml", "currency: EUR", "currency: eur", "reporting_currency", "is no currency code"),
    ("company.yaml", "currency: EUR", "currency: EUX", "reporting_currency", "is no currency"),
    ("company.yaml", "Europe/Berlin ", "Europe/Berln ", "time_zone", "did you mean Europe/Berlin?"),
    ("roster.yaml", "2022-03-01", "2022-02-30", "reps[0].history[0].valid_from", "is no date"),
    ("roster.yaml", "2022-03-01", "1646092800", "reps[0].history[0].valid_from", "is no date"),
    ("roster.yaml", "2022-03-01", "0022-03-01", "reps[0].history[0].valid_from", "1970 to 2199"),
    ("roster.yaml", "team_id: revenue, role", "team_id: revenu, role", "reps[0].history[0].team_id",
     "did you mean revenue?"),
    ("roster.yaml", "calendar_id: gb-eng", "calendar_id: gb-en", "reps[0].history[0].calendar_id",
     "did you mean gb-eng?"),
    ("roster.yaml", "time_zone: Europe/London", "time_zone: Mars/Olympus",
     "reps[0].history[0].time_zone", "is no time zone"),
    ("roster.yaml", "manager_id: hp-01, role: manager, time_zone: Asia",
     "manager_id: hp-99, role: manager, time_zone: Asia", "reps[14].history[0].manager_id",
     "is no rep of this roster"),
    ("roster.yaml", "rep_id: hp-02", "rep_id: hp-01", "reps[1].rep_id", "stands already in entry 0"),
    ("roster.yaml", "rep_id: hp-02", "rep_id: unassigned", "reps[1].rep_id", "facts nobody owns"),
    ("roster.yaml", "{team_id: emea, name: EMEA", "{team_id: revenue, name: EMEA",
     "teams[1].team_id", "stands already"),
    ("roster.yaml", "EMEA, parent_team_id: revenue", "EMEA, parent_team_id: nowhere",
     "teams[1].parent_team_id", "is no team that exists"),
    ("roster.yaml", "name: Revenue}", "name: Revenue, parent_team_id: emea}",
     "teams[0].parent_team_id", "goes round in a circle"),
    ("roster.yaml", "2026-07-01, team_id", "2024-09-16, team_id", "reps[12].history[0].valid_to",
     "is not after valid_from"),
    ("roster.yaml", "{valid_from: 2026-04-01, team_id", "{valid_from: 2026-03-31, team_id",
     "reps[21].history[1].valid_from", "end that one with valid_to: 2026-03-31"),
    ("roster.yaml", "{valid_from: 2022-03-01, team_id: revenue, role",
     "{valid_from: 2022-03-01, team_id: revenue, manager_id: hp-02, role",
     "reps[0].history[0].manager_id", "goes round in a circle on"),
    ("people.yaml", "rep_id: hp-03,", "rep_id: hp-33,", "people[2].rep_id", "is no rep that exists"),
    ("people.yaml", "rep_id: hp-03,", "rep_id: hp-02,", "people[2].rep_id", "stands already"),
    ("people.yaml", "mira.haddad@", "mira.haddad at ", "people[2].email", "is no e-mail address"),
    ("identities.yaml", "user_id: sim-02,", "user_id: sim-01,", "identities[4].user_id",
     "stands already in entry 0"),
    ("identities.yaml", "user_id: sim-02, rep_id: hp-02", "user_id: sim-02, rep_id: hp02",
     "identities[4].rep_id", "did you mean hp-02?"),
    ("identities.yaml", "user_id: sim-02,", 'user_id: " sim-02",', "identities[4].user_id",
     "begins or ends with a space"),
    ("calendars.yaml", "working_days: [1, 2, 3, 4, 5]", "working_days: [1, 2, 3, 4, 9]",
     "calendars[0].working_days[4]", "is above 7"),
    ("calendars.yaml", "working_days: [1, 2, 3, 4, 5]", "working_days: []",
     "calendars[0].working_days", "is empty"),
    ("calendars.yaml", "{on: 2025-03-08", "{on: 2025-01-01", "calendars[0].holidays[1].on",
     "stands already"),
    ("calendars.yaml", "calendar_id: gb-eng", "calendar_id: de-be", "calendars[1].calendar_id",
     "stands already"),
    ("rates.yaml", "rate: 0.9186", "rate: 9 186", "rates[1].rate", "is no number"),
    ("rates.yaml", "rate: 0.9186", "rate: 1,000", "rates[1].000", "write numbers without it"),
    ("rates.yaml", "rate: 0.9186", "rate: ", "rates[1].rate", "is empty"),
    ("rates.yaml", "rate: 0.9186", "rate: -0.9186", "rates[1].rate", "is not above 0"),
    ("rates.yaml", "rate: 0.9186", "rate: 0.91861234567", "rates[1].rate", "round it to 10 decimals"),
    ("rates.yaml", "rate: 0.9186", "rate: .nan", "rates[1].rate", "is no number"),
    ("rates.yaml", "on: 2025-02-01", "on: 2025-01-01", "rates[1].on", "stands already"),
    ("rates.yaml", "{base: USD, quote: EUR, on: 2025-02", "{base: EUR, quote: EUR, on: 2025-02",
     "rates[1].quote", "is also the base"),
    ("rates.yaml", "{base: USD, quote: EUR, on: 2025-02", "{base: UST, quote: EUR, on: 2025-02",
     "rates[1].base", "is no currency"),
    ("quotas.yaml", "owner_id: hp-02, kpi: revenue_won_reporting, period_start: 2026-01",
     "owner_id: hp-2, kpi: revenue_won_reporting, period_start: 2026-01",
     "quotas[0].owner_id", "did you mean hp-"),
    ("quotas.yaml", "owner_kind: REP", "owner_kind: TEEM", "quotas[0].owner_kind", "did you mean TEAM?"),
    ("quotas.yaml", "owner_id: company,", "owner_id: us,", "quotas[104].owner_id", "write company"),
    ("quotas.yaml", "revenue_won_reporting", "revenue_one", "quotas[0].kpi",
     "did you mean revenue_won"),
    ("quotas.yaml", "period_end: 2026-04-01", "period_end: 2026-01-01", "quotas[0].period_end",
     "is not after period_start"),
    ("quotas.yaml", "period_end: 2026-04-01", "period_end: 2026-04-02", "quotas[1].period_start",
     "overlaps this owner's quota from 2026-01-01 up to 2026-04-02"),
    ("quotas.yaml", "amount: 92000, currency: EUR", "amount: 92000", "quotas[0].currency",
     "revenue_won_reporting is money: add its currency"),
    ("quotas.yaml", "amount: 92000, currency: EUR", "amount: 92000, currency: USD",
     "quotas[0].currency", "is not the reporting currency"),
    ("quotas.yaml", "amount: 38}", "amount: 38, currency: EUR}", "quotas[109].currency",
     "meetings_booked is no money"),
    ("quotas.yaml", "amount: 92000,", "amount: 0,", "quotas[0].amount", "is not above 0"),
    ("measures.yaml", "rule: calls_connected", "rule: calls_conected", "measures[1].rule",
     "did you mean calls_connected?"),
    ("measures.yaml", "of: call\n    rule: talk", "of: email\n    rule: talk", "measures[2].of",
     "write call"),
    ("measures.yaml", "unit: SECONDS", "unit: COUNT", "measures[2].unit", "write SECONDS"),
    ("measures.yaml", "measure: calls_connected", "measure: calls", "measures[1].measure",
     "stands already"),
    ("plans.yaml", "plan_id: manager-year", "plan_id: ae-quarter", "plans[1].plan_id", "stands already in entry 0"),
    ("plans.yaml", "valid_from: 2026-01-01", "valid_from: 2026-01-01\n    valid_to: 2026-01-01",
     "plans[0].valid_to", "is not after valid_from 2026-01-01"),
    ("plans.yaml", "currency: EUR", "currency: EUX", "plans[0].currency", "is no currency"),
    ("plans.yaml", "period: QUARTER", "period: QUARTERLY", "plans[0].period", "did you mean QUARTER?"),
    ("plans.yaml", "[hp-02, hp-08", "[hp-02, hp08", "plans[1].reps[1]", "did you mean hp-08?"),
    ("plans.yaml", "[hp-02, hp-08", "[hp-02, hp-02", "plans[1].reps[1]", "is named twice"),
    ("plans.yaml", "{since: 0, rate: 0.07}", "{since: 1, rate: 0.07}", "plans[0].components[0].tiers[0].since",
     "does not start at 0; start it at 0"),
    ("plans.yaml", "{since: 275000,", "{since: 200000.0,", "plans[0].components[0].tiers[2].since",
     "is where another tier starts already"),
    ("plans.yaml", "rate: 0.07", "rate: 7 %", "plans[0].components[0].tiers[0].rate", "is no number"),
    ("plans.yaml", "rate: 0.07", "rate: 70", "plans[0].components[0].tiers[0].rate", "is above 10"),
]  # fmt: skip

# Told where the other end stands.
BELOW = {
    "overlaps this owner's quota from 2026-01-01 up to 2026-04-02": 1,
    "is not after valid_from 2026-01-01": 1,
}


@pytest.mark.parametrize(("file", "old", "new", "field", "words"), MISTAKES)
def test_a_mistake_is_told_with_file_line_field_and_remedy(
    folder: Path, edit: Edit, file: str, old: str, new: str, field: str, words: str
) -> None:
    line = edit(file, old, new) + BELOW.get(words, 0)
    told = [p for p in _problems(folder) if p.severity is Severity.ERROR]
    found = [p for p in told if p.field == field and words in f"{p.problem}; {p.remedy}"]
    assert found, "\n".join(map(str, told))
    assert (found[0].place.file, found[0].place.line) == (file, line)
    assert str(found[0]).startswith(f"{file}:{line}: error: {field}")


BROKEN = [
    ("week_start: [1\nname: b\n", 2, "is no YAML"),
    ("name: a\nname: b\n", 2, "stands twice, first on line 1"),
    ("name:\n\t- tab\n", 2, "indent with spaces"),
    ("name: a: b\n", 1, "put text that contains ': ' in quotes"),
    ("name: 'open\n", 1, "is no YAML"),
    ("--- a\n--- b\n", 2, "one document per file"),
    ("", 1, "is empty"),
    ("# only words\n", 1, "is empty"),
    ("- a\n- b\n", 1, "is not made of fields"),
    ("name: &x [*x]\n", 1, "repeat without end"),
    ("name: !!python/object:os.system x\n", 1, "is a YAML tag"),
    ("name: !secret x\n", 1, "is a YAML tag"),
    ("? [a, b]\n: c\n", 1, "a field's name is no text"),
    ("name: \x00\n", 0, "is no YAML"),
]


@pytest.mark.parametrize(("text", "line", "words"), BROKEN)
def test_a_broken_file_is_told_with_its_line(
    folder: Path, text: str, line: int, words: str
) -> None:
    (folder / "company.yaml").write_text(text)
    told = [p for p in _problems(folder) if words in str(p)]
    assert told, "\n".join(map(str, _problems(folder)))
    assert told[0].place.file == "company.yaml"
    assert line == 0 or told[0].place.line in {line, line + 1}


def test_aliases_that_multiply_are_refused_and_do_not_fill_memory(folder: Path) -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 12)]
    (folder / "company.yaml").write_text("\n".join(lines))
    assert any("repeat without end" in p.problem for p in _problems(folder))


def test_all_mistakes_are_told_at_once(folder: Path, edit: Edit) -> None:
    edit("company.yaml", "week_start: 1", "week_start: 9")
    edit("company.yaml", "Europe/Berlin", "Europe/Berln")
    edit("roster.yaml", "2022-03-01", "2022-13-01")
    edit("quotas.yaml", "amount: 92000", "amount: lots")
    edit("rates.yaml", "rate: 0.9186", "rate: much")
    told = {(p.place.file, p.field) for p in _problems(folder)}
    assert {
        ("company.yaml", "week_start"),
        ("roster.yaml", "reps[0].history[0].valid_from"),
        ("quotas.yaml", "quotas[0].amount"),
        ("rates.yaml", "rates[1].rate"),
    } <= told


def test_scalars_stay_as_they_are_written(folder: Path) -> None:
    (folder / "identities.yaml").write_text(
        "identities:\n"
        "  - {source: hubspot, user_id: 0123, rep_id: hp-01}\n"
        "  - {source: hubspot, user_id: 1e5, rep_id: hp-02}\n"
        "  - {source: hubspot, user_id: no, rep_id: hp-03}\n"
        "  - {source: hubspot, user_id: 12:30:00, rep_id: hp-03}\n"
    )
    (folder / "rates.yaml").write_text(
        "rates:\n  - {base: USD, quote: EUR, on: 2025-01-01, rate: 0.1234567891}\n"
    )
    loaded = load(folder)
    identities, rates = loaded.values["identities"], loaded.values["rates"]
    assert isinstance(identities, Identities)
    assert isinstance(rates, Rates)
    users = [i.user_id for i in identities.identities]
    assert users == ["0123", "1e5", "no", "12:30:00"]
    assert rates.rates[0].rate == Decimal("0.1234567891")


def test_a_warning_does_not_keep_definitions_from_taking_effect(folder: Path, edit: Edit) -> None:
    edit("people.yaml", "  - {rep_id: hp-24", "  # - {rep_id: hp-24")
    edit("quotas.yaml", "owner_id: emea, kpi: revenue_won_reporting, period_start: 2026-01-01, "
         "period_end: 2026-04-01, amount: 1", "owner_id: emea, kpi: revenue_won_reporting, "
         "period_start: 2026-01-01, period_end: 2026-04-01, amount: 9")  # fmt: skip
    edit("rates.yaml", "{base: JPY, quote: EUR, on: 2025-01", "{base: JPY, quote: USD, on: 2025-01")
    (folder / "identities.yaml").write_text(
        "identities: [{source: manual, user_id: a, rep_id: hp-01}]"
    )
    edit("roster.yaml", "{valid_from: 2024-05-02, team_id: sdr, manager_id: hp-19",
         "{valid_from: 2023-05-02, team_id: sdr, manager_id: hp-19")  # fmt: skip
    told = _problems(folder)
    assert {p.severity for p in told} == {Severity.WARNING}
    text = "\n".join(map(str, told))
    assert "nobody is named for rep hp-24" in text
    assert "is more than the" in text
    assert "is never asked for" in text
    assert "no source's user is rep hp-02" in text
    assert "is not on the roster in all of this stint" in text


def test_plans_of_one_rep_may_overlap_and_tiers_stand_in_any_order(
    folder: Path, edit: Edit
) -> None:
    edit("plans.yaml", "reps: [hp-02, hp-08", "reps: [hp-03, hp-08")
    edit("plans.yaml", "{since: 0, rate: 0.07}", "{since: 900000, rate: 0.15}")
    edit("plans.yaml", "{since: 200000, rate: 0.10}", "{since: 0, rate: 0.07}")
    assert _problems(folder) == []


def test_a_quota_in_a_currency_without_a_rate_is_warned_of(folder: Path) -> None:
    with (folder / "quotas.yaml").open("a") as file:
        file.write(
            "  - {owner_kind: REP, owner_id: hp-24, kpi: revenue_won,"
            " period_start: 2026-01-01, period_end: 2026-04-01, amount: 5, currency: CHF}\n"
        )
    (told,) = _problems(folder)
    assert "has no rate to EUR on 2026-01-01" in str(told)


def test_a_kind_without_a_file_is_unknown_and_not_empty(folder: Path) -> None:
    for name in ("roster.yaml", "calendars.yaml", "measures.yaml"):
        (folder / name).unlink()
    assert _problems(folder) == []


def test_a_file_nobody_knows_is_told(folder: Path) -> None:
    (folder / "roster.yaml").rename(folder / "rooster.yaml")
    told = [p for p in _problems(folder) if p.place.file == "rooster.yaml"]
    assert "did you mean roster.yaml?" in str(told[0])


def test_an_empty_or_missing_folder_says_how_to_begin(tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "nowhere"):
        (told,) = _problems(folder)
        assert "definitions init" in told.remedy


def test_a_file_that_is_not_utf8_is_told(folder: Path) -> None:
    (folder / "people.yaml").write_bytes("people: [{rep_id: hp-01, name: Zoë}]".encode("latin-1"))
    assert any("is not UTF-8" in p.problem for p in _problems(folder))


def test_a_byte_order_mark_is_no_mistake(folder: Path) -> None:
    text = (folder / "people.yaml").read_text("utf-8")
    (folder / "people.yaml").write_text(text, "utf-8-sig")
    assert _problems(folder) == []


SHEETS = {
    "quotas.csv": "owner_kind,owner_id,kpi,period_start,period_end,amount,currency\n"
    "REP,hp-03,calls,2026-01-01,2026-02-01,400.5,\n",
    "rates.csv": "base,quote,on,rate\nUSD,EUR,2026-01-01,0.9\n",
    "people.csv": 'rep_id,name,email\nhp-01,"Okonkwo, Amara",a@b.example\n',
    "identities.csv": "source,user_id,rep_id\napi,007,hp-01\n",
    "teams.csv": "team_id,name,parent_team_id\nall,Everybody,\nred,Red,all\n",
    "roster.csv": "rep_id,valid_from,valid_to,team_id,manager_id,role,time_zone,calendar_id\n"
    "hp-01,2025-01-01,2026-01-01,red,,AE,Europe/Berlin,\n"
    "hp-03,2025-01-01,,red,,AE,Europe/Berlin,\n"
    "hp-01,2026-01-01,,all,,manager,Europe/Berlin,\n",
}


@pytest.fixture
def sheets(tmp_path: Path) -> Path:
    for name, text in SHEETS.items():
        (tmp_path / name).write_text(text)
    return tmp_path


def test_spreadsheets_hold_the_same_as_yaml(sheets: Path) -> None:
    loaded = load(sheets)
    assert loaded.problems == []
    roster, quotas = loaded.values["roster"], loaded.values["quotas"]
    people, identities = loaded.values["people"], loaded.values["identities"]
    assert isinstance(roster, Roster)
    assert isinstance(quotas, Quotas)
    assert isinstance(people, People)
    assert isinstance(identities, Identities)
    assert [(r.rep_id, len(r.history)) for r in roster.reps] == [("hp-01", 2), ("hp-03", 1)]
    assert roster.teams[1].parent_team_id == "all"
    assert quotas.quotas[0].amount == Decimal("400.5")
    assert quotas.quotas[0].currency is None
    assert people.people[0].name == "Okonkwo, Amara"
    assert identities.identities[0].user_id == "007"


@pytest.mark.parametrize(
    ("file", "old", "new", "line", "words"),
    [
        ("quotas.csv", "400.5", "four", 2, "quotas[0].amount is 'four': is no number"),
        ("quotas.csv", "kpi,", "kpj,", 1, "did you mean kpi?"),
        ("rates.csv", "base,quote,on,rate", "base;quote;on;rate", 1, "is not separated by commas"),
        ("rates.csv", ",0.9", "", 2, "has 3 cells; give 4"),
        ("rates.csv", ",rate", ",rate,rate", 1, "stands twice in the first line"),
        ("rates.csv", ",on,", ",", 1, "on: column is missing"),
        ("people.csv", '"Okonkwo, Amara"', '"Okonkwo, Amara', 2, "is no CSV"),
        ("roster.csv", "hp-01,2026-01-01,,all", "hp-01,2025-06-01,,all", 4, "overlaps the stint"),
        ("teams.csv", "red,Red,all", "red,Red,al", 3, "did you mean all?"),
        ("identities.csv", "hp-01", "hp-1", 2, "did you mean hp-01?"),
    ],
)
def test_a_mistake_in_a_spreadsheet_is_told_with_its_line(
    sheets: Path, file: str, old: str, new: str, line: int, words: str
) -> None:
    path = sheets / file
    path.write_text(path.read_text().replace(old, new, 1))
    told = [p for p in _problems(sheets) if p.severity is Severity.ERROR]
    found = [p for p in told if words in str(p)]
    assert found, "\n".join(map(str, told))
    assert (found[0].place.file, found[0].place.line) == (file, line)


def test_one_kind_in_two_forms_is_refused(folder: Path) -> None:
    (folder / "rates.csv").write_text(SHEETS["rates.csv"])
    assert any("all hold rates" in p.problem for p in _problems(folder))
