"""Putting definitions in force: folder -> log -> table -> markers. Every step can be done again.

Order of effects: the set of revisions in spm.definitions, their rows (in one insert), people, the
rows behind the views, markers. Whatever a crash leaves undone, `repair` finds by comparing the
steps with each other and does.
"""

import time
import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from infra.bi.making import make_views
from infra.contests import members as contest_members
from infra.definitions import checking_credits, planning
from infra.definitions.canonical import content_of, revision_id_of
from infra.definitions.checking import check
from infra.definitions.checking_payroll import undone
from infra.definitions.differing import Change, differences
from infra.definitions.loading import Loaded, load
from infra.definitions.log import DefinitionLog
from infra.definitions.peopling import PeopleChanges, people_changes
from infra.definitions.problems import Problem, Refused, Severity, has_errors
from infra.definitions.records import Marker, Revision, effective
from infra.definitions.scanning import LogError, Partition
from infra.definitions.stored import State, Stored
from schemas import topics
from schemas.defining import Definition
from schemas.definitions import KINDS, Bundle, People
from streams.domain.hierarchy import member_rows

TRIES_MAX = 3  # somebody else applied in between; three times in a row is a fight, not a race
WAIT_SECONDS = 0.2  # between two looks at how far the workers are
MARKED = tuple(t for t in topics.TOPICS if t.carries_markers)


class Lost(RuntimeError):
    """Somebody else applied at the same time, again and again."""


@dataclass(frozen=True, slots=True)
class Done:
    """What was missing behind the revisions of the log and is there now.

    Attributes:
        sequence: the newest definitions, 0 if there are none.
        revisions: of an earlier apply, in the log but not in the table.
        rosters: revisions whose teams and stints were not in the views' tables.
        members: whether it was not there who belongs to what.
        plans: whether quotas, curves and days of calendars were not there.
        marked: partitions that lacked the newest marker.
    """

    sequence: int = 0
    revisions: int = 0
    rosters: int = 0
    members: bool = False
    plans: bool = False
    marked: tuple[Partition, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.revisions or self.rosters or self.members or self.plans or self.marked)


@dataclass(frozen=True, slots=True)
class Applied:
    """What an apply did, or with `dry_run` would do.

    Attributes:
        sequence: the definitions in force now.
        contents: canonical content of the kinds that got a revision.
        done: rows and markers written behind the revisions. If no kind changed, an earlier apply
            had left them undone.
        before, after: everything in force, before it and with it.
    """

    sequence: int
    changes: tuple[Change, ...] = ()
    contents: Mapping[str, str] = field(default_factory=dict)
    people: PeopleChanges = field(default_factory=PeopleChanges)
    warnings: tuple[Problem, ...] = ()
    done: Done = field(default_factory=Done)
    dry_run: bool = False
    before: Bundle = field(default_factory=Bundle)
    after: Bundle = field(default_factory=Bundle)

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds that got a revision."""
        return tuple(self.contents)


def checked(loaded: Loaded, in_force: Mapping[str, Definition]) -> tuple[Problem, ...]:
    """Return everything wrong with a folder, seen together with what is in force.

    A kind whose file could not be understood is unknown: references into it are not called wrong.
    """
    values = {k: v for k, v in in_force.items() if k not in loaded.found} | loaded.values
    findings = [f for f in check(values) if f.kind in loaded.found or f.severity is Severity.ERROR]
    findings += undone(in_force.get("payroll"), loaded.values.get("payroll"))
    findings += checking_credits.undone(in_force.get("credits"), loaded.values.get("credits"))
    return (*loaded.problems, *map(loaded.placed, findings))


def apply_folder(
    folder: Path | Callable[[State], Loaded],
    *,
    author: str,
    note: str,
    client: Any,
    log: DefinitionLog,
    now: datetime,
    dry_run: bool = False,
) -> Applied:
    """Return what was put in force from a folder; nothing new, nothing written.

    Args:
        folder: or what makes its content of what is in force: nobody's change in between is lost.
        client: a clickhouse-connect client that may write.
        log: its epoch is looked up in the warehouse if it has none.
        now: the instant of writing, aware.

    Raises:
        Refused: the definitions are wrong; nothing was written.
        LogError: the broker is away or another one than the warehouse knows. Safe to repeat.
        MovedOn: the warehouse was restored meanwhile. Safe to repeat.
        Lost: others apply at the same time.
    """
    stored = Stored(client)
    made = _always(load(folder)) if isinstance(folder, Path) else folder
    if dry_run:
        return _plan(made, stored.in_force(), stored, now)
    _open(stored, log)
    for _ in range(TRIES_MAX):
        caught_up = _catch_up(stored, log)
        before = stored.in_force()
        plan = _plan(made, before, stored, now)
        drafts = _drafts(plan.contents, author, note, now)
        if drafts:
            last = log.append(drafts, before.sequence, uuid.uuid4().hex)
            _catch_up(stored, log, through=last)
            if not stored.holds(last):
                continue
        stored.add_people(plan.people.rows)
        reason = "definitions" if drafts else "repair"
        done = _finish(stored, log, now, caught_up, reason)
        return replace(plan, done=done, sequence=done.sequence, dry_run=False)
    raise Lost("somebody else applies definitions at the same time; agree with them, then repeat")


def repair(client: Any, log: DefinitionLog, now: datetime) -> Done:
    """Return what earlier applies had left undone: table rows, rows behind the views, markers.

    Raises:
        LogError, MovedOn: as `apply_folder`. Safe to repeat.
    """
    stored = Stored(client)
    _open(stored, log)
    return _finish(stored, log, now, _catch_up(stored, log), "repair")


def waiting(
    client: Any, log: DefinitionLog, sequence: int, over: Iterable[topics.Topic] = MARKED
) -> tuple[Partition, ...]:
    """Return the partitions of topics whose worker has not reached a sequence yet."""
    reached = Stored(client).reached()
    return tuple(
        p for p in log.partitions(over) if p not in reached or reached[p].sequence < sequence
    )


def wait(
    client: Any,
    log: DefinitionLog,
    sequence: int,
    seconds: float,
    tell: Callable[[int, int], None] = lambda done, of: None,
) -> tuple[Partition, ...]:
    """Return the partitions that have not reached a sequence after so long; none: all have.

    Args:
        tell: called with how many partitions have it, and how many there are.
    """
    of = len(log.partitions(MARKED))
    until = time.monotonic() + seconds
    while True:
        left = waiting(client, log, sequence)
        tell(of - len(left), of)
        if not left or time.monotonic() >= until:
            return left
        time.sleep(WAIT_SECONDS)


def _always(loaded: Loaded) -> Callable[[State], Loaded]:
    return lambda _: loaded


def _plan(made: Callable[[State], Loaded], before: State, stored: Stored, now: datetime) -> Applied:
    loaded = made(before)
    problems = checked(loaded, before.values)
    if has_errors(problems):
        raise Refused(problems)
    contents = _contents(loaded, before)
    people = loaded.values.get("people")
    changed = PeopleChanges()
    if isinstance(people, People):
        changed = people_changes(people, stored.people(), now)
    after = {**before.values, **{k: loaded.values[k] for k in contents}}
    return Applied(
        sequence=before.sequence,
        before=before.bundle(),
        after=replace(before, values=after).bundle(),
        changes=differences(before.values, {k: loaded.values[k] for k in contents}),
        contents=contents,
        people=changed,
        warnings=problems,
        dry_run=True,
    )


def _contents(loaded: Loaded, before: State) -> dict[str, str]:
    """Return the content of the kinds that are not in force as the folder has them."""
    mine = {k: content_of(loaded.values[k]) for k in KINDS if k in loaded.values}
    known = {k: r.content for k, r in before.revisions.items()}
    return {k: content for k, content in mine.items() if content != known.get(k)}


def _drafts(
    contents: Mapping[str, str], author: str, note: str, now: datetime
) -> tuple[Revision, ...]:
    return tuple(
        Revision(0, kind, revision_id_of(content), author, note, now, content)
        for kind, content in contents.items()
    )


def _open(stored: Stored, log: DefinitionLog) -> None:
    """Give the log its epoch, and make sure that this broker is the one it was opened for."""
    if log.epoch is not None:
        return
    known = stored.logs().get(topics.DEFINITIONS.name)
    if known is None or not known.is_open:
        raise LogError(
            f"no epoch is open for {topics.DEFINITIONS.name}; start with `pacesetter up`"
        )
    actual = log.identity()
    if (known.cluster_id, known.topic_id) != (actual.cluster_id, actual.topic_id):
        raise LogError(
            f"{topics.DEFINITIONS.name} of cluster {actual.cluster_id} is not the log the warehouse"
            " knows: connect to that one, or open an epoch with `pacesetter log open`"
        )
    log.epoch = known.epoch


def _catch_up(stored: Stored, log: DefinitionLog, through: int = 0) -> int:
    """Return how many revisions the log held that the table did not."""
    newest = stored.newest()
    missing = effective(log.entries(newest, through), newest)
    stored.add_revisions(missing)
    return len(missing)


def _finish(stored: Stored, log: DefinitionLog, now: datetime, caught_up: int, reason: str) -> Done:
    """Write what is missing behind the table, rows of the views and then markers."""
    rosters = stored.rosters_without_rows()
    for sequence, roster in rosters:
        stored.add_roster(sequence, roster)
    missing = stored.without_members()
    if missing:
        sequence, roster, territories = missing
        stored.add_members(sequence, member_rows(roster, territories.territories))
    contest_members.keep(stored)
    unplanned = planning.missing(stored)
    if unplanned is not None:
        planning.write(stored, unplanned, now)
    newest = stored.newest()
    if newest == 0:
        return Done()
    make_views(stored.client)
    marked = log.lacking(_unmarked(stored, log, newest), newest)
    log.mark(dict.fromkeys(marked, Marker(newest, now, reason)))
    return Done(newest, caught_up, len(rosters), missing is not None, unplanned is not None, marked)


def _unmarked(stored: Stored, log: DefinitionLog, newest: int) -> dict[Partition, int]:
    """Return the partitions not known to have the newest marker, and where to look for it."""
    reached, logs = stored.reached(), stored.logs()
    starts: dict[Partition, int] = {}
    for partition in log.partitions(MARKED):
        at = reached.get(partition)
        if at is None:
            starts[partition] = 0
        elif at.sequence < newest:
            known = logs.get(partition[0])
            starts[partition] = at.offset if known and known.epoch == at.epoch else 0
    return starts
