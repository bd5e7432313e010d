"""Plans as people write them, read from files in the shipped format, and credits to pay them on."""

from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from tempfile import TemporaryDirectory
from textwrap import indent
from typing import Any

import yaml

from infra.definitions import checking_plans
from infra.definitions.plan_files import loaded_from, plans_of
from schemas.definitions import Bundle, Company, Rate, Rates, Rep, Roster, Stint, Team
from schemas.plan_choices import Measure
from schemas.plans import Plan, Plans
from streams.domain.ladders import decimal_of
from streams.domain.paying import Target, target
from streams.domain.plan_context import Context
from streams.domain.plan_credits import Credit, book
from streams.domain.plan_terms import Terms
from tests.streams.accruing import Accruing, row

DAY = date(2026, 2, 10)
_HEAD = """\
plans:
  - plan_id: p
    name: P
    currency: EUR
    period: QUARTER
    valid_from: 2020-01-01
"""


def written(components: str, tail: str = "", **fields: Any) -> Plans:
    """Return the plans of a file with one plan, which has nothing wrong.

    Args:
        components: the list of components, in YAML.
        tail: what stands behind the plans.
        fields: fields of the plan besides the usual ones, or in their place.
    """
    head = yaml.safe_load(_HEAD)["plans"][0] | {k: v for k, v in fields.items()}
    lines = indent(yaml.safe_dump([head], sort_keys=False, default_flow_style=False), "  ")
    text = f"plans:\n{lines}    components:\n{indent(components.strip(chr(10)), '      ')}\n{tail}"
    return read(text)


def read(text: str) -> Plans:
    """Return the plans of a file, which has nothing wrong."""
    with TemporaryDirectory() as folder:
        file = Path(folder) / "plans.yaml"
        file.write_text(text, "utf-8")
        loaded = loaded_from(file)
    assert not loaded.problems, "\n".join(map(str, loaded.problems)) + text
    problems = [loaded.placed(f) for f in checking_plans.sense(loaded.values)]
    assert not problems, "\n".join(map(str, problems)) + text
    assert plans_of(loaded)
    found = loaded.values["plans"]
    assert isinstance(found, Plans)
    return found


def credit(amount: Any = 100, day: date = DAY, deal: str = "", **fields: Any) -> Credit:
    """Return a won credit of rep r, in EUR unless it says otherwise."""
    value, currency = Decimal(str(amount)), fields.pop("currency", "EUR")
    reported = value if currency == "EUR" else None
    given = {"payee": "r", "deal_id": deal or f"d{amount}", "day": day, "amount": value,
             "currency": currency, "reporting_amount": reported, "reporting_currency": "EUR",
             **fields}  # fmt: skip
    return Credit(**given)


def context(
    plans: Plans = Plans(plans=()),  # noqa: B008 - a frozen value
    *,
    reps: Iterable[tuple[str, str | None]] = (),
    rates: Iterable[tuple[str, str, date, str]] = (),
    first_month: int = 1,
    **kinds: Any,
) -> Context:
    """Return a context: reps with their managers, rates (base, quote, day, rate), quotas."""
    given = bundle(plans, reps=reps, rates=rates, first_month=first_month, **kinds)
    return Context.of(given)


def bundle(
    plans: Plans,
    *,
    reps: Iterable[tuple[str, str | None]] = (),
    rates: Iterable[tuple[str, str, date, str]] = (),
    first_month: int = 1,
    **kinds: Any,
) -> Bundle:
    """Return definitions with some plans."""
    company = Company(name="T", reporting_currency="EUR", time_zone="UTC",
                      fiscal_year_start_month=first_month)  # fmt: skip
    roster = Roster(
        teams=(Team(team_id="t", name="T"),),
        reps=tuple(
            Rep(rep_id=rep, history=(Stint(valid_from=date(2020, 1, 1), team_id="t",
                                           manager_id=boss, time_zone="UTC"),))
            for rep, boss in reps
        ),
    )  # fmt: skip
    dated = Rates(
        rates=tuple(Rate(base=b, quote=q, on=on, rate=Decimal(rate)) for b, q, on, rate in rates)
    )
    given = {"company": company, "roster": roster, "rates": dated, "plans": plans, **kinds}
    return Bundle(**given)


def paid(
    plans: Plans, credits: Iterable[Credit], payee: str = "r", as_of: date | None = None,
    **kinds: Any,
) -> Target:  # fmt: skip
    """Return what the one plan of a file pays somebody."""
    (plan,) = plans.plans
    every = list(credits)
    found = on(plan, every, context(plans, **kinds), payee, as_of)
    if as_of is None and all(c.counts.measure is not Measure.KPI for c in plan.components):
        _accrues(bundle(plans, **kinds), every, found)
    return found


def _accrues(known: Bundle, credits: Sequence[Credit], found: Target) -> None:
    """Assert that the agent's own functions come to the same, with a revision in between."""
    nothing = known.model_copy(update={"plans": Plans(plans=())})
    one = Accruing(Terms(nothing), found.payee)
    for n, made in enumerate(credits):
        if n == len(credits) // 2:
            one.revise(Terms(known))
        one.take_row(str(n), row(_credited(made, found.payee, one.terms.context)))
    if not credits:
        one.revise(Terms(known))
    due: dict[Any, Decimal] = {}
    for line in found.lines:
        for i in line.instalments:
            key = (line.plan_id, line.component_id, *line.origin, *i.payout, line.currency)
            due[key] = due.get(key, Decimal(0)) + i.amount
    assert one.totals() == {key: amount for key, amount in due.items() if amount}


def _credited(credit: Credit, payee: str, here: Context) -> Credit:
    """Return a credit as the deal agent gives it to somebody, with what it comes to as reported."""
    if credit.payee != payee:
        via = f"{credit.payee}:{credit.role}:{credit.via}"
        credit = credit._replace(payee=payee, role="OVERRIDE", via=via)
    found = here.exchanges.rate(credit.currency, credit.reporting_currency, credit.day)
    if credit.reporting_amount is not None or found is None:
        return credit
    exact = Fraction(credit.amount) * found.rate
    return credit._replace(reporting_amount=decimal_of(round(exact * 10**4)))


def on(
    plan: Plan, credits: Iterable[Credit], within: Context, payee: str = "r",
    as_of: date | None = None,
) -> Target:  # fmt: skip
    """Return what a plan pays somebody, of which nothing is missing."""
    found = target(plan, payee, book(credits), within, as_of)
    assert not [line.lacks for line in found.lines if line.lacks]
    return found


def earns(plans: Plans, *amounts: Any, **kinds: Any) -> Decimal:
    """Return what deals of these amounts earn together."""
    made = [credit(amount, deal=f"d{n}") for n, amount in enumerate(amounts)]
    return paid(plans, made, **kinds).amount
