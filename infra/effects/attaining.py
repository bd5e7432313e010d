"""Whose attainment changes by how much under other definitions: quotas, people, facts.

What the tables hold is added up over each quota's period, under the definitions there are and
under those to come. Formulas are evaluated from sums of measures. A KPI that looks at each deal or
at what is open now is named and not computed: its inputs would have to be made a second time.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import date
from decimal import ROUND_HALF_EVEN, Decimal
from fractions import Fraction
from typing import Any, NamedTuple

import polars as pl

from infra.effects.reading import Warehouse, totals
from schemas.definitions import Bundle, MeasureUnit
from schemas.kpis import Direction
from schemas.money import SCALE
from streams.domain.attaining import adds_up
from streams.domain.expected import Expectations, Expected
from streams.domain.hierarchy import SubjectKind
from streams.domain.kpi_trees import Computed, Origin, Wanted
from streams.domain.kpis import Catalogue
from streams.domain.measures import UNIT
from streams.domain.pace import attainment
from streams.domain.readings import reading
from streams.domain.spans import before as before_span

_LINE = {"quota_id": pl.String, "slot": pl.Int64, "value": pl.Int64}
_ASKED = {
    "subject_kind": pl.String, "subject_id": pl.String, "measure": pl.String,
    "currency": pl.String, "first": pl.Date, "behind": pl.Date, "quota_id": pl.String,
    "slot": pl.Int64,
}  # fmt: skip


class Side(NamedTuple):
    """Definitions, and who belongs to what under them (columns of Membership)."""

    bundle: Bundle
    members: pl.DataFrame


class Changed(NamedTuple):
    """A quota whose attainment is another. None: there is no such quota, or the KPI is empty."""

    subject_kind: str
    subject_id: str
    kpi: str
    currency: str
    period_start: date
    period_end: date
    quota_before: Decimal | None
    quota_after: Decimal | None
    actual_before: Decimal | None
    actual_after: Decimal | None
    attainment_before: Decimal | None
    attainment_after: Decimal | None


class Changes(NamedTuple):
    """Every quota that changes, the largest change first; and KPIs that were not computed."""

    quotas: tuple[Changed, ...]
    apart: tuple[str, ...]


def changes(warehouse: Warehouse, before: Side, after: Side, cells: pl.DataFrame) -> Changes:
    """Return what changes.

    Args:
        cells: by how much rep-days change: rep_id, day, measure, currency, value.
    """
    old, new = _Quotas(before), _Quotas(after)
    apart = tuple(sorted(old.apart | new.apart))
    if cells.is_empty() and before.members.equals(after.members) and old.asks() == new.asks():
        return Changes((), apart)
    done = old.none(), new.none()
    measures = sorted(old.measures | new.measures)
    for portion in totals(warehouse, measures):
        done = old.added(done[0], portion), new.added(done[1], portion)
    done = done[0], new.added(done[1], cells)
    one, other = old.stands(done[0]), new.stands(done[1])
    found = [
        changed
        for quota_id in one.keys() | other.keys()
        if (changed := _changed(one.get(quota_id), other.get(quota_id))) is not None
    ]
    return Changes(tuple(sorted(found, key=_order)), apart)


class _Stand(NamedTuple):
    """One quota under one side's definitions."""

    key: tuple[str, str, str, str, date, date]
    quota: Decimal
    actual: Decimal | None
    attained: Decimal | None


class _Quotas:
    """The quotas of one side, and what each is made of."""

    def __init__(self, side: Side) -> None:
        bundle, self._members = side
        self._catalogue = Catalogue(bundle)
        self._home = bundle.company.reporting_currency
        self._units = {m.measure: m.unit for m in bundle.measures.measures}
        self._expected = {e.quota.quota_id: e for e in Expectations(bundle).all()}
        self._own = defaultdict[tuple[str, str, str], list[Expected]](list)
        for one in self._expected.values():
            quota = one.quota
            self._own[quota.owner_kind.value, quota.owner_id, quota.kpi].append(one)
        known = {e.quota.kpi for e in self._expected.values()}
        self._computed = {name: self._catalogue.computed(name) for name in known}
        self.apart = {n for n, c in self._computed.items() if not all(map(_is_known, c.wanted))}
        self._asked = pl.DataFrame(list(self._rows(bundle)), _ASKED, orient="row")
        self.measures = set(self._asked["measure"].unique())

    def asks(self) -> set[tuple[Any, ...]]:
        """Return what is asked of whom, as values that can be compared."""
        return {
            (e.quota.quota_id, *self._key(e), e.effective.amount, self._computed[e.quota.kpi])
            for e in self._expected.values()
        }

    def none(self) -> pl.DataFrame:
        """Return sums before anything was added."""
        return pl.DataFrame(schema=_LINE)

    def added(self, sums: pl.DataFrame, lines: pl.DataFrame) -> pl.DataFrame:
        """Return sums with rep-days added to the quotas of everybody they count for."""
        theirs = (
            lines.join(self._members, on="rep_id")
            .filter((pl.col("valid_from") <= pl.col("day")) & (pl.col("day") < pl.col("valid_to")))
            .join(self._asked, on=["subject_kind", "subject_id", "measure", "currency"])
            .filter((pl.col("first") <= pl.col("day")) & (pl.col("day") < pl.col("behind")))
        )
        both = pl.concat([sums, theirs.select(_LINE.keys()).cast(_LINE)])  # type: ignore[arg-type]
        return both.group_by("quota_id", "slot").agg(pl.col("value").sum())

    def stands(self, sums: pl.DataFrame) -> dict[str, _Stand]:
        """Return where each quota stands, of those that are computed."""
        done = defaultdict[str, dict[int, int]](dict)
        for quota_id, slot, value in sums.iter_rows():
            done[quota_id][slot] = value
        return {
            quota_id: self._stand(one, done[quota_id])
            for quota_id, one in self._expected.items()
            if one.quota.kpi not in self.apart
        }

    def _stand(self, one: Expected, done: Mapping[int, int]) -> _Stand:
        computed = self._computed[one.quota.kpi]
        values = {w: self._value(w, n, one, done) for n, w in enumerate(computed.wanted)}
        found = reading(computed, values).value
        actual = None if found is None else found.quantize(SCALE, ROUND_HALF_EVEN)
        is_lower = computed.kpi.direction is Direction.LOWER and not adds_up(computed)
        ratio = attainment(actual, Fraction(one.effective.amount), is_lower_better=is_lower)
        return _Stand(self._key(one), one.effective.amount, actual, ratio)

    def _value(
        self, wanted: Wanted, slot: int, one: Expected, done: Mapping[int, int]
    ) -> Fraction | None:
        if wanted.name != "quota":
            return Fraction(done.get(slot, 0), UNIT)
        quota, span = one.quota, one.span
        mine = self._own[quota.owner_kind.value, quota.owner_id, wanted.argument]
        inside = [e for e in mine if span.start <= e.span.start and e.span.end <= span.end]
        return Fraction(sum(e.effective.amount for e in inside)) if inside else None

    def _rows(self, bundle: Bundle) -> Iterator[tuple[Any, ...]]:
        for one in self._expected.values():
            quota, computed = one.quota, self._computed[one.quota.kpi]
            if quota.kpi in self.apart:
                continue
            for slot, wanted in enumerate(computed.wanted):
                if wanted.name == "quota":
                    continue
                span = before_span(one.span, bundle.company) if wanted.is_previous else one.span
                code = self._currency(computed, wanted, one)
                yield (quota.owner_kind.value, quota.owner_id, wanted.name, code, *span,
                       quota.quota_id, slot)  # fmt: skip

    def _currency(self, computed: Computed, wanted: Wanted, one: Expected) -> str:
        if computed.of_measure:
            return one.quota.currency or ""
        return self._home if self._units[wanted.name] is MeasureUnit.MONEY else ""

    def _key(self, one: Expected) -> tuple[str, str, str, str, date, date]:
        quota = one.quota
        return (quota.owner_kind.value, quota.owner_id, quota.kpi, quota.currency or "", *one.span)


def _is_known(wanted: Wanted) -> bool:
    return wanted.origin is Origin.MEASURE or wanted.name == "quota"


def _changed(one: _Stand | None, other: _Stand | None) -> Changed | None:
    known = other or one
    if one == other or known is None:
        return None
    pairs = [
        (getattr(one, name, None), getattr(other, name, None))
        for name in ("quota", "actual", "attained")
    ]
    return Changed(*known.key, *(value for pair in pairs for value in pair))


def _order(one: Changed) -> tuple[object, ...]:
    kinds = {kind.value: place for place, kind in enumerate(SubjectKind)}
    change = (one.attainment_after or Decimal(0)) - (one.attainment_before or Decimal(0))
    return kinds[one.subject_kind], -abs(change), *one[1:6]
