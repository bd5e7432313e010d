"""Rules in words: every contest in every language, and each language whole."""

import re
from typing import Any

import pytest

from infra.contests.phrases import LANGUAGES, PHRASES
from infra.contests.words import in_all_languages, words
from schemas.contest_choices import Direction, Format, Of, Score, TeamScore, TiedPrizes, TieStep
from tests.connectors.boards.contesting import contest

PLURAL = re.compile(r"\.(zero|one|two|few|many|other)$")
VALUE = re.compile(r"\{(\w+)\}")
MEMBERS = [{"rep_id": "r1"}, {"rep_id": "r2"}]
FILTER = {
    "products": ["Core", "Plus"], "segments": ["SMB"], "regions": ["DE"], "deal_types": ["NEW"],
    "lead_sources": ["WEB"], "sources": ["crm"], "direction": "OUTBOUND", "talk_seconds_min": 60,
    "value_min": "100.5", "weekdays": [2, 3], "hours_from": "09:00", "hours_to": "17:00",
}  # fmt: skip
SOME: list[dict[str, Any]] = [
    {"description": "Why not.", "hidden": True, "minimum_score": "3", "minimum_events": 2,
     "metrics": [{"kpi": "calls_connected", "cap_per_day": "30", "points": "1.5", "only": FILTER}],
     "prizes": [{"place": 1, "amount": "1250.5", "thing": "a cup"}, {"place": 2, "thing": "cake"}],
     "prize_currency": "EUR", "participants": {"members": MEMBERS, "without": ["r3"]}},
    {"format": "RACE", "target": "10", "winners": 1, "state": "DRAFT"},
    {"format": "RACE", "target": "10", "winners": 3, "state": "STOPPED", "tied_prizes": "SHARE",
     "prizes": [{"place": 1, "amount": "5"}], "prize_currency": "JPY"},
    {"format": "ELIMINATION", "drop": 2, "round_days": 2, "rounds_add_up": True},
    {"format": "DUEL", "participants": {"members": MEMBERS}},
    {"format": "BRACKET", "seeding": "DRAWN", "draw_seed": 4, "round_days": 1},
    {"format": "SEASON", "seeding": "DRAWN", "draw_seed": 4, "round_days": 7},
    {"format": "KING", "ties": {"first": "EVENTS", "second": None}, "grace_hours": 2},
    {"format": "GOAL", "target": "1000", "milestones": [{"name": "Half", "amount": "500"}]},
    {"of": "TEAMS", "team_score": "AVERAGE", "participants": {"teams": ["emea", "apac"]}},
    {"score": "PERCENT", "target": "4", "targets": [{"participant": "r1", "amount": "3"}],
     "participants": {"roles": ["AE", "SDR"]}},
    {"score": "VALUE", "metrics": [{"kpi": "revenue_won", "currency": "EUR"}]},
]  # fmt: skip


@pytest.mark.parametrize("given", SOME, ids=lambda given: str(given.get("format", "RANKING")))
def test_a_contest_is_told_as_fully_in_every_language(given: dict[str, Any]) -> None:
    told = in_all_languages(contest("blitz", **given), lambda name: f"<{name}>")
    assert tuple(told) == LANGUAGES
    assert len({len(lines) for lines in told.values()}) == 1
    english = told["en"]
    for language, lines in told.items():
        for line, other in zip(lines, english, strict=True):
            assert "{" not in line, language
            # Names, and whatever else the definition says, stand in each of them.
            assert sorted(re.findall(r"<\w+>", line)) == sorted(re.findall(r"<\w+>", other))


def test_every_language_has_every_pattern_and_gives_it_the_same_values() -> None:
    def values(language: str) -> dict[str, set[str]]:
        found: dict[str, set[str]] = {}
        for key, pattern in PHRASES[language].items():
            name = PLURAL.sub("", key)
            # `one` and `two` are often said without the number.
            found[name] = found.get(name, set()) | set(VALUE.findall(pattern))
        return found

    for language in LANGUAGES:
        assert values(language) == values("en"), language


@pytest.mark.parametrize("language", LANGUAGES)
def test_there_is_a_sentence_for_whatever_a_contest_may_be(language: str) -> None:
    known = {PLURAL.sub("", key) for key in PHRASES[language]}
    wanted = {f"won.{f.value}" for f in Format} | {f"metric.{s.value}" for s in Score}
    wanted |= {f"team.{t.value}" for t in TeamScore} | {f"tie.{t.value}" for t in TieStep}
    wanted |= {f"prizes.{t.value}" for t in TiedPrizes} | {f"only.{d.value}" for d in Direction}
    assert wanted <= known
    assert len(Of) == 2, "who competes is said for reps and for teams"


def test_numbers_plurals_and_days_are_those_of_the_language() -> None:
    one = contest("blitz", **SOME[0])
    assert "Platz 1: 1.250,5 EUR und a cup." in words(one, language="de")
    assert "Place 1: 1,250.5 EUR and a cup." in words(one)
    assert "  1.5 for each 1 of calls_connected, only products Core or Plus" in "\n".join(
        words(one)
    )
    assert "nur Di., Mi." in "\n".join(words(one, language="de"))
    king = contest("hill", **SOME[7])
    assert "ساعتين" in words(king, language="ar")[-1]
    assert "2 hours" in words(king)[-1]


def test_what_is_read_from_the_left_keeps_its_order_in_arabic() -> None:
    runs = words(contest("blitz", starts_at="2026-11-24T18:55", ends_at="2026-11-26T22:00"))[1]
    assert "from 24 Nov 2026, 18:55 up to, not including, 26 Nov 2026, 22:00" in runs
    members = words(contest("blitz", **SOME[0]), language="ar")[4]
    assert "\u2068r1\u2069، \u2068r2\u2069" in members
    prize = words(contest("blitz", **SOME[2]), language="ar")
    assert any("\u2068JPY\u2069" in line for line in prize)
