"""KPIs per subject and period as SELECTs: sums first, then each formula once, exactly.

Branches of one view, so that a filter on grain or kpi leaves out those it rules out: measures as
they are, formulas over measures alone (by grain), and one for each KPI that reads deals or
activities, since those are read as a whole.
"""

from collections.abc import Iterable, Iterator, Sequence
from enum import StrEnum

from connectors.sinks.clickhouse import quoted
from infra.bi import grains, inputs
from infra.bi.context import Context
from infra.bi.exact import decimal
from infra.bi.formulas import aggregate, columns_of, name_of, tuple_of
from streams.domain.kpis import Computed, Origin, Wanted

COLUMNS = "subject_id, kpi_id, grain, period_start, period_end, currency, numerator, denominator, value"


class Subject(StrEnum):
    """Whose numbers: what reps are added up to."""

    REP = "REP"
    TEAM = "TEAM"
    REGION = "REGION"
    COMPANY = "COMPANY"


def kpis(computed: Sequence[Computed], subject: Subject, context: Context) -> str:
    """Return SQL for every KPI of every subject of a kind, in every period that has any."""
    plain = tuple(c for c in computed if c.of_measure)
    summed = tuple(c for c in computed if not c.of_measure and _is_summed(c))
    rest = tuple(c for c in computed if not c.of_measure and not _is_summed(c))
    parts: list[str] = []
    for grain in grains.GRAINS:
        if plain:
            parts.append(_measures(plain, subject, grain, context))
        if summed:
            parts.append(one_grain(summed, subject, grain, context))
    parts += [_every_grain(one, subject, context) for one in rest]
    return "\nUNION ALL\n".join(parts)


def _is_summed(computed: Computed) -> bool:
    return all(w.origin is Origin.MEASURE for w in computed.wanted)


def _measures(plain: Sequence[Computed], subject: Subject, grain: str, context: Context) -> str:
    names = tuple(c.kpi.kpi_id for c in plain)
    rows = inputs.measures(names, grains.within(grain, "day", context))
    first = grains.start(grain, "day", context)
    return f"""
SELECT subject_id, name AS kpi_id, {quoted(grain)} AS grain, period_start,
    {grains.following(grain, "period_start")} AS period_end, currency,
    {_DECIMAL.format("total")} AS numerator, CAST(NULL, '{_RESULT}') AS denominator,
    {_DECIMAL.format("total")} AS value
FROM (SELECT subject_id, name, currency, period_start, sum(value) AS total
    FROM (SELECT {_subject(subject)} AS subject_id, name, currency, {first} AS period_start, value
        FROM ({rows}) AS facts {_membership(subject)})
    GROUP BY subject_id, name, currency, period_start)"""


_RESULT = "Nullable(Decimal(38, 10))"
_DECIMAL = f"CAST({{}}, '{_RESULT}')"


def one_grain(
    computed: Sequence[Computed], subject: Subject, grain: str, context: Context
) -> str:
    """Return SQL for formulas, each period of one grain; they share one reading of their lines."""
    wanted = _all_wanted(computed)
    rows = "\n    UNION ALL\n    ".join(
        _placed(line, subject, [(grain, "1")], context, is_previous=is_previous)
        for line, is_previous in _lines(wanted, subject, context)
    )
    return _evaluated(computed, wanted, rows, context)


def _every_grain(one: Computed, subject: Subject, context: Context) -> str:
    """Return SQL for one formula that reads deals or activities, periods of all grains at once."""
    wanted = _all_wanted((one,))
    every = [(grain, "1") for grain in grains.GRAINS]
    rows = "\n    UNION ALL\n    ".join(
        _placed(line, subject, every, context, is_previous=is_previous)
        for line, is_previous in _lines(wanted, subject, context)
    )
    return _evaluated((one,), wanted, rows, context)


def _all_wanted(computed: Iterable[Computed]) -> tuple[Wanted, ...]:
    return tuple(dict.fromkeys(w for c in computed for w in c.wanted))


def _lines(
    wanted: Sequence[Wanted], subject: Subject, context: Context
) -> Iterator[tuple[str, bool]]:
    """Yield SQL for lines of subject_id, day, name, value, and whether they count a period later."""
    for is_previous in (False, True):
        some = [w for w in wanted if w.is_previous is is_previous]
        names = tuple(dict.fromkeys(w.name for w in some if w.origin is Origin.MEASURE))
        if names:
            name = "concat('previous(', name, ')')" if is_previous else "name"
            yield _owned(inputs.measures(names), name, subject), is_previous
        others = {name_of(w): w for w in some if w.origin is not Origin.MEASURE}
        for name, one in others.items():
            if one.name == "quota":
                yield _quota(one, name, subject, context), is_previous
            else:
                yield _owned(inputs.lines(one, context), quoted(name), subject), is_previous


def _owned(rows: str, name: str, subject: Subject) -> str:
    return (
        f"SELECT {_subject(subject)} AS subject_id, facts.day AS day, {name} AS name, "
        f"toDecimal128(facts.value, 4) AS value, toDate32('1970-01-01') AS until "
        f"FROM ({rows}) AS facts {_membership(subject)}"
    )


def _quota(wanted: Wanted, name: str, subject: Subject, context: Context) -> str:
    """Return SQL for quotas, on their first day; `until` is the first day behind them."""
    shape = (
        "Array(Tuple(owner_kind String, owner_id String, measure String, period_start String, "
        "period_end String, amount String, currency String))"
    )
    return (
        f"SELECT quota.2 AS subject_id, toDate32(quota.4) AS day, {quoted(name)} AS name, "
        f"toDecimal128(quota.6, 4) AS value, toDate32(quota.5) AS until FROM (SELECT arrayJoin("
        f"JSONExtract({inputs.content('quotas')}, 'quotas', '{shape}')) AS quota) "
        f"WHERE quota.1 = '{subject}' AND quota.3 = {quoted(wanted.argument)} "
        f"AND quota.7 = {quoted(context.currency)}"
    )


def _placed(
    rows: str,
    subject: Subject,
    some: Sequence[tuple[str, str]],
    context: Context,
    *,
    is_previous: bool,
) -> str:
    """Return SQL for lines with the periods they count in."""
    periods = []
    for grain, _ in some:
        first = grains.placed(grain, "day", context, is_previous=is_previous)
        inside = grains.within(grain, "day", context, is_previous=is_previous)
        own_end = grains.following(grain, grains.start(grain, "day", context))
        inside = f"{inside} AND until <= {own_end}"
        periods.append(f"({quoted(grain)}, {first}, {inside})")
    if len(periods) == 1:
        return (
            f"SELECT subject_id, {quoted(some[0][0])} AS grain, "
            f"{grains.placed(some[0][0], 'day', context, is_previous=is_previous)} AS period_start, "
            f"name, value, {int(is_previous)} AS is_previous FROM ({rows}) WHERE {inside}"
        )
    return (
        f"SELECT subject_id, period.1 AS grain, period.2 AS period_start, name, value, "
        f"{int(is_previous)} AS is_previous FROM ({rows}) "
        f"ARRAY JOIN [{', '.join(periods)}] AS period WHERE period.3"
    )


def _evaluated(
    computed: Sequence[Computed], wanted: Sequence[Wanted], rows: str, context: Context
) -> str:
    columns = columns_of(tuple(wanted))
    taken = ", ".join(f"{aggregate(w)} AS {column}" for w, column in columns.items())
    formulas = ", ".join(tuple_of(c, columns) for c in computed)
    single = quoted(computed[0].kpi.kpi_id) if len(computed) == 1 else "kpi.1"
    units = {c.kpi.kpi_id: context.currency if _is_money(c) else "" for c in computed}
    money = [quoted(kpi_id) for kpi_id, currency in units.items() if currency]
    currency = f"if(kpi_id IN ({', '.join(money)}), {quoted(context.currency)}, '')" if money else "''"
    return f"""
SELECT subject_id, {single} AS kpi_id, grain, period_start,
    {_end()} AS period_end, {currency} AS currency,
    {decimal("kpi.2", "kpi.3")} AS numerator,
    if(kpi.6, {decimal("kpi.4", "kpi.5")}, NULL) AS denominator,
    if(kpi.7, coalesce(quotient, toDecimal128(0, 10)), quotient) AS value
FROM (SELECT *, kpi.2 * kpi.5 AS top, if(kpi.5 = 0, toInt256(0), kpi.3 * kpi.4) AS bottom,
        {decimal("top", "bottom")} AS quotient
    FROM (SELECT subject_id, grain, period_start, arrayJoin([{formulas}]) AS kpi
        FROM (SELECT subject_id, grain, period_start, {taken}
            FROM ({rows})
            GROUP BY subject_id, grain, period_start
            HAVING NOT min(is_previous) OR period_start <= {context.today})))
WHERE value IS NOT NULL OR numerator != 0 OR denominator != 0"""


def _is_money(computed: Computed) -> bool:
    return computed.kpi.unit.startswith("MONEY")


def _end() -> str:
    ends = [f"grain = {quoted(g)}, {grains.following(g, 'period_start')}" for g in grains.GRAINS]
    *some, last = ends
    return f"multiIf({', '.join(some)}, {last.split(', ', 1)[1]})"


def _subject(subject: Subject) -> str:
    if subject is Subject.COMPANY:
        return "'company'"
    return "toString(facts.rep_id)" if subject is Subject.REP else "member.subject_id"


def _membership(subject: Subject) -> str:
    """Return SQL that joins facts with whoever their rep belonged to on their day."""
    if subject in (Subject.REP, Subject.COMPANY):
        return ""
    return (
        "INNER JOIN (SELECT subject_id, rep_id, valid_from, valid_to FROM spm.membership FINAL "
        "WHERE sequence = (SELECT max(sequence) FROM spm.membership) "
        f"AND subject_kind = '{subject}') AS member ON member.rep_id = facts.rep_id "
        "AND facts.day >= member.valid_from AND facts.day < member.valid_to"
    )
