"""The desk behind the board's form: contests looked ahead at, begun, ended, called off.

Whatever goes out is a revision of the definitions, with author and reason, as of a file.
"""

import re
import unicodedata
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from clickhouse_connect.driver.exceptions import ClickHouseError

from connectors.boards.editing import Answer
from infra.contests.asking import form
from infra.contests.changing import Change, begun, called_off, ended, understood
from infra.contests.final import are_final
from infra.contests.naming import names_of
from infra.contests.trying import shown, trial
from infra.contests.words import below_its_name
from infra.definitions import connecting
from infra.definitions.applying import Lost, apply_folder
from infra.definitions.log import DefinitionLog
from infra.definitions.problems import Place, Problem, Refused
from infra.definitions.scanning import LogError
from infra.definitions.stored import MovedOn, Stored
from schemas.contests import Contests

REASON_MAX = 300
AGAIN = "nothing is half done: try again in a moment"
_Asked = Mapping[str, Any]


class Wanting(ValueError):
    """What was asked lacks something; str() says what."""


class Desk:
    """Answers the board's form. One at a time uses it."""

    def __init__(
        self,
        warehouse: Callable[[], Any],
        log: Callable[[], DefinitionLog],
        clock: Callable[[], datetime],
    ) -> None:
        """Take what reaches the warehouse and the log; nothing is reached before it is needed."""
        self._warehouse, self._clock = warehouse, clock
        self._make_log = log
        self._does: dict[str, Callable[[Any, _Asked, str], Mapping[str, Any]]] = {
            "form": self._form, "preview": self._preview, "start": self._start, "end": self._end,
        }  # fmt: skip

    def __call__(self, action: str, asked: _Asked, author: str) -> Answer:
        """Return what came of an action, as a status and a body."""
        try:
            client = self._warehouse()
            try:
                return Answer(200, self._does[action](client, asked, author))
            finally:
                client.close()
        except Refused as refused:
            return _refused(refused)
        except Wanting as wanting:
            return Answer(422, {"error": str(wanting), "remedy": "say it, then try again"})
        except LookupError as error:
            return Answer(409, {"error": str(error.args[0]), "remedy": "look at the list again"})
        except (LogError, MovedOn, Lost, connecting.Unreachable) as error:
            return Answer(503, {"error": str(error), "remedy": AGAIN})
        except ClickHouseError as error:
            first = str(error).splitlines()[0]
            return Answer(503, {"error": f"the warehouse answers: {first}", "remedy": AGAIN})

    def _form(self, client: Any, _: _Asked, __: str) -> Mapping[str, Any]:
        return form(client, self._clock())

    def _preview(self, client: Any, asked: _Asked, _: str) -> Mapping[str, Any]:
        stored, now = Stored(client), self._clock()
        state = stored.in_force()
        held = state.values.get("contests", Contests())
        assert isinstance(held, Contests)
        draft = _draft(asked)
        if not draft.get("contest_id"):
            draft["contest_id"] = id_of(draft, {one.contest_id for one in held.contests})
        found = trial(client, understood(draft), now)
        names = names_of(stored, state.bundle(), found.contest)
        return {
            "contest_id": found.contest.contest_id,
            "words": below_its_name(found.contest, names),
            "hints": [_told(one) for one in found.hints],
            "is_earlier": found.is_earlier,
            "starts_at": found.ran.starts_at, "ends_at": found.ran.ends_at,
            "standing": None if found.found is None else shown(found.found, names),
        }  # fmt: skip

    def _start(self, client: Any, asked: _Asked, author: str) -> Mapping[str, Any]:
        draft = _draft(asked)
        if not draft.get("contest_id"):
            raise Wanting("no contest was looked ahead at: preview it first")
        return self._apply(client, begun(understood(draft)), author, _reason(asked))

    def _end(self, client: Any, asked: _Asked, author: str) -> Mapping[str, Any]:
        contest_id, how = str(asked.get("contest_id", "")), asked.get("how")
        if contest_id in are_final(client):
            raise LookupError("its result is final")
        changes = {"END": lambda: ended(contest_id, self._clock()),
                   "CALL_OFF": lambda: called_off(contest_id)}  # fmt: skip
        if how not in changes:
            raise Wanting(f"how is one of {', '.join(changes)}")
        return self._apply(client, changes[str(how)](), author, _reason(asked))

    def _apply(self, client: Any, change: Change, author: str, reason: str) -> Mapping[str, Any]:
        log = self._make_log()
        log.epoch = None  # another one may have been opened since
        done = apply_folder(
            change, author=author, note=reason, client=client, log=log, now=self._clock()
        )
        return {"sequence": done.sequence, "changed": [str(one) for one in done.changes],
                **form(client, self._clock())}  # fmt: skip


def id_of(draft: _Asked, taken: set[str]) -> str:
    """Return an id that nobody has, from the name and the first day.

    >>> id_of({"name": "Call blitz!", "starts_at": "2026-11-23T09:00"}, set())
    'call-blitz-2026-11-23'
    """
    name = unicodedata.normalize("NFKD", str(draft.get("name", "")))
    plain = re.sub(r"[^a-z0-9]+", "-", name.encode("ascii", "ignore").decode().lower()).strip("-")
    stem = f"{plain[:80] or 'contest'}-{str(draft.get('starts_at', ''))[:10]}".strip("-")
    return next(
        one for one in (stem, *(f"{stem}-{n}" for n in range(2, len(taken) + 3)))
        if one not in taken
    )  # fmt: skip


def _draft(asked: _Asked) -> dict[str, Any]:
    draft = asked.get("contest")
    if not isinstance(draft, dict):
        raise Wanting("there is no contest in it")
    return dict(draft)


def _reason(asked: _Asked) -> str:
    reason = asked.get("reason")
    if not isinstance(reason, str) or not reason.strip():
        raise Refused(
            [Problem(Place("contest", 0), "reason", "", "is missing", "say why, in a few words")]
        )
    return reason.strip()[:REASON_MAX]


def _refused(refused: Refused) -> Answer:
    return Answer(422, {
        "error": "the contest cannot take place like this", "remedy": "see the fields",
        "problems": [_told(one) for one in refused.problems],
    })  # fmt: skip


def _told(one: Problem) -> Mapping[str, Any]:
    return {"field": one.field, "value": one.value, "problem": one.problem,
            "remedy": one.remedy, "severity": one.severity}  # fmt: skip
