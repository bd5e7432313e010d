"""The states of an alert: one rule, one subject, one period. Pure; time is an argument.

OK -> PENDING -> FIRING -> RECOVERING -> OK, and UNKNOWN while the data is late. Days are counted
once each, and business days only, so how often somebody looks changes nothing.
"""

from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple

from schemas.alerts import Rule


class State(StrEnum):
    """Where an alert stands."""

    OK = "OK"
    PENDING = "PENDING"  # bad, but not for long enough
    FIRING = "FIRING"
    RECOVERING = "RECOVERING"  # good again, but not for long enough
    UNKNOWN = "UNKNOWN"  # the data is late: nothing is claimed, nothing is forgotten


class Reason(StrEnum):
    """Why a state changed."""

    BAD = "BAD"
    GOOD = "GOOD"
    RECOVERED = "RECOVERED"
    CORRECTED = "CORRECTED"  # what had made it bad was not so
    LATE = "LATE"
    DATA_BACK = "DATA_BACK"
    OVER = "OVER"  # the period ended, or nobody is asked for anything any more


class Key(NamedTuple):
    """What is one alert: whatever happens to it, it is this one."""

    rule_id: str
    subject_kind: str
    subject_id: str
    kpi: str
    currency: str
    period_start: date


class Reading(NamedTuple):
    """What a rule sees of a subject at an instant.

    Attributes:
        value: None: there is too little to say anything.
        day: in the subject's zone.
        is_business_day: for the subject.
        is_late: not all data up to now is there.
        is_over: the period has ended, or the subject is asked for nothing.
        is_corrected: the past of the period is another than when it was read before.
    """

    value: Decimal | None
    day: date
    is_business_day: bool = True
    is_late: bool = False
    is_over: bool = False
    is_corrected: bool = False


class Watched(NamedTuple):
    """An alert as it stands.

    Attributes:
        was: of UNKNOWN, the state before.
        days: business days in a row that speak for the next state.
        counted: the last of them.
        episode: instant at which it began to fire; None while it does not.
    """

    state: State = State.OK
    was: State = State.OK
    days: int = 0
    counted: date | None = None
    episode: datetime | None = None

    @property
    def is_firing(self) -> bool:
        """Whether somebody should act: it fires, and has not been good for long enough yet."""
        return self.state in (State.FIRING, State.RECOVERING)


class Transition(NamedTuple):
    """A change of state, worth a row of history."""

    key: Key
    at: datetime
    before: State
    after: State
    reason: Reason
    value: Decimal | None
    episode: datetime | None

    @property
    def is_news(self) -> bool:
        """Whether somebody should hear: it began to fire, or what fired has ended."""
        return self.begins or self.ends

    @property
    def begins(self) -> bool:
        """Whether it began to fire."""
        return self.after is State.FIRING and self.episode == self.at

    @property
    def ends(self) -> bool:
        """Whether what fired has ended."""
        return self.after is State.OK and self.episode is not None


def step(
    rule: Rule, key: Key, held: Watched, reading: Reading, at: datetime
) -> tuple[Watched, list[Transition]]:
    """Return an alert after a reading, and what changed; the same reading again changes nothing.

    Args:
        at: the instant of the reading.
    """
    walk = _Walk(key, held, reading, at)
    if reading.is_over:
        if held.state is not State.OK:
            walk.to(State.OK, Reason.OVER)
    elif reading.is_late:
        walk.suspend()
    else:
        walk.resume()
        if reading.value is not None:
            _judged(walk, rule, reading.value)
    return walk.held, walk.made


def is_bad(rule: Rule, value: Decimal) -> bool:
    """Return whether a value has reached the bound at which it is bad."""
    return value >= rule.enter if rule.is_worse_above else value <= rule.enter


def is_good(rule: Rule, value: Decimal) -> bool:
    """Return whether a value is back behind the bound at which it is good."""
    if is_bad(rule, value):  # the bounds may be one
        return False
    return value <= rule.leave if rule.is_worse_above else value >= rule.leave


class _Walk:
    """An alert on its way through one reading."""

    def __init__(self, key: Key, held: Watched, reading: Reading, at: datetime) -> None:
        self.key, self.held, self.reading, self.at = key, held, reading, at
        self.made: list[Transition] = []

    def to(self, state: State, reason: Reason, days: int = 0, was: State = State.OK) -> None:
        before, episode = self.held.state, self.held.episode
        if state is State.FIRING and episode is None:
            episode = self.at
        value = self.reading.value
        self.made.append(Transition(self.key, self.at, before, state, reason, value, episode))
        kept = None if state is State.OK else episode
        self.held = Watched(state, was, days, self.reading.day if days else None, kept)

    def suspend(self) -> None:
        """Claim nothing while the data is late; the count of days waits, too."""
        held = self.held
        if held.state is not State.UNKNOWN:
            self.to(State.UNKNOWN, Reason.LATE, was=held.state)
            self.held = self.held._replace(days=held.days, counted=held.counted)

    def resume(self) -> None:
        """Go on where the data ended."""
        held = self.held
        if held.state is State.UNKNOWN:
            self.to(held.was, Reason.DATA_BACK)
            self.held = held._replace(state=held.was, was=State.OK)

    def counts(self) -> bool:
        """Return whether the reading is of another business day than the last that counted."""
        return self.reading.is_business_day and self.reading.day != self.held.counted

    def count(self) -> int:
        """Count the reading's day; return how many there are in a row."""
        self.held = self.held._replace(days=self.held.days + 1, counted=self.reading.day)
        return self.held.days


def _judged(walk: _Walk, rule: Rule, value: Decimal) -> None:
    bad, good = is_bad(rule, value), is_good(rule, value)
    match walk.held.state:
        case State.OK if bad and walk.reading.is_business_day:
            enough = rule.enter_days == 1
            walk.to(State.FIRING if enough else State.PENDING, Reason.BAD, days=not enough)
        case State.PENDING if bad and walk.counts() and walk.count() >= rule.enter_days:
            walk.to(State.FIRING, Reason.BAD)
        case State.PENDING if not bad:
            walk.to(State.OK, Reason.GOOD)
        case State.FIRING | State.RECOVERING if good and walk.reading.is_corrected:
            walk.to(State.OK, Reason.CORRECTED)  # it never was bad: nothing to wait for
        case State.FIRING if good and walk.reading.is_business_day:
            enough = rule.leave_days == 1
            if enough:
                walk.to(State.OK, Reason.RECOVERED)
            else:
                walk.to(State.RECOVERING, Reason.GOOD, days=1)
        case State.RECOVERING if good and walk.counts() and walk.count() >= rule.leave_days:
            walk.to(State.OK, Reason.RECOVERED)
        case State.RECOVERING if bad:
            walk.to(State.FIRING, Reason.BAD)
        case _:
            pass
