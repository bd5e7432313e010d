"""What stands out in commissions: read from the ledger, by when entries were posted.

An entry is new if its record lay behind what had been applied when the window began: what a deal of
last year brings today is new today. Pay runs post what they make when they are done.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from infra.alerting.reading import SETTINGS, Warehouse
from schemas import topics
from schemas.alert_story import Case
from schemas.positions import OFFSET_BITS
from streams.domain.alert_signals import STEP

NONE = Decimal(0)
HISTORY_DAYS = 400  # a year and a month: what an annual plan brings, too
ID_SHOWN = 12  # characters of an entry's id: what `commission explain` tells entries apart by
_EXPLAIN = "pacesetter commission explain --entry {}"


class Anomaly(NamedTuple):
    """Something measured that may stand out.

    Attributes:
        about: the deal or contest; empty: it is about all of the subject's.
        value: what bounds are held against.
        of: how much it rests on: deals, or 1.
    """

    subject_id: str
    about: str
    currency: str
    value: Decimal
    of: Decimal
    case: Case


class Sight(NamedTuple):
    """What is looked at: what came in a window, and which subjects a rep's count for."""

    since: datetime
    until: datetime
    subjects_of: Callable[[str], Sequence[str]]


class _Moved(NamedTuple):
    part: Decimal
    whole: Decimal
    deals: int
    gravest: Decimal
    entry_id: str

    def plus(self, other: "_Moved") -> "_Moved":
        """Return both together; of two entries the weightier one stands for them."""
        most = max(self, other, key=lambda one: one.gravest)
        return _Moved(self.part + other.part, self.whole + other.whole, self.deals + other.deals,
                      most.gravest, most.entry_id)  # fmt: skip


def outsized(warehouse: Warehouse, sight: Sight, least: Decimal) -> Iterator[Anomaly]:
    """Yield deals touched in the window that brought somebody so often what any brought before.

    What a deal brought is the sum of its entries, so one that is corrected is ordinary again.

    Args:
        least: times the most that an untouched deal brought of the same line of a plan.
    """
    rows = warehouse.frame(
        "WITH deal AS (SELECT rep_id, plan_id, component_id, currency, deal_id, "
        "sum(amount) AS total, max(is_new) AS is_touched, argMax(entry_id, (is_new, amount)) AS id "
        f"FROM ({_entries(sight)}) WHERE deal_id != '' "
        "GROUP BY rep_id, plan_id, component_id, currency, deal_id), "
        "line AS (SELECT plan_id, component_id, currency, max(total) AS most, count() AS deals "
        "FROM deal WHERE NOT is_touched GROUP BY plan_id, component_id, currency) "
        "SELECT rep_id, deal_id, currency, total, most, deals, id FROM deal INNER JOIN line "
        "USING (plan_id, component_id, currency) WHERE is_touched AND most > 0 "
        f"AND total >= most * {least:f} ORDER BY rep_id, deal_id, total DESC "
        f"LIMIT 1 BY rep_id, deal_id, currency {SETTINGS}"
    )
    for rep, deal, currency, total, most, deals, entry_id in rows.iter_rows():
        value = (total / most).quantize(STEP)
        case = Case(deal, total, most, deals, _EXPLAIN.format(entry_id[:ID_SHOWN]))
        for subject in sight.subjects_of(rep):
            yield Anomaly(subject, deal, currency, value, Decimal(deals), case)


def clawbacks(warehouse: Warehouse, sight: Sight) -> Iterator[Anomaly]:
    """Yield what was clawed back in the window, over what deals brought in it."""
    return _shares(
        warehouse, sight, "kind = 'CLAWBACK'", "-amount", "kind = 'ACCRUAL' AND amount > 0"
    )


def closed_periods(warehouse: Warehouse, sight: Sight) -> Iterator[Anomaly]:
    """Yield what moved in the window and was due in a closed period, over all that moved."""
    return _shares(warehouse, sight, "posted_start > payout_start", "abs(amount)", "1")


def overpaid(warehouse: Warehouse, sight: Sight) -> Iterator[Anomaly]:
    """Yield who was paid, how much beyond what was earned, draws that are still owed left out."""
    rows = warehouse.frame(
        "SELECT rep_id, currency, sumIf(amount, state = 'PAID') AS paid, "
        "sumIf(amount, state = 'EARNED') AS earned, "
        "sumIf(amount, state = 'RELEASED' AND kind IN ('DRAW', 'RECOVERY')) "
        "- sumIf(amount, state = 'EARNED' AND kind IN ('DRAW', 'FORGIVENESS')) AS lent, "
        "argMaxIf(entry_id, (posted_start, position), state = 'EARNED' AND amount < 0) AS id "
        f"FROM spm.commission_ledger FINAL GROUP BY rep_id, currency HAVING paid > 0 {SETTINGS}"
    )
    for rep, currency, paid, earned, lent, entry_id in rows.iter_rows():
        over = paid - earned - lent
        command = _EXPLAIN.format(entry_id[:ID_SHOWN]) if entry_id else (
            f"pacesetter statement show {rep} --period {sight.until:%Y-%m}"
        )  # fmt: skip
        for subject in sight.subjects_of(rep):
            case = Case("", over, paid, 0, command)
            yield Anomaly(subject, "", currency, over, Decimal(1), case)


def _shares(
    warehouse: Warehouse, sight: Sight, part: str, amount: str, whole: str
) -> Iterator[Anomaly]:
    rows = warehouse.frame(
        f"SELECT rep_id, currency, sumIf({amount}, {part}) AS part, "
        f"sumIf(abs(amount), {whole}) AS whole, uniqExactIf(deal_id, {part}) AS deals, "
        f"maxIf(abs(amount), {part}) AS gravest, argMaxIf(entry_id, abs(amount), {part}) AS id "
        f"FROM ({_entries(sight)}) WHERE is_new GROUP BY rep_id, currency {SETTINGS}"
    )
    moved: dict[tuple[str, str], _Moved] = defaultdict(lambda: _Moved(NONE, NONE, 0, NONE, ""))
    for rep, currency, *some in rows.iter_rows():
        for subject in sight.subjects_of(rep):
            moved[subject, currency] = moved[subject, currency].plus(_Moved(*some))
    return _anomalies(moved.items())


def _anomalies(moved: Iterable[tuple[tuple[str, str], _Moved]]) -> Iterator[Anomaly]:
    for (subject, currency), one in moved:
        if one.whole <= 0 and one.part <= 0:
            continue
        value = (one.part / one.whole).quantize(STEP) if one.whole > 0 else Decimal(1)
        command = _EXPLAIN.format(one.entry_id[:ID_SHOWN]) if one.entry_id else ""
        case = Case("", one.part, one.whole, one.deals, command)
        yield Anomaly(subject, "", currency, value, Decimal(one.deals), case)


def _entries(sight: Sight) -> str:
    """Return a query of what was earned by the end of a sight, and whether the window posted it."""
    since, until = (f"fromUnixTimestamp64Milli({_millis(at)})" for at in (sight.since, sight.until))
    return (
        "SELECT entry.* EXCEPT (topic, partition, trace, reason), position >= cut.since AS is_new "
        "FROM (SELECT * FROM spm.commission_ledger FINAL WHERE state = 'EARNED' "
        f"AND posted_end > toDate32({since}) - {HISTORY_DAYS}) AS entry INNER JOIN ("
        f"SELECT topic, partition, maxIf(reach, at < {since}) AS since, "
        f"maxIf(reach, at <= {until}) AS until FROM ("
        f"SELECT topic, partition, bitShiftLeft(toUInt64(epoch), {OFFSET_BITS}) + offset_to "
        f"AS reach, applied_at AS at FROM spm.applied WHERE topic = '{topics.CREDITS.name}' "
        f"UNION ALL SELECT '{topics.DEFINITIONS.name}', 0, sequence + 1, made_at FROM spm.pay_run) "
        "GROUP BY topic, partition) AS cut "
        "ON entry.topic = cut.topic AND entry.partition = cut.partition "
        "WHERE position < cut.until"
    )


def _millis(at: datetime) -> int:
    return int(at.timestamp() * 1000)
