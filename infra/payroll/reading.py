"""What pay runs read: acts, and the ledger and credits below an act's cut.

A marker of each revision reaches every partition of spm.credits; where it stands there is the cut.
What lies below it counts for the act, and what comes later does not, however late the run is done.
"""

from collections.abc import Mapping
from typing import NamedTuple

from connectors.sinks.clickhouse import quoted
from infra.definitions.stored import Stored
from schemas import topics
from schemas.definitions import Bundle
from schemas.payroll import Payroll
from schemas.plan_pay import EligibleBy
from streams.domain.eligibility import Billing
from streams.domain.pay_balances import Balances, Moved, moved_of
from streams.domain.pay_run import Deals

CREDITS, DEFINITIONS = topics.CREDITS.name, topics.DEFINITIONS.name
_ENTRIES = """
SELECT rep_id, plan_id, component_id, origin_start, origin_end, currency, deal_id,
    if(role IN ('MANUAL', 'OPENING'), role, '') AS role, if(role != '', via, '') AS via,
    posted_start, posted_end, state, kind, topic, sum(amount) AS amount
FROM
(
    SELECT rep_id, plan_id, component_id, origin_start, origin_end, currency, deal_id,
        if(role IN ('MANUAL', 'OPENING'), role, '') AS role, via, posted_start, posted_end, state,
        kind, topic, amount
    FROM spm.commission_ledger FINAL WHERE {where}
)
GROUP BY ALL
"""
_DEALS = """
SELECT rep_id, deal_id, newest.1, newest.2, newest.3, newest.4
FROM
(
    SELECT rep_id, deal_id, argMax((day, amount, invoiced_amount, paid_amount),
        (NOT deleted, source_position, entity_id)) AS newest
    FROM spm.credit WHERE kind = 'credit' AND {where}
    GROUP BY rep_id, deal_id
)
"""


class Away(LookupError):
    """Workers have not reached an act yet; str() says how many, and what to do."""


class Revision(NamedTuple):
    """A revision of payroll, with what was in force just below and at it."""

    sequence: int
    before: Payroll
    bundle: Bundle


def sequences(stored: Stored) -> list[int]:
    """Return the revisions of payroll, oldest first."""
    rows = stored.rows(
        "SELECT DISTINCT sequence FROM spm.definition WHERE kind = 'payroll' ORDER BY sequence"
    )
    return [int(row[0]) for row in rows]


def revision(stored: Stored, sequence: int) -> Revision:
    """Return a revision of payroll."""
    before = stored.in_force(sequence - 1).bundle().payroll
    return Revision(sequence, before, stored.in_force(sequence).bundle())


def cuts(stored: Stored, sequence: int) -> tuple[dict[int, int], int]:
    """Return where an act stands in each partition of credits that has it, and how many there are.

    Raises:
        LookupError: credits have no log.
    """
    logs = stored.rows(
        "SELECT partitions FROM spm.log FINAL WHERE topic = {topic:String}"
        " ORDER BY epoch DESC LIMIT 1",
        topic=CREDITS,
    )
    if not logs:
        raise LookupError(f"no log of {CREDITS} is known; start with `pacesetter up`")
    rows = stored.rows(
        "SELECT partition, min(position) FROM spm.credit WHERE kind = 'marker'"
        " AND topic = {topic:String} AND sequence >= {at:UInt64} GROUP BY partition",
        topic=CREDITS, at=sequence,
    )  # fmt: skip
    return {int(p): int(at) for p, at in rows}, int(logs[0][0])


def balances(stored: Stored, sequence: int, cut: Mapping[int, int], rep_id: str = "") -> Balances:
    """Return the ledger's balances below an act, of everybody or of one payee."""
    runs = f"topic = {quoted(DEFINITIONS)} AND position < {sequence}"
    return Balances(_moved(stored, f"({_agents(cut)} OR ({runs})){_of(rep_id)}"))


def agents(stored: Stored, cut: Mapping[int, int]) -> Balances:
    """Return what agents alone have posted below an act."""
    return Balances(_moved(stored, _agents(cut)))


def _of(rep_id: str) -> str:
    return f" AND rep_id = {quoted(rep_id)}" if rep_id else ""


def _agents(cut: Mapping[int, int]) -> str:
    return f"(topic = {quoted(CREDITS)} AND {below(cut)})"


def _moved(stored: Stored, where: str) -> list[Moved]:
    found = stored.client.query(_ENTRIES.format(where=where))
    return [moved_of(row) for row in found.named_results()]


def deals(stored: Stored, bundle: Bundle, cut: Mapping[int, int], rep_id: str = "") -> Deals:
    """Return what is known of the billing of deals below an act; nothing where no plan asks.

    Args:
        rep_id: the payee; empty: of everybody.
    """
    asks = any(
        component.eligible.by is not EligibleBy.EARNED
        for plan in bundle.plans.plans
        for component in plan.components
    )
    if not asks:
        return {}
    where = f"topic = {quoted(CREDITS)} AND {below(cut)}{_of(rep_id)}"
    rows = stored.rows(_DEALS.format(where=where))
    return {(rep, deal): Billing(*rest) for rep, deal, *rest in rows}


def below(cut: Mapping[int, int]) -> str:
    """Return the condition that a row lies below an act; of older epochs every row does."""
    ours, places = ", ".join(map(str, cut)), ", ".join(f"toUInt64({at})" for at in cut.values())
    least = min(cut.values(), default=0)
    return (
        f"position < transform(toUInt16(partition), [{ours}]::Array(UInt16), [{places}],"
        f" toUInt64({least}))"
    )
