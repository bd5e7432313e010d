"""KPIs as a person writes them: what is wrong is told with its line and what to do."""

from pathlib import Path
from typing import Any

import pytest

from infra.definitions.applying import checked
from infra.definitions.loading import load

WIN_RATE = "formula: deals_won / (deals_won + deals_lost)"


# ruff: noqa: E501 - a table reads best with a row on a line


@pytest.mark.parametrize(
    ("old", "new", "field", "said"),
    [
        (WIN_RATE, "formula: deals_won / (deals_won + deals_losst)", "formula",
         "'deals_losst': is no measure, input or KPI; did you mean deals_lost?"),
        (WIN_RATE, "formula: deals_won / (deals_won +", "formula",
         "it ends where a name or a number belongs (character 25)"),
        (WIN_RATE, "formula: won_amount / deals_won", "unit",
         "'RATIO': is not what the formula makes, which is MONEY; write that"),
        (WIN_RATE, "formula: velocity / velocity", "formula",
         "goes round in a circle: win_rate > velocity > win_rate"),
        (WIN_RATE, "formula: revenue_won / won_amount", "formula",
         "is money in many currencies, which never add up"),
        ("kpi_id: win_rate\n", "kpi_id: calls\n", "kpi_id",
         "'calls': is a measure, which is a KPI by itself"),
        ("kpi_id: win_rate\n", "kpi_id: open_deals\n", "kpi_id", "means something else in formulas"),
        ("kpi_id: win_rate\n", "kpi_id: Win rate\n", "kpi_id",
         "is no name for a formula; write small letters, digits and _, as in win_rate"),
        ("    when_empty: NOTHING\n    empty_means: Nothing was decided, which", "    #", "when_empty",
         "is missing; what it divides by may be 0, or nothing may be there: add NOTHING or ZERO"),
        ("empty_means: Nothing was decided, which", "denominator: again, which", "denominator", ""),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_with_its_line_and_a_remedy(
    folder: Path, edit: Any, *, old: str, new: str, field: str, said: str
) -> None:
    line = edit("kpis.yaml", old, new)
    problems = [p for p in checked(load(folder), {}) if p.place.file == "kpis.yaml"]
    told = [p for p in problems if p.field.endswith(field) and said in str(p)]
    assert told, problems
    assert abs(told[0].place.line - line) <= 6, "in the same entry"


def test_a_quotient_that_never_lacks_a_divisor_needs_no_word_for_empty(
    folder: Path, edit: Any
) -> None:
    edit("kpis.yaml", WIN_RATE, "formula: deals_won / 2")
    (problem,) = checked(load(folder), {})
    assert (problem.severity, problem.field) == ("warning", "kpis[3].when_empty")


def test_kpis_without_measures_are_not_called_wrong(folder: Path) -> None:
    """The measures in force are unknown to `check`, so no name can be."""
    (folder / "measures.yaml").unlink()
    problems = checked(load(folder), {})
    assert not [p for p in problems if p.place.file == "kpis.yaml"]
