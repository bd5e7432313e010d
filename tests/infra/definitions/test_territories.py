"""Territories and rules that cannot be followed are refused with line and remedy."""

from pathlib import Path

import pytest

from infra.definitions.applying import checked
from infra.definitions.loading import load
from infra.definitions.problems import Severity
from tests.infra.definitions.conftest import SMALL

HEAD = """territories:
  - territory_id: north
    name: North
    region: A
    holders:
      - {rep_id: r1, valid_from: 2026-01-01}
  - territory_id: south
    name: South
    region: B
rules:
"""
RULE = "  - {{rule_id: {id}, priority: {p}, valid_from: 2026-01-01, credits: [{{{who}}}]{more}}}\n"


def rule(name: str = "one", p: int = 1, who: str = "rep_id: r1", more: str = "") -> str:
    return RULE.format(id=name, p=p, who=who, more=more and f", {more}")


def problems(folder: Path, rules: str, head: str = HEAD) -> list[tuple[int, str, str]]:
    """Return line, severity and text of everything wrong with territories."""
    for name, text in SMALL.items():
        (folder / f"{name}.yaml").write_text(text)
    (folder / "territories.yaml").write_text(head + (rules or "  []\n"))
    return [(p.place.line, p.severity, str(p)) for p in checked(load(folder), {})]


def test_rules_that_can_be_followed_are_clean(tmp_path: Path) -> None:
    clean = rule(more="segments: [SMB]") + rule("two", 1, "rep_id: r2", "segments: [ENT]")
    clean += rule("three", 2, "territory_id: north")
    assert problems(tmp_path, clean) == []


@pytest.mark.parametrize(
    ("rules", "line", "said"),
    [
        (rule(who="rep_id: r9"), 11, "is no rep that exists; add the rep to the roster"),
        (rule(who="territory_id: nort"), 11, "is no territory that exists; did you mean north?"),
        (rule(who="rep_id: r1, share: 0.9"), 11, "the REVENUE shares do not sum to 1"),
        (rule(who="share: 1"), 11, "name exactly one of to_owner"),
        (rule(more="amount_from: 5"), 11, "names an amount without its currency"),
        (rule(more="currency: EUR, amount_from: 5, amount_to: 5"), 11, "is not above 5"),
        (rule(more="valid_to: 2026-01-01"), 11, "is not after valid_from"),
        (rule(more="deal_types: [RENEWEL]"), 11, "is no type of deal; did you mean RENEWAL?"),
        (rule() + rule(), 12, "stands already in entry 0"),
        (rule() + rule("two"), 12, "is that of one, and a deal may meet both rules"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(
    tmp_path: Path, rules: str, line: int, said: str
) -> None:
    found = [text for at, severity, text in problems(tmp_path, rules)
             if at == line and severity is Severity.ERROR]  # fmt: skip
    assert any(said in text for text in found), problems(tmp_path, rules)


@pytest.mark.parametrize(
    "apart",
    [
        ("segments: [SMB]", "segments: [ENT, MID]"),
        ("currency: EUR", "currency: USD"),
        ("currency: EUR, amount_to: 5", "currency: EUR, amount_from: 5"),
        ("valid_to: 2026-02-01", "valid_to: 2026-03-01"),
    ],
)
def test_rules_of_one_priority_may_stand_if_no_deal_meets_both(
    tmp_path: Path, apart: tuple[str, str]
) -> None:
    text = rule(more=apart[0]) + rule("two", 1, "rep_id: r2", apart[1])
    if "valid_to" in apart[0]:
        text = text.replace("two, priority: 1, valid_from: 2026-01-01",
                            "two, priority: 1, valid_from: 2026-02-01")  # fmt: skip
    assert problems(tmp_path, text) == []


def test_a_vacant_territory_is_warned_of(tmp_path: Path) -> None:
    ((line, severity, text),) = problems(tmp_path, rule(who="territory_id: south"))
    assert (line, severity) == (11, Severity.WARNING)
    assert "is held by nobody on 2026-01-01" in text


def test_nobody_is_in_two_regions_at_once(tmp_path: Path) -> None:
    both = HEAD.replace(
        "region: B", "region: B\n    holders: [{rep_id: r1, valid_from: 2026-05-01}]"
    )
    ((line, severity, text),) = problems(tmp_path, "", both.replace("rules:\n", "rules: "))
    assert (line, severity) == (10, Severity.ERROR)
    assert "sums of regions would count them twice" in text
