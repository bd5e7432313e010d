"""What the published page says of rules that watch no quota: activity, stalled deals, silence."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date

from schemas.alerts import Alerts, Rule, Signal, Subject
from streams.domain.periods import Span
from tests.calibration.floors import KINDS, story
from tests.calibration.leading import foretold, silences
from tests.calibration.stalling import Fate, fates, worth

REPS = 300  # quarters of which too few meetings are judged
STALLED_ON = ("steady", "transactional", "lumpy", "seasonal")
QUARTER = Span(date(2025, 4, 1), date(2025, 7, 1))
SILENT_DAYS = 90


def beside(policy: Alerts, seed: int, *, reps: int = 0) -> Iterator[str]:
    """Yield what the shipped rules on activity, stalled deals and freshness are worth.

    Args:
        reps: on each floor and of quarters; 0: as many as are published.
    """
    yield from _activity(_rule(policy, Signal.ACTIVITY), seed, reps or REPS)
    yield from _stalled(_rule(policy, Signal.STALLED), seed, reps)
    yield from _silence(policy, seed)


def _rule(policy: Alerts, signal: Signal) -> Rule:
    return next(r for r in policy.rules if r.signal is signal and r.subject is not Subject.TEAM)


def _activity(rule: Rule, seed: int, reps: int) -> Iterator[str]:
    yield "## Too few meetings\n"
    yield (
        f"`{rule.rule_id}` on reps whose revenue comes of meetings weeks before: a meeting becomes "
        "a deal in 22 of 100 cases, which closes four weeks later, more or less; effort changes "
        "about every month; quotas ask for 0.6 to 1.4 times what the plan's meetings bring. The "
        "rule sees meetings alone. Warned: while a quarter of the period was left.\n"
    )
    yield "| quarters | missed at all | warned of | of those warned of, missed | lead |"
    yield "|---:|---:|---:|---:|---:|"
    for n in (seed, seed + 1):
        v = foretold(rule, n, reps)
        yield f"| {v.quarters} | {v.base:.0%} | {v.recall:.0%} | {v.precision:.0%} | {v.lead:.0%} |"
    yield ""


def _stalled(rule: Rule, seed: int, reps: int) -> Iterator[str]:
    yield "## Deals in which nothing moves\n"
    yield (
        f"`{rule.rule_id}` on the floors above; open deals, each counted on each business morning "
        "of a quarter, and which part of them is lost in the end, or never closed.\n"
    )
    yield "| floor | open | lost | that move | lost | still | lost | told of | lost |"
    yield f"|---|{'---:|' * 8}"
    kinds = {kind.name: kind for kind in KINDS}
    for name in STALLED_ON:
        kind = replace(kinds[name], reps=reps or kinds[name].reps)
        some = list(fates(story(kind, seed), QUARTER, rule))
        yield f"| {name} | {' | '.join(_lost(part) for part in _parts(some))} |"
    yield ""


def _parts(some: list[Fate]) -> Iterator[list[Fate]]:
    yield some
    yield [one for one in some if not one.is_still]
    yield [one for one in some if one.is_still]
    yield [one for one in some if one.is_told]


def _lost(some: list[Fate]) -> str:
    v = worth(some)
    return f"{v.deals} | {v.lost:.0%}" if v.deals else "0 | "


def _silence(policy: Alerts, seed: int) -> Iterator[str]:
    rule, other = (_rule(policy, signal) for signal in (Signal.FRESHNESS, Signal.STALLED))
    v = silences(rule, other, policy.late_after_minutes, seed, SILENT_DAYS)
    yield "## A silent source\n"
    yield (
        f"`{rule.rule_id}` on a source that speaks every few minutes for {SILENT_DAYS} days, with "
        f"hiccups of up to half an hour and {v.outages} outages of 90 minutes to 15 hours, looked "
        f"at every five minutes: {v.heard} of {v.outages} were heard, at most {v.delay} minutes "
        f"behind the bound; {v.false} alerts for nothing. An alert of `{other.rule_id}` that fired "
        f"all the time was UNKNOWN at {v.unknown} looks (`late_after_minutes`), and {v.repeated} "
        "messages came of it: neither that it had ended, nor that it began anew."
    )
