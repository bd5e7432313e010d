"""A contest before it begins: whether it can take place, and how it would go."""

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple

from infra.contests.changing import begun, earlier, own_problems
from infra.contests.standing import standing
from infra.definitions.applying import checked
from infra.definitions.problems import Problem, Refused, has_errors
from infra.definitions.stored import Stored
from schemas.contests import Contest
from schemas.definitions import Bundle
from streams.domain.contest_counting import ZERO
from streams.domain.contest_field import field
from streams.domain.contest_ranking import gaps
from streams.domain.contest_results import Result

ROWS_MAX = 30  # of a standing that is only looked ahead at


class Trial(NamedTuple):
    """A contest looked ahead at.

    Attributes:
        hints: what may be meant otherwise; nothing here keeps it from taking place.
        ran: the contest as it was computed: in weeks that are over, unless most of it is.
        found: how it stands, or would have ended; None: nobody took part then.
    """

    contest: Contest
    hints: tuple[Problem, ...]
    ran: Contest
    is_earlier: bool
    found: Result | None


def trial(client: Any, contest: Contest, now: datetime) -> Trial:
    """Return a contest looked ahead at, on the data of now. Writes nothing.

    Raises:
        Refused: it cannot take place; each problem with its field.
        LookupError: another contest has its id.
    """
    stored = Stored(client)
    state = stored.in_force()
    loaded = begun(contest)(state)
    problems = checked(loaded, state.values)
    mine = own_problems(problems, contest.contest_id, loaded)
    if has_errors(problems):
        raise Refused(mine if has_errors(mine) else problems)
    bundle = state.bundle()
    before = earlier(contest, now)
    ran = before or contest
    return Trial(contest, tuple(mine), ran, before is not None,
                 _found(client, bundle, ran, now))  # fmt: skip


def shown(found: Result, names: Callable[[str], str]) -> list[dict[str, Any]]:
    """Return who would stand where, for a form."""
    behind = gaps(found.placed)
    return [
        {
            "place": one.rank, "name": names(one.tally.participant), "is_tied": one.is_tied,
            "score": _text(one.tally.score), "events": one.tally.events,
            "behind": _text(behind.get(one.tally.participant, ZERO)),
        }
        for one in found.placed[:ROWS_MAX]
    ]  # fmt: skip


def _text(score: Decimal) -> str:
    return f"{score.normalize():f}"


def _found(client: Any, bundle: Bundle, ran: Contest, now: datetime) -> Result | None:
    if not field(ran, bundle.roster).stays:
        return None
    return standing(client, bundle, ran, now)
