"""Whether scorecards make sense: every slip is named with its remedy."""

from pathlib import Path

import pytest

from infra.definitions.checking import check
from infra.definitions.loading import load
from infra.definitions.problems import Severity

CARD = """scorecards:
  - {scorecard_id: a, name: A, period: MONTH, valid_from: 2026-01-01, teams: [all], indicators: [
      {kpi: calls, weight: 100, target: 10}]}
"""


def problems(folder: Path, text: str) -> list[tuple[str, Severity]]:
    (folder / "scorecards.yaml").write_text(text)
    loaded = load(folder)
    assert not loaded.problems
    return [(f"{f.value} {f.problem}", f.severity) for f in check(loaded.values)
            if f.kind == "scorecards"]  # fmt: skip


def test_the_sample_and_a_plain_card_are_fine(small: Path, folder: Path) -> None:
    assert problems(small, CARD) == []
    loaded = load(folder)
    assert not [f for f in check(loaded.values) if f.kind == "scorecards"]


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("kpi: calls", "kpi: callz", "callz is no measure that exists"),
        ("teams: [all]", "teams: [al]", "al is no team that exists"),
        ("target: 10", "target: 10, currency: EUR", "EUR calls is no money"),
        ("target: 10}", "target: 10}, {kpi: calls, weight: 1, target: 1}",
         "calls stands twice on the scorecard"),
        ("2026-01-01,", "2026-01-01, valid_to: 2026-01-01,",
         "2026-01-01 is not after valid_from 2026-01-01"),
    ],
)  # fmt: skip
def test_what_cannot_be_scored_is_refused(small: Path, old: str, new: str, says: str) -> None:
    found = problems(small, CARD.replace(old, new, 1))
    assert (says, Severity.ERROR) in found


@pytest.mark.parametrize(
    ("kpi", "says"),
    [
        ("win_rate", None),
        ("average_deal_size", None),
        ("first_response_median", "first_response_median asks for median(first_responses)"),
        ("no_show_rate", "no_show_rate is better when there is less of it"),
    ],
)
def test_rates_are_scored_if_they_are_made_of_measures(
    folder: Path, kpi: str, says: str | None
) -> None:
    text = CARD.replace("teams: [all], ", "").replace("kpi: calls", f"kpi: {kpi}")
    found = [told for told, severity in problems(folder, text) if severity is Severity.ERROR]
    assert found == [] if says is None else says in found


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("weight: 100", "weight: 70", "70 is what the weights add up to"),
        (", target: 10", "", " is missing, and no rep has a quota"),
        ("teams: [all]", "roles: [CEO]", "CEO is nobody's role"),
    ],
)
def test_what_is_hardly_meant_is_warned_of(small: Path, old: str, new: str, says: str) -> None:
    assert problems(small, CARD.replace(old, new, 1)) == [(says, Severity.WARNING)]
