"""`pacesetter plan check` and `plan explain`: mistakes with line and remedy, plans in words."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from infra.cli.main import app
from infra.definitions.plan_files import checked, loaded_from
from infra.definitions.problems import Problem, Severity
from infra.sample import DEFINITIONS

EVERY_KIND = DEFINITIONS.parent / "plans_of_every_kind.yaml"
DAY = date(2026, 11, 22)
HEAD = """\
plans:
  - plan_id: p
    name: P
    currency: EUR
    period: QUARTER
    valid_from: 2026-01-01
    components:
"""


def told(tmp_path: Path, components: str, tail: str = "") -> tuple[Problem, ...]:
    file = tmp_path / "mine.yaml"
    lines = "".join(f"      {line}\n" for line in components.strip().splitlines())
    file.write_text(HEAD + lines + tail)
    return checked(loaded_from(file), DAY)


def line_of(problem: Problem) -> str:
    """Return the line of a component's text that a problem names."""
    return f"{problem.place.file}:{problem.place.line - HEAD.count(chr(10))}"


WRONG = [
    ("- {component_id: a, kind: FLAT}", "rate", "is missing"),
    ("- {component_id: a, kind: FLAT, rate: 12}", "rate", "is above 10; write 8 percent as 0.08"),
    ("- {component_id: a, rate: 0.1}", "rate", "means nothing to kind MARGINAL"),
    ("- {component_id: a}", "tiers", "add the tiers of kind MARGINAL"),
    (
        "- {component_id: a, tiers: [{since: 0, amount: 5}]}",
        "tiers[0].amount",
        "means nothing to kind MARGINAL",
    ),
    (
        "- {component_id: a, kind: BONUS, tiers: [{since: 1, rate: 1}]}",
        "tiers[0].amount",
        "BONUS pays by amount",
    ),
    (
        "- {component_id: a, kind: RETROACTIVE, tiers: [{since: 5, rate: 0.1}]}",
        "tiers[0].since",
        "does not start at 0; start it at 0",
    ),
    (
        "- {component_id: a, bounds: ATTAINMENT, tiers: [{since: 0, rate: 0.1}]}",
        "quota",
        "add quota, the same for everybody",
    ),
    (
        "- {component_id: a, kind: FLAT, rate: 1, pays: VARIABLE, quota: 5}",
        "variable",
        "add variable",
    ),
    ("- {component_id: a, kind: FLAT, rate: 0.1, gates: [{since: 0.7}]}", "quota", "is missing"),
    (
        "- {component_id: a, kind: FLAT, rate: 0.1, gates: [{since: 7, "
        "bounds: AMOUNT, component_id: b}]}",
        "gates[0].component_id",
        "is no component of this plan",
    ),
    (
        "- {component_id: a, kind: FLAT, rate: 0.1}\n"
        "- {component_id: b, kind: FLAT, rate: 0.1, gates: [{since: 0.7, component_id: a}]}",
        "gates[0].component_id",
        "has no quota to be attained",
    ),
    (
        "- {component_id: a, kind: BONUS, tiers: [{since: 1, amount: 1}], "
        "gates: [{since: 7, bounds: AMOUNT, pays: ABOVE}]}",
        "gates[0].pays",
        "take FROM_FIRST",
    ),
    (
        "- {component_id: a, kind: FLAT, rate: 0.1, multipliers: [{multiplier_id: m}]}",
        "multipliers[0]",
        "needs either factor or steps",
    ),
    (
        "- {component_id: a, kind: FLAT, rate: 0.1, cap: {excess: LOST}}",
        "cap",
        "needs either amount or of_variable",
    ),
    (
        "- {component_id: a, kind: FLAT, rate: 0.1, cap: {amount: 5, per: TRANSACTION}}",
        "cap.per",
        "needs scope TRANSACTION",
    ),
    (
        "- {component_id: a, kind: FLAT, rate: 1, counts: {measure: SCORE}}",
        "objectives",
        "go with measure SCORE",
    ),
    (
        "- {component_id: a, kind: FLAT, rate: 1, counts: {measure: SCORE}, "
        "objectives: [{objective_id: x, weight: 0.9}]}",
        "objectives",
        "the weights do not sum to 1",
    ),
    (
        "- {component_id: a, kind: FLAT, rate: 1, counts: {measure: KPI}}",
        "counts.kpi",
        "goes with measure KPI",
    ),
    (
        "- {component_id: a, kind: FLAT, rate: 0.1, counts: {deal_types: [RENEWALS]}}",
        "counts.deal_types[0]",
        "did you mean RENEWAL?",
    ),
    ("- {component_id: a, kind: FLATT, rate: 0.1}", "kind", "did you mean FLAT?"),
    ("- {component_id: a, kind: FLAT, rate: 0.1, capp: {amount: 5}}", "capp", "did you mean cap?"),
]


@pytest.mark.parametrize(("text", "field", "words"), WRONG)
def test_a_mistake_is_told_with_line_and_remedy(
    tmp_path: Path, text: str, field: str, words: str
) -> None:
    found = [p for p in told(tmp_path, text) if p.severity is Severity.ERROR]
    (one,) = [p for p in found if p.field.endswith(field) and words in str(p)]
    assert line_of(one) == f"mine.yaml:{text.count(chr(10)) + 1}"
    assert one.remedy


LIKELY = [
    (
        "kind: RETROACTIVE, tiers: [{since: 0, rate: 0.05}, {since: 1000, rate: 0.1}]",
        "what is earned jumps up by 50 there",
    ),
    (
        "kind: RETROACTIVE, tiers: [{since: 0, rate: 0.1}, {since: 1000, rate: 0.05}]",
        "what is earned falls by 50 there",
    ),
    (
        "kind: MARGINAL, tiers: [{since: 0, rate: 0.1}, {since: 1000, rate: 0.05}]",
        "is less than that of the tier below",
    ),
    (
        "kind: MARGINAL, tiers: [{since: 0, rate: 0.1}, {since: 500.01, rate: 0.2}]",
        "bounds are continuous: write 500",
    ),
    (
        "kind: MARGINAL, bounds: ATTAINMENT, quota: 9, tiers: [{since: 0, "
        "rate: 0.1}, {since: 1.01, rate: 0.2}]",
        "bounds are continuous: write 1",
    ),
    (
        "kind: MARGINAL, cap: {amount: 90}, tiers: [{since: 0, rate: 0.1}, "
        "{since: 1000, rate: 0.2}]",
        "is never reached by pay: the cap of 90 is earned before",
    ),
    (
        "kind: FLAT, rate: 0.1, quota: 9, gates: [{since: 0.7}]",
        "is a cliff: nothing is earned just below it",
    ),
]


@pytest.mark.parametrize(("text", "words"), LIKELY)
def test_what_is_likely_not_meant_is_a_warning(tmp_path: Path, text: str, words: str) -> None:
    (one,) = told(tmp_path, f"- {{component_id: a, {text}}}")
    assert one.severity is Severity.WARNING
    assert words in str(one)
    assert line_of(one) == "mine.yaml:1"


def test_a_sound_plan_has_nothing_against_it(tmp_path: Path) -> None:
    tiers = "[{since: 0, rate: 0.05}, {since: 1000, rate: 0.1}, {since: 2500, rate: 0.1}]"
    assert told(tmp_path, f"- {{component_id: a, tiers: {tiers}}}") == ()


def test_what_cannot_accrue_live_is_a_warning_here_and_an_error_where_it_is_applied(
    folder: Path, edit: Any
) -> None:
    line = edit(
        "plans.yaml",
        "component_id: revenue",
        "counts: {measure: KPI, kpi: calls}\n        component_id: revenue",
    )
    (one,) = [p for p in checked(loaded_from(folder), DAY) if "accrue" in str(p)]
    assert (one.severity, one.place.line) == (Severity.WARNING, line)
    done = CliRunner().invoke(app, ["definitions", "check", str(folder)])
    assert done.exit_code == 1
    assert (
        "plans[0].components[0].counts.measure is 'KPI': values of KPIs are not among the credits "
        "of a payee: cannot accrue live" in (done.stderr)
    )


def test_people_on_no_plan_and_people_paid_twice_are_told(folder: Path, edit: Any) -> None:
    edit("plans.yaml", "reps: [hp-02, hp-08, hp-15]", "reps: [hp-02, hp-03, hp-08, hp-15]")
    texts = [str(p) for p in checked(loaded_from(folder), DAY)]
    assert any("hp-01, hp-19" in t and "on no plan" in t for t in texts)
    assert any("pays hp-03 for the same credits as ae-quarter" in t for t in texts)


def test_splits_that_do_not_sum_are_told_with_the_plans(folder: Path) -> None:
    (folder / "territories.yaml").write_text(
        "rules:\n  - rule_id: half\n    priority: 1\n    valid_from: 2026-01-01\n"
        "    credits: [{to_owner: true, share: 0.5}]\n"
    )
    texts = [str(p) for p in checked(loaded_from(folder), DAY)]
    assert any("REVENUE shares do not sum to 1" in t for t in texts)


def test_the_tour_of_every_kind_is_sound_and_told_in_words() -> None:
    problems = checked(loaded_from(EVERY_KIND), DAY)
    assert not [p for p in problems if p.severity is Severity.ERROR]
    done = CliRunner().invoke(app, ["plan", "explain", "--from", str(EVERY_KIND)])
    assert done.exit_code == 0
    for words in (
        "From 100 % of quota up to 150 % of quota: 1.5 x variable / quota on what lies there.",
        "Nothing before 70 % of quota in new-business from the start of the fiscal year to the end",
        "500 EUR for each deal.",
        "It is paid in USD at the rate of the last day of the period.",
        "At most 10,000 EUR a payout; what lies above is paid later",
        "credits of everybody below the payee on the day of each deal.",
        "Counts the scores of objectives: ",
    ):
        assert words in done.stdout


def test_programs_get_json(tmp_path: Path) -> None:
    run = CliRunner().invoke
    done = run(app, ["plan", "check", str(EVERY_KIND), "--json"])
    assert done.exit_code == 0
    assert {p["file"] for p in json.loads(done.stdout)["problems"]} == {EVERY_KIND.name}
    assert run(app, ["plan", "check", str(EVERY_KIND), "--strict"]).exit_code == 1
    shown = run(app, ["plan", "explain", "ae", "--from", str(EVERY_KIND), "--json"])
    (plan,) = json.loads(shown.stdout)
    assert plan["plan"]["components"][0]["component_id"] == "new-business"
    assert plan["words"][0].startswith("Account executives (ae) pays ana, ben in EUR")
    missing = run(app, ["plan", "explain", "aex", "--from", str(EVERY_KIND)])
    assert (missing.exit_code, "did you mean ae?" in missing.stderr) == (1, True)
    away = run(app, ["plan", "check", str(tmp_path / "nowhere")])
    assert (away.exit_code, "does not exist" in away.stderr) == (1, True)
