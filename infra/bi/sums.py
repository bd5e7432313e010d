"""Measures added up by period: from settled months where a period is made of them, or by days."""

from collections.abc import Iterable, Iterator

from infra.bi import grains
from infra.bi.context import Context
from infra.bi.subjects import Subject, membership, subject_id
from infra.settling import asking

SHORT = tuple(grain for grain in grains.GRAINS if grain not in grains.OF_MONTHS)


def sums_of(measures: str, subject: Subject, context: Context) -> Iterator[str]:
    """Yield SQL for parts of sums: subject_id, measure, currency, grain, period and value.

    A filter on grain or period_start leaves out the parts, and the months, that it rules out.

    Args:
        measures: names, quoted, by comma.
    """
    if context.starts:  # periods of whole weeks are not made of months
        yield sums_by_days(measures, subject, context)
        return
    loosened = loose(subject)
    yield _by_days(asking.days(measures), subject, context, SHORT)
    yield _by_days(asking.rest(measures, loosened), subject, context, grains.OF_MONTHS)
    months = _months(measures, subject, loosened)
    for grain in grains.OF_MONTHS:
        first = grains.of_month(grain, context)
        behind = f"addMonths(period_start, {grains.GRAINS[grain][0]})"
        yield (
            f"SELECT subject_id, measure, currency, value, '{grain}' AS grain, "
            f"{first} AS period_start, {behind} AS period_end FROM ({months})"
        )


def sums_of_months(measures: str, subject: Subject, context: Context) -> Iterator[str]:
    """Yield SQL for parts of sums of the periods that are made of months."""
    loosened = loose(subject)
    yield _by_days(asking.rest(measures, loosened), subject, context, grains.OF_MONTHS)
    months = (
        "SELECT subject_id, month AS day, measure, currency, value, 1 AS every "
        f"FROM ({_months(measures, subject, loosened)})"
    )
    yield (
        f"SELECT subject_id, measure, currency, value, grain, {grains.start(context)} "
        f"AS period_start, {grains.following('period_start', context)} AS period_end "
        f"FROM ({months}) AS facts INNER JOIN ({grains.rows(context, grains.OF_MONTHS)}) AS grains "
        "ON grains.every = facts.every"
    )


def _months(measures: str, subject: Subject, loosened: str) -> str:
    """Return SQL for settled months: subject_id, month, measure, currency, value."""
    months = asking.months(measures, loosened)
    if subject is Subject.REP:
        return f"SELECT rep_id AS subject_id, month, measure, currency, value FROM ({months})"
    return (  # few subjects: added up before periods are told
        f"SELECT subject_id, month, measure, currency, sum(value) AS value FROM (SELECT "
        f"{subject_id(subject)} AS subject_id, month, measure, currency, value "
        f"FROM ({months}) AS facts {membership(subject, 'facts.month', _NEXT)}) "
        "GROUP BY subject_id, month, measure, currency"
    )


def fewer_sums_of(measures: str, subject: Subject, context: Context) -> Iterator[str]:
    """Yield SQL for the same in fewer parts, quicker to understand; a filter saves no months."""
    if context.starts:
        yield sums_by_days(measures, subject, context)
        return
    yield _by_days(asking.days(measures), subject, context, SHORT)
    yield from sums_of_months(measures, subject, context)


def sums_by_days(measures: str, subject: Subject, context: Context) -> str:
    """Return SQL for the same sums, all of them by days."""
    return _by_days(asking.days(measures), subject, context, grains.GRAINS)


_NEXT = "addMonths(facts.month, 1)"


def loose(subject: Subject) -> str:
    """Return SQL for months of reps that are read by days: touched, or divided between subjects."""
    touched = asking.loose()
    if subject in (Subject.REP, Subject.COMPANY):
        return touched
    dates = (
        "SELECT rep_id, arrayJoin([valid_from, valid_to]) AS edge FROM spm.membership "
        "WHERE sequence = (SELECT max(sequence) FROM spm.membership "
        "WHERE subject_kind = 'COMPANY' AND rep_id = 'unassigned') "
        f"AND subject_kind = '{subject}'"
    )
    return f"{touched} UNION ALL {asking.edges(dates)}"


def _by_days(rows: str, subject: Subject, context: Context, some: Iterable[str]) -> str:
    chosen = grains.rows(context, some)
    return (
        f"SELECT {subject_id(subject)} AS subject_id, measure, currency, value, grain, "
        f"{grains.start(context)} AS period_start, "
        f"{grains.following('period_start', context)} AS period_end "
        f"FROM (SELECT *, 1 AS every FROM ({rows})) AS facts "
        f"INNER JOIN ({chosen}) AS grains ON grains.every = facts.every "
        f"{membership(subject)} WHERE {grains.inside()}"
    )
