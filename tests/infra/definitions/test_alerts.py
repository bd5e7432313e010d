"""Whether rules of alerts make sense: every slip is named with its remedy."""

from pathlib import Path

import pytest

from infra.definitions.checking import check
from infra.definitions.loading import load
from infra.definitions.problems import Severity

RULES = """working_hours: {since: "08:00", until: "18:00"}
rules:
  - {rule_id: burn, name: B, signal: PACE_BURN, subject: TEAM, tolerance: 0.1, long_days: 5, short_days: 2, enter: 3, leave: 2, evidence_min: 4, severity: ACT_NOW, routes: [MANAGER]}
  - {rule_id: wins, name: W, signal: KPI, kpi: calls, worse: BELOW, long_days: 10, subject: TEAM, enter: 1, leave: 2, severity: WATCH, routes: [DIGEST]}
"""  # noqa: E501


PLAIN = "signal: KPI, kpi: calls, worse: BELOW, long_days: 10, "


def problems(folder: Path, text: str) -> list[tuple[str, Severity]]:
    (folder / "alerts.yaml").write_text(text)
    loaded = load(folder)
    assert not loaded.problems
    found = [f for f in check(loaded.values) if f.kind == "alerts"]
    assert all(f.remedy for f in found)
    return [(f"{f.value} {f.problem}".strip(), f.severity) for f in found]


def test_the_sample_plain_rules_and_none_at_all_are_fine(small: Path, folder: Path) -> None:
    assert problems(small, RULES) == []
    assert problems(small, "rules: []") == []
    assert not [f for f in check(load(folder).values) if f.kind == "alerts"]


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("rule_id: wins", "rule_id: burn", "burn stands on more than one rule"),
        (", tolerance: 0.1", "", "is missing: signal PACE_BURN needs it"),
        ("worse: BELOW, ", "", "is missing: signal KPI needs it"),
        ("kpi: calls, ", "", "is missing: signal KPI needs it"),
        ("kpi: calls", "kpi: callz", "callz is no measure that exists"),
        ("tolerance: 0.1,", "tolerance: 0.1, worse: ABOVE,", "ABOVE is for signal KPI only"),
        ("short_days: 2", "short_days: 5", "5 is not below long_days, 5"),
        ("leave: 2, evidence_min: 4", "leave: 4, evidence_min: 4",
         "4 lies above enter, 3: values between would be bad and good"),
        ("enter: 1, leave: 2", "enter: 3, leave: 2",
         "2 lies below enter, 3: values between would be bad and good"),
        ("evidence_min: 4", "evidence_min: 4, evidence_max: 4",
         "4 is not above evidence_min, 4: the rule never speaks"),
        ("routes: [MANAGER]", "routes: [REP]", "REP is nobody of a TEAM"),
        ('until: "18:00"', 'until: "08:00"', "08:00 is not after since, 08:00"),
        ("rules:", "ways: [{route: OPS, team_id: al, channels: [x]}]\nrules:",
         "al is no team that exists"),
        ("rules:", "ways: [{route: OPS, channels: [x]}, {route: OPS, channels: [y]}]\nrules:",
         "OPS stands there twice for the same team"),
        ("rules:", "places: [{text: Open, url: 'https://x.example/{rep}'}]\nrules:",
         "{rep} is nothing an alert has"),
        ("signal: KPI, kpi: calls, worse: BELOW, long_days: 10, ", "signal: STALLED, ",
         "is missing: signal STALLED needs it"),
        ("signal: KPI, kpi: calls, worse: BELOW, ", "signal: ACTIVITY, ",
         "is missing: signal ACTIVITY needs it"),
        ("signal: KPI, kpi: calls, worse: BELOW, ", "signal: STALLED, kpi: calls, ",
         "calls is not for signal STALLED"),
        ("signal: KPI, kpi: calls, worse: BELOW, long_days: 10, ", "signal: FRESHNESS, ",
         "TEAM is not watched by FRESHNESS"),
        ("signal: KPI,", "signal: KPI, roles: [AE],", "AE is nothing a TEAM has"),
        (PLAIN, "signal: CLAWBACKS, long_days: 10, ",
         "DIGEST does not hear of CLAWBACKS: it may be an accusation, or a mistake"),
        (PLAIN, "signal: CLAWBACKS, ", "is missing: signal CLAWBACKS needs it"),
        (PLAIN, "signal: OVERPAID, ", "TEAM is not watched by OVERPAID"),
        (PLAIN, "signal: OVERPAID, long_days: 5, ", "5 is not for signal OVERPAID"),
    ],
)  # fmt: skip
def test_a_rule_that_cannot_work_is_refused(small: Path, old: str, new: str, says: str) -> None:
    assert (says, Severity.ERROR) in problems(small, RULES.replace(old, new, 1))


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("leave: 2, evidence_min", "leave: 3, evidence_min", "3 is the same as enter"),
        ("routes: [MANAGER]", "routes: [TEAM_CHANNEL], names_people: true",
         "true names people who are behind where others read it"),
    ],
)  # fmt: skip
def test_what_is_seldom_meant_is_warned_of(small: Path, old: str, new: str, says: str) -> None:
    assert (says, Severity.WARNING) in problems(small, RULES.replace(old, new, 1))
