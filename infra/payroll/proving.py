"""Pay runs a second time: from agents' entries, credits and acts, nothing that runs wrote."""

from decimal import Decimal
from typing import NamedTuple

from infra.definitions.stored import Stored
from infra.payroll import reading
from infra.payroll.running import computed, pending, rows_of
from streams.domain.pay_acts import new_acts
from streams.domain.pay_balances import Moved
from streams.domain.pay_run import Made

_COMPARED = ("rep_id", "component_id", "state", "kind", "currency", "deal_id", "amount")


class Difference(NamedTuple):
    """An entry of a pay run that is not what history makes.

    Attributes:
        expected, found: amounts; None: there should be no such entry, or there is none.
    """

    sequence: int
    entry_id: str
    rep_id: str
    currency: str
    wrong: str
    expected: Decimal | None
    found: Decimal | None


def differences(stored: Stored) -> tuple[int, list[Difference]]:
    """Return how many runs were computed again, and the entries that differ.

    Runs that are not done yet are left out.
    """
    left = set(pending(stored))
    done = [sequence for sequence in reading.sequences(stored) if sequence not in left]
    before: list[Moved] = []
    found: list[Difference] = []
    for sequence in done:
        made = _again(stored, sequence, before)
        before += [one.moved for one in made]
        found += _compared(stored, sequence, made)
    return len(done), found


def _again(stored: Stored, sequence: int, before: list[Moved]) -> list[Made]:
    revision = reading.revision(stored, sequence)
    if not new_acts(revision.before, revision.bundle.payroll):
        return []
    cut, _ = reading.cuts(stored, sequence)
    balances = reading.agents(stored, cut)
    for entry in before:
        balances.add(entry)
    return computed(stored, revision, cut, balances)


def _compared(stored: Stored, sequence: int, made: list[Made]) -> list[Difference]:
    rows = rows_of(sequence, made)
    must = {row["entry_id"]: tuple(row[n] for n in _COMPARED) for row in rows.iter_rows(named=True)}
    there = stored.rows(
        f"SELECT entry_id, {', '.join(_COMPARED)} FROM spm.commission_ledger FINAL"
        " WHERE topic = {topic:String} AND position = {at:UInt64}",
        topic=reading.DEFINITIONS, at=sequence,
    )  # fmt: skip
    have = {str(entry): tuple(rest) for entry, *rest in there}
    found = []
    for entry in sorted(must.keys() | have.keys()):
        if have.get(entry) == must.get(entry):
            continue
        now, then = have.get(entry), must.get(entry)
        told = dict(zip(_COMPARED, now or then or (), strict=True))
        wrong = (
            "missing"
            if now is None
            else "nothing makes it"
            if then is None
            else (f"{now[-1]} stands there, {then[-1]} should")
        )
        amounts = (then[-1] if then else None, now[-1] if now else None)
        who = (str(told["rep_id"]), str(told["currency"]))
        found.append(Difference(sequence, entry, *who, wrong, *amounts))
    return found
