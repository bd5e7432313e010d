"""Listing what changed, in the order of SystemModstamp; each page can be resumed at its end.

Pages are queries of their own, each from the last record of the one before: nothing is kept at the
server that could run out between them. What is left of everything goes by a bulk query where that
is cheaper: for many records of an object without children.
"""

from collections.abc import Iterator
from datetime import datetime

from connectors.sources.vendors.contract import Notice, Page, Record, Unavailable
from connectors.sources.vendors.salesforce import records, soql
from connectors.sources.vendors.salesforce.bulk import BulkQuery
from connectors.sources.vendors.salesforce.marks import OVERLAP, Mark
from connectors.sources.vendors.salesforce.reading import Reading
from connectors.sources.vendors.salesforce.rest import Rest

ROWS_MAX = 2_000  # of an answer, which is also where a query ends
BULK_ROWS_MIN = 20_000  # below, ten calls of REST are quicker than waiting for a job


class Listing:
    """Lists records of an organisation."""

    def __init__(self, rest: Rest, reading: Reading, bulk: BulkQuery) -> None:
        self._rest = rest
        self._reading = reading
        self._bulk = bulk

    def pages(self, kind: soql.Kind, since: datetime | None, cursor: str | None) -> Iterator[Page]:
        """Yield what changed: from a cursor, else from an instant, else everything.

        Raises:
            CursorExpired: at the first page only.
        """
        self._reading.described(kind)  # says what time it is there, too
        now = self._rest.now()
        if cursor is not None:
            mark = Mark.read(cursor, now).resumed()
        else:
            mark = Mark(since - OVERLAP if since else None, "", now, whole=since is None)
        if mark.job:
            yield from self._by_bulk(kind, mark, None)
            return
        total = self._total(kind, mark) if cursor is None else None
        end = mark._replace(begun=now) if not mark.record_id else mark
        if not mark.whole:
            yield from self._by_children(kind, end)
        yield from self._by_stamp(kind, end, total)

    def _by_stamp(self, kind: soql.Kind, mark: Mark, total: int | None) -> Iterator[Page]:
        was_bulk_asked = not mark.whole
        while True:
            seen = 0
            asked = soql.select(
                self._reading.fields(kind), kind.name,
                [kind.only, soql.behind(mark.at, mark.record_id)],
                behind=f"{soql.STAMP}, Id", limit=ROWS_MAX,
            )  # fmt: skip
            for rows in self._rest.pages(asked):
                if not rows:
                    continue
                seen += len(rows)
                at = records.moment(rows[-1][soql.STAMP])
                mark = mark._replace(at=at, record_id=rows[-1]["Id"])
                made = [self._reading.record(row, kind) for row in rows]
                yield Page(self._notices(kind, made), mark.text(), total)
            if seen < ROWS_MAX:
                break
            if not was_bulk_asked and self._is_for_bulk(kind):
                yield from self._by_bulk(kind, self._started(kind, mark), total)
                return
            was_bulk_asked = True
        yield Page((), Mark(mark.begun, "", mark.begun).text(), total)

    def _by_children(self, kind: soql.Kind, mark: Mark) -> Iterator[Page]:
        """Yield records of which only children changed, which need not touch them."""
        child = self._reading.child(kind)
        if child is None:
            return
        asked = soql.select(
            (child.parent,), child.object, [soql.behind(mark.at, "")], behind=soql.STAMP
        )
        told: set[str] = set()
        for rows in self._rest.pages(asked):
            ids = [one for row in rows if (one := row[child.parent]) not in told]
            told.update(ids)
            if ids:
                found = self._reading.read(kind, list(dict.fromkeys(ids)))
                notices = tuple(
                    Notice(kind.name, one, record=record, at=_at(record), gone=record is None)
                    for one, record in found.items()
                    if record is None or not _is_behind(record, mark)  # else its own turn comes
                )
                yield Page(notices, mark.text())

    def _by_bulk(self, kind: soql.Kind, mark: Mark, total: int | None) -> Iterator[Page]:
        for _ in self._bulk.wait(mark.job):
            yield Page((), mark.text(), total)  # the job's id is kept before its results are there
        while True:
            results = self._bulk.results(mark.job, mark.locator)
            mark = mark._replace(locator=results.locator)
            made = [self._reading.record_of_csv(row, kind) for row in results.rows]
            if not results.locator:
                end = Mark(mark.begun, "", mark.begun)
                yield Page(self._notices(kind, made), end.text(), total)
                break
            yield Page(self._notices(kind, made), mark.text(), total)
        self._bulk.forget(mark.job)

    def _started(self, kind: soql.Kind, mark: Mark) -> Mark:
        where = [kind.only, soql.behind(mark.at, mark.record_id)]
        asked = soql.select(self._reading.fields(kind), kind.name, where)
        return mark._replace(job=self._bulk.start(asked))

    def _is_for_bulk(self, kind: soql.Kind) -> bool:
        if self._reading.child(kind) is not None:
            return False
        return (self._rest.record_count(kind.name) or 0) >= BULK_ROWS_MIN

    def _total(self, kind: soql.Kind, mark: Mark) -> int | None:
        """Return about how many records a listing has; None: counting them takes too long."""
        if mark.at is None:
            return self._rest.record_count(kind.name)
        where = [kind.only, soql.behind(mark.at, mark.record_id)]
        try:
            return self._rest.count(soql.select(("COUNT()",), kind.name, where))
        except Unavailable:  # if Salesforce is away, the listing itself says so
            return None

    def _notices(self, kind: soql.Kind, made: list[Record]) -> tuple[Notice, ...]:
        fresh = [record["Id"] for record in made if self._reading.is_fresh(record)]
        settled: dict[str, Record | None] = {}
        if fresh:
            self._reading.settle()
            settled = self._reading.read(kind, fresh)
        found = [(one["Id"], settled.get(one["Id"], one)) for one in made]
        return tuple(
            Notice(kind.name, record_id, record=record, at=_at(record), gone=record is None)
            for record_id, record in found
        )


def _is_behind(record: Record, mark: Mark) -> bool:
    return mark.at is None or records.moment(record[soql.STAMP]) >= mark.at


def _at(record: Record | None) -> datetime | None:
    return None if record is None else records.stamp(record)
