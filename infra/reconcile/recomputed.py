"""The commission ledger of components that need the credits themselves: recomputed, not in SQL.

Everything else of a run shares no code with the agents. Draws, caps that carry, clawbacks and the
like are computed by the pure rules over freshly read history; what is proven is that entries add
up to it, whatever the agents remembered, and in whichever order and worker they were made.
"""

import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from infra.definitions.canonical import value_of
from infra.reconcile.asking import KEYS_MAX, Warehouse, ask
from infra.reconcile.credits import CREDIT
from infra.reconcile.cut import Part, Slice
from infra.reconcile.findings import Checked, Mismatch
from infra.reconcile.periods import Days
from schemas.definitions import KINDS, Bundle, Company
from schemas.payroll import Payroll
from schemas.plans import Plans
from streams.domain.commissions import counted, statement
from streams.domain.plan_credits import Credit
from streams.domain.plan_sums import Held
from streams.domain.plan_terms import Terms, is_fast
from streams.domain.taking_over import opened_ids

LEDGER = "spm.commission_ledger"
TABLE = f"{LEDGER} (recomputed)"
PORTION_ROWS = 200_000  # credits held at once, about 250 MB of Python
_KEY = ("rep_id", "plan", "component", "origin", "payout", "currency")
_COLUMNS = ("rep_id", "entity_id", "deleted", "stage_class", *Credit._fields[1:])
Amounts = dict[tuple[str, ...], Decimal]


def checks(warehouse: Warehouse, parts: Sequence[Part], days: Days) -> Iterator[Checked]:
    """Yield what comes of each partition of credits whose plans have any such component."""
    known: dict[int, Terms] = {}
    for part in parts:
        if part.sequence not in known:
            known[part.sequence] = Terms(_bundle(warehouse, part.sequence))
        terms = known[part.sequence]
        if terms.is_general:
            portions = part.rows // PORTION_ROWS + 1
            for portion in range(portions):
                where = f"intHash32(cityHash64(toString(rep_id))) % {portions} = {portion}"
                yield _compared(warehouse, Slice(CREDIT, part.topic, (part,)), terms, days, where)


def general_of(
    plans: Mapping[str, Any], company: Mapping[str, Any], payroll: Mapping[str, Any]
) -> tuple[tuple[str, str], ...]:
    """Return the plans and components, and guarantees, that are looked at here and not in SQL."""
    firm = Company.model_validate(company) if company else Bundle().company
    every = Plans.model_validate(plans).plans if plans else ()
    opened = opened_ids(Payroll.model_validate(payroll))
    slow = [(p.plan_id, c.component_id) for p in every for c in p.components
            if not is_fast(p, c, firm, opened)]  # fmt: skip
    return tuple(slow + [(p.plan_id, g.guarantee_id) for p in every for g in p.guarantees])


def _bundle(warehouse: Warehouse, sequence: int) -> Bundle:
    """Return the definitions in force at a sequence."""
    rows = ask(
        warehouse,
        "SELECT kind, argMax(content, sequence) AS content FROM spm.definition "
        f"WHERE sequence <= {sequence} GROUP BY kind ORDER BY kind",
    )
    every = {kind: value_of(kind, content) for kind, content in rows.iter_rows() if kind in KINDS}
    return Bundle(sequence=sequence, **every)  # type: ignore[arg-type]


def _compared(warehouse: Warehouse, part: Slice, terms: Terms, days: Days, portion: str) -> Checked:
    began = time.monotonic()
    found = _posted(warehouse, part, terms, portion)
    wanted = _owed(warehouse, part, terms, portion, {key[0] for key in found})
    mismatches = []
    off: dict[str, Decimal] = defaultdict(Decimal)
    keys = 0
    for key in sorted(found.keys() | wanted.keys()):
        since, until = key[3].split("..")
        if not (since < str(days.until) and until > str(days.since)):
            continue
        keys += 1
        has, must = found.get(key, Decimal(0)), wanted.get(key, Decimal(0))
        if has != must:
            off[key[-1]] += abs(has - must)
            told = dict(zip(_KEY, key, strict=True))
            wrong = "amount" if key in found else "no entry"
            mismatches.append(
                Mismatch(TABLE, told, wrong, str(must), str(has), has - must, key[-1], 0)
            )
    seconds = time.monotonic() - began
    few = tuple(mismatches[:KEYS_MAX])
    return Checked(TABLE, keys, 0, 0, len(mismatches), dict(off), few, seconds)


def _owed(warehouse: Warehouse, part: Slice, terms: Terms, portion: str, more: set[str]) -> Amounts:
    """Return what is owed on the credits below the cut, and by what is due without any."""
    rows = ask(
        warehouse,
        f"SELECT {', '.join(_COLUMNS)} FROM {CREDIT} WHERE {part.where()} AND {portion} "
        f"AND kind != 'marker' AND position < {part.applied()} "
        "ORDER BY rep_id, entity_id, position DESC LIMIT 1 BY rep_id, entity_id",
    )
    books: dict[str, dict[Held, int]] = {rep_id: {} for rep_id in more}
    for row in rows.iter_rows(named=True):
        book = books.setdefault(row["rep_id"], {})
        if (one := counted(row)) is not None:
            book[one[0]] = one[1]
    owed: Amounts = {}
    for rep_id, book in books.items():
        for key, due in statement(terms, rep_id, book, general_only=True).items():
            if due.units:
                origin, payout = ("..".join(map(str, span)) for span in (key.origin, key.payout))
                at = (rep_id, key.plan_id, key.component_id, origin, payout, key.currency)
                owed[at] = Decimal(due.units).scaleb(-4)
    return owed


def _posted(warehouse: Warehouse, part: Slice, terms: Terms, portion: str) -> Amounts:
    """Return what the entries of agents add up to."""
    rows = ask(
        warehouse,
        f"""SELECT toString(rep_id) AS rep, toString(plan_id) AS plan,
            toString(component_id) AS component,
            concat(toString(origin_start), '..', toString(origin_end)) AS origin,
            concat(toString(payout_start), '..', toString(payout_end)) AS payout,
            toString(currency) AS money, toDecimal128(sum(amount), 4) AS total
        FROM {LEDGER} FINAL
        WHERE state = 'EARNED' AND {part.where()} AND position < {part.applied()} AND {portion}
        GROUP BY rep_id, plan_id, component_id, origin, payout, currency""",
    )
    general = terms.general_ids()
    found: Mapping[tuple[Any, ...], Decimal] = {
        tuple(row[:-1]): row[-1] for row in rows.iter_rows()
    }
    return {key: total for key, total in found.items() if key[1:3] in general}
