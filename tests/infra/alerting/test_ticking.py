"""A tick looks at everybody on a real warehouse: silence is seen, late data claims nothing."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from infra.alerting import events
from infra.alerting.ticking import Tick, tick
from streams.domain.alert_states import Reason, State
from tests.infra.alerting.conftest import Ground
from tests.infra.definitions.floors import Fact


def looked(ground: Ground, after: float = 0) -> Tick:
    return tick(ground.warehouse, ground.bundle, datetime.now(UTC) + timedelta(seconds=after))


def begun(made: Tick) -> set[tuple[str, str]]:
    return {(t.key.rule_id, t.key.subject_id) for t in made.transitions if t.begins}


def test_who_does_nothing_is_seen_and_who_sells_as_planned_is_not(ground: Ground) -> None:
    made = looked(ground)
    assert made.looked == 4
    assert begun(made) == {("burn", "idle"), ("quiet", "idle")}
    burn = next(t for t in made.transitions if t.key.rule_id == "burn")
    assert burn.value == 10  # nothing came in: the whole of it over the tolerance of a tenth


def test_looking_again_changes_nothing_and_a_tick_that_died_is_done_again_as_it_was(
    ground: Ground,
) -> None:
    first = looked(ground)
    assert looked(ground, after=5).events == 0
    before = ground.rows("SELECT rule_id, subject_id, number, after FROM spm.alert_event FINAL")
    ground.client.command("TRUNCATE TABLE spm.alert_event")  # as if its insert had not come
    again = looked(ground, after=9)
    assert again.events == first.events
    after = ground.rows("SELECT rule_id, subject_id, number, after FROM spm.alert_event FINAL")
    assert sorted(after) == sorted(before)


def test_late_data_claims_nothing_and_what_fired_goes_on_untold_when_it_is_back(
    ground: Ground,
) -> None:
    looked(ground)
    late = looked(ground, after=3 * 3600)
    assert "crm is complete through" in late.late
    assert {t.after for t in late.transitions} == {State.UNKNOWN}
    assert not any(t.is_news for t in late.transitions)
    ground.progress(datetime.now(UTC) + timedelta(hours=3), 2)
    back = looked(ground, after=3 * 3600 + 5)
    assert {t.reason for t in back.transitions} == {Reason.DATA_BACK}
    assert not any(t.is_news for t in back.transitions)


def test_nothing_is_claimed_while_data_is_late_from_the_start(ground: Ground) -> None:
    ground.client.command("TRUNCATE TABLE spm.source_progress")
    made = looked(ground)
    assert made.late == "no source has said how far it is"
    assert begun(made) == set()


def test_a_correction_of_the_past_ends_it_and_says_so(ground: Ground) -> None:
    looked(ground)
    days = [ground.today - timedelta(days=n) for n in range(1, 6)]
    ground.facts(2, *(Fact("idle", day, "revenue_won", "EUR", Decimal(200)) for day in days))
    made = looked(ground, after=5)
    ended = [t for t in made.transitions if t.key.rule_id == "burn"]
    assert [(t.after, t.reason, t.ends) for t in ended] == [(State.OK, Reason.CORRECTED, True)]


def test_a_rule_that_is_no_longer_there_ends_what_it_began(ground: Ground) -> None:
    looked(ground)
    fewer = ground.bundle.alerts.model_copy(update={"rules": ground.bundle.alerts.rules[:1]})
    ground.bundle = ground.bundle.model_copy(update={"alerts": fewer})
    made = looked(ground, after=5)
    assert [(t.key.rule_id, t.reason) for t in made.transitions] == [("quiet", Reason.OVER)]


def test_an_event_tells_what_it_was_computed_from(ground: Ground) -> None:
    looked(ground)
    held = events.held(ground.warehouse)
    burn = next(h for key, h in held.items() if key.rule_id == "burn")
    assert burn.watched.state is State.FIRING
    assert burn.basis == events.Basis(ground.today - timedelta(days=1), Decimal(0))
    (inputs,) = ground.rows(
        "SELECT JSONExtractString(inputs, 'long', 'expected') FROM spm.alert_event FINAL "
        "WHERE rule_id = 'burn'"
    )
    assert inputs == ("400.0000",)  # today is no part of the plan until it is over
