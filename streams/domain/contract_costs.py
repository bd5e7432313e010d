"""Which commissions become assets and over which months they are charged. Pure.

Costs are held per deal, payee, plan, component and currency. Policy and decision are those of the
day a cost first arose and the terms known from the beginning: what is estimated anew later changes
the months that are left, never whether there is an asset.

Source: ASC 340-40-25-1 to 25-4, 35-1, 35-2; TRG agenda paper 57 (November 2016) on commensurate
renewals; IFRS 15.91-94, 99.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import groupby
from typing import NamedTuple

from schemas.accounting import Accounting, ContractTerms, Policy, Renewals, Treatment, Treats
from streams.domain.amortising import ALL, Cost, Month, Pattern, Service, Wanted, schedule
from streams.domain.periods import months_later
from streams.domain.pooled import Weights, changes

YEAR_MONTHS = 12  # 340-40-25-4
RENEWAL = "RENEWAL"
REVISED = "ADJUSTMENT"  # what a revised plan changes of what deals earned
NOBODYS = "belongs to no deal, so to no contract"


class Entry(NamedTuple):
    """An entry of the commission ledger, as accounting reads it.

    Attributes:
        on: day it counts on in the books.
        order: its place in the ledger of its payee.
        deal_id: empty where a marker caused it.
        weights: what each deal of its period is credited with at its place; for pools alone.
    """

    entry_id: str
    rep_id: str
    plan_id: str
    component_id: str
    kind: str
    origin_start: date
    currency: str
    amount: Decimal
    on: date
    order: tuple[int, int]
    deal_id: str
    weights: Weights


class Deal(NamedTuple):
    """What a deal says of itself: its type, and the day it was won for its payees."""

    deal_type: str
    won_on: date


@dataclass(frozen=True, slots=True)
class Held:
    """Costs of one deal, payee, plan, component and currency, and what is done with them.

    Attributes:
        policy: None where none was in force: an expense.
        treatment: its order; 0: none applied.
        period_months: over which they are amortised by the terms first known; 0 for an expense.
        months: of the asset; none for an expense.
    """

    deal_id: str
    rep_id: str
    plan_id: str
    component_id: str
    currency: str
    policy: Policy | None
    treatment: int
    treats: Treats
    because: str
    period_months: int
    costs: tuple[Cost, ...]
    months: tuple[Month, ...]


class TermsUnknown(LookupError):
    """Deals are capitalised whose terms nobody has given; str() names them and the remedy."""

    def __init__(self, deals: Iterable[str]) -> None:
        self.deals = tuple(sorted(set(deals)))
        some = ", ".join(self.deals[:5]) + (" ..." if len(self.deals) > 5 else "")
        super().__init__(
            f"{len(self.deals)} deals have no service_start and term_months: {some}; give them"
            " with --contracts FILE, or give term_months in the accounting policy"
        )


class _How(NamedTuple):
    """What decides about a cost."""

    policy: Policy | None
    treatment: Treatment | None
    deal_type: str


Key = tuple[str, str, str, str, str, int]  # deal, payee, plan, component, currency, treatment
_NO_TREATMENT = 0


def held(
    entries: Iterable[Entry],
    deals: Mapping[str, Deal],
    terms: Mapping[str, Sequence[ContractTerms]],
    accounting: Accounting,
    *,
    span: Wanted = ALL,
    only: str = "",
) -> tuple[Held, ...]:
    """Return all costs with what is done with them, in the order of their keys.

    Args:
        terms: deal -> what is known of its contract; several where it was estimated anew.
        span: which months of assets are wanted.
        only: the one deal whose costs are wanted.

    Raises:
        TermsUnknown: a deal is capitalised and has neither terms nor a default term.
    """
    found: dict[Key, tuple[_How, list[Cost]]] = {}
    unknown: list[str] = []
    made: list[Held] = []
    for how, entry in _treated(entries, deals, accounting):
        order = how.treatment.order if how.treatment else _NO_TREATMENT
        key = (*_cost_of(entry), order)
        if only and entry.deal_id != only:
            continue
        found.setdefault(key, (how, []))[1].append(Cost(entry.on, entry.amount))
    for key, (how, costs) in sorted(found.items(), key=lambda item: item[0]):
        known = _terms(key[0], deals.get(key[0]), terms, how)
        if known is None:
            unknown.append(key[0])
        else:
            made.append(_held(key, costs, how, known, span))
    if unknown:
        raise TermsUnknown(unknown)
    return tuple(made)


def policy_on(accounting: Accounting, day: date) -> Policy | None:
    """Return the policy for costs that first arise on a day; None: there is none."""
    return next(
        (p for p in accounting.policies
         if p.valid_from <= day and (p.valid_to is None or day < p.valid_to)),
        None,
    )  # fmt: skip


def treatment_of(policy: Policy, entry: Entry, deal_type: str) -> Treatment | None:
    """Return the first treatment whose every condition an entry meets."""
    met = (
        t for t in sorted(policy.treatments, key=lambda t: t.order)
        if _meets(entry.plan_id, t.plans) and _meets(entry.component_id, t.components)
        and _meets(entry.kind, t.kinds) and _meets(deal_type, t.deal_types)
    )  # fmt: skip
    return next(met, None)


def is_split(kind: str, deal_id: str, component_id: str, pooled: Collection[str]) -> bool:
    """Return whether an entry belongs to all deals of its period rather than to its own."""
    return component_id in pooled or (not deal_id and kind == REVISED)


def period_months(treatment: Treatment, terms: ContractTerms, deal_type: str) -> int:
    """Return the amortisation period: the term, or the expected life if that is longer.

    A renewal's own commission belongs to the renewal's term. KPMG, Revenue for Telecoms, example
    57: 30 for a new contract of two years with one renewal expected, which pays 10: 30 over four
    years, 10 over two.
    """
    if deal_type == RENEWAL or treatment.renewals in (
        Renewals.COMMENSURATE, Renewals.NOT_EXPECTED
    ):  # fmt: skip
        return terms.term_months
    return max(terms.term_months, terms.life_months or treatment.life_months or 0)


def _meets(value: str, wanted: Sequence[str]) -> bool:
    return not wanted or value in wanted


def _treated(
    entries: Iterable[Entry], deals: Mapping[str, Deal], accounting: Accounting
) -> Iterator[tuple[_How, Entry]]:
    """Yield every entry, pools split, with what decides about it."""
    first: dict[tuple[str, ...], date] = {}
    parts = list(_unpooled(entries, accounting))
    for one in parts:
        first[_cost_of(one)] = min(first.get(_cost_of(one), one.on), one.on)
    for one in parts:
        policy = policy_on(accounting, first[_cost_of(one)])
        deal = deals.get(one.deal_id)
        deal_type = deal.deal_type if deal else ""
        found = treatment_of(policy, one, deal_type) if policy else None
        yield _How(policy, found, deal_type), one


def _cost_of(entry: Entry) -> tuple[str, str, str, str, str]:
    return (entry.deal_id, entry.rep_id, entry.plan_id, entry.component_id, entry.currency)


def _unpooled(entries: Iterable[Entry], accounting: Accounting) -> Iterator[Entry]:
    by_pool = sorted(entries, key=lambda e: (_pool_of(e), e.order, e.entry_id))
    for _, group in groupby(by_pool, key=_pool_of):
        members = list(group)
        policy = policy_on(accounting, min(e.on for e in members))
        pooled = policy.pooled if policy else ()
        pool = []
        for one in members:
            if is_split(one.kind, one.deal_id, one.component_id, pooled):
                pool.append(one)
            else:
                yield one
        moved = changes([(e.amount, e.weights) for e in pool], members[0].currency)
        for entry, parts in zip(pool, moved, strict=True):
            for deal_id, amount in parts.items():
                yield entry._replace(deal_id=deal_id, amount=amount)


def _pool_of(entry: Entry) -> tuple[str, str, str, date, str]:
    return (entry.rep_id, entry.plan_id, entry.component_id, entry.origin_start, entry.currency)


def _terms(
    deal_id: str, deal: Deal | None, terms: Mapping[str, Sequence[ContractTerms]], how: _How
) -> Sequence[ContractTerms] | None:
    """Return the terms of what may be an asset, oldest first; None: they are not known."""
    if not deal_id or how.treatment is None or how.treatment.treats is Treats.EXPENSE:
        return ()
    known = terms.get(deal_id, ())
    if known:
        return sorted(known, key=lambda t: t.revised_on or date.min)
    months = how.policy.term_months if how.policy else None
    if months is None or deal is None:
        return None
    return (ContractTerms(deal_id=deal_id, service_start=deal.won_on, term_months=months),)


def _held(
    key: Key, costs: Sequence[Cost], how: _How, terms: Sequence[ContractTerms], span: Wanted
) -> Held:
    deal_id, rep_id, plan_id, component_id, currency, order = key
    treats, because, period = _decided(deal_id, how, terms)
    months: tuple[Month, ...] = ()
    if treats is Treats.CAPITALISE and how.policy and how.treatment:
        services = [_service(how.treatment, each, how.deal_type) for each in terms]
        months = schedule(costs, services, Pattern(how.policy.proration, currency), span)
    return Held(
        deal_id, rep_id, plan_id, component_id, currency, how.policy, order, treats, because,
        period, tuple(sorted(costs)), months,
    )  # fmt: skip


def _service(treatment: Treatment, terms: ContractTerms, deal_type: str) -> Service:
    end = months_later(terms.service_start, period_months(treatment, terms, deal_type))
    return Service(terms.service_start, end, terms.revised_on, terms.ended_on)


def _decided(deal_id: str, how: _How, terms: Sequence[ContractTerms]) -> tuple[Treats, str, int]:
    policy, treatment = how.policy, how.treatment
    if policy is None:
        return Treats.EXPENSE, "no accounting policy was in force", 0
    if treatment is None:
        return Treats.EXPENSE, f"no treatment of {policy.policy_id} applies", 0
    if treatment.treats is Treats.EXPENSE:
        return Treats.EXPENSE, treatment.because, 0
    if not deal_id:
        return Treats.EXPENSE, NOBODYS, 0
    months = period_months(treatment, terms[0], how.deal_type)
    if policy.practical_expedient and months <= YEAR_MONTHS:
        return Treats.EXPENSE, f"practical expedient: amortised over {months} months", 0
    return Treats.CAPITALISE, treatment.because, months
