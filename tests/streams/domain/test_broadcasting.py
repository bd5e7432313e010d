"""Laws of good news: once each, no more than a ration an hour, nothing at night, nothing old."""

from datetime import UTC, date, datetime, timedelta
from itertools import chain

from hypothesis import given
from hypothesis import strategies as st

from schemas.alerts import Alerts, Route
from schemas.broadcasts import Broadcast, Occasion
from streams.domain.alert_outbox import Entry, NoticeState
from streams.domain.alert_sending import Recipient
from streams.domain.alert_states import Key, Reason
from streams.domain.broadcasting import KEPT, Happening, is_fresh, new, notice_key, planned

MONDAY = datetime(2026, 11, 16, 12, tzinfo=UTC)
DEAL = Broadcast.model_validate({"broadcast_id": "deal", "occasion": "DEAL_WON", "at_least": "1"})
READERS = {name: Recipient("", "UTC", channel=name) for name in ("slack", "hook")}


def policy(per_hour: int) -> Alerts:
    return Alerts(broadcasts=(DEAL,), broadcasts_per_hour=per_hour)


def entry(n: int, channel: str = "slack", age: timedelta = timedelta(0), **more: object) -> Entry:
    at = MONDAY - age
    key = Key("deal", "REP", "dana", f"deal-{n}", "EUR", date(2026, 11, 16))
    made = Entry(f"{n:03}/{channel}", key, False, Reason.GOOD, at, at, at, Route.BROADCAST, "",
                 channel, at, NoticeState.DUE, at)  # fmt: skip
    return made._replace(**more)  # type: ignore[arg-type]


def happening(at: datetime = MONDAY, **more: object) -> Happening:
    one = Happening("deal", Occasion.DEAL_WON, "REP", "dana", "deal-1", at, at.date())
    return one._replace(**more)  # type: ignore[arg-type]


@given(
    st.lists(st.tuples(st.sampled_from(["slack", "hook"]), st.integers(0, 30)), max_size=30),
    st.integers(1, 8), st.integers(0, 10),
)  # fmt: skip
def test_each_goes_once_within_the_ration_or_waits_and_old_ones_are_dropped(
    some: list[tuple[str, int]], per_hour: int, before: int
) -> None:
    entries = [entry(n, channel, timedelta(hours=age)) for n, (channel, age) in enumerate(some)]
    plan = planned(entries, READERS, {"slack": before}, policy(per_hour), MONDAY)
    gone = list(chain.from_iterable(plan.goes))
    assert len(set(gone)) == len(gone)
    assert {one for one, _ in plan.drops} == {e for e in entries if MONDAY - e.at > KEPT}
    assert not {one for one, _ in plan.drops} & set(gone)
    for channel, sent in (("slack", before), ("hook", 0)):
        mine = [some for some in plan.goes if some[0].channel == channel]
        assert all(one.channel == channel for some in mine for one in some)
        assert len(mine) <= max(0, per_hour - sent)
        kept = [e for e in entries if e.channel == channel and MONDAY - e.at <= KEPT]
        assert len(list(chain.from_iterable(mine))) == (len(kept) if sent < per_hour else 0)
        assert [e.at for e in chain.from_iterable(mine)] == sorted(e.at for e in kept)[
            : len(list(chain.from_iterable(mine)))
        ]


def test_at_night_and_at_weekends_it_waits() -> None:
    for hours in (7, 5 * 24):  # 19:00, and Saturday
        now = MONDAY + timedelta(hours=hours)
        waiting = [entry(1, age=-timedelta(hours=hours))]
        assert planned(waiting, READERS, {}, policy(6), now).goes == ()


def test_what_failed_rests_and_what_nobody_reads_any_more_is_dropped() -> None:
    rests = entry(1, due=MONDAY + timedelta(minutes=5), state=NoticeState.FAILED)
    nobody = entry(2, "gone")
    other = entry(3, key=entry(3).key._replace(rule_id="taken-out"))
    plan = planned([rests, nobody, other], {**READERS, "gone": None}, {}, policy(6), MONDAY)
    assert plan.goes == ()
    assert {one for one, _ in plan.drops} == {nobody, other}
    later = planned([rests], READERS, {}, policy(6), MONDAY + timedelta(minutes=5))
    assert later.goes == ((rests,),)


def test_news_has_one_key_whenever_it_is_seen_and_whatever_it_is_worth_by_then() -> None:
    one = happening()
    for same in (happening(MONDAY + timedelta(hours=3)), one._replace(amount=None)):
        assert same.key == one.key
        assert notice_key(same, "slack") == notice_key(one, "slack")
    for other in (one._replace(about="deal-2"), one._replace(subject_id="eve"),
                  one._replace(mark="x"), one._replace(broadcast_id="huge")):  # fmt: skip
        assert other.key != one.key
    assert notice_key(one, "slack") != notice_key(one, "hook")
    assert new([one, one], set()) == [one]
    assert new([one], {one.key}) == []


def test_what_is_older_than_asked_for_is_no_news() -> None:
    assert is_fresh(DEAL, MONDAY - timedelta(minutes=60), MONDAY)
    assert not is_fresh(DEAL, MONDAY - timedelta(minutes=61), MONDAY)
    assert not is_fresh(DEAL, MONDAY + timedelta(hours=1), MONDAY)
