"""Who hears of a subject today: managers by the hierarchy, the rep, shared channels."""

from collections.abc import Collection, Iterator, Mapping, Sequence, Set
from datetime import date
from functools import cached_property
from typing import NamedTuple

from infra.alerting.reading import SETTINGS, Warehouse
from infra.alerting.working import Working
from schemas.alerts import READERS, Route, Subject, Way
from schemas.definitions import Bundle
from streams.domain.alert_sending import Recipient
from streams.domain.hierarchy import lineages
from streams.domain.periods import DAY, Span
from streams.domain.reporting import Reporting

AHEAD_DAYS = 30  # of leave that is looked at for when somebody works again
PERSONAL = (Route.MANAGER, Route.REP, Route.DIGEST)


class Contact(NamedTuple):
    """How a person is reached: e-mail address and language, each empty where it is not known."""

    email: str
    locale: str


class Recipients:
    """Recipients of one day."""

    def __init__(
        self,
        warehouse: Warehouse,
        bundle: Bundle,
        today: date,
        usable: Collection[str] | None = None,
    ) -> None:
        """Prepare to say who hears of what.

        Args:
            usable: names of the installation's channels; None: all that the definitions name.
        """
        self._warehouse, self._bundle, self._today = warehouse, bundle, today
        self._usable = usable
        self._working = Working(bundle, Span(today, today + DAY))
        self._soon = Working(bundle, Span(today, today + AHEAD_DAYS * DAY))
        self._reporting = Reporting(bundle.roster)
        self._above = lineages(bundle.roster)

    def of(self, kind: str, subject_id: str) -> dict[Route, list[Recipient]]:
        """Return who hears of a subject, by route."""
        return {
            route: [
                one
                for channel in self._channels(route, kind, subject_id)
                for one in self._readers(route, kind, subject_id, channel)
            ]
            for route in Route
        }

    def one(self, recipient_id: str, channel: str) -> Recipient | None:
        """Return somebody on a channel as they work today; None: they are not there any more."""
        if self._usable is not None and channel not in self._usable:
            return None
        if not recipient_id:
            company = self._bundle.company
            return Recipient("", company.time_zone, self._working.of("COMPANY", ""), channel)
        stint = self._working.reps.get(recipient_id)
        if stint is None:
            return None
        return Recipient(recipient_id, stint.time_zone, self._soon.of("REP", recipient_id), channel)

    def contact(self, recipient_id: str) -> Contact:
        """Return how a person is reached; nobody's is empty but for the language of all."""
        found = self._contacts.get(recipient_id, Contact("", ""))
        return found._replace(locale=found.locale or self._bundle.alerts.locale)

    @cached_property
    def _contacts(self) -> Mapping[str, Contact]:
        rows = self._warehouse.frame(
            f"SELECT rep_id, email, locale FROM spm.person FINAL WHERE NOT erased {SETTINGS}"
        )
        return {rep: Contact(email, locale) for rep, email, locale in rows.iter_rows()}

    def _channels(self, route: Route, kind: str, subject_id: str) -> Iterator[str]:
        """Yield the channels of a route: those said for the nearest team, else for everybody."""
        ways = [way for way in self._bundle.alerts.ways if way.route is route]
        if not ways and route is Route.DIGEST:  # a manager's digest goes where their messages go
            ways = [way for way in self._bundle.alerts.ways if way.route is Route.MANAGER]
        for channel in dict.fromkeys(c for way in self._nearest(ways, kind, subject_id)
                                     for c in way.channels):  # fmt: skip
            if self._usable is None or channel in self._usable:
                yield channel

    def _nearest(self, ways: Sequence[Way], kind: str, subject_id: str) -> list[Way]:
        for team in self._teams(kind, subject_id):
            found = [way for way in ways if way.team_id == team]
            if found:
                return found
        return [way for way in ways if way.team_id is None]

    def _teams(self, kind: str, subject_id: str) -> tuple[str, ...]:
        """Return the teams a subject is in, the nearest first."""
        if kind == Subject.TEAM:
            return self._above.get(subject_id, (subject_id,))
        stint = self._working.reps.get(subject_id) if kind == Subject.REP else None
        return self._above.get(stint.team_id, (stint.team_id,)) if stint else ()

    def _readers(
        self, route: Route, kind: str, subject_id: str, channel: str
    ) -> Iterator[Recipient]:
        who: Sequence[str] = ("",)
        if READERS.get(route, route) is Route.MANAGER:
            who = self.managers(kind, subject_id)
        elif route is Route.REP:
            who = (subject_id,) if kind == Subject.REP else ()
        for recipient_id in who:
            found = self.one(recipient_id, channel)
            if found is not None:
                yield found

    def is_alone(self, rep_id: str) -> bool:
        """Return whether somebody of today reports to nobody, and nobody to them."""
        stint = self._working.reps.get(rep_id)
        if stint is None or stint.manager_id:
            return False
        return all(one.manager_id != rep_id for one in self._working.reps.values())

    def managers(self, kind: str, subject_id: str) -> tuple[str, ...]:
        """Return who manages a subject today: of a company, those whom nobody manages."""
        if kind == Subject.REP:
            boss = self._reporting.manager(subject_id, self._today)
            return (boss,) if boss else ()
        if kind == Subject.TEAM:
            return self._managers_of_team(subject_id)
        bosses = {s.manager_id for s in self._working.reps.values() if s.manager_id}
        return tuple(sorted(b for b in bosses if not self._reporting.manager(b, self._today)))

    def _managers_of_team(self, team_id: str) -> tuple[str, ...]:
        """Return who manages a team: those of its own reps to whom others report, if any.

        Else whom its own reps report to; of a team without reps, whom the managers below it do.
        """
        reps = self._working.reps
        below = {
            rep: stint for rep, stint in reps.items()
            if team_id in self._above.get(stint.team_id, ())
        }  # fmt: skip
        own = {rep: stint for rep, stint in below.items() if stint.team_id == team_id}
        inside = {stint.manager_id for stint in below.values()} & own.keys()
        if inside or own:
            return self._heads(inside or {stint.manager_id for stint in own.values()})
        heads = self._heads({stint.manager_id for stint in below.values()})
        above = {self._reporting.manager(head, self._today) for head in heads}
        return tuple(sorted(one for one in above if one)) or heads

    def _heads(self, bosses: Set[str | None]) -> tuple[str, ...]:
        """Return managers but for those who report to another of them."""
        return tuple(sorted(
            boss for boss in bosses
            if boss and self._reporting.manager(boss, self._today) not in bosses - {None}
        ))  # fmt: skip
