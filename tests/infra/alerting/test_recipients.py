"""Who hears of a subject: managers by today's hierarchy, the nearest team's channels, hours."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any, cast

from infra.alerting.recipients import Recipients
from schemas.alerts import Alerts, Route
from schemas.calendars import Absence, Leave
from schemas.definitions import Bundle, Company, Rep, Roster, Stint, Team

TODAY = date(2026, 11, 18)
START = date(2026, 1, 1)


def rep(name: str, team: str, boss: str | None, zone: str = "Europe/Berlin") -> Rep:
    return Rep(rep_id=name, history=(
        Stint(valid_from=START, team_id=team, manager_id=boss, time_zone=zone),
    ))  # fmt: skip


MOVED = Rep(rep_id="moved", history=(
    Stint(valid_from=START, valid_to=TODAY, team_id="north", manager_id="nora", time_zone="UTC"),
    Stint(valid_from=TODAY, team_id="south", manager_id="sam", time_zone="UTC"),
))  # fmt: skip
BUNDLE = Bundle(
    sequence=1,
    company=Company(name="C", reporting_currency="EUR", time_zone="UTC"),
    roster=Roster(
        teams=(Team(team_id="all", name="All"),
               Team(team_id="north", name="N", parent_team_id="all"),
               Team(team_id="south", name="S", parent_team_id="all")),
        reps=(rep("chief", "all", None), rep("nora", "north", "chief", "Asia/Tokyo"),
              rep("sam", "south", "chief"), rep("ann", "north", "nora"), MOVED),
    ),
    leave=Leave(leave=(Absence(rep_id="sam", valid_from=TODAY, valid_to=TODAY + timedelta(days=2),
                               share=Decimal(1)),)),
    alerts=Alerts.model_validate({"ways": [
        {"route": "MANAGER", "channels": ["mail"]},
        {"route": "TEAM_CHANNEL", "channels": ["all-slack"]},
        {"route": "TEAM_CHANNEL", "team_id": "north", "channels": ["north-slack", "nowhere"]},
    ]}),
)  # fmt: skip
USABLE = frozenset({"mail", "all-slack", "north-slack"})
PEOPLE = Recipients(cast(Any, None), BUNDLE, TODAY, USABLE)


def heard(kind: str, subject: str, route: Route) -> list[tuple[str, str]]:
    return [(one.recipient_id, one.channel) for one in PEOPLE.of(kind, subject)[route]]


def test_a_reps_manager_is_that_of_today() -> None:
    assert heard("REP", "ann", Route.MANAGER) == [("nora", "mail")]
    assert heard("REP", "moved", Route.MANAGER) == [("sam", "mail")]
    assert heard("REP", "chief", Route.MANAGER) == []


def test_a_team_is_managed_by_whom_its_reps_report_to_and_a_company_by_whom_nobody_manages() -> (
    None
):
    assert PEOPLE.managers("TEAM", "all") == ("chief",)
    assert PEOPLE.managers("TEAM", "south") == ("sam",)  # one of the team; chief manages sam alone
    assert PEOPLE.managers("COMPANY", "company") == ("chief",)


def test_a_team_whose_manager_is_elsewhere_or_that_has_no_reps_is_managed_from_above() -> None:
    teams = (*BUNDLE.roster.teams, Team(team_id="top", name="T"),
             Team(team_id="desk", name="D", parent_team_id="top"))  # fmt: skip
    reps = (*BUNDLE.roster.reps, rep("dee", "desk", "sam"), rep("dot", "desk", "sam"))
    roster = Roster(teams=teams, reps=reps)
    people = Recipients(
        cast(Any, None), BUNDLE.model_copy(update={"roster": roster}), TODAY, USABLE
    )
    assert people.managers("TEAM", "desk") == ("sam",)
    assert people.managers("TEAM", "top") == ("chief",)


def test_the_nearest_teams_channels_hold_and_those_nobody_described_are_left_out() -> None:
    assert heard("REP", "ann", Route.TEAM_CHANNEL) == [("", "north-slack")]
    assert heard("REP", "moved", Route.TEAM_CHANNEL) == [("", "all-slack")]
    assert heard("TEAM", "north", Route.TEAM_CHANNEL) == [("", "north-slack")]


def test_a_digest_goes_the_managers_way_unless_it_has_its_own() -> None:
    assert heard("REP", "ann", Route.DIGEST) == [("nora", "mail")]
    assert heard("REP", "ann", Route.REP) == []


def test_hours_are_those_of_the_recipients_own_zone_and_leave() -> None:
    (nora,) = PEOPLE.of("REP", "ann")[Route.MANAGER]
    assert nora.zone == "Asia/Tokyo"
    (sam,) = PEOPLE.of("REP", "moved")[Route.MANAGER]
    away = [sam.workdays.weight(TODAY + timedelta(days=n)) for n in range(3)]
    assert away == [0, 0, 1]


def test_who_reports_to_nobody_and_manages_nobody_is_alone() -> None:
    lonely = BUNDLE.roster.model_copy(
        update={"reps": (*BUNDLE.roster.reps, rep("lonely", "south", None))}
    )
    people = Recipients(
        cast(Any, None), BUNDLE.model_copy(update={"roster": lonely}), TODAY, USABLE
    )
    assert [r for r in ("lonely", "chief", "ann") if people.is_alone(r)] == ["lonely"]
