"""What `pacesetter import` does, without the command line: open, send, watch, write."""

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from connectors.sources.files.canonical_lines import canonical_maker
from connectors.sources.files.importing import Account, Publish, Watch, run
from connectors.sources.files.joining import Joined
from connectors.sources.files.mapper import Given, Maker, maker
from connectors.sources.files.mapping import EventMapping, FileOptions, PeopleMapping
from connectors.sources.files.people import Draft, people_of
from connectors.sources.files.people_folder import existing_in, write
from connectors.sources.files.people_merging import Merged, merge
from connectors.sources.files.picking import Columns
from connectors.sources.files.refused import RefusedFile, refused_path
from connectors.sources.files.rows import BadFile, Row, Rows, opened
from infra.cli.kafka import producer
from infra.definitions.starters import complete
from schemas.definitions import People


def import_events(
    file: Path,
    mapping: EventMapping | None,
    *,
    as_of: datetime | None = None,
    dry_run: bool = False,
    refused: Path | None = None,
    seconds: Mapping[str, Path] | None = None,
    quiet: bool = False,
) -> tuple[Account, Path | None, list[str]]:
    """Return the account of a file, where its refused rows are, and what else is to be told.

    Args:
        mapping: None: the file holds canonical events as JSON lines.
        seconds: name -> file of the mapping's joins that do not lie beside the file.

    Raises:
        BadFile: the file cannot be read.
        MissingColumns: it lacks columns of the mapping.
        Stopped: Kafka did not acknowledge.
    """
    options = mapping.file if mapping is not None else FileOptions()
    rows = opened(file, options)
    try:
        noted = _Noted(rows)
        given = Given(as_of, datetime.now(UTC))
        make, columns = _maker(file, mapping, rows, given, seconds or {})
        with (
            _refusing(file, rows, options, refused, dry_run) as refusing,
            _publishing(dry_run) as publish,
            _watching(file, quiet) as watch,
        ):
            account = run(noted, make, publish, refusing, watch)
        written = refusing.path if refusing is not None and refusing.count else None
        return account, written, noted.never_seen(columns)
    finally:
        rows.close()


def import_people(
    file: Path, mapping: PeopleMapping, out: Path, as_of: datetime | None, dry_run: bool
) -> tuple[Draft, Merged, list[Path]]:
    """Return the draft in a list of people, what merging it did, and the files written.

    Raises:
        BadFile: the list, or a file to merge into, cannot be read.
        MissingColumns: the list lacks columns of the mapping.
    """
    existing = existing_in(out)
    people = existing.get("people")
    known = {p.name: p.rep_id for p in people.people} if isinstance(people, People) else {}
    rows = opened(file, mapping.file)
    try:
        columns = Columns(rows.header, mapping.file)
        draft = people_of(rows, columns, mapping, known)
    finally:
        rows.close()
    merged = merge(existing, draft, as_of.date() if as_of else None)
    if dry_run:
        return draft, merged, []
    written = write(out, merged.changed)
    return draft, merged, [*written, *complete(out, {**existing, **merged.changed})]


class _Noted:
    """Rows that remember which names they had, since JSON lines have no headings to check."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows
        self._seen: set[str] = set()
        self.header = rows.header

    def __iter__(self) -> Iterator[Row]:
        for row in self._rows:
            if self.header is None:
                self._seen.update(row.cells)
            yield row

    def progress(self) -> tuple[int, int]:
        return self._rows.progress()

    def close(self) -> None:
        self._rows.close()

    def never_seen(self, columns: Columns | None) -> list[str]:
        if self.header is not None or columns is None:
            return []
        missing = sorted(name for name in columns.used if name not in self._seen)
        return [f"no line has {name!r}: is it spelt so?" for name in missing]


def _maker(
    file: Path, mapping: EventMapping | None, rows: Rows, given: Given, seconds: Mapping[str, Path]
) -> tuple[Maker, Columns | None]:
    if mapping is None:
        return canonical_maker(given), None
    unknown = sorted(set(seconds) - set(mapping.joins))
    if unknown:
        known = ", ".join(mapping.joins) or "none"
        raise BadFile(f"--with {unknown[0]}: the mapping has no such file; it has {known}")
    if "revision" not in mapping.fields and given.as_of is None:
        raise BadFile(
            "nothing tells which of two exports is newer: map revision to a last-modified column, "
            "or pass --as-of, when this export was made"
        )
    places = {n: seconds.get(n, file.parent / join.file) for n, join in mapping.joins.items()}
    for name, place in places.items():
        if not place.exists():
            raise BadFile(f"{place}: the mapping looks into it; pass --with {name}=FILE")
    joined = Joined(mapping.joins, places, mapping.file)
    header = None if rows.header is None else [*rows.header, *joined.headings]
    columns = Columns(header, mapping.file)
    hint = getattr(rows, "delimiter_hint", lambda: "")()
    return maker(mapping, columns, joined, given, hint), columns


@contextmanager
def _refusing(
    file: Path, rows: Rows, options: FileOptions, path: Path | None, dry_run: bool
) -> Iterator[RefusedFile | None]:
    if dry_run and path is None:
        yield None
        return
    refusing = RefusedFile(refused_path(path, file, Path.cwd()), rows.header, options)
    try:
        yield refusing
    finally:
        refusing.close()


@contextmanager
def _publishing(dry_run: bool) -> Iterator[Publish | None]:
    if dry_run:
        yield None
        return
    with producer("import") as open_producer:
        yield lambda events: open_producer.publish(events, patient=True)


@contextmanager
def _watching(file: Path, quiet: bool) -> Iterator[Watch]:
    if quiet or not sys.stderr.isatty():
        yield lambda account, progress: None
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        Progress,
        TaskProgressColumn,
        TextColumn,
        TimeRemainingColumn,
    )

    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[rows]:,} rows, {task.fields[rate]:,.0f}/s"),
        TimeRemainingColumn(),
        console=Console(stderr=True),
    )
    with bar:
        task = bar.add_task(file.name, rows=0, rate=0.0)

        def watch(account: Account, progress: tuple[int, int]) -> None:
            done, total = progress
            seconds = bar.tasks[0].elapsed or 0.001
            rate = account.read / seconds
            bar.update(task, completed=done, total=total, rows=account.read, rate=rate)

        yield watch
