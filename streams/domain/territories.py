"""Credit by territory rules: which rule a deal meets, and whom that credits. In columns."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl

from schemas.definitions import NO_END
from schemas.territories import CreditRule, CreditShare, Territories
from streams.domain.zones import Days

WHOLE = 1_000_000  # a share of 1, in millionths
NOBODY = 0  # Resolver's index of unassigned
NO_RULE = -1
# Field of a deal -> field of a rule that lists what it may be.
LISTED = {
    "segment": "segments",
    "region": "regions",
    "product": "products",
    "deal_type": "deal_types",
    "lead_source": "lead_sources",
    "account_id": "accounts",
}
READ = (*LISTED, "currency", "amount")  # of a deal, by conditions
LINES = {
    "row": pl.Int64(),
    "user": pl.String(),
    "role": pl.String(),
    "via": pl.String(),
    "share": pl.Int64(),
    "rep": pl.Int64(),
    "territory": pl.String(),
}
_EPOCH = date(1970, 1, 1).toordinal()
Places = npt.NDArray[np.int64]  # of rules


class _Line(NamedTuple):
    """One payee of a rule; rep is None for the owner, territory where the rule names none."""

    role: str
    via: str
    share: int
    rep: int | None
    territory: str | None


class CreditRules:
    """The rules of one revision of the definitions, in the order in which they count."""

    def __init__(self, territories: Territories, index: Mapping[str, int]) -> None:
        """Make them ready.

        Args:
            index: rep_id -> index of the resolver. Who is not in it is nobody.
        """
        self.rules = tuple(sorted(territories.rules, key=lambda r: (r.priority, r.rule_id)))
        self._index = index
        self._holders = {
            t.territory_id: sorted(
                (h.rep_id, h.valid_from, h.valid_to or NO_END) for h in t.holders
            )
            for t in territories.territories
        }

    def __bool__(self) -> bool:
        return bool(self.rules)

    def chosen(self, deals: pl.DataFrame, days: Days) -> Places:
        """Return for each deal the place of the rule that counts in `rules`, NO_RULE for none.

        Args:
            deals: the fields of READ.
            days: the day each counts on.
        """
        found = np.full(len(deals), NO_RULE, np.int64)
        for place in range(len(self.rules) - 1, -1, -1):
            found[_meets(self.rules[place], deals, days)] = place
        return found

    def payees(self, deals: pl.DataFrame, days: Days) -> pl.DataFrame:
        """Return the payees that rules give deals, as LINES: `rep` is null where it is the owner.

        Args:
            deals: row, owner_id and the fields of READ; deals with splits of their own are not
                among them.
        """
        places = self.chosen(deals, days)
        asked = pl.DataFrame([
            deals.get_column("row").cast(pl.Int64), deals.get_column("owner_id"),
            pl.Series("rule", places), pl.Series("day", days, pl.Int32),
        ]).filter(pl.col("rule") != NO_RULE)  # fmt: skip
        table = [
            (rule, day, *line)
            for rule, day in asked.select("rule", "day").unique().iter_rows()
            for line in self._lines(self.rules[rule], date.fromordinal(day + _EPOCH))
        ]
        kinds: dict[str, pl.DataType] = {"rule": pl.Int64(), "day": pl.Int32()}
        kinds |= {name: LINES[name] for name in _Line._fields}
        lines = pl.DataFrame(table, kinds, orient="row")
        found = asked.join(lines, on=["rule", "day"], maintain_order="left_right")
        return found.select(
            "row",
            pl.when(pl.col("rep").is_null()).then("owner_id").alias("user"),
            *list(LINES)[2:],
        )

    def _lines(self, rule: CreditRule, day: date) -> Sequence[_Line]:
        lines = []
        for place, credit in enumerate(rule.credits):
            whole = int(credit.share * WHOLE)
            reps = self._reps(credit, day)
            part, left = divmod(whole, len(reps))
            via = f"rule:{rule.rule_id}:{place}"
            lines += [
                _Line(credit.role, via, part + (i < left), rep, credit.territory_id)
                for i, rep in enumerate(reps)
            ]
        return lines

    def _reps(self, credit: CreditShare, day: date) -> Sequence[int | None]:
        if credit.to_owner:
            return [None]
        if credit.rep_id is not None:
            return [self._index.get(credit.rep_id, NOBODY)]
        held = self._holders.get(credit.territory_id or "", [])
        return [
            self._index.get(rep, NOBODY) for rep, since, until in held if since <= day < until
        ] or [NOBODY]


def _meets(rule: CreditRule, deals: pl.DataFrame, days: Days) -> npt.NDArray[np.bool_]:
    since = rule.valid_from.toordinal() - _EPOCH
    until = (rule.valid_to or NO_END).toordinal() - _EPOCH
    met = (days >= since) & (days < until)
    conditions = [
        pl.col(field).is_in(getattr(rule, listed)).fill_null(value=False)
        for field, listed in LISTED.items()
        if getattr(rule, listed)
    ]
    if rule.currency is not None:
        conditions.append(pl.col("currency") == rule.currency)
    if rule.amount_from is not None:
        conditions.append(pl.col("amount") >= rule.amount_from)
    if rule.amount_to is not None:
        conditions.append(pl.col("amount") < rule.amount_to)
    if conditions:
        met &= (
            deals.select(pl.all_horizontal(conditions).fill_null(value=False))
            .to_series()
            .to_numpy()
        )
    return met
