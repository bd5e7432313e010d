"""The published page: what the shipped rules of alerts are worth, beside linear pace."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from schemas.alerts import Rule, Subject
from tests.calibration.seasons import Outage, Season
from tests.calibration.tradeoff import chances, equal_recall, linear, main_rule, of_reps
from tests.calibration.watched import Verdict, as_stories, by_linear_pace, by_rules, judged

Found = Mapping[str, Sequence[Season]]
Dark = Mapping[tuple[str, bool], tuple[Sequence[Season], Outage]]

CLEAR = 0.9  # of the plan

HEAD = """# What alerts are worth

Written by `make calibrate` (`python -m tests.calibration.alerting --write`). Seasons of simulated
floors with a known outcome pass, morning by morning, before the rules of the sample `alerts.yaml`:
the same readings, evidence, days in a row and groups as the service has
(`alert_signals`, `alert_states`, `alert_sending`, `forecast`), every forecast made with what was
known on its morning. Floors are those of [calibration](calibration.md); quotas lie between 0.6 and
1.4 times what the rep usually does. Periods are quarters, on the transactional floor months. Bounds
were chosen on other floors of each kind than those that are told of here.

- *Missed*: the period ended below the quota; *reached*: it did not. Ending at 99 % is missed,
  and nobody can tell it from 101 % months before.
- *Warned*: of the missed, those whose alert fires when a quarter of the period is left. An alert
  that was taken back before does not count. *Lead*: what was left when it began, the median.
- *For nothing*: alerts in a reached period, each beginning counted, also of what had ended before.
- *Linear pace* is what most tools do: actual below so much of the plan to date, told each time.

![Warned against alerts for nothing: the rule (blue), linear pace (brown)](alerting.svg)

Blue: the chance of reaching the quota, at all bounds; the dot is the shipped one. Brown: linear
pace at all bounds. Dashed: eight of ten warned.
"""


def page(rules: Sequence[Rule], found: Found, dark: Dark, beside: Iterable[str] = ()) -> str:
    """Return the page.

    Args:
        beside: lines about rules that watch no quota.
    """
    parts = [
        _bars(rules, found), _against(rules, found), _each(rules, found), _bounds(rules, found),
        _teams(rules, found), _darkness(rules, dark), beside,
    ]  # fmt: skip
    return "\n".join([HEAD, *(line for part in parts for line in (*part, "")), FOOT])


def _bars(rules: Sequence[Rule], found: Found) -> Iterator[str]:
    yield "## The two promises\n"
    yield (
        "All rules of reps together, counting what disturbs somebody (a digest does not, nor a "
        "rule for which a graver one speaks; one that grows graver is told again). A *story* is "
        "what alerts of one rep tell while any of them fires: that it grew graver is part of it.\n"
    )
    yield (
        "| floor | missed | warned | of these, ended below 90 % | lead | reached "
        "| for nothing, each | at most one | most | at most one story |"
    )
    yield "|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|"
    for kind, some in found.items():
        mine = of_reps(some)
        v = judged(by_rules(rules), mine, messages=True)
        clear = judged(by_rules(rules), filter(is_clear, mine), messages=True)
        stories = judged(as_stories(by_rules(rules)), mine)
        yield (
            f"| {kind} | {v.missed} | {v.recall:.0%} | {clear.recall:.0%} of {clear.missed} "
            f"| {v.lead:.0%} | {v.reached} | {v.false:.2f} | {v.quiet:.0%} | {v.worst} "
            f"| {stories.quiet:.0%} |"
        )


def is_clear(season: Season) -> bool:
    """Return whether a quota was missed by more than a tenth, as of the last morning."""
    last = season.pace[-1]
    return not season.is_reached and last is not None and last < CLEAR


def _against(rules: Sequence[Rule], found: Found) -> Iterator[str]:
    rule = main_rule(rules)
    yield "## Beside linear pace\n"
    yield (
        f"`{rule.rule_id}` alone, linear pace below the plan, and linear pace at the bound that "
        "warns of as many with the fewest alerts for nothing (between 30 and 150 %).\n"
    )
    yield "| floor | alarm | warned | precision | lead | for nothing, each | at most one |"
    yield "|---|---|---:|---:|---:|---:|---:|"
    for kind, some in found.items():
        mine = of_reps(some)
        own = judged(by_rules([rule]), mine)
        naive = equal_recall(linear(mine), own.recall)
        alarms = (
            (f"`{rule.rule_id}`", own),
            ("below the plan", judged(by_linear_pace(1), mine)),
            (f"below {naive.bound:.0%} of it", naive.verdict),
        )
        for name, v in alarms:
            yield (
                f"| {kind} | {name} | {v.recall:.0%} | {v.precision:.0%} | {v.lead:.0%} "
                f"| {v.false:.2f} | {v.quiet:.0%} |"
            )


def _each(rules: Sequence[Rule], found: Found) -> Iterator[str]:
    yield "## Rule by rule\n"
    yield "Warned, precision (of how many alerts), lead, for nothing.\n"
    mine = [rule for rule in rules if rule.subject is Subject.REP]
    yield f"| floor | {' | '.join(f'`{rule.rule_id}`' for rule in mine)} |"
    yield f"|---|{'---|' * len(mine)}"
    for kind, some in found.items():
        cells = [_cell(judged(by_rules([rule]), of_reps(some))) for rule in mine]
        yield f"| {kind} | {' | '.join(cells)} |"


def _cell(v: Verdict) -> str:
    if not v.alerts:
        return "silent"
    lead = f", {v.lead:.0%} left" if v.recall else ""
    return f"{v.recall:.0%}, {v.precision:.0%} of {v.alerts}{lead}, {v.false:.2f}"


def _bounds(rules: Sequence[Rule], found: Found) -> Iterator[str]:
    rule = main_rule(rules)
    yield f"## Why {rule.enter:.0%}\n"
    yield (
        f"`{rule.rule_id}` with other bounds (left {rule.leave - rule.enter:.0%} higher, "
        f"{rule.enter_days} business days in a row): warned / for nothing.\n"
    )
    by_kind = {kind: chances(rule, of_reps(some)) for kind, some in found.items()}
    yield f"| bound | {' | '.join(by_kind)} | least warned | most for nothing |"
    yield f"|---|{'---|' * (len(by_kind) + 2)}"
    for column in zip(*by_kind.values(), strict=True):
        if 0.2 <= column[0].bound <= 0.6:
            cells = [f"{one.verdict.recall:.0%} / {one.verdict.false:.2f}" for one in column]
            least = min(one.verdict.recall for one in column)
            most = max(one.verdict.false for one in column)
            mark = "**" if column[0].bound == float(rule.enter) else ""
            yield (
                f"| {mark}{column[0].bound:.0%}{mark} | {' | '.join(cells)} | {least:.0%} "
                f"| {most:.2f} |"
            )


def _teams(rules: Sequence[Rule], found: Found) -> Iterator[str]:
    mine = [rule for rule in rules if rule.subject is Subject.TEAM]
    seasons = [s for some in found.values() for s in some if s.subject == Subject.TEAM]
    yield "## Teams, all floors\n"
    yield "| alarm | missed | warned | precision | lead | reached | for nothing, each |"
    yield "|---|---:|---:|---:|---:|---:|---:|"
    alarms = [(f"`{rule.rule_id}`", by_rules([rule])) for rule in mine]
    for name, alarm in (*alarms, ("below the plan", by_linear_pace(1))):
        v = judged(alarm, seasons)
        yield (
            f"| {name} | {v.missed} | {v.recall:.0%} | {v.precision:.0%} | {v.lead:.0%} "
            f"| {v.reached} | {v.false:.2f} |"
        )


def _darkness(rules: Sequence[Rule], dark: Dark) -> Iterator[str]:
    yield "## When data is late\n"
    yield (
        "The source is away for ten days of a quarter, or six of a month, and brings everything "
        "afterwards. Alerts of reps that began while it was away:\n"
    )
    yield (
        "| floor | the rules | readings that were UNKNOWN | the same, did they not see that data "
        "is late | linear pace |"
    )
    yield "|---|---:|---:|---:|---:|"
    for kind in dict.fromkeys(kind for kind, _ in dark):
        counts = []
        for is_known in (True, False):
            some, outage = dark[kind, is_known]
            counts.append(begun_within(rules, of_reps(some), outage))
        some, outage = dark[kind, False]
        naive = sum(
            season.mornings[one.since] in outage.span
            for season in of_reps(some)
            for one in by_linear_pace(1)(season)
        )
        seen = of_reps(dark[kind, True][0])
        unknown = sum(one.is_late for each in seen for r in each.readings.values() for one in r)
        yield f"| {kind} | {counts[0]} | {unknown} | {counts[1]} | {naive} |"


def begun_within(rules: Sequence[Rule], some: Sequence[Season], outage: Outage) -> int:
    """Return how many alerts began while a source was away."""
    alarm = by_rules(rules)
    return sum(
        season.mornings[one.since] in outage.span for season in some for one in alarm(season)
    )


FOOT = """## What is achieved, and what is not

- **Eight of ten warned with a quarter of the period left**: on every floor, on the one where reps
  ramp up only just. Some of the others end close below their quota (see the column of those that
  ended further below), some lose a deal late. The bound is the lowest that kept the promise with
  room to spare on the floors it was chosen on.
- **At most one alert for nothing in a quarter** holds for nearly everybody if an alert is a story:
  who reaches the quota after all hears at most one, with few exceptions (last column). Counted
  message by message, 93 to 100 % hear at most one on the floors the bounds were chosen on; the
  others hear that their one story grew graver (`quota-out-of-reach`), which is what that rule is
  for. They are told when it has ended. Three months of the transactional floor are one quarter: its
  numbers count three times.
- **Why good again only at 80 %.** On the floors the bounds were chosen on, `quota-unlikely` left at
  60 % and `quota-out-of-reach` entered at 10 % gave at most one message to 90 / 93 / 96 / 87 / 95 /
  92 % (steady to late, as above) and warned of 89 / 88 / 91 / 86 / 83 / 90 %. Left at 80 %, entered
  at 5 %: 94 / 95 / 100 / 93 / 97 / 96 %, and 92 / 88 / 91 / 87 / 88 / 93 % warned: what comes and
  goes half way is no longer taken back and told anew, so more is still standing with a quarter
  left. Not beginning again in the same period after an own recovery, or with a bound twice as
  strict, changed no number by more than two points beside that, and would silence who falls back
  for good: it is not shipped. No second rule at all (`quota-out-of-reach` silent) brings 95 to 100
  % to one message, and loses what tells a doubtful quota from a hopeless one.
- **Some alerts for nothing are not mistakes.** Somebody with a chance of 25 % reaches the quota in
  one of four cases. An alarm without any would know what nobody knows months before.
- **Linear pace** is wrong more often at the same number of warnings, at every bound: it takes the
  luck of the first days for a course. Where quarters end in a rush, or reps ramp up, it says
  "behind" of most.
- **Burn rates** (`pace-act-now`, `pace-this-week`) speak only where many deals are won, and warn of
  fewer and later than a chance does. They stay as they need no forecast, and are seldom wrong.
  `pace-watch` disturbs nobody: it is for the digest.
- **Late data** begins no alert, whatever is missing; the rules without that guard, and linear pace,
  take silence for failure.
- **Activity** says what revenue says weeks later, early and less surely: it warns of two in three
  with most of the period left, and is right somewhat more often than chance. That is a line in a
  digest.
- **Still deals** are lost far more often than those that move, where deals take weeks. Where they
  take months (lumpy), ten still days are ordinary: lengthen `long_days` there to about a third of a
  cycle.
- **Not judged here:** rules on commissions and contests, which are about slips and not about
  chances; hours, rations and digests, which hold messages back and add none; what a warning
  changes. Real floors differ: hold these bounds against your own past before you trust them
  (`pacesetter alerts simulate --since DAY`).
"""
