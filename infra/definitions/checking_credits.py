"""Whether credits by hand can be given: names exist, somebody else approved, nobody gives twice."""

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import cast

from infra.definitions.problems import Finding, did_you_mean
from schemas.credits import Credits, ManualCredit
from schemas.defining import Definition
from schemas.definitions import NO_END, Roster

_KIND, _LIST = "credits", "manual_credits"
_WITHDRAWN = ("withdrawn_by", "withdrawn_reason")


def check(values: Mapping[str, Definition]) -> Iterator[Finding]:
    """Yield everything wrong with credits by hand. A deal that does not exist yet is waited for."""
    given = cast(Credits, values[_KIND]).manual_credits
    roster = cast(Roster | None, values.get("roster"))
    first: dict[str, int] = {}
    for i, one in enumerate(given):
        if one.credit_id in first:
            yield _wrong(i, "credit_id", one.credit_id,
                         f"stands already in entry {first[one.credit_id]}, counted from 0",
                         "keep one of them")  # fmt: skip
        first.setdefault(one.credit_id, i)
        yield from _own(i, one)
        yield from _names(i, one, roster)
        yield from _more_than_all(i, given)


def undone(before: Definition | None, after: Definition | None) -> Iterator[Finding]:
    """Yield credits in force that are no longer there, or are others; they may be withdrawn."""
    if not isinstance(before, Credits) or not isinstance(after, Credits):
        return
    now = {one.credit_id: one for one in after.manual_credits}
    for one in before.manual_credits:
        found = now.get(one.credit_id)
        back = found and one.model_copy(
            update={n: getattr(found, n) for n in _WITHDRAWN if not one.withdrawn_by}
        )
        if found is None or found != back:
            yield Finding(_KIND, (_LIST,), one.credit_id, "is in force, and not so here",
                          "take credits from `pacesetter definitions export`; what was wrong is"
                          " taken back by `pacesetter deal uncredit` and given anew")  # fmt: skip


def _own(i: int, one: ManualCredit) -> Iterator[Finding]:
    if one.approver.strip().casefold() == one.author.strip().casefold():
        yield _wrong(i, "approver", one.approver, "wrote it, too", "let somebody else approve it")
    if ":" not in one.deal_id.strip(":"):
        yield _wrong(i, "deal_id", one.deal_id, "is no entity id of a deal",
                     "write deal_id of fct_deal, such as hubspot:deal:1234")  # fmt: skip
    if one.from_rep == one.rep_id:
        yield _wrong(i, "from_rep", one.rep_id, "is also who gets it",
                     "name whose part it is taken from")  # fmt: skip
    if one.valid_from and one.valid_to and one.valid_to <= one.valid_from:
        yield _wrong(i, "valid_to", str(one.valid_to), f"is not after valid_from {one.valid_from}",
                     "name the first day on which it no longer counts")  # fmt: skip


def _names(i: int, one: ManualCredit, roster: Roster | None) -> Iterator[Finding]:
    reps = {rep.rep_id for rep in roster.reps} if roster else None
    for name in ("rep_id", "from_rep"):
        rep = getattr(one, name)
        if rep is not None and reps is not None and rep not in reps:
            yield _wrong(i, name, rep, "is no rep that exists",
                         did_you_mean(rep, reps, "add the rep to the roster"))  # fmt: skip


def _more_than_all(i: int, given: Sequence[ManualCredit]) -> Iterator[Finding]:
    """Yield the entry with which somebody gives more of a deal than there is of it."""
    one = given[i]
    if one.from_rep is None or one.withdrawn_by:
        return
    alike = [
        other.share
        for other in given[: i + 1]
        if (other.deal_id, other.from_rep) == (one.deal_id, one.from_rep)
        and not other.withdrawn_by
        and _meet(other, one)
    ]
    whole = sum(alike, Decimal())
    if whole - one.share <= 1 < whole:
        yield _wrong(i, "share", f"{one.share:f}",
                     f"makes {whole:f} of the deal that {one.from_rep} gives",
                     "give less: nobody has more than 1 of a deal")  # fmt: skip


def _meet(one: ManualCredit, other: ManualCredit) -> bool:
    """Return whether both can count for a deal of the same day."""
    starts = [x.valid_from for x in (one, other) if x.valid_from]
    return not starts or max(starts) < min(x.valid_to or NO_END for x in (one, other))


def _wrong(i: int, field: str, value: str, problem: str, remedy: str) -> Finding:
    return Finding(_KIND, (_LIST, i, field), value, problem, remedy)
