"""`pacesetter people sync | watch`: snapshots of the HR system become dated changes."""

import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from infra.cli.reaching import NOT_YET, WRONG, fail, ground, print_json

if TYPE_CHECKING:
    from connectors.sources.files.mapping import PeopleMapping
    from infra.cli.people_connect import Asked
    from infra.hr.syncing import Synced

ASKED_AGAIN_SECONDS = 3600.0  # when an HR system gave no snapshot
Mapping = Annotated[
    str, typer.Option(help="A mapping of people: a YAML file. With --from: instead of its own.")
]
From = Annotated[str, typer.Option("--from", help="Ask an HR system that `people connect` knows.")]
Author = Annotated[str, typer.Option(help="Default: git's user.name, else $USER.")]


def sync(
    file: Annotated[
        Path | None, typer.Argument(help=".csv, .xlsx or .jsonl", show_default=False)
    ] = None,
    mapping: Mapping = "",
    *,
    from_: From = "",
    day: Annotated[str, typer.Option(help="Day of the snapshot. Default: today.")] = "",
    approve: Annotated[
        str, typer.Option(help="Who approves that closed periods change: not the author.")
    ] = "",
    whole: Annotated[
        bool, typer.Option("--whole", help="All who are missing left, however many.")
    ] = False,
    author: Author = "",
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say what and whose numbers would change.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for programs.")] = False,
) -> None:
    """Bring the roster up to a snapshot of the HR system, from its day on.

    Who is new comes in, who moved gets another team or manager from that day, who has an employee
    number and is missing leaves. People are found by employee number, then by e-mail. What would
    change days of closed payroll periods is shown and waits for --approve.

    Examples: pacesetter people sync hr-2026-11-22.csv --mapping hr.yaml --dry-run,
    pacesetter people sync hr-2026-11-22.csv --mapping hr.yaml --approve dana,
    pacesetter people sync --from bamboohr --dry-run
    """
    from infra.cli import effects
    from infra.cli.payroll import author_of

    who = author_of(author)
    if approve and approve == who:
        fail(f"{who} cannot approve what they apply; name somebody else with --approve", WRONG)
    on = _day(day)
    with _snapshot(file, mapping, from_) as (path, read), ground() as (client, log):
        try:
            done = _synced(path, read, client, log, author=who, day=on,
                           approver=approve, is_whole=whole, dry_run=dry_run)  # fmt: skip
        except Unusable as error:
            fail(str(error), WRONG)
        planned = done.applied if dry_run else None
        changed = effects.computed(client, planned, "month") if planned else None
    if as_json:
        print_json(_plain(done) | effects.as_json(changed))
    else:
        typer.echo(_told(done) + effects.as_text(changed))
    if done.held and not approve and not dry_run:
        raise typer.Exit(NOT_YET)


def watch(
    folder: Annotated[Path, typer.Argument(help="Where snapshots are dropped.")],
    mapping: Mapping = "",
    *,
    from_: From = "",
    ask_every: Annotated[
        float, typer.Option(help="With --from: hours between two snapshots.", min=1)
    ] = 24.0,
    every: Annotated[float, typer.Option(help="Seconds between two looks.", min=1)] = 60.0,
    once: Annotated[bool, typer.Option("--once", help="Look once and end; for cron.")] = False,
    author: Author = "",
) -> None:
    """Take each snapshot that is dropped into a folder, by SFTP for one.

    A file goes to done/, to held/ if closed periods would change (`people sync` it with
    --approve), or to refused/; the reason lies beside it. With --from the HR system is asked each
    night, and what it says is dropped there too.

    Examples: pacesetter people watch /srv/hr-drop --mapping hr.yaml,
    pacesetter people watch /srv/hr-drop --from personio
    """
    from infra.cli.payroll import author_of
    from infra.hr.folder import take

    who = author_of(author)
    asked = _asked(from_, mapping) if from_ else None
    read = asked.mapping if asked else mapping_of_people(mapping, folder)
    if not folder.is_dir():
        fail(f"{folder} is no folder", WRONG)
    due = 0.0
    while True:
        if asked is not None and time.monotonic() >= due:
            due = time.monotonic() + _dropped(asked, folder, ask_every * 3600, once=once)
        now = datetime.now(UTC)

        def one(path: Path) -> str | None:
            with ground() as (client, log):
                done = _synced(path, read, client, log, author=who)
            return _held(done) if done.held and done.applied is None else None

        for outcome in take(folder, now, one, Unusable):
            why = f": {outcome.reason}" if outcome.reason else ""
            typer.echo(f"{now:%Y-%m-%d %H:%M} {outcome.file} -> {outcome.went}{why}")
        if once:
            return
        time.sleep(every)


@contextmanager
def _snapshot(file: Path | None, mapping: str, name: str) -> "Iterator[tuple[Path, PeopleMapping]]":
    """Hold the file of a snapshot, asked for where it is not given."""
    from infra.cli.people_connect import NotAsked

    if (file is None) == (not name):
        fail("name a file, or the HR system to ask with --from", WRONG)
    if file is not None:
        yield file, mapping_of_people(mapping, file)
        return
    asked = _asked(name, mapping)
    with tempfile.TemporaryDirectory(prefix="people-") as folder:
        try:
            path = asked.dropped(Path(folder))
        except NotAsked as error:
            fail(str(error), NOT_YET if error.may_pass else WRONG)
        yield path, asked.mapping


def _asked(name: str, mapping: str) -> "Asked":
    from infra.cli.people_connect import Asked

    return Asked.of(name, mapping)


def _dropped(asked: "Asked", folder: Path, seconds: float, *, once: bool) -> float:
    """Return in how many seconds to ask again, a snapshot dropped."""
    from infra.cli.people_connect import NotAsked

    try:
        asked.dropped(folder)
    except NotAsked as error:
        if once:
            fail(str(error), NOT_YET if error.may_pass else WRONG)
        typer.echo(f"{datetime.now(UTC):%Y-%m-%d %H:%M} {error}", err=True)
        return min(seconds, ASKED_AGAIN_SECONDS)
    return seconds


class Unusable(Exception):
    """A snapshot that cannot be used; str() says why."""


def _synced(file: Path, mapping: "PeopleMapping", client: Any, log: Any, **given: Any) -> "Synced":
    from connectors.sources.files.picking import MissingColumns
    from connectors.sources.files.rows import BadFile
    from infra.definitions.problems import Refused
    from infra.hr.snapshots import Cut
    from infra.hr.syncing import sync as synced

    try:
        return synced(file, mapping, client, log, now=datetime.now(UTC), **given)
    except MissingColumns as error:
        raise Unusable(f"{file} does not fit the mapping: {'; '.join(error.remedies)}") from error
    except Refused as error:
        raise Unusable("; ".join(map(str, error.problems))) from error
    except (BadFile, Cut) as error:
        raise Unusable(str(error)) from error


def mapping_of_people(name: str, file: Path) -> "PeopleMapping":
    """Return a mapping of people by the name a person gives it."""
    from connectors.sources.files.mapping import PeopleMapping
    from connectors.sources.files.reading_mapping import BadMapping
    from infra.cli.imports import mapping_named

    try:
        found = mapping_named(name or None, file)
    except BadMapping as error:
        fail(str(error), WRONG)
    if not isinstance(found, PeopleMapping):
        fail(f"{name} is no mapping of people; its `message` must be people", WRONG)
    return found


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        fail(f"--day {text} is no date; write 2026-11-22", WRONG)


def _held(done: "Synced") -> str:
    first = ", ".join(f"{t.rep_id} from {t.since}" for t in done.held[:10])
    return (
        f"days of closed periods would change: {first}. Nothing is written; look with --dry-run, "
        "then `pacesetter people sync FILE --mapping MAPPING --approve WHO` (or --from SYSTEM)"
    )


def _told(done: "Synced") -> str:
    lines = [f"Snapshot of {done.day}: {done.draft.read} rows, {len(done.draft.problems)} refused."]
    lines += [f"  row {p.row}: {p.field} {p.problem}; {p.remedy}"
              for _, problems in done.draft.problems for p in problems]  # fmt: skip
    lines += [f"+ {note}" for note in done.changes.told]
    lines += [f"  kept: {note}" for note in done.changes.kept]
    if not done.changes.definitions:
        lines.append("Nothing changes.")
    elif done.applied is None:
        lines.append(f"Held: {_held(done)}.")
    elif done.applied.dry_run:
        lines.append("Nothing is written.")
        if done.held:
            lines.append("It needs --approve: days of closed periods change.")
    else:
        lines.append(f"In force with sequence {done.applied.sequence}.")
    return "\n".join(lines)


def _plain(done: "Synced") -> dict[str, Any]:
    from dataclasses import asdict

    return {
        "day": done.day, "read": done.draft.read,
        "problems": [asdict(p) for _, problems in done.draft.problems for p in problems],
        "changes": list(done.changes.told), "kept": list(done.changes.kept),
        "held": [t._asdict() for t in done.held],
        "sequence": done.applied.sequence if done.applied else None,
        "dry_run": bool(done.applied and done.applied.dry_run),
    }  # fmt: skip
