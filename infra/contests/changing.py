"""Contests changed one by one: begun, ended, called off. Pure: what is in force, changed."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from pydantic import ValidationError

from infra.definitions.canonical import plain
from infra.definitions.loading import Loaded
from infra.definitions.problems import Place, Problem, Refused, field_of
from infra.definitions.stored import State
from infra.definitions.wording import words_of
from schemas import contest_choices
from schemas.contests import Contest, Contests
from streams.domain.contest_times import instant, local_of, millis, moment, window

KIND = "contests"
REPEATED_MINUTES_MAX = 24 * 60  # no clock is put back by more than a day
Change = Callable[[State], Loaded]
_HERE = Place("contest", 0)


def understood(draft: Mapping[str, Any]) -> Contest:
    """Return the contest that a draft describes, by the schema its file has.

    Raises:
        Refused: it describes none; each problem with its field.
    """
    try:
        return Contest.model_validate(draft)
    except ValidationError as error:
        problems = [
            Problem(_HERE, field_of(each["loc"]), _shown(each["input"]), *words_of(each, Contest))
            for each in error.errors()
        ]
        raise Refused(problems) from None


def begun(contest: Contest) -> Change:
    """Return the change that one more contest is. One that is there just so changes nothing."""

    def change(state: State) -> Loaded:
        held = _held(state)
        if any(plain(contest) == plain(each) for each in held.contests):
            return _loaded(held)
        if contest.contest_id in {each.contest_id for each in held.contests}:
            raise LookupError(f"{contest.contest_id} is there already, and is another contest")
        return _loaded(held.model_copy(update={"contests": (*held.contests, contest)}))

    return change


def ended(contest_id: str, now: datetime) -> Change:
    """Return the change that an end at once is: what was made until then decides."""

    def end(one: Contest) -> Contest:
        if now < moment(window(one).start):
            raise LookupError(f"{one.name} has not begun; call it off in place of ending it")
        if now >= moment(window(one).end):
            raise LookupError(f"{one.name} is over already")
        return one.model_copy(update={"ends_at": next_minute(now, one.time_zone)})

    return _with(contest_id, end)


def called_off(contest_id: str) -> Change:
    """Return the change that calling off is: what happened stays visible, nobody wins."""
    return _with(
        contest_id, lambda one: one.model_copy(update={"state": contest_choices.State.STOPPED})
    )


def next_minute(now: datetime, zone: str) -> str:
    """Return the first minute from an instant on that clocks of a zone can name.

    An hour that clocks show twice means the first of both: in the second it is the end of it.
    """
    at = millis(now) + (-millis(now)) % 60_000
    for n in range(REPEATED_MINUTES_MAX):
        local = local_of(at + n * 60_000, zone).strftime("%Y-%m-%dT%H:%M")
        if instant(local, zone) == at + n * 60_000:
            return local
    raise LookupError(f"clocks of {zone} name no minute around {now}")


def earlier(contest: Contest, now: datetime) -> Contest | None:
    """Return a contest as if it had run in weeks that are over; None: half of it is, by now.

    Whole weeks: the same weekdays, at the same hours.
    """
    whole = window(contest)
    if millis(now) >= (whole.start + whole.end) // 2:
        return None
    week = timedelta(days=7)
    weeks = -(-(moment(whole.end) - now) // week)

    def back(local: str) -> str:
        return (datetime.fromisoformat(local) - weeks * week).isoformat(timespec="minutes")

    return contest.model_copy(
        update={"starts_at": back(contest.starts_at), "ends_at": back(contest.ends_at)}
    )


def own_problems(problems: Iterable[Problem], contest_id: str, after: Loaded) -> list[Problem]:
    """Return problems with their fields as they stand within one contest."""
    held = after.values[KIND]
    assert isinstance(held, Contests)
    at = next(i for i, one in enumerate(held.contests) if one.contest_id == contest_id)
    mine = f"{KIND}[{at}]"
    return [
        Problem(_HERE, one.field.removeprefix(mine).removeprefix("."), one.value, one.problem,
                one.remedy, one.severity)
        for one in problems if one.field.startswith(mine)
    ]  # fmt: skip


def _with(contest_id: str, changed: Callable[[Contest], Contest]) -> Change:
    def change(state: State) -> Loaded:
        held = _held(state)
        if contest_id not in {one.contest_id for one in held.contests}:
            raise LookupError(f"no contest is {contest_id!r}")
        after = tuple(
            changed(one) if one.contest_id == contest_id else one for one in held.contests
        )
        return _loaded(held.model_copy(update={"contests": after}))

    return change


def _held(state: State) -> Contests:
    held = state.values.get(KIND, Contests())
    assert isinstance(held, Contests)
    return held


def _loaded(contests: Contests) -> Loaded:
    return Loaded(values={KIND: contests}, found={KIND})


def _shown(value: Any) -> str:
    return value if isinstance(value, str) else ""
