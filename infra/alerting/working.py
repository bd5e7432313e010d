"""Who is there on a day, and the working days of each."""

from schemas.alerts import Rule, Subject
from schemas.definitions import COMPANY_ID, NO_END, Bundle
from streams.domain.expected import Expectations
from streams.domain.hierarchy import lineages
from streams.domain.periods import DAY, Span
from streams.domain.workdays import EVERYWHERE, Workdays, leave_of


class Working:
    """Working days of subjects: a rep's own calendar and leave, everybody else's the company's."""

    def __init__(self, bundle: Bundle, around: Span) -> None:
        self._calendars = Expectations(bundle).calendars
        self._company = self._calendars.get(bundle.company.calendar_id or "", EVERYWHERE)
        self._around, self._bundle = around, bundle
        self._above = lineages(bundle.roster)
        self.reps = {
            rep.rep_id: stint
            for rep in bundle.roster.reps
            for stint in rep.history
            if stint.valid_from < around.end and around.end - DAY < (stint.valid_to or NO_END)
        }

    def has_role(self, rule: Rule, subject_id: str) -> bool:
        """Return whether a rule is for somebody in their role of today."""
        if rule.subject is not Subject.REP or not rule.roles:
            return True
        stint = self.reps.get(subject_id)
        return stint is not None and stint.role in rule.roles

    def everybody(self, rule: Rule) -> list[str]:
        """Return whom a rule watches: those of its kind who are there today."""
        if rule.subject is Subject.COMPANY:
            return [COMPANY_ID]
        if rule.subject is Subject.TEAM:
            return sorted(team.team_id for team in self._bundle.roster.teams)
        return sorted(rep for rep in self.reps if self.has_role(rule, rep))

    def lines(self, rule: Rule) -> dict[str, tuple[str, ...]]:
        """Return for each rep of today whose numbers theirs are, of the kind a rule watches."""
        if rule.subject is Subject.REP:
            return {rep: (rep,) for rep in self.reps}
        if rule.subject is Subject.TEAM:
            return {rep: self._above.get(s.team_id, ()) for rep, s in self.reps.items()}
        return dict.fromkeys(self.reps, (COMPANY_ID,))

    def of(self, kind: str, subject_id: str) -> Workdays:
        """Return the working days of a subject."""
        stint = self.reps.get(subject_id) if kind == Subject.REP else None
        if stint is None:
            return self._company
        mine = self._calendars.get(stint.calendar_id or "", self._company)
        calendar = mine if stint.calendar_id else self._company
        absences = [a for a in self._bundle.leave.leave if a.rep_id == subject_id]
        return calendar.with_leave(leave_of(absences, self._around))
