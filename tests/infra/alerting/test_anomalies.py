"""What sales operations hear, by the shipped rules; a floor like any other gives none."""

import json
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml

from connectors.sinks.notices.words import Notice, Reader, told
from infra.alerting import events, publishing
from infra.alerting.serving import Service
from infra.alerting.simulating import simulate
from infra.alerting.stories import Stories
from infra.alerting.ticking import Tick, tick
from infra.sample import DEFINITIONS
from schemas.alerts import OF_OPS, Alerts
from schemas.channels import Channel, Slack
from schemas.contests import Contests
from streams.domain.alert_states import State
from streams.domain.periods import Span
from tests.infra.alerting.conftest import Ground, at_once, emptied, written
from tests.infra.alerting.ledgers import MEASURE, Ledger, calls, put
from tests.infra.alerting.receivers import web
from tests.infra.definitions.floors import Fact

SHIPPED = Alerts.model_validate(yaml.safe_load((DEFINITIONS / "alerts.yaml").read_text()))


@pytest.fixture(scope="module")
def floor(server: tuple[str, str, Any]) -> Ground:
    rules = tuple(rule for rule in SHIPPED.rules if rule.signal in OF_OPS)
    return written(server, SHIPPED.model_copy(update={"rules": rules, "ways": ()}))


@pytest.fixture
def ledger(floor: Ground) -> Ledger:
    emptied(floor.client, ("alert_event",))
    made = Ledger(replace(floor))
    made.ordinary()
    return made


def looked(ground: Ground, after: float = 0) -> Tick:
    return tick(ground.warehouse, ground.bundle, datetime.now(UTC) + timedelta(seconds=after))


def begun(made: Tick) -> dict[str, tuple[str, str, Decimal | None]]:
    return {
        t.key.rule_id: (t.key.subject_id, t.key.kpi, t.value) for t in made.transitions if t.begins
    }


def heard(ground: Ground, rule_id: str, reader: Reader = Reader.MANAGER) -> Notice:
    """Return what an alert that fires has to say."""
    now, held = datetime.now(UTC), events.held(ground.warehouse)
    (key,) = (key for key in held if key.rule_id == rule_id and held[key].watched.is_firing)
    story = Stories(ground.warehouse, ground.bundle).of(key, held[key], now)
    assert story is not None
    return told(story, reader, "en")


def test_a_month_like_any_other_gives_none(ledger: Ledger) -> None:
    made = looked(ledger.ground)
    assert made.looked > 0
    assert begun(made) == {}


def test_a_deal_worth_a_hundred_is_heard_once_and_ends_when_it_is_corrected(ledger: Ledger) -> None:
    ground = ledger.ground
    entry = ledger.earned(5_900, rep="idle", deal="crm:deal:77", is_new=True)
    assert begun(looked(ground)) == {
        "commission-outsized": ("idle", "crm:deal:77", Decimal("105.3571"))
    }
    assert looked(ground, after=60).events == 0
    notice = heard(ground, "commission-outsized")
    assert notice.title == (
        "idle (All): €5,900 of commission on one deal, 105.4 times what any brought before"
    )
    assert notice.lines == (
        "Why: deal crm:deal:77; the most of 74 deals of that plan line was €56.00",
        "Suggested: compare the deal's amount, currency and split with its contract",
        f"Look: pacesetter commission explain --entry {entry[:12]}",
    )
    ledger.earned(-5_841, rep="idle", deal="crm:deal:77", is_new=True)
    ended = [t for t in looked(ground, after=120).transitions if t.ends]
    assert [(t.key.rule_id, t.after) for t in ended] == [("commission-outsized", State.OK)]


def test_an_old_deal_that_is_made_large_today_stands_out_as_a_new_one_does(ledger: Ledger) -> None:
    ledger.earned(900, deal="deal-3", is_new=True)
    assert begun(looked(ledger.ground)) == {
        "commission-outsized": ("busy", "deal-3", Decimal("16.4643"))
    }


def test_who_was_paid_what_is_gone_owes_it_even_after_leaving_and_draws_are_no_debt(
    ledger: Ledger,
) -> None:
    for state in ("RELEASED", "PAID"):  # an advance, still to be recovered
        ledger.earned(500, state=state, kind="DRAW", deal="", topic="spm.definitions")
    ledger.earned(800, rep="gone")
    ledger.earned(800, rep="gone", state="PAID", kind="PAYOUT", topic="spm.definitions")
    assert begun(looked(ledger.ground)) == {}
    entry = ledger.earned(-300, rep="gone", kind="CLAWBACK")
    made = looked(ledger.ground, after=60)
    assert begun(made) == {"overpaid": ("gone", "", Decimal(300))}
    notice = heard(ledger.ground, "overpaid")
    assert notice.title == "gone was paid €300.00 more than was earned"
    assert notice.lines[-1] == f"Look: pacesetter commission explain --entry {entry[:12]}"
    shared = heard(ledger.ground, "overpaid", Reader.CHANNEL)
    assert "gone" not in shared.text
    assert shared.lines == ("Who and why: `pacesetter alerts preview`",)


def test_clawbacks_are_heard_of_the_company_and_of_the_one_they_pile_up_with(
    ledger: Ledger,
) -> None:
    for n in range(3):  # of 1,580 that each rep has earned
        ledger.earned(-250, rep="idle", deal=f"deal-{44 + n}", is_new=True, kind="CLAWBACK")
    assert begun(looked(ledger.ground)) == {
        "clawbacks-rep": ("idle", "", Decimal("0.4747")),
        "overpaid": ("idle", "", Decimal(750)),  # of all that was paid, too
    }
    for n in range(2):
        ledger.earned(-1, deal=f"deal-{n + 1}", is_new=True, kind="CLAWBACK")
    made = looked(ledger.ground, after=60)
    assert begun(made)["clawbacks"] == ("company", "", Decimal("0.2380"))
    assert "on deals: 5" in heard(ledger.ground, "clawbacks").lines[0]


def test_periods_that_were_closed_and_change_all_the_same_are_heard(ledger: Ledger) -> None:
    due = ledger.ground.today.replace(day=1) - timedelta(days=31)
    for n in range(5):
        ledger.earned(40, deal=f"deal-{n + 1}", is_new=True, payout_start=due)
    made = looked(ledger.ground)
    assert begun(made) == {"closed-periods": ("company", "", Decimal("0.3650"))}
    assert "€200.00 of €548.00, on deals: 5" in heard(ledger.ground, "closed-periods").lines[0]


@pytest.fixture
def contest(ledger: Ledger) -> Ground:
    """A contest of calls with a prize, that began two days ago; `busy` makes twenty in an hour."""
    ground = ledger.ground
    day = timedelta(days=1)
    blitz = {
        "contest_id": "blitz", "name": "Blitz", "time_zone": "UTC", "format": "RANKING",
        "score": "VALUE", "starts_at": f"{ground.today - 2 * day}T00:00",
        "ends_at": f"{ground.today + day}T00:00", "metrics": [{"kpi": "calls"}],
        "participants": {"teams": ["all"]}, "prize_currency": "EUR",
        "prizes": [{"place": 1, "amount": 100}],
    }  # fmt: skip
    contests = Contests.model_validate({"contests": [blitz]})
    ground.bundle = ground.bundle.model_copy(update={"contests": contests})
    calls(ground, "busy", every(3 * 60, 20, ground))
    return ground


def every(seconds: int, count: int, ground: Ground) -> list[datetime]:
    """Return so many instants from ten in the morning of yesterday on."""
    ten = datetime.combine(ground.today, time(10), UTC) - timedelta(days=1)
    return [ten + timedelta(seconds=n * seconds) for n in range(count)]


def test_more_calls_in_an_hour_than_anybody_makes_are_heard_before_the_prize(
    contest: Ground,
) -> None:
    assert begun(looked(contest)) == {}
    calls(contest, "idle", every(50, 60, contest))
    made = looked(contest, after=60)
    assert begun(made) == {"contest-rush": ("idle", "blitz", Decimal(60))}
    notice = heard(contest, "contest-rush")
    assert notice.title == "idle (All): 60 activities within an hour in contest blitz"
    assert notice.lines[0] == "Why: the best hour of anybody else has 20"
    assert notice.lines[-1].startswith("Look: pacesetter explain activity dialer:idle:")


def test_a_final_result_that_others_would_win_by_now_is_heard(contest: Ground) -> None:
    final = {"contest_id": "blitz", "rep_id": "busy", "participant_id": "busy", "place": 1,
             "score": 20, "prize_amount": 100, "prize_currency": "EUR", "cut": ["t/0=2"],
             "finalized_at": datetime.now(UTC)}  # fmt: skip
    put(contest, "contest_result", [final])
    assert begun(looked(contest, after=60)) == {}
    calls(contest, "idle", every(240, 30, contest))  # as hands do; from a dialer that was away
    contest.facts(99, Fact("idle", contest.today, MEASURE, "", Decimal(30)))
    made = looked(contest, after=120)
    assert begun(made) == {"contest-changed": ("company", "blitz", Decimal(1))}
    assert heard(contest, "contest-changed").lines[-1] == (
        "Look: pacesetter contest standings blitz"
    )


def test_late_data_claims_nothing_of_pay_either_and_the_event_keeps_its_numbers(
    ledger: Ledger,
) -> None:
    ground = ledger.ground
    ledger.earned(5_900, is_new=True, deal="crm:deal:77")
    late = looked(ground, after=3 * 3600)
    assert late.late
    assert begun(late) == {}
    begun(looked(ground))
    (row,) = ground.rows(
        "SELECT inputs FROM spm.alert_event FINAL WHERE rule_id = 'commission-outsized' "
        "AND after = 'FIRING'"
    )
    kept: dict[str, Any] = json.loads(row[0])
    assert (kept["amount"], kept["usual"]) == ("5900.0000", "56.0000")


def test_past_days_show_when_it_would_have_been_heard(ledger: Ledger) -> None:
    ledger.earned(5_900, is_new=True, deal="crm:deal:77")
    today = ledger.ground.today
    found = simulate(
        ledger.ground.warehouse, ledger.ground.bundle,
        Span(today - timedelta(days=2), today + timedelta(days=1)),
    )  # fmt: skip
    assert [(one.key.rule_id, one.key.kpi, one.began) for one in found] == [
        ("commission-outsized", "crm:deal:77", today)
    ]


def test_nobody_else_reads_of_it_in_a_view_or_the_topic(ledger: Ledger) -> None:
    ground = ledger.ground
    ledger.earned(5_900, is_new=True, deal="crm:deal:77")
    looked(ground)
    views = ("alert_event", "alert_notice", "alert_act", "alert_episode")
    assert ground.rows("SELECT count() > 0 FROM spm.alert_event") == [(True,)]
    for view in views:
        assert ground.rows(f"SELECT count() FROM spm_bi.{view}") == [(0,)]
    assert ground.warehouse.frame(publishing.OPEN).is_empty()


def test_it_leaves_with_names_where_only_those_read_who_may_and_without_elsewhere(
    ledger: Ledger, tmp_path: Path
) -> None:
    ledger.earned(5_900, rep="idle", is_new=True, deal="crm:deal:77")
    ground = ledger.ground
    ways = [{"route": "OPS", "channels": ["open", "closed"]}]
    alerts = Alerts.model_validate({
        "rules": [rule.model_dump() for rule in ground.bundle.alerts.rules], "ways": ways,
        "working_hours": {"since": "00:00", "until": "23:59"},
    })  # fmt: skip
    ground.bundle = ground.bundle.model_copy(update={"alerts": alerts})
    with web() as shared, web() as private:
        channels: dict[str, Channel] = {
            "open": Slack.model_validate({"url": shared.url}),
            "closed": Slack.model_validate({"url": private.url, "private": True}),
        }
        lease = at_once()
        Service(lambda: ground.warehouse, lambda: ground.bundle, channels, tmp_path,
                lease=lease).look(datetime.now(UTC))  # fmt: skip
        (told,), (named,) = shared.posts, private.posts
    assert "One rep: €5,900 of commission on one deal" in told.json["text"]
    assert "idle" not in told.body.decode() + named.json["text"].replace("idle (All)", "")
    assert "idle (All): €5,900 of commission" in named.json["text"]
    assert "commission explain --entry" in named.body.decode()
