"""Commissions as they accrue: what credits earn under plans, to the minor unit, entry by entry.

What a payee has earned in a component, origin period and payout is F(credits), rounded once. An
entry is round F with a change minus round F without it; so entries telescope, whatever the order
in which changes arrive.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from streams.domain.crediting import OVERRIDE
from streams.domain.measuring import view_of
from streams.domain.overriding import source_of
from streams.domain.paying import lines
from streams.domain.payouts import guaranteed
from streams.domain.plan_credits import Credit
from streams.domain.plan_entries import (
    ACCRUAL,
    ADJUSTMENT,
    CLAWBACK,
    NOT_OWED,
    Cause,
    Entry,
    Key,
    Owed,
    entries_of,
)
from streams.domain.plan_sums import Held, Sums, counted, earned_of
from streams.domain.plan_terms import General, Terms

__all__ = ["Held", "Key", "Owed", "Sums", "Terms", "accrued", "adjusted", "counted", "statement"]

Owing = dict[Key, Owed]


def accrued(
    terms: Terms, rep_id: str, sums: Sums, change: Sums, credit: Mapping[str, Any]
) -> list[Entry]:
    """Return what a credit adds: entries of the ledger.

    Args:
        sums: what counts for the payee without the credit.
        change: what the credit changes in it.
        credit: the credit as it is now, for the entries to name.
    """
    entries: list[Entry] = []
    cause = Cause(CLAWBACK if _is_cancelling(change) else ACCRUAL, credit)
    for plan, component, selector, part in terms.by_sums(rep_id):
        for origin in sorted(terms.origins(plan, component, selector, change)):
            before = selector.credited(sums, *origin)
            after = before + selector.credited(change, *origin)
            key = Key(plan.plan_id, component.component_id, origin, origin, plan.currency)
            was, now = (Owed.of(earned_of(part, x)) for x in (before, after))
            posted = terms.posted(origin)
            entries.extend(entries_of(cause, key, was, now, posted))
    for one in terms.general(rep_id):
        own = sums
        if one.reach is not None:
            spans = {terms.context.span(held.day, one.reach) for held in change}
            own = {h: n for h, n in sums.items() if any(h.day in span for span in spans)}
        was_owed = _owed(terms, one, rep_id, own)
        now_owed = _owed(terms, one, rep_id, _joined(own, change))
        entries += _differences(terms, cause, was_owed, now_owed)
    return entries


def adjusted(old: Terms, new: Terms, rep_id: str, sums: Sums) -> list[Entry]:
    """Return what a revision of the definitions adds for a payee: entries of the ledger."""
    was, now = statement(old, rep_id, sums), statement(new, rep_id, sums)
    return list(_differences(new, Cause(ADJUSTMENT), was, now))


def statement(terms: Terms, rep_id: str, sums: Sums, *, general_only: bool = False) -> Owing:
    """Return what a payee has earned in all, or in what is not computed from sums alone."""
    found: Owing = {}
    for plan, component, selector, part in () if general_only else terms.by_sums(rep_id):
        for origin in terms.origins(plan, component, selector, sums):
            key = Key(plan.plan_id, component.component_id, origin, origin, plan.currency)
            found[key] = Owed.of(earned_of(part, selector.credited(sums, *origin)))
    for one in terms.general(rep_id):
        found |= _owed(terms, one, rep_id, sums)
    return found


def _is_cancelling(change: Sums) -> bool:
    """Return whether a deal stood without the change, and is cancelled with it."""
    stood = any(n < 0 and held.credit.cancelled_on is None for held, n in change.items())
    return stood and any(n > 0 and held.credit.cancelled_on for held, n in change.items())


def _differences(terms: Terms, cause: Cause, before: Owing, after: Owing) -> Iterator[Entry]:
    elsewhere = [{key._replace(payout=key.origin): owed for key, owed in each.items()}
                 for each in (before, after)]  # fmt: skip
    for key in sorted(before.keys() | after.keys()):
        of_origin = key._replace(payout=key.origin)
        was, now = (
            each[key] if key in each else others.get(of_origin, NOT_OWED).nothing_here()
            for each, others in zip((before, after), elsewhere, strict=True)
        )
        posted = terms.posted(key.payout)
        yield from entries_of(cause, key, was, now, posted)


def _owed(terms: Terms, one: General, rep_id: str, held: Iterable[Held]) -> Owing:
    """Return what the components of a plan owe that are not computed from sums."""
    book: dict[str, list[Credit]] = defaultdict(list)
    for credit, *_ in held:
        meant = source_of(credit) if credit.role == OVERRIDE else credit
        book[meant.payee].append(meant)
    view = view_of(one.plan, rep_id, book, terms.context, one.seen)
    made = lines(view, one.components)
    made += guaranteed(view, made, None, terms.closed)
    found: Owing = {}
    for line in made:
        for due in line.instalments:
            key = Key(line.plan_id, line.component_id, line.origin, due.payout, line.currency)
            found[key] = found.get(key, NOT_OWED).plus(due.amount, line)
    return found


def _joined(sums: Sums, change: Sums) -> Sums:
    found = dict(sums)
    for held, times in change.items():
        found[held] = found.get(held, 0) + times
    return {held: times for held, times in found.items() if times > 0}
