"""Good news as the warehouse has it: contests, deals and quotas, as far as it is news."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from connectors.sinks.clickhouse import quoted
from infra.alerting.reading import SETTINGS, Warehouse
from infra.contests.live import Live
from schemas.alerts import Subject
from schemas.broadcasts import Broadcast, Occasion
from schemas.contest_choices import Format, Of, Score, State
from schemas.contests import Contest
from schemas.definitions import Bundle
from streams.domain.broadcasting import AHEAD, Happening, is_fresh
from streams.domain.contest_field import field
from streams.domain.contest_targets import targets
from streams.domain.contest_times import moment, window
from streams.domain.periods import DAY

SIDE = "SIDE"
COMPANY_ID = "company"
PLACES_MAX = 3  # of a final result
REVENUE = "revenue_won_reporting"  # the rule by which deals are compared


class Happenings:
    """What happened of late."""

    def __init__(self, warehouse: Warehouse, bundle: Bundle, now: datetime) -> None:
        self._warehouse, self._bundle, self._now = warehouse, bundle, now
        self._teams = {team.team_id for team in bundle.roster.teams}

    def of(self, one: Broadcast) -> list[Happening]:
        """Return what a broadcast would tell.

        Raises:
            Unavailable: not now.
        """
        found = {
            Occasion.CONTEST_STARTED: self._started, Occasion.LEAD_TAKEN: self._leads,
            Occasion.TARGET_REACHED: self._targets, Occasion.FINAL_RESULT: self._results,
            Occasion.DEAL_WON: self._deals, Occasion.QUOTA_REACHED: self._quotas,
        }[one.occasion](one)  # fmt: skip
        return [each for each in found if is_fresh(one, each.at, self._now)]

    def _started(self, one: Broadcast) -> Iterator[Happening]:
        for contest in self._contests(one):
            at = moment(window(contest).start)
            yield Happening(one.broadcast_id, one.occasion, Subject.COMPANY, COMPANY_ID,
                            contest.contest_id, at, _day(contest))  # fmt: skip

    def _leads(self, one: Broadcast) -> Iterator[Happening]:
        contests = {c.contest_id: c for c in self._contests(one) if c.format is not Format.GOAL}
        for row in self._standing_rows(one, contests, "place = 1 AND NOT is_tied AND is_in "
                                       "AND notEmpty(passed)"):  # fmt: skip
            contest, name = contests[row["contest_id"]], row["participant_id"]
            others = tuple(row["passed"]) if len(row["passed"]) == 1 else ()
            yield Happening(
                one.broadcast_id, one.occasion, self._kind(contest, name), name,
                contest.contest_id, row["reached_at"], _day(contest),
                mark=str(row["reached_at"]), others=others,
            )  # fmt: skip

    def _targets(self, one: Broadcast) -> Iterator[Happening]:
        for contest in self._contests(one):
            if contest.format is Format.GOAL:
                yield from self._goal(one, contest)
            else:
                yield from self._own_targets(one, contest)

    def _own_targets(self, one: Broadcast, contest: Contest) -> Iterator[Happening]:
        asked = targets(contest, field(contest, self._bundle.roster), self._bundle)
        if not asked:
            return
        rows = self._standing_rows(one, {contest.contest_id: contest}, "is_in")
        for row in rows:
            name, wanted = row["participant_id"], asked.get(row["participant_id"])
            least = Decimal(1) if contest.score is Score.PERCENT else wanted
            if wanted is not None and least is not None and row["score"] >= least:
                yield Happening(
                    one.broadcast_id, one.occasion, self._kind(contest, name), name,
                    contest.contest_id, row["reached_at"], _day(contest), amount=wanted,
                )  # fmt: skip

    def _goal(self, one: Broadcast, contest: Contest) -> Iterator[Happening]:
        if not self._standing_rows(one, {contest.contest_id: contest}, "1"):
            return
        live = Live(self._bundle, contest)
        live.read(self._warehouse, None)
        for level in live.standing(self._warehouse, self._now).goal:
            if level.at is not None:
                yield Happening(
                    one.broadcast_id, one.occasion, Subject.COMPANY, COMPANY_ID,
                    contest.contest_id, moment(level.at), _day(contest), mark=level.name,
                    amount=level.amount,
                )  # fmt: skip

    def _results(self, one: Broadcast) -> Iterator[Happening]:
        known = {c.contest_id: c for c in self._contests(one)}
        rows = self._warehouse.frame(
            "SELECT contest_id, participant_id, place, finalized_at FROM spm_bi.contest_result"
            f" WHERE finalized_at >= {_since(one, self._now)} AND place > 0"
            f" ORDER BY contest_id, place, participant_id {SETTINGS}"
        )
        by_contest: dict[str, list[Mapping[str, Any]]] = {}
        for row in rows.iter_rows(named=True):
            if row["contest_id"] in known:
                by_contest.setdefault(row["contest_id"], []).append(row)
        for contest_id, placed in by_contest.items():
            first = [row["participant_id"] for row in placed if row["place"] == 1]
            name = first[0] if len(first) == 1 else ""
            contest = known[contest_id]
            others = tuple(f"{r['place']} {r['participant_id']}" for r in placed
                           if r["place"] <= PLACES_MAX)[: 2 * PLACES_MAX]  # fmt: skip
            yield Happening(
                one.broadcast_id, one.occasion, self._kind(contest, name) if name else "CONTEST",
                name, contest_id, placed[0]["finalized_at"], _day(contest), others=others,
            )  # fmt: skip

    def _deals(self, one: Broadcast) -> Iterator[Happening]:
        measure = next((m.measure for m in self._bundle.measures.measures if m.rule == REVENUE), "")
        until = self._now + AHEAD
        worth = f"arraySum(arrayMap((m, v) -> if(m = {quoted(measure)}, v, 0), "
        rows = self._warehouse.frame(
            "SELECT entity_id, rep_id, won_at, day, amount FROM (SELECT entity_id, rep_id, won_at,"
            f" day, stage_class, op, {worth}measure, measure_value)) AS amount FROM spm.deal"
            " WHERE kind != 'marker' AND entity_id IN (SELECT entity_id FROM spm.deal"
            f" WHERE won_at >= {_since(one, self._now)} AND won_at <= {_instant(until)})"
            " ORDER BY entity_id, position DESC LIMIT 1 BY entity_id)"
            f" WHERE op = 'SET' AND stage_class = 'WON' AND won_at IS NOT NULL {SETTINGS}"
        )
        least = one.at_least or Decimal(0)
        for row in rows.iter_rows(named=True):
            if row["amount"] >= least:
                yield Happening(
                    one.broadcast_id, one.occasion, Subject.REP, row["rep_id"], row["entity_id"],
                    row["won_at"], row["day"], amount=row["amount"],
                    currency=self._bundle.company.reporting_currency,
                )  # fmt: skip

    def _quotas(self, one: Broadcast) -> Iterator[Happening]:
        """Yield quotas that what happened yesterday or today brought to an end.

        A quota is no instant; facts of days before it was reached ring nothing, whenever they come.
        """
        zone = ZoneInfo(self._bundle.company.time_zone)
        today = self._now.astimezone(zone).date()
        rows = self._warehouse.frame(
            "SELECT day, subject_kind, subject_id, kpi, currency, period_start, quota,"
            " actual_to_date FROM spm_bi.attainment_daily"
            f" WHERE day >= '{today - 2 * DAY}' AND day <= '{today}' AND period_start <= '{today}'"
            f" AND period_end >= '{today}' AND NOT is_overlay AND is_additive"
            f" AND subject_kind IN ('REP', 'TEAM', 'COMPANY') AND quota > 0 {SETTINGS}"
        )
        places: dict[tuple[Any, ...], list[Mapping[str, Any]]] = {}
        names = ("subject_kind", "subject_id", "kpi", "currency", "period_start")
        for row in rows.sort("day").iter_rows(named=True):
            if not one.kpis or row["kpi"] in one.kpis:
                places.setdefault(tuple(row[name] for name in names), []).append(row)
        for (kind, subject_id, kpi, currency, start), days in places.items():
            was = days[0]["actual_to_date"] if days[0]["day"] == today - 2 * DAY else Decimal(0)
            quota = days[-1]["quota"]
            if was < quota <= days[-1]["actual_to_date"]:
                yield Happening(
                    one.broadcast_id, one.occasion, kind, subject_id, kpi, self._now, start,
                    mark=str(start), amount=quota, currency=currency,
                )  # fmt: skip

    def _contests(self, one: Broadcast) -> list[Contest]:
        return [
            c for c in self._bundle.contests.contests
            if c.state is State.OPEN and (c.contest_id in one.contests if one.contests
                                          else not c.hidden)
        ]  # fmt: skip

    def _standing_rows(
        self, one: Broadcast, contests: Mapping[str, Contest], where: str
    ) -> Sequence[Mapping[str, Any]]:
        """Return rows of standings that are news, the older first."""
        if not contests:
            return []
        names = ", ".join(quoted(name) for name in sorted(contests))
        since = _since(one, self._now)
        rows = self._warehouse.frame(
            "SELECT contest_id, participant_id, score, reached_at, passed FROM spm.contest_standing"
            f" FINAL WHERE contest_id IN ({names}) AND at >= {since} AND reached_at >= {since}"
            f" AND ({where}) ORDER BY contest_id, number, participant_id {SETTINGS}"
        )
        return list(rows.iter_rows(named=True))

    def _kind(self, contest: Contest, participant: str) -> str:
        if contest.of is Of.REPS:
            return Subject.REP
        return Subject.TEAM if participant in self._teams else SIDE


def _since(one: Broadcast, now: datetime) -> str:
    return _instant(now - timedelta(minutes=one.fresh_minutes))


def _instant(at: datetime) -> str:
    text = at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]
    return f"toDateTime64({quoted(text)}, 3, 'UTC')"


def _day(contest: Contest) -> date:
    return datetime.fromisoformat(contest.starts_at).date()
