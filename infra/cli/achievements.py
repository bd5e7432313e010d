"""`pacesetter rep badges`, `pacesetter rep streaks`, `pacesetter rep level`: what reps have earned.

All of it is computed when it is asked for, so what a correction takes back is gone without a word.
"""

from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any

import typer

from infra.cli.reaching import ground, print_json

if TYPE_CHECKING:
    from infra.contests.earning import Earned

Who = Annotated[str, typer.Argument(help="A rep_id, or a name or part of it. Default: everybody.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]


def register(reps: typer.Typer) -> None:
    """Add the commands to those of reps."""
    reps.command("badges")(badges)
    reps.command("streaks")(streaks)
    reps.command("level")(level)


def badges(rep: Who = "", *, as_json: Json = False) -> None:
    """List the badges a rep has earned, newest first: what for, in which period, when.

    An award has one id for ever: it is never given twice, and a correction takes it back silently.

    Example: pacesetter rep badges dana
    """
    found, about = _earned(rep)
    given = {b.badge_id: b.name for b in about.badges}
    rows = [(one.rep_id, award) for one in found for award in one.awards]
    if as_json:
        print_json([
            {"rep_id": rep_id, "award_id": a.award_id, "badge_id": a.badge_id,
             "name": given[a.badge_id], "period_start": a.period_start, "number": a.number,
             "earned_at": _at(a.at)} for rep_id, a in rows
        ])  # fmt: skip
        return
    _tell(("WHO", "BADGE", "PERIOD", "TIMES", "EARNED"), [
        (about.names(rep_id), given[a.badge_id], a.period_start, a.number, _at(a.at)[:16])
        for rep_id, a in rows
    ], "no badge was earned yet")  # fmt: skip


def streaks(rep: Who = "", *, as_json: Json = False) -> None:
    """List how many periods in a row a rep has done enough. Days off and leave are skipped.

    Example: pacesetter rep streaks dana --json
    """
    found, about = _earned(rep)
    given = {s.streak_id: s.name for s in about.streaks}
    rows = [(one.rep_id, name, run) for one in found for name, run in one.streaks.items()]
    if as_json:
        print_json([
            {"rep_id": rep_id, "streak_id": name, "name": given[name], **run._asdict()}
            for rep_id, name, run in rows
        ])  # fmt: skip
        return
    _tell(("WHO", "STREAK", "IN A ROW", "SINCE", "LONGEST", "IN ALL"), [
        (about.names(rep_id), given[name], run.shown or "", run.since if run.shown else "",
         run.longest, run.total)
        for rep_id, name, run in rows if run.total
    ], "nobody has a streak yet")  # fmt: skip


def level(rep: Who = "", *, as_json: Json = False) -> None:
    """Show the level a rep is on by all points ever made, and how far the next one is.

    Example: pacesetter rep level dana
    """
    found, about = _earned(rep)
    rows = [one for one in found if one.points is not None]
    if as_json:
        print_json([
            {"rep_id": one.rep_id, "points": f"{one.points:f}",
             "level": one.level and one.level.level_id, "next": one.next and one.next.level_id,
             "missing": f"{_missing(one):f}"} for one in rows
        ])  # fmt: skip
        return
    from infra.definitions.plan_words import number

    _tell(("WHO", "POINTS", "LEVEL", "NEXT", "MISSING"), [
        (about.names(one.rep_id), number(one.points), one.level.name if one.level else "",
         one.next.name if one.next else "", number(_missing(one)) if one.next else "")
        for one in sorted(rows, key=lambda one: (-(one.points or 0), one.rep_id)) if one.points
    ], "nobody has points yet, or no levels are defined")  # fmt: skip


class _About:
    """What commands tell beside the numbers."""

    def __init__(self, stored: Any, bundle: Any) -> None:
        self._people = stored.people()
        self.badges, self.streaks = bundle.contests.badges, bundle.contests.streaks

    def names(self, rep_id: str) -> str:
        """Return the name of a rep."""
        from infra.definitions.showing import named

        return named(rep_id, self._people)


def _earned(rep: str) -> "tuple[list[Earned], _About]":
    from datetime import UTC, datetime

    from infra.contests.earning import earned
    from infra.definitions.peopling import find_rep
    from infra.definitions.stored import Stored

    with ground() as (client, _):
        stored = Stored(client)
        bundle = stored.in_force().bundle()
        every = [r.rep_id for r in bundle.roster.reps]
        chosen = [find_rep(rep, stored.people(), every)] if rep else every
        found = earned(client, bundle, chosen, datetime.now(UTC))
        return list(found.values()), _About(stored, bundle)


def _missing(one: "Earned") -> Decimal:
    return one.next.points - (one.points or Decimal(0)) if one.next else Decimal(0)


def _at(millis: int) -> str:
    from streams.domain.contest_times import moment

    return moment(millis).isoformat(timespec="milliseconds")


def _tell(header: tuple[str, ...], rows: list[Any], nothing: str) -> None:
    from infra.definitions.showing import table

    typer.echo(table(header, rows) if rows else nothing)
