"""Reading where a rep or a team stands from spm_bi, as anybody else may."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

from infra.definitions.problems import did_you_mean


class Standing(NamedTuple):
    """One quota and where its owner stands; see the view attainment_current."""

    subject_kind: str
    subject_id: str
    subject_name: str
    kpi: str
    currency: str
    period_start: date
    period_end: date
    is_overlay: bool
    quota: Decimal
    actual_to_date: Decimal | None
    plan_to_date: Decimal
    elapsed_ratio: Decimal
    attainment_ratio: Decimal | None
    pace_ratio: Decimal | None
    gap_amount: Decimal | None
    remaining_amount: Decimal | None
    business_days_left: Decimal
    required_per_business_day: Decimal | None
    projected_amount: Decimal | None
    curve_id: str
    is_additive: bool


class Reached(NamedTuple):
    """How the quotas on one KPI of one kind of subject stand today.

    Attributes:
        reached: at or above the quota by now, below it where less is better.
        behind: short of their plan to date.
        empty: nothing can be said of them yet: there is nothing to divide by.
    """

    subject_kind: str
    kpi: str
    currency: str
    quotas: int
    reached: int
    behind: int
    empty: int


class Number(NamedTuple):
    """What was counted of a measure on the day."""

    measure: str
    currency: str
    value: Decimal


class Member(NamedTuple):
    """Somebody of a team."""

    rep_id: str
    rep_name: str
    team_id: str
    role: str


@dataclass(frozen=True, slots=True)
class Told:
    """What is shown of a rep or a team.

    Attributes:
        today: whether `day` is today, so that the numbers are those of now.
        place: of a rep: team, role and manager; of a team: the team above.
        members: of a team: those in it or below it today.
        below: of a team: where its members stand.
    """

    subject_kind: str
    subject_id: str
    name: str
    place: str
    day: date
    today: bool
    numbers: tuple[Number, ...]
    standings: tuple[Standing, ...]
    members: tuple[Member, ...] = ()
    below: tuple[Standing, ...] = ()


class Views:
    """The public views, through a clickhouse-connect client."""

    def __init__(self, client: Any, as_of: date | None) -> None:
        """Find today in the company's zone, which everything else goes by."""
        self._client = client
        found = self._rows("SELECT day FROM spm_bi.dim_date WHERE is_today LIMIT 1")
        if not found:
            raise LookupError(
                "no plans are in force; put quotas in force with `pacesetter definitions apply`"
            )
        self.today: date = found[0][0]
        self.day = as_of or self.today
        if self.day > self.today:
            raise LookupError(f"{self.day} lies ahead; today is {self.today}")

    def rep(self, rep_id: str) -> Told:
        """Return where a rep stands."""
        rows = self._rows(
            "SELECT rep_name, team_name, role, manager_name FROM spm_bi.dim_rep"
            " WHERE rep_id = {rep:String}",
            rep=rep_id,
        )
        name, team, role, manager = rows[0] if rows else ("", "no team today", "", "")
        place = ", ".join(filter(None, (role, team, f"manager {manager}" if manager else "")))
        return Told(
            "REP", rep_id, name or rep_id, place, self.day, self.day == self.today,
            self._numbers([rep_id]), self._standings("REP", [rep_id]),
        )  # fmt: skip

    def team(self, wanted: str) -> Told:
        """Return where a team and its members stand.

        Raises:
            LookupError: there is no such team, or several; the message says which.
        """
        teams = self._rows("SELECT team_id, team_name, parent_team_id FROM spm_bi.dim_team")
        team_id, name, parent = _team(wanted, teams)
        inside = _below(team_id, teams)
        members = tuple(
            Member(*row)
            for row in self._rows(
                "SELECT rep_id, rep_name, team_id, role FROM spm_bi.dim_rep"
                " WHERE team_id IN {teams:Array(String)} ORDER BY rep_name, rep_id",
                teams=sorted(inside),
            )
        )
        reps = [m.rep_id for m in members]
        return Told(
            "TEAM", team_id, name or team_id, f"within {parent}" if parent else "", self.day,
            self.day == self.today, self._numbers(reps), self._standings("TEAM", [team_id]),
            members, self._standings("REP", reps),
        )  # fmt: skip

    def groups(self) -> tuple[Standing, ...]:
        """Return where teams, regions and the company stand."""
        return self._current("subject_kind != 'REP'")

    def reached(self) -> tuple[Reached, ...]:
        """Return how many quotas of each kind are reached, or behind."""
        rows = self._rows(
            "SELECT subject_kind, kpi, currency, count(), countIf(attainment_ratio >= 1), "
            "countIf(gap_amount > 0), countIf(actual_to_date IS NULL) "
            "FROM spm_bi.attainment_current GROUP BY subject_kind, kpi, currency "
            "ORDER BY subject_kind = 'REP', subject_kind, kpi, currency"
        )
        return tuple(Reached(*row) for row in rows)

    def _current(self, where: str) -> tuple[Standing, ...]:
        rows = self._rows(
            f"SELECT {', '.join(Standing._fields)} FROM spm_bi.attainment_current WHERE {where} "
            "ORDER BY kpi, currency, is_overlay, period_start, subject_kind, subject_name"
        )
        return tuple(Standing(*row) for row in rows)

    def _numbers(self, reps: Sequence[str]) -> tuple[Number, ...]:
        rows = self._rows(
            "SELECT measure, currency, sum(value) FROM spm_bi.rep_day"
            " WHERE rep_id IN {reps:Array(String)} AND day = {day:Date32}"
            " GROUP BY measure, currency HAVING sum(value) != 0 ORDER BY measure, currency",
            reps=list(reps), day=self.day,
        )  # fmt: skip
        return tuple(Number(*row) for row in rows)

    def _standings(self, kind: str, ids: Sequence[str]) -> tuple[Standing, ...]:
        is_today = self.day == self.today
        view = "attainment_current" if is_today else "attainment_daily"
        on = "" if is_today else " AND day = {day:Date32}"
        rows = self._rows(
            f"SELECT {', '.join(Standing._fields)} FROM spm_bi.{view}"
            f" WHERE subject_kind = {{kind:String}} AND subject_id IN {{ids:Array(String)}}{on}"
            " ORDER BY kpi, currency, is_overlay, period_start, subject_name, subject_id",
            kind=kind, ids=list(ids), day=self.day,
        )  # fmt: skip
        return tuple(Standing(*row) for row in rows)

    def _rows(self, sql: str, **parameters: Any) -> list[Any]:
        return list(self._client.query(sql, parameters=parameters).result_rows)


def _team(wanted: str, teams: Sequence[Sequence[str]]) -> Sequence[str]:
    low = wanted.casefold()
    exact = [t for t in teams if low in (t[0].casefold(), t[1].casefold())]
    near = exact or [t for t in teams if low in t[0].casefold() or low in t[1].casefold()]
    if len(near) == 1:
        return near[0]
    if near:
        raise LookupError(f"{wanted!r} may be {', '.join(t[0] for t in near)}; write the team_id")
    names = [name for team in teams for name in team[:2]]
    raise LookupError(
        f"no team is {wanted!r}; {did_you_mean(wanted, names, 'see `definitions show roster`')}"
    )


def _below(team_id: str, teams: Sequence[Sequence[str]]) -> set[str]:
    """Return a team and all teams below it."""
    found: set[str] = set()
    wave = {team_id}
    while wave:
        found |= wave
        wave = {t for t, _, parent in teams if parent in wave} - found
    return found
