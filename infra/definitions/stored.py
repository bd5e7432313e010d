"""Definitions in the warehouse: reading what is in force, adding what the log holds."""

import io
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, NamedTuple

import polars as pl
from pydantic import ValidationError

from infra.definitions.canonical import value_of
from infra.definitions.peopling import PersonRow
from infra.definitions.records import Revision
from schemas.defining import Definition
from schemas.definitions import KINDS, NO_END, UNASSIGNED, Bundle, Roster
from schemas.territories import Territories
from streams.domain.hierarchy import team_lines

QUERY_BYTES_MAX = 1 << 28  # a revision travels inside the statement; topics allow 8 MiB of one
# A revision of memberships counts once its last row stands.
MEMBERS_KNOWN = (
    "SELECT max(sequence) FROM spm.membership"
    f" WHERE subject_kind = 'COMPANY' AND rep_id = '{UNASSIGNED}'"
)
_SQL_TYPES: dict[Any, str] = {
    pl.UInt64: "UInt64", pl.UInt16: "UInt16", pl.UInt8: "UInt8", pl.String: "String",
    pl.Date: "Date32", pl.Boolean: "Bool", pl.Datetime("ms", "UTC"): "DateTime64(3, 'UTC')",
    pl.Datetime("us", "UTC"): "DateTime64(6, 'UTC')",
    pl.Decimal(38, 12): "Decimal(38, 12)", pl.Decimal(18, 4): "Decimal(18, 4)",
    pl.Decimal(38, 4): "Decimal(38, 4)", pl.Decimal(38, 8): "Decimal(38, 8)",
    pl.List(pl.Date): "Array(Date32)", pl.List(pl.Decimal(9, 6)): "Array(Decimal(9, 6))",
    pl.List(pl.String): "Array(String)", pl.List(pl.UInt64): "Array(UInt64)",
}  # fmt: skip
_MOVED = "the warehouse has begun anew"
_COLUMNS = "sequence, kind, revision_id, author, note, toUnixTimestamp64Milli(written_at)"


class MovedOn(RuntimeError):
    """The warehouse was restored or its log begun anew meanwhile; doing it again is safe."""


class Reached(NamedTuple):
    """How far a partition is applied: position's parts, and the definitions in force there."""

    epoch: int
    offset: int
    sequence: int


class LogRow(NamedTuple):
    """The newest epoch of a topic, which log it was opened for, and whether it may be used."""

    epoch: int
    cluster_id: str
    topic_id: str
    is_open: bool


@dataclass(frozen=True, slots=True)
class State:
    """What is in force at a sequence, and the revision each kind comes from."""

    sequence: int = 0
    values: Mapping[str, Definition] = field(default_factory=dict)
    revisions: Mapping[str, Revision] = field(default_factory=dict)

    def bundle(self) -> Bundle:
        """Return it with an empty value for every kind that was never applied."""
        return Bundle(sequence=self.sequence, **dict(self.values))  # type: ignore[arg-type]


class Stored:
    """The tables definition, roster, team and person, through a clickhouse-connect client.

    Every insert carries the warehouse's incarnation as it was when this was made, so that whoever
    slept through a restore writes nothing.
    """

    def __init__(self, client: Any) -> None:
        """Read the incarnation.

        Raises:
            LookupError: the warehouse has not been set up.
        """
        self._client = client
        rows = self.rows("SELECT incarnation FROM spm.warehouse FINAL")
        if not rows:
            raise LookupError("the warehouse has no incarnation; run `pacesetter migrate`")
        self._incarnation = str(rows[0][0])

    @property
    def client(self) -> Any:
        """The connection it uses."""
        return self._client

    def newest(self) -> int:
        """Return the sequence of the newest revision, 0 if there is none."""
        return int(self.rows("SELECT max(sequence) FROM spm.definition")[0][0])

    def holds(self, sequence: int) -> bool:
        """Return whether there is a revision of this sequence."""
        sql = "SELECT count() FROM spm.definition WHERE sequence = {at:UInt64}"
        return bool(self.rows(sql, at=sequence)[0][0])

    def in_force(self, at: int | None = None) -> State:
        """Return what is in force at a sequence; None: at the newest.

        Raises:
            LookupError: a revision was written by a newer version of this program.
        """
        rows = self.rows(
            f"SELECT {_COLUMNS}, content FROM spm.definition FINAL WHERE sequence <= {{at:UInt64}}"
            " ORDER BY sequence DESC LIMIT 1 BY kind",
            at=2**64 - 1 if at is None else at,
        )
        revisions = {row[1]: _revision(row) for row in rows}
        try:
            values = {k: value_of(k, r.content) for k, r in revisions.items() if k in KINDS}
        except ValidationError as error:
            raise LookupError(
                f"definitions up to {max(r.sequence for r in revisions.values())} were written by"
                f" a newer version of Pacesetter; upgrade this one ({error.title})"
            ) from error
        return State(max((r.sequence for r in revisions.values()), default=0), values, revisions)

    def revisions(self) -> tuple[Revision, ...]:
        """Return all revisions, oldest first, without their content."""
        return tuple(map(_revision, self.rows(
            f"SELECT {_COLUMNS}, '' FROM spm.definition FINAL ORDER BY sequence"
        )))  # fmt: skip

    def add_revisions(self, revisions: Sequence[Revision]) -> None:
        """Add revisions in one insert, so that a reader sees all of an apply or nothing."""
        self._insert(
            "definition",
            {"sequence": "UInt64", "kind": "String", "revision_id": "String", "author": "String",
             "note": "String", "written_at": "Int64", "content": "String"},
            [{**r._asdict(), "written_at": _millis(r.written_at)} for r in revisions],
            written_at="fromUnixTimestamp64Milli(written_at, 'UTC')",
        )  # fmt: skip

    def rosters_without_rows(self) -> tuple[tuple[int, Roster], ...]:
        """Return every roster revision whose teams and stints are not, or not all, in the views."""
        rows = self.rows(
            "SELECT sequence, content FROM spm.definition FINAL WHERE kind = 'roster' AND"
            " (sequence NOT IN (SELECT sequence FROM spm.roster)"
            " OR sequence NOT IN (SELECT sequence FROM spm.team)) ORDER BY sequence"
        )
        return tuple((int(s), Roster.model_validate_json(content)) for s, content in rows)

    def add_roster(self, sequence: int, roster: Roster) -> None:
        """Add the teams and stints of one roster revision."""
        self._insert(
            "team",
            {"sequence": "UInt64", "team_id": "String", "name": "String",
             "parent_team_id": "String"},
            [{"sequence": sequence, "team_id": t.team_id, "name": t.name,
              "parent_team_id": t.parent_team_id or ""} for t in roster.teams],
        )  # fmt: skip
        self._insert(
            "roster",
            {"sequence": "UInt64", "rep_id": "String", "valid_from": "Date32",
             "valid_to": "Date32", "team_id": "String", "manager_id": "String",
             "time_zone": "String", "role": "String"},
            [{"sequence": sequence, "rep_id": rep.rep_id, "valid_from": str(s.valid_from),
              "valid_to": str(s.valid_to or NO_END), "team_id": s.team_id,
              "manager_id": s.manager_id or "", "time_zone": s.time_zone, "role": s.role}
             for rep in roster.reps for s in rep.history],
        )  # fmt: skip

    def without_members(self) -> tuple[int, Roster, Territories] | None:
        """Return the newest roster and territories if nobody has written who belongs to what.

        Returns:
            The sequence they hold since with them; None if it is written, or there is no roster.
        """
        known = int(self.rows(MEMBERS_KNOWN)[0][0])
        rows = self.rows(
            "SELECT kind, sequence, content FROM spm.definition FINAL"
            " WHERE kind IN ('roster', 'territories') ORDER BY sequence DESC LIMIT 1 BY kind"
        )
        found = {kind: value_of(kind, content) for kind, _, content in rows}
        newest = max((int(sequence) for _, sequence, _ in rows), default=0)
        roster, territories = found.get("roster"), found.get("territories", Territories())
        if newest <= known or not isinstance(roster, Roster):
            return None
        assert isinstance(territories, Territories)
        return newest, roster, territories

    def add_members(self, sequence: int, members: pl.DataFrame) -> None:
        """Add what everybody belongs to by a revision; the row that makes it whole comes last."""
        at = pl.lit(sequence, pl.UInt64).alias("sequence")
        rows = members.select(at, pl.all())
        last = (pl.col("rep_id") == UNASSIGNED) & (pl.col("subject_kind") == "COMPANY")
        self.insert_frame("rep_team", team_lines(members).select(at, pl.all()))
        self.insert_frame("membership", rows.filter(~last))
        self.insert_frame("membership", rows.filter(last))

    def people(self) -> dict[str, PersonRow]:
        """Return everybody's row, the erased included, by rep_id."""
        rows = self.rows(f"SELECT {', '.join(PersonRow._fields)} FROM spm.person FINAL")
        return {row[0]: PersonRow(*row) for row in rows}

    def add_people(self, people: Iterable[PersonRow]) -> None:
        """Add or replace rows of people."""
        types = dict.fromkeys(PersonRow._fields, "String") | {
            "version": "UInt64",
            "erased": "UInt8",
        }
        self._insert("person", types, [p._asdict() for p in people])

    def reached(self) -> dict[tuple[str, int], Reached]:
        """Return how far each partition is applied; one that never was is left out."""
        rows = self.rows(
            "SELECT topic, partition, max(epoch), argMax(offset_to, (epoch, offset_to)),"
            " argMax(sequence, (epoch, offset_to, sequence)) FROM spm.applied"
            " GROUP BY topic, partition"
        )
        return {(t, int(p)): Reached(int(e), int(o), int(s)) for t, p, e, o, s in rows}

    def logs(self) -> dict[str, LogRow]:
        """Return the newest epoch of every topic."""
        rows = self.rows(
            "SELECT topic, epoch, cluster_id, topic_id, state = 'open' FROM spm.log FINAL"
            " ORDER BY epoch DESC LIMIT 1 BY topic"
        )
        return {t: LogRow(int(e), cluster, log, bool(o)) for t, e, cluster, log, o in rows}

    def rows(self, sql: str, **parameters: Any) -> Sequence[Sequence[Any]]:
        """Return what a query answers."""
        rows: Sequence[Sequence[Any]] = self._client.query(sql, parameters=parameters).result_rows
        return rows

    def insert_frame(self, table: str, rows: pl.DataFrame) -> None:
        """Add rows to a table of spm, all or none up to the engine's size of a block."""
        names = ", ".join(rows.columns)
        types = ", ".join(f"{n} {_SQL_TYPES[kind]}" for n, kind in rows.schema.items())
        sql = (
            f"INSERT INTO spm.{table} ({names}) SELECT {names} FROM input({_quoted(types)})"
            f" WHERE {self._fence()} FORMAT ArrowStream\n"
        )
        body = io.BytesIO(sql.encode())
        body.seek(0, io.SEEK_END)
        rows.write_ipc_stream(body, compat_level=pl.CompatLevel.oldest(), compression="zstd")
        with self._moving():
            self._client.raw_insert(insert_block=body.getvalue())

    def _insert(
        self, table: str, types: Mapping[str, str], rows: Sequence[Mapping[str, Any]], **made: str
    ) -> None:
        if not rows:
            return
        lines = "\n".join(json.dumps(row, ensure_ascii=False) for row in rows)
        structure = ", ".join(f"{name} {kind}" for name, kind in types.items())
        chosen = ", ".join(made.get(name, name) for name in types)
        sql = (
            f"INSERT INTO spm.{table} ({', '.join(types)}) SELECT {chosen}"
            f" FROM format(JSONEachRow, {_quoted(structure)}, {_quoted(lines)})"
            f" WHERE {self._fence()}"
        )
        with self._moving():
            self._client.command(sql, settings={"max_query_size": QUERY_BYTES_MAX})

    def _fence(self) -> str:
        return (
            "throwIf((SELECT any(incarnation) FROM spm.warehouse FINAL)"
            f" != {_quoted(self._incarnation)}, {_quoted(_MOVED)}) = 0"
        )

    @contextmanager
    def _moving(self) -> Iterator[None]:
        try:
            yield
        except Exception as error:
            if _MOVED in str(error):
                raise MovedOn(f"{_MOVED} while definitions were written; do it again") from error
            raise


def _revision(row: Sequence[Any]) -> Revision:
    sequence, kind, revision_id, author, note, millis, content = row
    written_at = datetime.fromtimestamp(int(millis) / 1000, UTC)
    return Revision(int(sequence), kind, revision_id, author, note, written_at, content)


def _millis(instant: datetime) -> int:
    return round(instant.timestamp() * 1000)


def _quoted(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
