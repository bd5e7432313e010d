"""KPIs per subject and period as SELECTs: sums first, then each formula once, exactly.

A view is a few branches: measures as they are, and one for each set of tables that formulas read.
Formulas and grains are small tables on the right of a join, so a filter on `kpi_id` or `grain`
reaches them, and a branch whose formulas it rules out reads nothing.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

from connectors.sinks.clickhouse import quoted
from infra.bi import formulas, grains
from infra.bi.context import Context
from infra.bi.lines import family_of, lines
from infra.bi.subjects import Subject, membership, subject_id
from infra.bi.sums import SHORT, fewer_sums_of, sums_of, sums_of_months
from streams.domain.kpi_trees import Computed, Origin, Wanted, unit_of
from streams.domain.polynomials import scale_of

RESULT = "Nullable(Decimal(38, 10))"


def kpis(computed: Sequence[Computed], subject: Subject, context: Context) -> str:
    """Return SQL for every KPI of every subject of a kind, in every period that has any; or ''."""
    parts = []
    if plain := tuple(c for c in computed if c.of_measure):
        parts.append(_measures(fewer_sums_of(_names(plain), subject, context)))
    families = defaultdict[frozenset[str], list[Computed]](list)
    for one in computed:
        if not one.of_measure:
            families[frozenset(map(family_of, one.wanted)) - {"measures"}].append(one)
    parts += [evaluated(some, subject, context) for _, some in sorted(families.items(), key=str)]
    return "\nUNION ALL\n".join(parts)


def measures(plain: Sequence[Computed], subject: Subject, context: Context) -> str:
    """Return the same SQL for measures alone, from settled months as far as they reach."""
    return _measures(sums_of(_names(plain), subject, context)) if plain else ""


def _names(plain: Sequence[Computed]) -> str:
    return ", ".join(quoted(c.kpi.kpi_id) for c in plain)


def _measures(parts: Iterable[str]) -> str:
    total = f"CAST(total, '{RESULT}')"
    sums = "\n        UNION ALL ".join(parts)
    return f"""
SELECT subject_id, measure AS kpi_id, grain, period_start, period_end, currency,
    {total} AS numerator, CAST(NULL, '{RESULT}') AS denominator, {total} AS value
FROM (SELECT subject_id, measure, grain, currency, period_start, period_end, sum(value) AS total
    FROM ({sums})
    GROUP BY subject_id, measure, grain, currency, period_start, period_end)"""


def evaluated(computed: Sequence[Computed], subject: Subject, context: Context) -> str:
    """Return SQL for formulas over the same tables, with columns as all KPIs have them."""
    wanted = formulas.wanted_of(computed)
    slots = slots_of(wanted)
    rows = formulas.rows(computed, wanted, lambda w: slots[base_of(w)], context.currency)
    results = formulas.evaluated("taken", formulas.factors_of(computed))
    return f"""
SELECT subject_id, kpi_id, grain, period_start, period_end, currency,
    done[2] AS numerator, done[3] AS denominator, done[1] AS value
FROM (SELECT subject_id, kpi_id, grain, period_start, period_end, currency, {results} AS done
    FROM ({taken(wanted, subject, context)}) AS lines
    INNER JOIN (SELECT *, 1 AS every FROM ({rows})) AS formulas ON formulas.every = lines.every
    WHERE hasAny(lines.present, formulas.slots))
WHERE arrayExists((x, n) -> x != 0 OR (n = 1 AND x IS NOT NULL), done, [1, 2, 3])"""


def taken(wanted: Sequence[Wanted], subject: Subject, context: Context) -> str:
    """Return SQL for what is wanted of each subject and period: `taken`, whole, and a 1 behind."""
    slots = slots_of(wanted)
    return f"""
    SELECT subject_id, grain, period_start, period_end, 1 AS every, found.1 AS present,
        {taken_of("found", wanted, slots)} AS taken
    FROM (SELECT subject_id, grain, period_start, period_end, {FOUND} AS found
        FROM (SELECT subject_id, grain, period_start, period_end, slot, sum(value) AS total,
                count() AS n, min(is_previous) AS is_later,
                arraySort(groupArrayIf(value, slot IN ({samples(wanted, slots)}))) AS sample
            FROM ({_lines(slots, wanted, subject, context)})
            GROUP BY subject_id, grain, period_start, period_end, slot)
        GROUP BY subject_id, grain, period_start, period_end
        HAVING NOT min(is_later) OR period_start <= {context.today})"""


def taken_of(found: str, wanted: Sequence[Wanted], slots: Mapping[Wanted, int]) -> str:
    """Return SQL for what is wanted, as whole numbers with a 1 behind, from a column as FOUND."""
    places = ", ".join(
        f"({slots[base_of(one)]}, {_WHICH[one.statistic]}, {_multiplier(one)})" for one in wanted
    )
    return (
        f"arrayPushBack(arrayMap(w -> toInt256(toDecimal256({found}.2[indexOf({found}.1, w.1)]"
        f"[w.2], 4) * toInt256(w.3)), [{places}]), toInt256(1))"
    )


def samples(wanted: Sequence[Wanted], slots: Mapping[Wanted, int]) -> str:
    """Return the slots, by comma, of whose lines each value counts."""
    return ", ".join(str(n) for one, n in slots.items() if _is_sample(one, wanted)) or "0"


# What is known of the lines of one slot, and the place of each. The middle is that of two values.
_STATISTICS = (
    "arrayMap(s -> [total, toDecimal128(n, 4), s[intDiv(length(s) + 1, 2)] "
    "+ s[intDiv(length(s), 2) + 1], s[intDiv(9 * length(s) + 9, 10)]], [sample])[1]"
)
FOUND = f"(groupArray(slot), groupArray({_STATISTICS}))"  # of rows: slot, total, n, sample
_WHICH = {"": 1, "count": 2, "median": 3, "p90": 4}


def base_of(wanted: Wanted) -> Wanted:
    """Return the input something is taken from; all its statistics share its lines."""
    return wanted._replace(statistic="", unit=unit_of(wanted))


def slots_of(wanted: Sequence[Wanted]) -> dict[Wanted, int]:
    """Return a slot for each input that something is taken from."""
    return {one: slot for slot, one in enumerate(dict.fromkeys(map(base_of, wanted)), 1)}


def _is_sample(base: Wanted, wanted: Sequence[Wanted]) -> bool:
    return base.name != "quota" and any(w.statistic for w in wanted if base_of(w) == base)


def _multiplier(wanted: Wanted) -> int:
    scale = scale_of(wanted)
    return scale // 2 if wanted.statistic == "median" else scale  # two values are added there


def _lines(
    slots: Mapping[Wanted, int], wanted: Sequence[Wanted], subject: Subject, context: Context
) -> str:
    """Return SQL for lines of subject, slot and period: sums from settled months, where they do."""
    are_sums = all(w.origin is Origin.MEASURE and not w.statistic for w in wanted)
    if not are_sums or context.starts:
        return _periods(slots, subject, context, grains.GRAINS)
    short = _periods(slots, subject, context, SHORT)
    return f"{short}\n        UNION ALL {_of_months(slots, subject, context)}"


def _of_months(slots: Mapping[Wanted, int], subject: Subject, context: Context) -> str:
    """Return SQL for the same lines of periods that are made of months."""
    names = list(dict.fromkeys(w.name for w in slots))
    listed = ", ".join(map(quoted, names))
    uses = [[(n, int(w.is_previous)) for w, n in slots.items() if w.name == name] for name in names]
    sums = " UNION ALL ".join(sums_of_months(listed, subject, context))
    uses_of = f"CAST({quoted(str(uses))}, 'Array(Array(Tuple(UInt16, UInt8)))')"
    sizes = [grains.GRAINS[grain][0] for grain in grains.OF_MONTHS]
    months = f"transform(grain, {list(grains.OF_MONTHS)}, {sizes}, 0)"
    return f"""
        SELECT subject_id, use.1 AS slot, value, use.2 AS is_previous, grain,
            if(is_previous = 1, first_behind, first) AS period_start,
            addMonths(period_start, {months}) AS period_end
        FROM (SELECT subject_id, grain, period_start AS first, period_end AS first_behind,
                toDecimal128(value, 4) AS value,
                arrayJoin({uses_of}[indexOf([{listed}], toString(measure))]) AS use
            FROM ({sums}))"""


def _periods(
    slots: Mapping[Wanted, int], subject: Subject, context: Context, some: Iterable[str]
) -> str:
    rows = "\n        UNION ALL\n        ".join(owned(slots, subject, context))
    return f"""
        SELECT subject_id, slot, value, is_previous, grain,
            if(is_previous = 1 AND rolling = 0, behind, first) AS period_start,
            if(is_previous = 1 AND rolling = 0, {grains.following("behind", context)}, behind)
                AS period_end
        FROM (SELECT facts.*, grain, months, days, rolling, starts,
                {grains.start(context)} AS first,
                {grains.following("first", context)} AS behind
            FROM ({rows}) AS facts
            INNER JOIN ({grains.rows(context, some)}) AS grains ON grains.every = facts.every
            WHERE {grains.inside("is_previous")})
        WHERE until <= behind"""


def owned(
    slots: Mapping[Wanted, int], subject: Subject, context: Context, currency: str = ""
) -> Iterator[str]:
    """Yield SQL for lines of subject_id, day, slot, value, is_previous and until.

    Args:
        currency: column of measures' lines that is wanted, too.
    """
    more = f", facts.{currency} AS {currency}" if currency else ""
    for is_previous in (False, True):
        some = {w: slot for w, slot in slots.items() if w.is_previous is is_previous}
        for rows in lines({w: s for w, s in some.items() if w.name != "quota"}, context):
            yield (
                f"SELECT {subject_id(subject)} AS subject_id, facts.day AS day, "
                f"facts.slot AS slot, facts.value AS value, {int(is_previous)} AS is_previous, "
                f"toDate32('1970-01-01') AS until, 1 AS every{more} FROM ({rows}) AS facts "
                f"{membership(subject)}"
            )
        for wanted, slot in some.items():
            if wanted.name == "quota":
                yield _quota(wanted, slot, int(is_previous), subject, context)


def _quota(wanted: Wanted, slot: int, is_previous: int, subject: Subject, context: Context) -> str:
    """Return SQL for quotas, on their first day; `until` is the first day behind them."""
    return (
        f"SELECT subject_id, period_start AS day, toUInt16({slot}) AS slot, "
        f"toDecimal128(amount, 4) AS value, {is_previous} AS is_previous, period_end AS until, "
        "1 AS every FROM spm.quota FINAL WHERE sequence = (SELECT max(sequence) FROM spm.planning) "
        f"AND subject_kind = '{subject}' AND kpi = {quoted(wanted.argument)} "
        f"AND currency = {quoted(context.currency)}"
    )
