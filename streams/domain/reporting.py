"""Who reports to whom on a day, as the roster says: what manager overrides go by."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import date

from schemas.definitions import NO_END, Roster
from schemas.plan_choices import Whose


class Reporting:
    """The lines of managers of one revision of the roster."""

    def __init__(self, roster: Roster) -> None:
        self._stints = {
            rep.rep_id: [(s.valid_from, s.valid_to or NO_END, s.manager_id) for s in rep.history]
            for rep in roster.reps
        }
        self._ever: dict[str, set[str]] = defaultdict(set)
        for rep_id, stints in self._stints.items():
            for _, _, manager in stints:
                if manager is not None:
                    self._ever[manager].add(rep_id)

    @property
    def reps(self) -> Iterable[str]:
        """Everybody on the roster, on whatever days."""
        return self._stints

    def manager(self, rep_id: str, day: date) -> str | None:
        """Return whom a rep reports to on a day; None: nobody, or not on the roster."""
        stints = self._stints.get(rep_id, ())
        return next((boss for since, until, boss in stints if since <= day < until), None)

    def above(self, rep_id: str, day: date) -> Iterator[str]:
        """Yield everybody above a rep on a day, nearest first; a circle ends where it closes."""
        seen = {rep_id}
        boss = self.manager(rep_id, day)
        while boss is not None and boss not in seen:
            seen.add(boss)
            yield boss
            boss = self.manager(boss, day)

    def counts(self, payee: str, rep_id: str, day: date, whose: Whose) -> bool:
        """Return whether a rep's credit of a day is one of the payee's."""
        if whose is Whose.OWN:
            return payee == rep_id
        if whose is Whose.REPORTS:
            return self.manager(rep_id, day) == payee != rep_id
        return payee in self.above(rep_id, day)

    def counted_for(self, rep_id: str, day: date, whose: Whose) -> Iterator[str]:
        """Yield the others a rep's credit of a day counts for."""
        if whose is Whose.REPORTS:
            boss = self.manager(rep_id, day)
            if boss is not None and boss != rep_id:
                yield boss
        elif whose is Whose.ALL_REPORTS:
            yield from self.above(rep_id, day)

    def bounds(self) -> list[date]:
        """Return the days on which somebody's manager may change, in order."""
        days = (day for stints in self._stints.values() for stint in stints for day in stint[:2])
        return sorted(set(days))

    def ever_below(self, payee: str, whose: Whose) -> set[str]:
        """Return who may be below somebody on some day."""
        if whose is Whose.OWN:
            return {payee}
        found, open_ = set(self._ever[payee]), list(self._ever[payee])
        while open_ and whose is Whose.ALL_REPORTS:
            more = self._ever[open_.pop()] - found
            found |= more
            open_ += more
        return found - {payee}
