"""The floor: made from a company's definitions, or made up."""

from datetime import date
from decimal import Decimal

import pytest

from connectors.sources.simulator.floor import REPS_MAX, Floor
from schemas.calendars import Calendar, Calendars, Holiday
from schemas.definitions import (
    Bundle,
    Company,
    Identities,
    Identity,
    Rate,
    Rates,
    Rep,
    Roster,
    Stint,
    Team,
)
from schemas.quotas import Quota, QuotaOwner, Quotas


def stint(**changed: object) -> Stint:
    usual = {"valid_from": date(2024, 1, 1), "team_id": "t", "time_zone": "Europe/Berlin"}
    return Stint.model_validate({**usual, **changed})


def bundle(**changed: object) -> Bundle:
    moved = (
        stint(valid_from=date(2026, 3, 1), time_zone="America/New_York", role="SDR"),
        stint(valid_to=date(2026, 3, 1), calendar_id="de"),
    )
    usual = {
        "company": Company(name="C", reporting_currency="EUR", time_zone="Europe/Paris"),
        "roster": Roster(
            teams=(Team(team_id="t", name="T"),),
            reps=(Rep(rep_id="r1", history=moved), Rep(rep_id="r2", history=(stint(),))),
        ),
        "identities": Identities(
            identities=(
                Identity(source="simulator", user_id="u1", rep_id="r1"),
                Identity(source="simulator", user_id="u1b", rep_id="r1"),
                Identity(source="hubspot", user_id="h2", rep_id="r2"),
            )
        ),
        "calendars": Calendars(
            calendars=(
                Calendar(
                    calendar_id="de",
                    name="DE",
                    working_days=(1, 2, 3, 4),
                    holidays=(Holiday(on=date(2026, 1, 1), name="New year"),),
                ),
            )
        ),
        **changed,
    }
    return Bundle.model_validate(usual)


def test_every_user_of_the_source_acts_where_and_when_the_roster_says() -> None:
    floor = Floor.of_bundle(bundle())
    assert [(r.owner_id, r.rep_id) for r in floor.reps] == [("u1", "r1"), ("u1b", "r1")]
    assert floor.time_zone == "Europe/Paris"
    before, after = floor.reps[0].spells
    assert (before.time_zone, before.role, before.working_days) == (
        "Europe/Berlin",
        "AE",
        (1, 2, 3, 4),
    )
    assert before.holidays == (date(2026, 1, 1),)
    assert (after.time_zone, after.role) == ("America/New_York", "SDR")
    assert floor.reps[0].spell_on(date(2026, 2, 28)) == before
    assert floor.reps[0].spell_on(date(2026, 3, 1)) == after
    assert floor.reps[0].spell_on(date(2023, 1, 1)) is None


def test_customers_pay_in_the_zones_currency_only_if_a_rate_converts_it() -> None:
    assert Floor.of_bundle(bundle()).reps[0].currency == "EUR"
    dollar = Rate(base="USD", quote="EUR", on=date(2026, 1, 1), rate=Decimal("0.9"))
    assert Floor.of_bundle(bundle(rates=Rates(rates=(dollar,)))).reps[0].currency == "USD"


def test_a_reps_own_quota_names_the_currency_where_no_rate_does() -> None:
    quota = Quota(
        quota_id="q", owner_kind=QuotaOwner.REP, owner_id="r1", kpi="revenue_won",
        period_start=date(2026, 1, 1), period_end=date(2026, 4, 1), amount=Decimal(1),
        currency="CHF",
    )  # fmt: skip
    assert Floor.of_bundle(bundle(quotas=Quotas(quotas=(quota,)))).reps[0].currency == "CHF"


def test_another_source_has_another_floor() -> None:
    floor = Floor.of_bundle(bundle(), source="hubspot")
    assert (floor.source, floor.reps[0].owner_id) == ("hubspot", "h2")


def test_a_company_without_users_of_the_source_is_told_what_to_do() -> None:
    with pytest.raises(ValueError, match="map at least one user of 'dialer'"):
        Floor.of_bundle(bundle(), source="dialer")


@pytest.mark.parametrize("reps", [1, 5, 24, 500])
def test_a_synthetic_floor_has_any_size(reps: int) -> None:
    floor = Floor.synthetic(reps)
    assert len({rep.owner_id for rep in floor.reps}) == len(floor.reps) == reps
    if reps >= 24:
        assert len({rep.spells[0].time_zone for rep in floor.reps}) == 5
        assert {"AE", "SDR", "AM", "SE"} == {rep.spells[0].role for rep in floor.reps}


@pytest.mark.parametrize("reps", [0, REPS_MAX + 1])
def test_an_impossible_size_is_refused(reps: int) -> None:
    with pytest.raises(ValueError, match="reps"):
        Floor.synthetic(reps)
