"""An alert's story in words, for one of three readers."""

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple

from connectors.sinks.notices.numbers import Numbers
from connectors.sinks.notices.phrases import Phrases, phrases
from schemas.alert_story import Case, Link, Story
from schemas.alerts import Signal

_MEASURED = {
    Signal.STALLED: "stalled",
    Signal.ACTIVITY: "activity",
    Signal.FRESHNESS: "silent",
}
_ODD = {
    Signal.OUTSIZED: "outsized",
    Signal.CLAWBACKS: "clawbacks",
    Signal.CLOSED_PERIODS: "closed",
    Signal.OVERPAID: "overpaid",
    Signal.CONTEST_RUSH: "rush",
    Signal.RESULT_CHANGED: "changed",
}
_OVER = {Signal.STALLED: "over_stalled", Signal.FRESHNESS: "over_silent"}
_OVER |= dict.fromkeys(_ODD, "over_odd")
DIGEST_MAX = 40  # titles; more than that nobody reads, and Slack takes 3,000 characters
LINKS_MAX = 10  # buttons of one message


class Reader(StrEnum):
    """Who reads it."""

    MANAGER = "MANAGER"
    REP = "REP"
    CHANNEL = "CHANNEL"  # others look on: nobody is named


class Notice(NamedTuple):
    """What one reader reads: a title that says it all, and lines that say more."""

    notice_key: str
    title: str
    lines: tuple[str, ...]
    links: tuple[Link, ...]

    @property
    def text(self) -> str:
        """All of it as plain text."""
        links = [f"{link.text}: {link.url}" for link in self.links]
        return "\n".join([self.title, *self.lines, *links])


def told(story: Story, reader: Reader, locale: str) -> Notice:
    """Return a story in words.

    Args:
        locale: such as en, de_AT; numbers go by it, and words where there are any in it.
    """
    numbers = Numbers(locale, story.currency)
    words = _Words(story, numbers, phrases(locale))
    if reader is Reader.REP:
        return Notice(story.notice_key, words.title("rep_"), words.for_the_rep(), story.links)
    if reader is Reader.CHANNEL:
        title = words.title(who=words.somebody())
        return Notice(story.notice_key, title, (*words.stands(), *words.where_to_ask()), ())
    return Notice(story.notice_key, words.title(), words.in_full(), story.links)


def digest(notice_key: str, some: Sequence[Notice], locale: str) -> Notice:
    """Return several notices as one: their titles, gravest first as they are given.

    Above DIGEST_MAX of them the rest is counted.
    """
    said = phrases(locale)
    lines = [one.title for one in some[:DIGEST_MAX]]
    if len(some) > DIGEST_MAX:
        lines.append(said["more"].format(count=len(some) - DIGEST_MAX))
    links = dict.fromkeys(link for one in some for link in one.links)
    title = said["digest_one" if len(some) == 1 else "digest"].format(count=len(some))
    return Notice(notice_key, title, tuple(lines), tuple(links)[:LINKS_MAX])


def trial(notice_key: str, channel: str, locale: str) -> Notice:
    """Return a message that tries out a channel."""
    said = phrases(locale)
    title = said["trial"].format(channel=channel)
    return Notice(notice_key, title, (said["trial_line"],), ())


class _Words:
    def __init__(self, story: Story, numbers: Numbers, said: Phrases) -> None:
        self._story, self._numbers, self._said = story, numbers, said

    def _say(self, phrase: str, /, **values: object) -> str:
        story = self._story
        known = {"kpi": story.kpi_name, "period": story.period_name or self._period(), **values}
        return str(self._said[phrase].format(**known))

    def _period(self) -> str:
        story = self._story
        if story.period_start is not None:
            since, last = story.period_start, story.period_end - timedelta(days=1)
            return self._said["span"].format(
                since=self._numbers.day(since), until=self._numbers.day(last)
            )
        return self._said["window" if story.days else "so_far"].format(days=story.days)

    def somebody(self) -> str:
        kind = {"REP": "someone", "TEAM": "team"}.get(self._story.subject_kind)
        return self._say(kind) if kind else self._story.subject_name

    def title(self, prefix: str = "", who: str = "") -> str:
        story, numbers = self._story, self._numbers
        name = who or (
            f"{story.subject_name} ({story.place})" if story.place else story.subject_name
        )
        if story.is_over:
            return self._say(_OVER.get(story.signal, f"over_{story.reason}"), who=name)
        if story.signal is Signal.HIT_PROBABILITY and story.probability is not None:
            chance = numbers.percent(story.probability)
            return self._say(f"{prefix}unlikely", who=name, probability=chance)
        if story.signal in _MEASURED and story.value is not None:
            return self._say(
                f"{prefix}{_MEASURED[story.signal]}", who=name, days=story.days or 0,
                share=numbers.percent(story.value), minutes=numbers.plain(story.value),
            )  # fmt: skip
        if story.signal in _ODD and story.case is not None:
            return self._odd("", who=name)
        if story.gap_amount > 0 and story.signal is Signal.PACE_BURN:
            return self._say(f"{prefix}behind", who=name, gap=numbers.amount(story.gap_amount))
        return self._say(f"{prefix}watched", who=name)

    def stands(self) -> tuple[str, ...]:
        story, numbers = self._story, self._numbers
        if story.pace_ratio is None or story.attainment_ratio is None:
            return ()
        pace, attained = numbers.percent(story.pace_ratio), numbers.percent(story.attainment_ratio)
        elapsed = numbers.percent(story.elapsed_ratio)
        return (self._say("stands", pace=pace, attainment=attained, elapsed=elapsed),)

    def in_full(self) -> tuple[str, ...]:
        story, numbers = self._story, self._numbers
        lines = list(self.stands())
        if lines and story.rank is not None:
            lines[0] += "; " + self._say("rank", rank=story.rank, of=story.of)
        if story.is_over:
            return tuple(lines)
        if story.case is not None:
            return (*lines, *self._evidence(story.case))
        lines += self._needs("needs")
        range_ = []
        if story.low is not None and story.high is not None:
            low, high = numbers.percent(story.low), numbers.percent(story.high)
            range_.append(self._say("range", low=low, high=high))
        if story.probability is not None and story.signal is not Signal.HIT_PROBABILITY:
            range_.append(self._say("chance", probability=numbers.percent(story.probability)))
        lines += ["; ".join(range_)] if range_ else []
        if story.why is not None:
            write = numbers.percent if story.why.is_ratio else numbers.plain
            actual, usual = write(story.why.actual), write(story.why.usual)
            lines.append(self._say("why", name=story.why.name, actual=actual, usual=usual))
        if story.suggestion:
            lines.append(self._say("suggested", suggestion=story.suggestion))
        return tuple(lines)

    def where_to_ask(self) -> tuple[str, ...]:
        """Return where those may look who may know whom an anomaly is about."""
        is_odd = self._story.signal in _ODD and not self._story.is_over
        return (self._say("ask"),) if is_odd else ()

    def _evidence(self, case: Case) -> tuple[str, ...]:
        step = self._say("suggested", suggestion=self._odd("_do"))
        look = (self._say("look", command=case.command),) if case.command else ()
        return (self._odd("_why"), step, *look)

    def _odd(self, part: str, who: str = "") -> str:
        story, numbers = self._story, self._numbers
        case, value = story.case or Case(), story.value or Decimal(0)
        return self._say(
            _ODD[story.signal] + part, who=who, about=case.about, count=case.number,
            amount=numbers.amount(case.amount), usual=numbers.amount(case.usual),
            number=numbers.plain(case.amount), times=numbers.plain(value),
            share=numbers.percent(value), days=story.days or 0,
        )  # fmt: skip

    def for_the_rep(self) -> tuple[str, ...]:
        lines = [] if self._story.is_over else self._needs("rep_needs")
        if self._story.suggestion and not self._story.is_over:
            lines.append(self._say("rep_suggested", suggestion=self._story.suggestion))
        return (*lines, self._say("rep_help")) if not self._story.is_over else tuple(lines)

    def _needs(self, phrase: str) -> list[str]:
        story, numbers = self._story, self._numbers
        if story.required_per_day is None:
            return []
        required, days = (
            numbers.amount(story.required_per_day),
            numbers.plain(story.business_days_left),
        )
        line = self._say(phrase, required=required, days=days)
        if phrase == "needs" and story.recent_per_day:
            times = numbers.plain(story.required_per_day / story.recent_per_day)
            recent = numbers.amount(story.recent_per_day)
            line += "; " + self._say("recent", recent=recent, times=times)
        return [line]
