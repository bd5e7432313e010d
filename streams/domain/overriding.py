"""Credits of managers: a part of a won deal counts for those above its payee who are paid on it.

Only for managers on a plan that counts credits of others, and as far up as it counts them. Such a
credit repeats the payee's: its `via` says whose it is, so it is an item of the manager's own.
"""

from collections.abc import Mapping, Sequence
from datetime import date

import polars as pl

from schemas.definitions import Bundle
from schemas.plan_choices import Whose
from streams.domain.crediting import OVERRIDE
from streams.domain.plan_credits import Credit
from streams.domain.reporting import Reporting


class Overriders:
    """Who is credited with what others are credited with, in one revision of the definitions."""

    def __init__(self, bundle: Bundle) -> None:
        self.reach = _reach(bundle)
        self._reporting = Reporting(bundle.roster)
        self._known: dict[tuple[str, date], Sequence[str]] = {}

    def __bool__(self) -> bool:
        return bool(self.reach)

    def of(self, rep_id: str, day: date) -> Sequence[str]:
        """Return the managers who are credited with what a rep is credited with on a day."""
        key = (rep_id, day)
        if key not in self._known:
            self._known[key] = [
                boss
                for steps, boss in enumerate(self._reporting.above(rep_id, day))
                if self._wants(boss, is_direct=steps == 0)
            ]
        return self._known[key]

    def lines(self, payees: pl.DataFrame, is_won: pl.Series) -> pl.DataFrame:
        """Return the lines of managers that lines of payees make.

        Args:
            payees: rep_id, role, via, day and whatever else a credit says.
            is_won: of the deal of each line.
        """
        wanted = payees.filter(is_won).select("rep_id", "role", "via", "day")
        at = is_won.arg_true().to_list()
        found = [
            (row, boss, f"{_escaped(rep_id)}:{role}:{via}")
            for row, (rep_id, role, via, day) in zip(at, wanted.iter_rows(), strict=True)
            for boss in self.of(rep_id, day)
        ]
        rows = payees[[row for row, *_ in found]]
        return rows.with_columns(
            pl.Series("rep_id", [boss for _, boss, _ in found], pl.String),
            pl.Series("via", [via for *_, via in found], pl.String),
            pl.lit(OVERRIDE).alias("role"),
        )

    def _wants(self, boss: str, *, is_direct: bool) -> bool:
        whose = self.reach.get(boss, self.reach.get("", Whose.OWN))
        return whose is Whose.ALL_REPORTS or (is_direct and whose is Whose.REPORTS)


def _reach(bundle: Bundle) -> Mapping[str, Whose]:
    """Return whose credits count for whom; "" for everybody not named."""
    found: dict[str, Whose] = {}
    for plan in bundle.plans.plans:
        whose = {c.counts.whose for c in plan.components} - {Whose.OWN}
        if whose:
            far = Whose.ALL_REPORTS if Whose.ALL_REPORTS in whose else Whose.REPORTS
            for rep_id in plan.reps or ("",):
                found[rep_id] = max(found.get(rep_id, Whose.OWN), far, key=_FAR.index)
    everybody = found.get("", Whose.OWN)
    return {rep_id: max(whose, everybody, key=_FAR.index) for rep_id, whose in found.items()}


_FAR = (Whose.OWN, Whose.REPORTS, Whose.ALL_REPORTS)


def source_of(credit: Credit) -> Credit:
    """Return the credit that one of a manager repeats."""
    rep_id, role, via = credit.via.split(":", 2)
    return credit._replace(payee=_unescaped(rep_id), role=role, via=via)


def _escaped(rep_id: str) -> str:
    return rep_id.replace("%", "%25").replace(":", "%3A")


def _unescaped(rep_id: str) -> str:
    return rep_id.replace("%3A", ":").replace("%25", "%")
