"""Credits that people give, laid over what a deal's owner, splits or rules give. In columns."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple

import polars as pl

from schemas.credits import ManualCredit
from schemas.definitions import NO_END
from streams.domain.crediting import REVENUE, WHOLE
from streams.domain.zones import Days

_EPOCH = date(1970, 1, 1).toordinal()
_UNKNOWN = -1  # index of a giver who is no rep; what is unassigned is nobody's to give


class _Given(NamedTuple):
    """One of them, with reps as indexes, spans as days since 1970 and share in millionths."""

    via: str
    role: str
    share: int
    rep: int
    giver: int
    since: int
    until: int


class ManualCredits:
    """The credits that people gave in one revision of the definitions."""

    def __init__(self, given: Iterable[ManualCredit], index: Mapping[str, int]) -> None:
        """Make them ready.

        Args:
            index: rep_id -> index of the resolver. Who is not in it is nobody.
        """
        counting = (one for one in given if not one.withdrawn_by)
        self.given = tuple(sorted(counting, key=lambda one: one.credit_id))
        self._of: dict[str, list[_Given]] = defaultdict(list)
        for one in self.given:
            self._of[one.deal_id].append(_made(one, index))

    def __bool__(self) -> bool:
        return bool(self.given)

    def over(self, payees: pl.DataFrame, deals: pl.Series, days: Days) -> pl.DataFrame:
        """Return payees with what people gave them of their deals; REVENUE still sums to the whole.

        Args:
            payees: lines of `payees_of`, ordered by row, with `rep`: whose each line is.
            deals: entity id of each row.
            days: the day each row counts on.
        """
        touched = deals.is_in(list(self._of)).arg_true().to_list() if self._of else []
        given = {
            row: found
            for row in touched
            if (found := [g for g in self._of[deals[row]] if g.since <= days[row] < g.until])
        }
        is_touched = pl.col("row").is_in(list(given))
        lines: dict[int, list[dict[str, Any]]] = defaultdict(list)
        for line in payees.filter(is_touched).iter_rows(named=True):
            lines[line["row"]].append(line)
        made = [line for row, some in lines.items() for line in _laid(some, given[row])]
        if not made:
            return payees
        kinds = payees.schema
        over = pl.DataFrame([{**dict.fromkeys(kinds), **line} for line in made], kinds)
        return pl.concat([payees.filter(~is_touched), over]).sort("row", maintain_order=True)


def taken(have: int, wanted: Sequence[int]) -> list[int]:
    """Return what each is given of a rep's part: in order, and no more than there is.

    >>> taken(500_000, [300_000, 300_000, 100_000])
    [300000, 200000, 0]
    """
    given = []
    for want in wanted:
        given.append(min(want, have))
        have -= given[-1]
    return given


def _laid(lines: list[dict[str, Any]], given: Sequence[_Given]) -> list[dict[str, Any]]:
    """Return one deal's lines with those of people; lines of which nothing is left are gone.

    Only what the deal itself, rules or its owner give is taken from, never what people gave.
    """
    shares = {g.via: g.share for g in given if g.role != REVENUE}
    empty: list[str] = []
    for giver in {g.giver for g in given if g.role == REVENUE}:
        theirs = [x for x in lines if x["role"] == REVENUE and x["rep"] == giver]
        asked = [g for g in given if g.role == REVENUE and g.giver == giver]
        found = taken(sum(x["share"] for x in theirs), [g.share for g in asked])
        shares |= {g.via: part for g, part in zip(asked, found, strict=True)}
        left = taken(sum(found), [x["share"] for x in theirs])
        for line, gone in zip(theirs, left, strict=True):
            line["share"] -= gone
            if gone and not line["share"]:
                empty.append(line["via"])
    row = lines[0]["row"]
    return [x for x in lines if x["via"] not in empty] + [
        {"row": row, "role": g.role, "via": g.via, "share": shares[g.via], "rep": g.rep}
        for g in given
        if shares[g.via]
    ]


def _made(one: ManualCredit, index: Mapping[str, int]) -> _Given:
    return _Given(
        f"manual:{one.credit_id}",
        one.role,
        int(one.share * WHOLE),
        index.get(one.rep_id, 0),
        index.get(one.from_rep or "") or _UNKNOWN,
        one.valid_from.toordinal() - _EPOCH if one.valid_from else -_EPOCH,
        (one.valid_to or NO_END).toordinal() - _EPOCH,
    )
