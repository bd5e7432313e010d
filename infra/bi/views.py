"""The views of spm_bi that follow from the definitions and the dictionary."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from connectors.sinks.clickhouse import quoted
from infra.bi import attainment
from infra.bi.attained import Attained
from infra.bi.contest_views import contest, contest_score
from infra.bi.context import Context
from infra.bi.dictionary import Column, dictionary
from infra.bi.dictionary_view import data_dictionary
from infra.bi.kpi_views import kpis, measures
from infra.bi.lines import family_of
from infra.bi.subjects import Subject
from schemas.definitions import Bundle
from streams.domain.kpi_trees import Computed
from streams.domain.kpis import Catalogue


class View(NamedTuple):
    """A view of spm_bi; what its columns are stands in the dictionary."""

    name: str
    sql: str

    def statement(self) -> str:
        """Return the statement that makes it, in place of what was there."""
        told = dictionary()
        columns = ",\n".join(
            f"    {c.name} {c.type} COMMENT {quoted(told.comment(c))}"
            for c in columns_of(self.name)
        )
        return (
            f"CREATE OR REPLACE VIEW spm_bi.{self.name}\n(\n{columns}\n)\n"
            f"DEFINER = CURRENT_USER SQL SECURITY DEFINER\n"
            f"AS {self.sql.strip()}\n"
            f"COMMENT {quoted(told.views[self.name].comment)}"
        )


def columns_of(view: str) -> tuple[Column, ...]:
    """Return the columns of a view."""
    return dictionary().views[view].columns


_WHOSE = {Subject.REP: "rep_id", Subject.TEAM: "team_id", Subject.REGION: "region"}


def views(bundle: Bundle) -> tuple[View, ...]:
    """Return every view that follows from a revision of the definitions."""
    context, every = Context.of(bundle), tuple(Catalogue(bundle).all())
    totals = tuple(c for c in every if {family_of(w) for w in c.wanted} <= {"measures"})
    plain = tuple(c for c in every if c.of_measure)
    found = [
        dim_kpi(every),
        View("data_dictionary", data_dictionary()),
        View("attainment_current", attainment.current(attained(bundle, by_day=False))),
        View("attainment_daily", attainment.daily(attained(bundle, by_day=True))),
    ]
    found += [
        View("contest", contest(bundle)), View("contest_score", contest_score(bundle)),
    ]  # fmt: skip
    for subject in Subject:
        found.append(_of(subject, kpis(every, subject, context), ""))
        found.append(_of(subject, kpis(totals, subject, context), "_totals"))
        found.append(_of(subject, measures(plain, subject, context), "_measures"))
    return tuple(found)


def attained(bundle: Bundle, *, by_day: bool, context: Context | None = None) -> Attained:
    """Return what was done of quotas, of formulas those that any quota asks for."""
    every = {c.kpi.kpi_id: c for c in Catalogue(bundle).all() if not c.of_measure}
    quotas = [quota for quota in bundle.quotas.quotas if quota.kpi in every]
    asked = {quota.kpi: every[quota.kpi] for quota in quotas}
    owners = {Subject(quota.owner_kind.value) for quota in quotas}
    return Attained([*asked.values()], owners, context or Context.of(bundle), by_day=by_day)


def _of(subject: Subject, rows: str, suffix: str) -> View:
    name = f"kpi_{subject.lower()}{suffix}"
    whose = _WHOSE.get(subject)
    first = f"subject_id AS {whose}, " if whose else ""
    names = ", ".join(c.name for c in columns_of("kpi_company"))
    return View(name, f"SELECT {first}{names} FROM ({rows or _nothing()})")


def _nothing() -> str:
    """Return SQL for no rows: before the first definitions nothing is measured."""
    blank = (
        f"defaultValueOfTypeName({quoted(c.type)}) AS {c.name}" for c in columns_of("kpi_company")
    )
    return f"SELECT '' AS subject_id, {', '.join(blank)} WHERE 0"


def dim_kpi(computed: Sequence[Computed]) -> View:
    """Return the dictionary of KPIs."""
    rows = ", ".join(_described(one) for one in computed)
    kind = "Array(Tuple(" + ", ".join(["String"] * 10) + ", Bool))"
    taken = ", ".join(f"one.{n} AS {c.name}" for n, c in enumerate(columns_of("dim_kpi"), 1))
    sql = f"SELECT {taken} FROM (SELECT arrayJoin(CAST([{rows}], '{kind}')) AS one)"
    return View("dim_kpi", sql)


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
