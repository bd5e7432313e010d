"""Credits as plans see them: which ones count for a component, for how much, in which currency."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any, NamedTuple

from schemas.definitions import Rate
from schemas.plan_choices import Combined, Measure
from schemas.plan_components import Component, Conditions
from streams.domain.ladders import ZERO, units_of
from streams.domain.rates import RateTable


class Credit(NamedTuple):
    """One payee's part of a won deal.

    Attributes:
        amount: in the deal's currency, as acv and margin are.
        reporting_amount: None: no exchange rate is known.
        cancelled_on: day from which the customer no longer has it; None: it stands.
    """

    payee: str
    deal_id: str
    day: date
    amount: Decimal
    currency: str
    reporting_amount: Decimal | None
    reporting_currency: str
    role: str = "REVENUE"
    via: str = "owner"
    acv: Decimal | None = None
    margin: Decimal | None = None
    units: Decimal | None = None
    product: str = ""
    segment: str = ""
    region: str = ""
    deal_type: str = ""
    territory_id: str = ""
    cancelled_on: date | None = None
    cancel_reason: str = ""


Units = int | Fraction  # ten-thousandths: whole, unless an exchange rate came in
Book = Mapping[str, Sequence[Credit]]  # payee -> credits


def book(credits: Iterable[Credit]) -> Book:
    """Return credits by payee."""
    found: dict[str, list[Credit]] = defaultdict(list)
    for credit in credits:
        found[credit.payee].append(credit)
    return found


def credit_of(row: Mapping[str, Any]) -> Credit | None:
    """Return the credit a row of history is; None: it counts for no plan."""
    if row["deleted"] or row["stage_class"] != "WON":
        return None
    return Credit(row["rep_id"], *(row[name] for name in _READ))


_READ = Credit._fields[1:]  # columns of the history of credits, too


def is_narrowed(conditions: Conditions) -> bool:
    """Return whether there is any condition at all."""
    one = conditions
    return bool(one.products or one.segments or one.regions or one.deal_types or one.territories)


def is_meant(credit: Any, conditions: Conditions) -> bool:
    """Return whether a credit meets every condition."""
    return all(
        not wanted or has in wanted
        for wanted, has in (
            (conditions.products, credit.product),
            (conditions.segments, credit.segment),
            (conditions.regions, credit.region),
            (conditions.deal_types, credit.deal_type),
            (conditions.territories, credit.territory_id),
        )
    )


def factor_of(credit: Credit, component: Component) -> Fraction:
    """Return how many times a credit counts by the conditions of multipliers."""
    return combined(
        component,
        [
            Fraction(m.factor)
            for m in component.multipliers
            if m.factor is not None and (m.when is None or is_meant(credit, m.when))
        ],
    )


def combined(component: Component, factors: Sequence[Fraction]) -> Fraction:
    """Return the factors a credit meets as one."""
    if component.multipliers_combine is Combined.ADD:
        return 1 + sum((factor - 1 for factor in factors), ZERO)
    product = Fraction(1)
    for factor in factors:
        product *= factor
    return product


class Rated(NamedTuple):
    """A rate as it was used: units of the target for one of the source."""

    rate: Fraction
    on: date


class Exchanges:
    """Dated rates between any two currencies, by way of the reporting currency where needed."""

    def __init__(self, rates: Sequence[Rate], reporting_currency: str) -> None:
        self._rates, self._reporting = rates, reporting_currency
        self._tables: dict[str, RateTable] = {}

    def rate(self, base: str, quote: str, day: date) -> Rated | None:
        """Return the newest rate dated on or before a day; None: there is none."""
        direct = self._table(quote).rate(base, day)
        if direct is not None:
            return Rated(Fraction(direct.rate), direct.on)
        into = self._table(self._reporting).rate(base, day)
        out = self._table(quote).rate(self._reporting, day)
        if into is None or out is None:
            return None
        return Rated(Fraction(into.rate) * Fraction(out.rate), min(into.on, out.on))

    def _table(self, quote: str) -> RateTable:
        if quote not in self._tables:
            self._tables[quote] = RateTable(self._rates, quote)
        return self._tables[quote]


def worth(
    credit: Credit, measure: Measure, currency: str, day: date, exchanges: Exchanges
) -> Units | str:
    """Return what a credit adds to a measure, in ten-thousandths, or why that is not known.

    Args:
        currency: of the plan.
        day: of the rate; that of the credit takes the rate the credit was reported with.
    """
    if measure is Measure.UNITS:
        return _lacks(credit, "units") if credit.units is None else units_of(credit.units)
    is_reported = currency == credit.reporting_currency and day == credit.day
    if measure is Measure.AMOUNT and is_reported and credit.reporting_amount is not None:
        return units_of(credit.reporting_amount)
    value = {Measure.ACV: credit.acv, Measure.MARGIN: credit.margin}.get(measure, credit.amount)
    if value is None:
        return _lacks(credit, measure.value.lower())
    if credit.currency == currency:
        return units_of(value)
    found = exchanges.rate(credit.currency, currency, day)
    if found is None:
        return _lacks(credit, f"rate from {credit.currency} to {currency} on or before {day}")
    return units_of(value) * found.rate


def _lacks(credit: Credit, what: str) -> str:
    return f"deal {credit.deal_id}: no {what}"
