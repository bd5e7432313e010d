"""Whether contests can take place: every slip is named with file, line, field and remedy."""

from collections.abc import Callable
from pathlib import Path

import pytest

from infra.contests.words import words
from infra.definitions.canonical import content_of, value_of
from infra.definitions.checking import check
from infra.definitions.loading import load
from infra.sample import DEFINITIONS
from schemas.contests import Contests


def problems(folder: Path) -> list[str]:
    loaded = load(folder)
    mine = [loaded.placed(f) for f in check(loaded.values) if f.kind == "contests"]
    return [str(p) for p in (*loaded.problems, *mine)]


def test_the_sample_is_fine() -> None:
    assert problems(DEFINITIONS) == []


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("contest_id: call-blitz-2026-w48", "contest_id: call/blitz", "write a dash"),
        ("ends_at: 2026-11-28T00:00", "ends_at: 2026-11-22T00:00", "is not after 2026-11-23T00:00"),
        ("starts_at: 2026-11-23T00:00", "starts_at: 2026-03-29T02:30", "is skipped by clocks"),
        ("starts_at: 2026-11-23T00:00", "starts_at: 23.11.2026", "is no local time"),
        ("time_zone: Europe/Berlin", "time_zone: Europe/Berlim", "did you mean Europe/Berlin?"),
        ("kpi: calls_connected, points", "kpi: calls, points", "nothing a second person"),
        ("- {kpi: deals_won, points: 10}", "- {kpi: emails_sent, points: 1}",
         "is easily driven up"),
        ("kpi: meetings_held, points: 5", "kpi: meetings_hold, points: 5", "did you mean"),
        ("{kpi: revenue_won_reporting, currency: EUR}\n    participants",
         "{kpi: revenue_won_reporting}\n    participants", "is money: add its currency"),
        ("{kpi: revenue_won_reporting, currency: EUR}\n    participants",
         "{kpi: win_rate}\n    participants", "does not add up event by event"),
        ("participants: {teams: [sdr], roles: [SDR]}", "participants: {teams: [sdx]}",
         "is no team of the roster"),
        ("participants: {teams: [sdr], roles: [SDR]}",
         "participants: {teams: [sdr], members: [{rep_id: hp-20}]}", "stands beside a rule"),
        ("quota_target: true", "quota_target: false", "there is nothing it is a part of"),
        ("ties: {first: REACHED, second: EVENTS}", "ties: {first: PERCENT}", "nobody has a target"),
        ("{place: 2, amount: 100}", "{place: 1, amount: 100}", "stands more than once"),
        ("{place: 2, amount: 100}", "{place: 2, amount: 0.005}", "is no amount EUR is paid in"),
        ("{place: 2, amount: 100}", "{place: 2}", "wins nothing"),
        ("cap_per_day: 40}", "cap_per_day: 40, only: {products: [crm]}}", "a call has no products"),
        ("cap_per_day: 40}", "cap_per_day: 40, only: {hours_from: 15:00, hours_to: 14:00}}",
         "is not after hours_from"),
        ("format: RANKING\n    score", "format: BRACKET\n    score", "seeding"),
        ("format: RANKING\n    score", "format: DUEL\n    score", "are not two"),
        ("format: RANKING\n    score", "format: GOAL\n    score", "is towards one"),
        ("levels_from: 2026-01-01\n", "", "levels go by points"),
    ],
)  # fmt: skip
def test_a_slip_is_named_with_its_remedy(
    folder: Path, edit: Callable[[str, str, str], int], old: str, new: str, told: str
) -> None:
    edit("contests.yaml", old, new)
    found = problems(folder)
    assert any(told in each for each in found), found
    assert all(each.startswith("contests.yaml:") for each in found)


def test_what_is_stored_reads_back_the_same_in_any_order() -> None:
    value = load(DEFINITIONS).values["contests"]
    assert isinstance(value, Contests)
    back = value_of("contests", content_of(value))
    assert content_of(back) == content_of(value)
    turned = value.model_copy(update={"contests": value.contests[::-1]})
    assert content_of(turned) == content_of(value)


def test_the_rules_say_what_decides_and_what_is_won() -> None:
    value = load(DEFINITIONS).values["contests"]
    assert isinstance(value, Contests)
    said = {c.contest_id: "\n".join(words(c)) for c in value.contests}
    assert "at most 40 a day" in said["call-blitz-2026-w48"]
    assert "Place 1: 150 EUR." in said["call-blitz-2026-w48"]
    assert "it is over when the first 3 are there" in said["first-to-quota-2026-q4"]
    assert "by heads" in said["regions-2026-12"]
