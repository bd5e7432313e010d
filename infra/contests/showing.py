"""Standings as people and programs read them."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from infra.contests.final import Correction, Final
from infra.definitions.plan_words import number
from infra.definitions.showing import table
from schemas.contests import Contest
from streams.domain.contest_prizes import Won
from streams.domain.contest_ranking import gaps
from streams.domain.contest_results import Result
from streams.domain.contest_timeline import passes
from streams.domain.contest_times import local_of, moment

Names = Callable[[str], str]
PASSES_SHOWN = 10
_HEADER = ("PLACE", "WHO", "SCORE", "BEHIND", "EVENTS", "REACHED", "WINS")


def told(contest: Contest, found: Result, names: Names) -> str:
    """Return standings for people."""
    behind = gaps(found.placed)
    rows = []
    for one in found.placed:
        tally = one.tally
        at = tally.reached_at
        reached = "" if at is None else f"{local_of(at, contest.time_zone):%Y-%m-%d %H:%M}"
        gap = behind.get(tally.participant)
        rows.append((
            one.rank or "-", names(tally.participant), number(tally.score),
            number(gap) if gap else "", tally.events, reached,
            _wins(found.won.get(tally.participant, Won()), contest),
        ))  # fmt: skip
    lines = [f"{contest.name}: {found.phase}, {contest.state}", table(_HEADER, rows)]
    lines += _detail(contest, found, names)
    return "\n\n".join(lines)


def told_final(final: Sequence[Final], late: Sequence[Correction], names: Names) -> str:
    """Return a final result with what was corrected since, for people."""
    rows = [
        (f.place or "-", names(f.participant), number(f.score),
         number(f.prize) if f.prize else "", f.things) for f in final
    ]  # fmt: skip
    head = f"FINAL since {final[0].finalized_at:%Y-%m-%d %H:%M} UTC, by {final[0].author}"
    lines = [head, table(("PLACE", "WHO", "SCORE", "MONEY", "WINS"), rows)]
    if late:
        lines.append("Corrected since, without a change of place:")
        lines.append(table(("WHO", "FINAL", "NOW"), [
            (names(c.participant), number(c.final), number(c.now)) for c in late
        ]))  # fmt: skip
    return "\n\n".join(lines)


def plain(contest: Contest, found: Result) -> dict[str, Any]:
    """Return standings for programs."""
    behind = gaps(found.placed)
    return {
        "contest_id": contest.contest_id, "name": contest.name, "state": contest.state,
        "phase": found.phase, "hidden": contest.hidden,
        "standings": [
            {
                "place": s.rank, "participant": s.tally.participant, "is_tied": s.is_tied,
                "score": f"{s.tally.score:f}",
                "percent": None if s.tally.percent is None else f"{s.tally.percent:f}",
                "behind": f"{behind.get(s.tally.participant, 0):f}", "events": s.tally.events,
                "reached_at": _instant(s.tally.reached_at), "heads": f"{s.tally.heads:f}",
                "contributors": s.tally.contributors,
                "prize": f"{found.won.get(s.tally.participant, Won()).amount:f}",
                "things": list(found.won.get(s.tally.participant, Won()).things),
            }
            for s in found.placed
        ],
        "matches": [m._asdict() for m in found.matches],
        "rounds": [{"round": r.round, "out": r.out, "is_decided": r.is_decided}
                   for r in found.rounds],
        "table": [r._asdict() for r in found.table],
        "reigns": [{"participant": r.participant, "from": _instant(r.start), "to": _instant(r.end)}
                   for r in found.reigns],
        "goal": [{"name": g.name, "amount": f"{g.amount:f}", "reached_at": _instant(g.at)}
                 for g in found.goal],
        "total": f"{found.total:f}", "ended_at": _instant(found.ended_at),
        "passes": [{**p._asdict(), "at": _instant(p.at)} for p in passes(found.steps, found.terms)],
    }  # fmt: skip


def plain_final(final: Sequence[Final], late: Sequence[Correction]) -> dict[str, Any]:
    """Return a final result for programs."""
    return {"final": [f._asdict() for f in final], "corrections": [c._asdict() for c in late]}


def _wins(won: Won, contest: Contest) -> str:
    money = f"{number(won.amount)} {contest.prize_currency}" if won.amount else ""
    return " and ".join(filter(None, (money, *won.things)))


def _detail(contest: Contest, found: Result, names: Names) -> Iterator[str]:
    zone = contest.time_zone
    if found.matches:
        rows = [(m.label, names(m.home), names(m.away) if m.away else "bye", number(m.home_score),
                 number(m.away_score), names(m.winner) if m.winner else "",
                 "" if m.is_decided else "so far") for m in found.matches]  # fmt: skip
        yield table(("MATCH", "HOME", "AWAY", "HAS", "HAS", "AHEAD", ""), rows)
    for one in found.rounds:
        out = ", ".join(map(names, one.out)) or "nobody"
        yield f"Round {one.round}: {out} {'dropped' if one.is_decided else 'would drop'} out"
    for goal in found.goal:
        at = "not reached" if goal.at is None else f"{local_of(goal.at, zone):%Y-%m-%d %H:%M}"
        yield f"{goal.name}: {number(found.total)} of {number(goal.amount)}, {at}"
    went_past = passes(found.steps, found.terms)[-PASSES_SHOWN:]
    if went_past and not found.matches:
        yield "\n".join(
            f"{local_of(p.at, zone):%Y-%m-%d %H:%M} {names(p.participant)} passed"
            f" {names(p.passed)}" for p in went_past
        )  # fmt: skip


def _instant(at: int | None) -> str | None:
    return None if at is None else moment(at).isoformat(timespec="milliseconds")
