"""What stands out in contests: hours in which more was done than anybody does, changed results."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from connectors.sinks.clickhouse import quoted
from infra.alerting.commission_looks import Anomaly, Sight
from infra.alerting.reading import SETTINGS, Warehouse
from infra.contests.standing import by_formula, standing
from schemas.alert_story import Case
from schemas.contest_choices import State
from schemas.contests import Contest
from schemas.definitions import COMPANY_ID, Bundle
from streams.domain.contest_measures import measure_of
from streams.domain.contest_prizes import Won
from streams.domain.contest_times import frozen_at, millis, moment, window
from streams.domain.periods import DAY


def rushes(warehouse: Warehouse, bundle: Bundle, sight: Sight) -> Iterator[Anomaly]:
    """Yield the most activities that a rep did in one hour of a contest that is not final yet.

    Hours of the clock, of UTC: a rush that lies across two of them counts half in each.
    """
    for contest in _under_way(bundle, sight.until):
        rows = list(_busiest(warehouse, contest, sight).iter_rows())
        for rep, count, entity in rows:
            others = max((n for who, n, _ in rows if who != rep), default=0)
            command = f"pacesetter explain activity {entity}"
            case = Case(contest.contest_id, Decimal(count), Decimal(others), count, command)
            for subject in sight.subjects_of(rep):
                yield Anomaly(subject, contest.contest_id, "", Decimal(count), Decimal(1), case)


def changed_results(
    warehouse: Warehouse, bundle: Bundle, sight: Sight, now: datetime
) -> Iterator[Anomaly]:
    """Yield final results of late: how many prizes others would win by what is known now.

    A contest is counted anew only once something came behind the cut of its result.
    """
    contests = {c.contest_id: c for c in bundle.contests.contests}
    since, until = millis(sight.since), millis(sight.until)
    finals = warehouse.frame(
        "SELECT contest_id, participant_id, place, prize_amount, things, cut "
        "FROM spm.contest_result FINAL WHERE (contest_id, finalized_at) IN ("
        "SELECT contest_id, min(finalized_at) AS first FROM spm.contest_result GROUP BY contest_id "
        f"HAVING first >= fromUnixTimestamp64Milli({since}) "
        f"AND first <= fromUnixTimestamp64Milli({until})) ORDER BY contest_id, place {SETTINGS}"
    )
    for (contest_id,), rows in finals.group_by("contest_id", maintain_order=True):
        contest = contests.get(str(contest_id))
        if contest is None or by_formula(bundle, contest):
            continue
        final = list(rows.iter_rows(named=True))
        if not _came_since(warehouse, contest, final[0]["cut"]):
            continue
        count = _others_win(standing(warehouse, bundle, contest, now).won, final)
        command = f"pacesetter contest standings {contest.contest_id}"
        case = Case(contest.contest_id, number=count, command=command)
        yield Anomaly(COMPANY_ID, contest.contest_id, "", Decimal(count), Decimal(1), case)


def _under_way(bundle: Bundle, now: datetime) -> Iterator[Contest]:
    for contest in bundle.contests.contests:
        begun, frozen = moment(window(contest).start), moment(frozen_at(contest))
        # A day longer: what was done in the last hour is seen, and results are made final by hand.
        if contest.state is State.OPEN and begun <= now < frozen + timedelta(days=1):
            yield contest


def _busiest(warehouse: Warehouse, contest: Contest, sight: Sight) -> Any:
    """Return each rep's most activities in an hour, and one of them."""
    wanted = ", ".join(quoted(measure_of(contest, metric)) for metric in contest.metrics)
    first, last = sight.since.date() - DAY, sight.until.date() + DAY
    return warehouse.frame(
        "SELECT rep, max(activities) AS most, argMax(one, activities) AS one FROM ("
        "SELECT rep, toStartOfHour(at, 'UTC') AS hour, count() AS activities, "
        "max(entity_id) AS one "
        "FROM (SELECT entity_id, argMax(rep_id, position) AS rep, "
        "argMax(occurred_at, position) AS at, argMax(op, position) AS newest, "
        "argMax(measure, position) AS counted FROM spm.activity WHERE entity_id IN ("
        f"SELECT entity_id FROM spm.contest_event WHERE measure IN ({wanted}) "
        f"AND day >= '{first}' AND day <= '{last}') GROUP BY entity_id "
        f"HAVING hasAny(counted, [{wanted}]) AND newest != 'CANCELLED') "
        f"WHERE at >= fromUnixTimestamp64Milli({millis(sight.since)}) "
        f"AND at <= fromUnixTimestamp64Milli({millis(sight.until)}) "
        f"GROUP BY rep, hour) GROUP BY rep ORDER BY rep {SETTINGS}"
    )


def _came_since(warehouse: Warehouse, contest: Contest, cut: list[str]) -> bool:
    """Return whether a total of the contest was touched behind the cut of its result."""
    known = dict(one.rsplit("=", 1) for one in cut)
    wanted = ", ".join(quoted(measure_of(contest, metric)) for metric in contest.metrics)
    rows = warehouse.frame(
        "SELECT concat(topic, '/', toString(partition)) AS part, max(position) AS newest "
        f"FROM spm.kpi_rep_day WHERE measure IN ({wanted}) GROUP BY part {SETTINGS}"
    )
    return any(newest >= int(known.get(part, 0)) for part, newest in rows.iter_rows())


def _others_win(won: Any, final: list[dict[str, Any]]) -> int:
    """Return how many who won a prize would not win it now."""
    winners = [one for one in final if one["prize_amount"] or one["things"]]
    now = [won.get(one["participant_id"], Won()) for one in winners]
    then = [(one["prize_amount"], list(one["things"])) for one in winners]
    pairs = zip(now, then, strict=True)
    return sum((each.amount, list(each.things)) != before for each, before in pairs)
