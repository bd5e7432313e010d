"""Views of contests: what there is, and what each day of each rep is worth in them."""

from collections.abc import Iterator
from decimal import Decimal

from connectors.sinks.clickhouse import quoted
from infra.settling.asking import LIVE
from schemas.contest_choices import Score, State
from schemas.contests import Contest
from schemas.definitions import Bundle
from streams.domain.contest_measures import folded, measure_of
from streams.domain.contest_times import days, frozen_at, window

# The revision of contests and roster whose members are all there.
MEMBERS = (
    "SELECT * FROM spm.contest_member FINAL WHERE sequence ="
    " (SELECT max(sequence) FROM spm.contest_member WHERE contest_id = '')"
)
_CONTEST = (
    "Array(Tuple(String, String, String, Bool, String, String, String, String,"
    " Int64, Int64, Int64))"
)
_METRIC = "Array(Tuple(String, String, String, String, Decimal(18, 4), Nullable(Decimal(18, 4))))"


def contest(bundle: Bundle) -> str:
    """Return SQL for contests that are no drafts."""
    rows = ", ".join(_row(c) for c in bundle.contests.contests if c.state is not State.DRAFT)
    names = ("contest_id", "name", "state", "hidden", "format", "of", "score", "time_zone")
    taken = ", ".join(f"one.{n} AS {name}" for n, name in enumerate(names, 1))
    instants = ", ".join(
        f"fromUnixTimestamp64Milli(one.{n}, 'UTC') AS {name}"
        for n, name in enumerate(("starts_at", "ends_at", "frozen_at"), 9)
    )
    return (
        f"SELECT {taken}, {instants} FROM (SELECT arrayJoin(CAST([{rows}], '{_CONTEST}')) AS one)"
    )


def contest_score(bundle: Bundle) -> str:
    """Return SQL for what each rep has of each metric on each day, after the cap, in points."""
    some = folded(bundle)
    metrics = ", ".join(row for c in some for row in _metrics(c))
    spans = [days(c) for c in some]
    first = min((s[0] for s in spans), default=None)
    last = max((s[1] for s in spans), default=None)
    within = f"day >= '{first}' AND day < '{last}'" if some else "0"
    names = ", ".join(quoted(measure_of(c, m)) for c in some for m in c.metrics) or "''"
    return f"""
SELECT metric.1.1 AS contest_id, metric.1.2 AS metric_id, member.participant_id AS participant_id,
    total.rep_id AS rep_id, total.day AS day, metric.1.4 AS kpi, total.currency AS currency,
    total.value AS value,
    if(metric.1.6 IS NULL, total.value, least(total.value, assumeNotNull(metric.1.6))) AS counted,
    CAST(counted * metric.1.5, 'Decimal(38, 8)') AS score
FROM
(
    SELECT toString(rep_id) AS rep_id, day, toString(measure) AS measure,
        toString(currency) AS currency, sum(toDecimal128(value, 4)) AS value
    FROM spm.kpi_rep_day FINAL WHERE {LIVE} AND {within} AND measure IN ({names})
    GROUP BY rep_id, day, measure, currency
) AS total
INNER JOIN
(
    SELECT tuple(one) AS metric, one.3 AS measure, one.1 AS contest_id
    FROM (SELECT arrayJoin(CAST([{metrics}], '{_METRIC}')) AS one)
) AS asked ON asked.measure = total.measure
INNER JOIN ({MEMBERS}) AS member
    ON member.contest_id = asked.contest_id AND member.rep_id = total.rep_id
WHERE total.day >= member.valid_from AND total.day < member.valid_to"""


def _row(one: Contest) -> str:
    texts = (one.contest_id, one.name, one.state, str(one.hidden).lower(), one.format, one.of,
             one.score, one.time_zone)  # fmt: skip
    whole = window(one)
    told = [text if n == 3 else quoted(text) for n, text in enumerate(texts)]
    return f"({', '.join(told)}, {whole.start}, {whole.end}, {frozen_at(one)})"


def _metrics(one: Contest) -> Iterator[str]:
    for metric in one.metrics:
        points = metric.points if one.score is Score.POINTS else Decimal(1)
        cap = "NULL" if metric.cap_per_day is None else _decimal(metric.cap_per_day)
        names = (one.contest_id, metric.metric_id, measure_of(one, metric), metric.kpi)
        yield f"({', '.join(map(quoted, names))}, {_decimal(points)}, {cap})"


def _decimal(value: Decimal) -> str:
    return f"toDecimal64('{value:f}', 4)"
