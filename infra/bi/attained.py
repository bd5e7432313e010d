"""What has been done of every quota: columns of spm.quota, `day` and `actual`, as SELECTs.

Measures are added up over the rep-days that count for a quota's owner. A KPI with a formula is
evaluated from the lines that the views of KPIs read, cut to the quota's period and day.
"""

from collections.abc import Collection, Iterator, Sequence

from connectors.sinks.clickhouse import quoted
from infra.bi import formulas
from infra.bi.context import Context
from infra.bi.kpi_views import FOUND, base_of, owned, samples, slots_of, taken_of
from infra.bi.subjects import Subject
from infra.settling.asking import LIVE
from streams.domain.attaining import is_of_now
from streams.domain.kpi_trees import Computed

KEYS = ("subject_kind", "subject_id", "quota_id")
ACTUAL = "Nullable(Decimal(38, 4))"
_KEYS = ", ".join(KEYS)
_AT = "sequence = (SELECT max(sequence) FROM spm.planning)"
_MEMBERS = (
    "SELECT * FROM spm.membership FINAL WHERE sequence = (SELECT max(sequence) "
    "FROM spm.membership WHERE subject_kind = 'COMPANY' AND rep_id = 'unassigned')"
)


class Attained:
    """The parts of one view: of quotas whose period runs, or (by_day) of all and each day."""

    def __init__(
        self,
        computed: Sequence[Computed],
        owners: Collection[Subject],
        context: Context,
        *,
        by_day: bool,
    ) -> None:
        """Take the KPIs with a formula that any quota asks for, and who has such quotas."""
        self.computed, self.context, self.by_day = computed, context, by_day
        self._owners = sorted(owners)
        self.formulas = ", ".join(quoted(c.kpi.kpi_id) for c in computed)

    def parts(self) -> Iterator[str]:
        """Yield SQL for quotas on measures, then for those on formulas if there are any."""
        yield self._measures()
        if self.computed:
            yield self._formulas()

    def _measures(self) -> str:
        where = f"kpi NOT IN ({self.formulas})" if self.formulas else "1"
        if not self.by_day:
            done = f"SELECT {_KEYS}, sum(value) AS done FROM ({self._done(where)}) GROUP BY {_KEYS}"
            actual = f"CAST(done.done, '{ACTUAL}')"
        else:
            done = (
                f"SELECT {_KEYS}, day, sum(value) AS done FROM ({self._done(where)}) "
                f"GROUP BY {_KEYS}, day"
            )
            until = f"OVER (PARTITION BY {_by('q')} ORDER BY q.day)"
            actual = f"CAST(sum(done.done) {until}, '{ACTUAL}')"
        return (
            f"SELECT q.*, {actual} AS actual FROM ({self._days(where)}) AS q "
            f"LEFT JOIN ({self._theirs(done, 'done')}) AS done ON {self._same('done')}"
        )

    def _done(self, where: str) -> str:
        """Return SQL for what counts for quotas on measures, a line for each part of a rep-day.

        Facts are read once, beside all that may count them: reading them again for each kind of
        owner would cost more than anything else here.
        """
        asked = f"{_KEYS}, kpi, currency, period_start, period_end"
        mine = self._asked(where)
        whose = f"""
            SELECT subject_id AS rep_id, toDate32('1900-01-01') AS valid_from,
                toDate32('2299-12-31') AS valid_to, {asked}
            FROM ({mine}) WHERE subject_kind = 'REP'
            UNION ALL SELECT m.rep_id, m.valid_from, m.valid_to, {_of("q", asked)}
            FROM ({_MEMBERS} AND subject_kind != 'REP') AS m
            INNER JOIN (SELECT * FROM ({mine}) WHERE subject_kind != 'REP') AS q
                ON q.subject_kind = m.subject_kind AND q.subject_id = m.subject_id"""
        return f"""
            SELECT {_of("q")}, f.day AS day, f.value AS value
            FROM (SELECT rep_id, day, measure, currency, toDecimal128(value, 4) AS value
                FROM spm.kpi_rep_day FINAL WHERE {LIVE} AND day >= ({self._first("period_start")})
            ) AS f
            INNER JOIN ({whose}) AS q
                ON q.rep_id = f.rep_id AND q.kpi = f.measure AND q.currency = f.currency
            WHERE f.day >= q.period_start AND f.day < q.period_end
                AND f.day >= q.valid_from AND f.day < q.valid_to"""

    def _formulas(self) -> str:
        where = f"kpi IN ({self.formulas})"
        wanted = formulas.wanted_of(self.computed)
        slots = slots_of(wanted)
        rows = formulas.rows(self.computed, wanted, lambda w: slots[base_of(w)], "")
        value = f"{formulas.evaluated('taken', formulas.factors_of(self.computed))}[1]"
        found = self._found(where, rows)
        return f"""
        SELECT * EXCEPT value, CAST(toDecimal128(roundBankers(value, 4), 4), '{ACTUAL}') AS actual
        FROM (SELECT * EXCEPT (is_zero, sums, results, taken), {value} AS value FROM (
                SELECT q.*, f.is_zero AS is_zero, f.sums AS sums, f.results AS results,
                    {taken_of("done.found", wanted, slots)} AS taken
                FROM ({self._days(where)}) AS q
                LEFT JOIN ({self._theirs(found, "found")}) AS done ON {self._same("done")}
                INNER JOIN (SELECT kpi_id, is_zero, sums, results FROM ({rows})) AS f
                    ON f.kpi_id = q.kpi))"""

    def _found(self, where: str, rows: str) -> str:
        """Return SQL for what is known of each input of quotas, from the lines there are."""
        lines = self._lines(where, rows)
        if not self.by_day:
            each = f"""
                SELECT {_KEYS}, slot, sum(value) AS total, count() AS n,
                    arraySort(groupArrayIf(value, is_sample)) AS sample
                FROM ({lines}) GROUP BY {_KEYS}, slot"""
            return f"SELECT {_KEYS}, {FOUND} AS found FROM ({each}) GROUP BY {_KEYS}"
        until = f"OVER (PARTITION BY {_by('q')}, q.slot ORDER BY q.day)"
        daily = f"""
            SELECT {_KEYS}, slot, day, sum(value) AS total, count() AS n,
                groupArrayIf(value, is_sample) AS sample
            FROM ({lines}) GROUP BY {_KEYS}, slot, day"""
        each = f"""
            SELECT {_of("q")}, q.day AS day, q.slot AS slot, sum(l.total) {until} AS total,
                sum(l.n) {until} AS n, arraySort(groupArrayArray(l.sample) {until}) AS sample
            FROM (SELECT q.*, slot FROM ({self._days(where)}) AS q
                INNER JOIN (SELECT kpi_id, arrayJoin(slots) AS slot FROM ({rows})) AS s
                    ON s.kpi_id = q.kpi) AS q
            LEFT JOIN ({self._theirs(daily, "slot AS its_slot, total, n, sample")}) AS l
                ON {self._same("l")} AND l.its_slot = q.slot"""
        return f"SELECT {_KEYS}, day, {FOUND} AS found FROM ({each}) GROUP BY {_KEYS}, day"

    def _lines(self, where: str, rows: str) -> str:
        """Return SQL for lines of inputs that count for a quota; `day` is when they begin to."""
        wanted = formulas.wanted_of(self.computed)
        slots = slots_of(wanted)
        always = [n for w, n in slots.items() if w.name == "quota" or w.is_previous]
        asked = f"{_KEYS}, kpi, period_start, period_end, before_start"
        owners = "\n            UNION ALL ".join(
            f"SELECT '{kind}' AS subject_kind, subject_id, day, slot, value, is_previous, until "
            f"FROM ({part})"
            for kind in self._owners
            for part in owned(slots, kind, self.context)
        )
        today = self.context.today
        begins = f"if(l.slot IN {always or [0]}, q.period_start, l.day)"
        if of_now := self._of_now():  # these are looked at today alone
            begins = f"if(q.kpi IN {of_now}, {today}, {begins})"
        return f"""
            SELECT {_of("q")}, l.slot AS slot, l.value AS value, {begins} AS day,
                l.slot IN ({samples(wanted, slots)}) AS is_sample
            FROM (SELECT * FROM ({owners})
                WHERE day >= ({self._first("least(before_start, period_start)")})) AS l
            INNER JOIN (SELECT {_of("q", asked)}, slot
                FROM ({self._asked(where)}) AS q
                INNER JOIN (SELECT kpi_id, arrayJoin(slots) AS slot FROM ({rows})) AS s
                    ON s.kpi_id = q.kpi) AS q
                ON q.subject_kind = l.subject_kind AND q.subject_id = l.subject_id
                    AND q.slot = l.slot
            WHERE l.day >= if(l.is_previous = 1, q.before_start, q.period_start)
                AND l.day < if(l.is_previous = 1, q.period_start, q.period_end)
                AND l.until <= if(l.is_previous = 1, q.period_start, q.period_end)"""

    def _asked(self, where: str) -> str:
        """Return SQL for the quotas that are looked at."""
        today = self.context.today
        runs = "" if self.by_day else f" AND period_end > {today}"
        begun = f"period_start <= {today}{runs}"
        return f"SELECT * FROM spm.quota FINAL WHERE {_AT} AND {begun} AND {where}"

    def _days(self, where: str) -> str:
        """Return SQL for them with the days they are looked at on."""
        today = self.context.today
        if not self.by_day:
            return f"SELECT *, {today} AS day FROM ({self._asked(where)})"
        days = (
            "arrayMap(n -> period_start + n, range(toUInt32(dateDiff('day', period_start, "
            f"least(period_end, {today} + 1)))))"
        )
        if of_now := self._of_now():
            only = f"if(period_end > {today}, [toDate32({today})], [])"
            days = f"if(kpi IN {of_now}, {only}, {days})"
        return f"SELECT *, arrayJoin({days}) AS day FROM ({self._asked(where)})"

    def _of_now(self) -> list[str]:
        """Return the KPIs that are known as of now alone."""
        return [c.kpi.kpi_id for c in self.computed if any(map(is_of_now, c.wanted))]

    def _first(self, day: str) -> str:
        runs = "" if self.by_day else f" AND period_end > {self.context.today}"
        return f"SELECT min({day}) FROM spm.quota WHERE {_AT}{runs}"

    def _keys(self) -> tuple[str, ...]:
        return (*KEYS, "day") if self.by_day else KEYS

    def _theirs(self, rows: str, value: str) -> str:
        """Return SQL for rows whose keys have names of their own, so that q's keep theirs."""
        keys = ", ".join(f"{key} AS its_{key}" for key in self._keys())
        return f"SELECT {keys}, {value} FROM ({rows})"

    def _same(self, other: str) -> str:
        return " AND ".join(f"{other}.its_{key} = q.{key}" for key in self._keys())


def _of(alias: str, columns: str = _KEYS) -> str:
    return ", ".join(f"{alias}.{name} AS {name}" for name in columns.split(", "))


def _by(alias: str) -> str:
    return ", ".join(f"{alias}.{key}" for key in KEYS)
