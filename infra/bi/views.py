"""The views of spm_bi that follow from the definitions, with every column's meaning."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from connectors.sinks.clickhouse import quoted
from infra.bi.context import Context
from infra.bi.kpi_views import RESULT, kpis
from infra.bi.lines import family_of
from infra.bi.subjects import Subject
from schemas.definitions import Bundle
from streams.domain.kpi_trees import Computed
from streams.domain.kpis import Catalogue


class Column(NamedTuple):
    """A column of a view."""

    name: str
    kind: str
    comment: str


class View(NamedTuple):
    """A view of spm_bi."""

    name: str
    columns: tuple[Column, ...]
    sql: str
    comment: str

    def statement(self) -> str:
        """Return the statement that makes it, in place of what was there."""
        columns = ",\n".join(
            f"    {c.name} {c.kind} COMMENT {quoted(c.comment)}" for c in self.columns
        )
        return (
            f"CREATE OR REPLACE VIEW spm_bi.{self.name}\n(\n{columns}\n)\n"
            f"DEFINER = CURRENT_USER SQL SECURITY DEFINER\n"
            f"AS {self.sql.strip()}\nCOMMENT {quoted(self.comment)}"
        )


_WHOSE = {
    Subject.REP: (Column("rep_id", "String", "Rep, or unassigned."),),
    Subject.TEAM: (Column("team_id", "String", "Team, with all teams below it, as of each day."),),
    Subject.REGION: (Column("region", "String", "Region, as of each day."),),
    Subject.COMPANY: (),
}
_COLUMNS = (
    Column("kpi_id", "String", "KPI; see dim_kpi for what it means."),
    Column("grain", "String", "day, week, month, quarter or year of the company's calendar; "
           "last_7_days, last_30_days, last_90_days: the days that end today."),
    Column("period_start", "Date32", "First day."),
    Column("period_end", "Date32", "First day behind it."),
    Column("currency", "String", "ISO 4217 code, empty for what is no money."),
    Column("numerator", RESULT, "Of a quotient what is divided, else the value. Add these up "
           "over people, never the values."),
    Column("denominator", RESULT, "What it is divided by; empty for a KPI that is no quotient."),
    Column("value", RESULT, "The KPI, rounded once to ten places; empty when there is nothing to "
           "divide by."),
)  # fmt: skip
_NAMES = ", ".join(c.name for c in _COLUMNS)


def views(bundle: Bundle) -> tuple[View, ...]:
    """Return every view that follows from a revision of the definitions."""
    context, every = Context.of(bundle), tuple(Catalogue(bundle).all())
    totals = tuple(c for c in every if {family_of(w) for w in c.wanted} <= {"measures"})
    measures = tuple(c for c in every if c.of_measure)
    found = [dim_kpi(every)]
    for subject in Subject:
        found.append(_of(subject, every, context, "", _EVERY))
        found.append(_of(subject, totals, context, "_totals", _TOTALS))
        found.append(_of(subject, measures, context, "_measures", _MEASURES))
    return tuple(found)


_EVERY = "KPIs per {whose} and period. A period without any facts has no row."
_TOTALS = (
    "The part of kpi_{name} that is computed from daily totals alone: quicker, without those that "
    "look at each deal and activity."
)
_MEASURES = (
    "The part of kpi_{name} that is measures, which add up: the quickest, for boards and totals."
)


def _of(
    subject: Subject, computed: Sequence[Computed], context: Context, suffix: str, comment: str
) -> View:
    name = subject.lower()
    whose = _WHOSE[subject]
    first = "".join(f"subject_id AS {c.name}, " for c in whose)
    rows = kpis(computed, subject, context) if computed else _nothing()
    return View(
        f"kpi_{name}{suffix}",
        (*whose, *_COLUMNS),
        f"SELECT {first}{_NAMES} FROM ({rows})",
        comment.format(name=name, whose=name if whose else "company"),
    )


def _nothing() -> str:
    """Return SQL for no rows: before the first definitions nothing is measured."""
    every = (Column("subject_id", "String", ""), *_COLUMNS)
    blank = ", ".join(f"defaultValueOfTypeName({quoted(c.kind)}) AS {c.name}" for c in every)
    return f"SELECT {blank} WHERE 0"


def dim_kpi(computed: Sequence[Computed]) -> View:
    """Return the dictionary of KPIs."""
    columns = (
        Column("kpi_id", "String", "Name used in kpi_rep and its like, in quotas and formulas."),
        Column("name", "String", "Name for people."),
        Column("unit", "String", "COUNT, RATIO (1 is all of it), MONEY (the reporting currency), "
               "SECONDS, DAYS, MONEY_PER_DAY or COUNT_PER_DAY."),
        Column("direction", "String", "HIGHER or LOWER is better, or NEUTRAL."),
        Column("formula", "String", "What is computed; a measure is named by itself."),
        Column("meaning", "String", "The formula in words."),
        Column("denominator", "String", "What it is divided by, in words; empty for nothing."),
        Column("when_empty", "String", "NOTHING or ZERO stands where there is nothing to divide "
               "by; empty where that cannot be."),
        Column("empty_means", "String", "What it says when that is so."),
        Column("source", "String", "Where the numbers come from."),
        Column("is_additive", "Bool", "A measure: it adds up over people and days."),
    )  # fmt: skip
    rows = ", ".join(_described(one) for one in computed)
    kind = "Array(Tuple(" + ", ".join(["String"] * 10) + ", Bool))"
    taken = ", ".join(f"one.{n} AS {c.name}" for n, c in enumerate(columns, 1))
    sql = f"SELECT {taken} FROM (SELECT arrayJoin(CAST([{rows}], '{kind}')) AS one)"
    return View("dim_kpi", columns, sql, "KPIs in force and what they mean.")


def _described(computed: Computed) -> str:
    kpi = computed.kpi
    texts = (
        kpi.kpi_id, kpi.name, kpi.unit, kpi.direction, kpi.formula, kpi.meaning, kpi.denominator,
        kpi.when_empty or "", kpi.empty_means, kpi.source,
    )  # fmt: skip
    return f"({', '.join(map(quoted, texts))}, {str(computed.of_measure).lower()})"


def statements(bundle: Bundle) -> Iterator[tuple[str, str]]:
    """Yield name and statement of every view."""
    for view in views(bundle):
        yield view.name, view.statement()
