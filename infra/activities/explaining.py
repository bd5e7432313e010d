"""One activity explained: who said what and when, whose word was taken for what, what it counts."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, NamedTuple, Protocol

import polars as pl

from connectors.sinks.clickhouse import quoted
from infra.definitions.stored import Stored
from infra.naming import entity_of
from schemas.definitions import Company
from schemas.positions import place_of
from schemas.precedence import KNOWN, NOTHING, PARTS, WEAK, Part, SourceKind
from streams.domain.facts import heard_activity
from streams.domain.merging import Orders, choices, orders

TABLE = "spm.activity"


class Warehouse(Protocol):
    """What answers."""

    def frame(self, sql: str) -> pl.DataFrame:
        """Return the answer to a query."""
        ...

    def query(self, sql: str, parameters: Mapping[str, Any] | None = None) -> Any:
        """Return the driver's answer to a query with parameters."""
        ...


class Said(NamedTuple):
    """One record that was news: who told it, when it was modified there, where it stands."""

    source: str
    source_id: str
    revision: datetime
    op: str
    topic: str
    partition: int
    epoch: int
    offset: int
    sequence: int
    is_marker: bool
    is_last: bool


class Taken(NamedTuple):
    """One field: what it is, from whom, and why from them."""

    field: str
    value: Any
    source: str
    source_id: str
    why: str
    others: Mapping[str, Any]


class Counted(NamedTuple):
    """One number it is part of."""

    measure: str
    rep_id: str
    day: date
    currency: str
    value: Decimal


@dataclass(frozen=True, slots=True)
class Explained:
    """An activity as it stands, and how it came to be so.

    Attributes:
        sequence: definitions in force where its last row stands.
        said: everything that was news, in order of position.
        taken: each field; of an activity told by one source, all from there.
        counted: empty for one that counts nothing.
        merged_into: the activity that it turned out to be; empty: it stands for itself.
        twins: activities that turned out to be this one.
    """

    entity_id: str
    kind: str
    op: str
    rep_id: str
    merged_into: str
    twins: tuple[str, ...]
    sequence: int
    said: tuple[Said, ...]
    taken: tuple[Taken, ...]
    counted: tuple[Counted, ...]

    def plain(self) -> dict[str, Any]:
        """Return it for programs."""
        found = asdict(self)
        for name in ("said", "taken", "counted"):
            found[name] = [one._asdict() for one in getattr(self, name)]
        return found


def explained(warehouse: Warehouse, wanted: str) -> Explained:
    """Return what is known of an activity, by its entity id or a source's identifier of it.

    Raises:
        LookupError: there is none, or several have this identifier.
    """
    entity_id = _entity(warehouse, wanted)
    rows = warehouse.frame(
        f"SELECT * FROM {TABLE} FINAL WHERE entity_id = {quoted(entity_id)} ORDER BY position"
    )
    last = rows.row(-1, named=True)
    own = heard_activity(last["kind"], rows)
    words = own.with_columns(rows["position"]).unique(
        ["source", "source_id"], keep="last", maintain_order=True
    )
    company = Stored(warehouse).in_force(last["sequence"]).values.get("company")
    known = orders(company) if isinstance(company, Company) else Orders({}, {})
    return Explained(
        entity_id,
        last["kind"],
        last["op"],
        last["rep_id"],
        next(filter(None, words["merged_into"].reverse()), ""),
        _twins(warehouse, entity_id),
        last["sequence"],
        _said(rows, own, set(words["position"])),
        _taken(last["kind"], words, known),
        tuple(Counted(*line) for line in zip(*(last[name] for name in _COUNTED), strict=True)),
    )


_COUNTED = ("measure", "measure_rep_id", "measure_day", "measure_currency", "measure_value")


def _entity(warehouse: Warehouse, wanted: str) -> str:
    nothing = (
        f"no call, e-mail or meeting is {wanted!r}: name its entity id, as fct_activity has it "
        "in activity_id, or the identifier its source gave it"
    )
    return entity_of(warehouse, TABLE, wanted, ("source_id",), nothing)


def _twins(warehouse: Warehouse, entity_id: str) -> tuple[str, ...]:
    found = warehouse.frame(
        f"SELECT DISTINCT entity_id FROM {TABLE} FINAL WHERE said != '' "
        f"AND JSONExtractString(said, 'merged_into') = {quoted(entity_id)} ORDER BY entity_id"
    )
    return () if found.is_empty() else tuple(found["entity_id"])


def _said(rows: pl.DataFrame, own: pl.DataFrame, last: set[int]) -> tuple[Said, ...]:
    found: list[Said] = []
    seen: set[tuple[str, str, int, int]] = set()
    for row, said in zip(rows.iter_rows(named=True), own.iter_rows(named=True), strict=True):
        place = place_of(row["position"])
        record = (said["source"], said["source_id"], row["revision"], row["content_hash"])
        found.append(
            Said(
                said["source"], said["source_id"], _instant(row["revision"]), said["op"],
                row["topic"], row["partition"], place.epoch, place.offset, row["sequence"],
                record in seen, row["position"] in last,
            )
        )  # fmt: skip
        seen.add(record)
    return tuple(found)


def _instant(revision: int) -> datetime:
    return datetime.fromtimestamp(revision / 1_000_000, UTC)


def _taken(message: str, words: pl.DataFrame, known: Orders) -> tuple[Taken, ...]:
    lines = words.to_dicts()
    chosen = choices(message, words.drop("position"), known)
    found = []
    for part in (*PARTS[message], Part(("created_at",), ())):
        best = lines[chosen[part.fields[0]]]
        why = _why(message, part, best, lines, known)
        for field in part.fields:
            if field not in ("source", "source_id"):
                others = {
                    f"{w['source']} {w['source_id']}": w[field] for w in lines if w is not best
                }
                told = (field, best[field], best["source"], best["source_id"], why, others)
                found.append(Taken(*told))
    return tuple(found)


def _why(
    message: str,
    part: Part,
    best: Mapping[str, Any],
    words: Sequence[Mapping[str, Any]],
    known: Orders,
) -> str:
    """Return in words why a part is taken from one of several."""
    if len(words) == 1:
        return "nobody else tells of it"
    others = [w for w in words if w is not best]
    if part.fields == ("created_at",):
        return "the oldest record"
    if best["op"] == "SET" and all(w["op"] != "SET" for w in others):
        return "the others were deleted"
    field = part.fields[0]
    rivals = [w for w in others if w["op"] == best["op"]]
    mine = _weight(message, field, best[field])
    equals = [w for w in rivals if _weight(message, field, w[field]) == mine]
    if not equals:
        return "nobody else says it" if mine == 0 else "nobody says more"
    rank = known.rank(message, part, best["source"])
    if all(known.rank(message, part, w["source"]) > rank for w in equals):
        beaten = ", ".join(dict.fromkeys(_named(w["source"], known) for w in equals))
        return f"{_named(best['source'], known)} goes before {beaten}"
    return "modified last of those that are as good"


def _weight(message: str, field: str, value: Any) -> int:
    if value is None or value in NOTHING:
        return 2
    return int(value in WEAK.get((message, field), ()))


def _named(source: str, known: Orders) -> str:
    kind = known.kinds.get(source) or KNOWN.get(source, SourceKind.OTHER)
    return f"{source} ({kind})"
