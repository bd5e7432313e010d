"""One activity made of what several sources say of it, part by part.

Each part (schemas/precedence.py) is taken from the best source that says anything in it; of two
equally good ones from the one that was modified last. A source whose record was deleted has no say
while another one still has the activity. The activity is as old as its oldest record. Once somebody
says that it is another one (`merged_into`), it counts no more, whatever others say of it.
"""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

import polars as pl

from schemas.definitions import Company
from schemas.precedence import KNOWN, NOTHING, PARTS, WEAK, Part, SourceKind

_SAYS, _WEAKLY, _NOTHING = (pl.lit(n, pl.Int8) for n in range(3))


class Orders(NamedTuple):
    """Whose word counts, by the definitions in force.

    Attributes:
        kinds: what the sources are whose names do not tell.
        first: (message, field) -> names or kinds of sources that go before the usual order.
    """

    kinds: Mapping[str, SourceKind]
    first: Mapping[tuple[str, str], tuple[str, ...]]

    def rank(self, message: str, part: Part, source: str) -> int:
        """Return how good a source is in a part; 0 is the best."""
        kind = self.kinds.get(source) or KNOWN.get(source, SourceKind.OTHER)
        first = [n for field in part.fields for n in self.first.get((message, field), ())]
        for place, name in enumerate(first):
            if name in (source, kind):
                return place
        usual = part.order.index(kind) if kind in part.order else len(part.order)
        return len(first) + usual


def orders(company: Company) -> Orders:
    """Return whose word counts in a company."""
    return Orders(
        {one.source: one.kind for one in company.sources},
        {(one.of, one.field): one.sources for one in company.precedence},
    )


def merged(message: str, statements: pl.DataFrame, known: Orders) -> pl.DataFrame:
    """Return one activity for each group of statements, ordered by `group`.

    Args:
        statements: `group` and the message's fields: what each source said last. `revision` says
            which of two was modified last.
    """
    rest = [name for name in statements.columns if name not in _decided(message)]
    is_gone = pl.col("merged_into").is_not_null()
    parts = [_taken(message, part, known, _sources(statements)) for part in PARTS[message]]
    return (
        _heeded(statements)
        .group_by("group", maintain_order=True)
        .agg(
            *(pl.col(name).first() for name in rest if name != "group"),
            pl.col("created_at").min(),
            *(expression for some in parts for expression in some),
        )
        .sort("group")
        .with_columns(pl.when(is_gone).then(pl.lit("CANCELLED")).otherwise("op").alias("op"))
        .select(statements.columns)
    )


def choices(message: str, statements: pl.DataFrame, known: Orders) -> dict[str, int]:
    """Return the place of the statement that each field is taken from, of one activity."""
    lines = _heeded(statements.with_columns(pl.lit(0).alias("group")).with_row_index("place"))
    sources = _sources(lines)
    found: dict[str, int] = {}
    for part in PARTS[message]:
        best = lines.select(pl.col("place").sort_by(_order(message, part, known, sources)).first())
        found |= dict.fromkeys(part.fields, best.item())
    oldest = lines.select(pl.col("place").sort_by("created_at").first()).item()
    return {**found, "created_at": oldest}


def _decided(message: str) -> set[str]:
    return {"created_at", *(name for part in PARTS[message] for name in part.fields)}


def _sources(statements: pl.DataFrame) -> list[str]:
    return statements.get_column("source").unique().to_list()


def _heeded(statements: pl.DataFrame) -> pl.DataFrame:
    """Return the statements that have a say: of deleted records only where all are deleted."""
    is_set = pl.col("op") == "SET"
    into = pl.col("merged_into").sort_by("revision", "source", "source_id").drop_nulls().last()
    return statements.with_columns(into.over("group")).filter(is_set | ~is_set.any().over("group"))


def _taken(message: str, part: Part, known: Orders, sources: Iterable[str]) -> Iterable[pl.Expr]:
    order = _order(message, part, known, sources)
    return (pl.col(name).sort_by(order).first() for name in part.fields)


def _order(message: str, part: Part, known: Orders, sources: Iterable[str]) -> list[pl.Expr]:
    """Return what statements are ordered by, the best first. No two are equal in all of it."""
    ranks = {source: known.rank(message, part, source) for source in sources}
    return [
        _weight(message, part.fields[0]),
        pl.col("source").replace_strict(ranks, default=None, return_dtype=pl.Int32),
        -pl.col("revision"),
        pl.col("source"),
        pl.col("source_id"),
    ]


def _weight(message: str, field: str) -> pl.Expr:
    """Return how much a field says."""
    nothing = pl.col(field).is_null()
    if field not in _OTHERS:
        nothing |= pl.col(field).is_in(list(NOTHING))
    weak = WEAK.get((message, field))
    is_weak = pl.col(field).is_in(list(weak)) if weak else pl.lit(value=False)
    return pl.when(nothing).then(_NOTHING).when(is_weak).then(_WEAKLY).otherwise(_SAYS)


_OTHERS = frozenset(
    {
        "occurred_at", "start_at", "booked_at", "connected", "talk_seconds", "is_automated",
        "external_recipient_count", "external_attendee_count", "is_reply",
    }
)  # fmt: skip
