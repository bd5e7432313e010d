"""Whether broadcasts make sense: what each occasion needs, and contests and KPIs that exist."""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import cast

from infra.definitions.problems import Finding, Path, did_you_mean
from schemas.alerts import Alerts
from schemas.broadcasts import OF_CONTESTS, Broadcast, Occasion
from schemas.contests import Contests
from schemas.defining import Definition
from schemas.definitions import Measures
from schemas.kpis import Kpis

KIND = "alerts"
Values = Mapping[str, Definition]


def check(alerts: Alerts, values: Values) -> Iterator[Finding]:
    """Yield everything wrong with the broadcasts of alerts."""
    twice = Counter(one.broadcast_id for one in alerts.broadcasts)
    taken = {rule.rule_id for rule in alerts.rules}
    for i, one in enumerate(alerts.broadcasts):
        path: Path = ("broadcasts", i)
        if twice[one.broadcast_id] > 1 or one.broadcast_id in taken:
            yield Finding(KIND, (*path, "broadcast_id"), one.broadcast_id,
                          "stands on another broadcast or rule", "give each its own")  # fmt: skip
        yield from _fits(path, one)
        yield from _names(path, one, values)


def _fits(path: Path, one: Broadcast) -> Iterator[Finding]:
    if one.occasion is Occasion.DEAL_WON and one.at_least is None:
        yield Finding(KIND, (*path, "at_least"), "", "is missing: not every deal is news",
                      "write an amount in the reporting currency")  # fmt: skip
    given = {
        "at_least": (one.at_least is not None, one.occasion is Occasion.DEAL_WON),
        "contests": (bool(one.contests), one.occasion in OF_CONTESTS),
        "kpis": (bool(one.kpis), one.occasion is Occasion.QUOTA_REACHED),
    }
    for name, (is_there, fits) in given.items():
        if is_there and not fits:
            yield Finding(KIND, (*path, name), "", f"a {one.occasion} has none", "leave it out")


def _names(path: Path, one: Broadcast, values: Values) -> Iterator[Finding]:
    contests = cast(Contests | None, values.get("contests"))
    if contests is not None:
        known = {each.contest_id for each in contests.contests}
        for j, name in enumerate(one.contests):
            if name not in known:
                yield Finding(KIND, (*path, "contests", j), name, "is no contest that exists",
                              did_you_mean(name, known, "write one of contests.yaml"))  # fmt: skip
    measures = cast(Measures | None, values.get("measures"))
    kpis = cast(Kpis | None, values.get("kpis"))
    if measures is None or kpis is None:
        return
    there = {m.measure for m in measures.measures} | {k.kpi_id for k in kpis.kpis}
    for j, name in enumerate(one.kpis):
        if name not in there:
            yield Finding(KIND, (*path, "kpis", j), name, "is no KPI that exists",
                          did_you_mean(name, there, "write a KPI"))  # fmt: skip
