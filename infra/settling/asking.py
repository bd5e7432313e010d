"""SQL over settled months and all that they do not hold: together exactly the totals there are.

A rep's month of which a day was touched behind the cut of spm.settled is loose: it is read by days.
"""

LIVE = "generation = (SELECT generation FROM spm.warehouse FINAL)"
TOPICS = ("crm.calls", "crm.emails", "crm.meetings", "crm.deals")  # the index of the table has them
MONTH = "toDate32(toStartOfMonth(day))"
# One value under one name: each time the engine reads such a subquery costs it a millisecond.
STATE = (
    "WITH (SELECT argMax((since, until, keys, reached, lowest), version) FROM spm.settled "
    "WHERE (generation, incarnation) = (SELECT (generation, incarnation) FROM spm.warehouse FINAL))"
    " AS settled"
)
SINCE, UNTIL, _KEYS, _REACHED, _LOWEST = (f"settled.{n}" for n in range(1, 6))


def _touched() -> str:
    """Return the condition that a row of totals was touched behind the cut."""
    found = [f"if(topic = '{topic}', position, 0)" for topic in TOPICS]
    found.append(" * ".join(["position", *(f"(topic != '{topic}')" for topic in TOPICS)]))
    # For the index, which leaves out granules by it: no partition of a topic stands lower.
    maybe = " OR ".join(f"{one} >= {_LOWEST}[{n}]" for n, one in enumerate(found, 1))
    place = f"indexOf({_KEYS}, concat(topic, '/', toString(partition)))"
    return f"({maybe}) AND position >= {_REACHED}[{place}]"


def loose() -> str:
    """Return SQL for the months of reps that are read by days: month, rep_id."""
    return (
        f"{STATE} SELECT DISTINCT {MONTH} AS month, rep_id FROM spm.kpi_rep_day "
        f"WHERE {LIVE} AND day >= {SINCE} AND day < {UNTIL} AND {_touched()}"
    )


def months(measures: str, loosened: str) -> str:
    """Return SQL for settled months: rep_id, month, measure, currency, value.

    Args:
        measures: names, quoted, by comma; empty for all.
        loosened: SQL for months of reps that are left out, as `loose` has them.
    """
    wanted = f"AND measure IN ({measures}) " if measures else ""
    return (
        f"{STATE} SELECT rep_id, month, measure, currency, value FROM spm.kpi_rep_month FINAL "
        f"WHERE {LIVE} AND month >= {SINCE} AND month < {UNTIL} "
        f"AND upto = least(addMonths(month, 1), {UNTIL}) {wanted}"
        f"AND (month, rep_id) NOT IN ({loosened})"
    )


def rest(measures: str, loosened: str) -> str:
    """Return SQL for the days that `months` leaves out: rep_id, day, measure, currency, value."""
    return (
        f"{STATE} SELECT rep_id, day, measure, currency, toDecimal128(value, 4) AS value "
        f"FROM spm.kpi_rep_day FINAL WHERE {LIVE} AND measure IN ({measures}) "
        f"AND (day < {SINCE} OR day >= {UNTIL} OR ({MONTH}, rep_id) IN ({loosened}))"
    )


def edges(dates: str) -> str:
    """Return SQL for months of reps that some dates divide, as `loose` has them.

    Args:
        dates: SELECT of rep_id and edge.
    """
    return (
        f"{STATE} SELECT toDate32(toStartOfMonth(edge)) AS month, rep_id FROM ({dates}) "
        f"WHERE toDayOfMonth(edge) != 1 AND edge > {SINCE} AND edge < {UNTIL}"
    )


def days(measures: str) -> str:
    """Return SQL for all days: rep_id, day, measure, currency, value."""
    return (
        "SELECT rep_id, day, measure, currency, toDecimal128(value, 4) AS value "
        f"FROM spm.kpi_rep_day FINAL WHERE {LIVE} AND measure IN ({measures})"
    )
