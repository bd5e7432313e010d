"""What must hold at the end: the totals to the cent, the tiling, and what was told to others."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

import polars as pl

from schemas import codec, topics
from schemas.codec import CatalogueIds
from schemas.definitions import Bundle
from schemas.positions import position_of
from streams.domain.commissions import Terms, statement
from streams.domain.plan_credits import Credit
from streams.domain.plan_sums import Facets, Held
from streams.engine.batches import Partition
from tests.simulation import truth
from tests.simulation.truth import Sent, Sums
from tests.simulation.world import World, Wrong

_IDS = CatalogueIds()
# Columns in which two rows of one key and position may differ: when they were written.
_OWN = {"applied_at", "changed_at", "opened_at", "seen_at"}
_POSITIONED = ("spm.activity", "spm.deal", "spm.kpi_rep_day", "spm.deal_credit",
               "spm.credit", "spm.commission_ledger", "spm.dead_letter")  # fmt: skip


def everything(world: World) -> None:
    """Hold a world that is at rest to what must be.

    Raises:
        Wrong: it is not so.
    """
    if world.must_refuse:
        raise Wrong(f"it must refuse, and did not: {world.must_refuse}")
    dead_letters(world)
    totals(world)
    tiles(world)
    equal_positions(world)
    told(world)
    credits(world)
    if topics.CREDITS.name in world.kinds:
        ledger(world)


def survivors(world: World) -> list[Sent]:
    """Return what was sent and not lost with a broker's memory before it was applied."""
    ends = _applied_ends(world)
    epochs = _epochs(world)
    found = []
    for one in world.delivered:
        epoch = epochs.get((one.cluster, one.partition.topic))
        if one.cluster == world.cluster.name or one.offset < ends.get((one.partition, epoch), 0):
            found.append(one.sent)
    return found


def _epochs(world: World) -> dict[tuple[str, str], int]:
    rows = world.tables.frame("SELECT cluster_id, topic, epoch FROM spm.log FINAL")
    return {(cluster, topic): epoch for cluster, topic, epoch in rows.iter_rows()}


def _applied_ends(world: World) -> dict[tuple[Partition, int | None], int]:
    found: dict[tuple[Partition, int | None], int] = {}
    for topic, number, epoch, end in world.tables.frame(
        "SELECT topic, partition, epoch, offset_to FROM spm.applied"
    ).iter_rows():
        key = (Partition(topic, number), epoch)
        found[key] = max(end, found.get(key, 0))
    return found


def totals(world: World, table: str = "spm.kpi_rep_day FINAL") -> None:
    rows = world.tables.frame(f"SELECT rep_id, day, measure, currency, value FROM {table}")
    have: Sums = defaultdict(Decimal)
    for rep, day, measure, currency, value in rows.iter_rows():
        have[rep, day, measure, currency] += value
    must = truth.sums(survivors(world), world.definitions[-1][1])
    same("totals", {key: value for key, value in have.items() if value}, must)


def same(what: str, have: Mapping[Any, Any], must: Mapping[Any, Any]) -> None:
    """Hold two mappings to be equal."""
    keys = sorted(set(have) | set(must), key=str)
    wrong = [(key, have.get(key), must.get(key)) for key in keys if have.get(key) != must.get(key)]
    if wrong:
        lines = [f"  {key}: is {is_now}, must be {due}" for key, is_now, due in wrong[:8]]
        raise Wrong("\n".join([f"{what}: {len(wrong)} of {len(keys)} are wrong", *lines]))


def tiles(world: World) -> None:
    """The ranges of `applied` leave no hole in any log, up to its end."""
    ranges: dict[tuple[str, int, int], list[tuple[int, int]]] = {}
    rows = world.tables.frame(
        "SELECT topic, partition, epoch, offset_from, offset_to FROM spm.applied FINAL"
    )
    for topic, number, epoch, first, end in rows.iter_rows():
        ranges.setdefault((topic, number, epoch), []).append((first, end))
    for key, some in ranges.items():
        reached = 0
        for first, end in sorted(some):
            if first > reached:
                raise Wrong(f"applied has a hole in {key}: {reached} to {first}")
            reached = max(reached, end)


def equal_positions(world: World) -> None:
    """Equal key and position mean equal content, whoever wrote it, however often."""
    for name in _POSITIONED:
        table = world.tables.tables[name]
        if not table.written:
            continue
        rows = pl.concat(table.written).drop(_OWN, strict=False)
        keys = [*{*table.shape.keys, "position"}]
        texts = rows.with_columns(pl.col(pl.List).cast(pl.List(pl.String)).list.join("|"))
        different = texts.unique().group_by(keys).len().filter(pl.col("len") > 1)
        if len(different):
            raise Wrong(f"{name}: rows of one key and position differ: {different.row(0)}")


def told(world: World) -> None:
    """Whoever keeps the newest of what was told has what the warehouse has."""
    newest: dict[Any, tuple[int, Decimal]] = {}
    for _, message in _messages(world, topics.REP_DAYS.name):
        for part in message["partials"]:
            key = (message["rep_id"], part["day"], part["measure"], part["currency"],
                   part["topic"], part["partition"])  # fmt: skip
            if part["position"] >= newest.get(key, (0, None))[0]:
                newest[key] = (part["position"], part["value"])
    rows = world.tables.frame(
        "SELECT rep_id, day, measure, currency, topic, partition, position, value "
        "FROM spm.kpi_rep_day FINAL"
    )
    have = {tuple(key): (position, value) for *key, position, value in rows.iter_rows()}
    same("what consumers of spm.rep-days know", newest, have)


_CREDIT = ("rep_id", "deal_id", "role", "via", "stage_class", "day", "amount", "reporting_amount",
           "units", "invoiced_amount", "paid_amount", "cancelled_on")  # fmt: skip


def credits(world: World) -> None:
    """Who is credited with what: in the warehouse, and for whoever reads spm.credits."""
    must = truth.credits(survivors(world), world.definitions[-1][1])
    rows = world.tables.frame(
        f"SELECT {', '.join(_CREDIT)} FROM spm.deal_credit FINAL WHERE deleted = 0"
    )
    same("credits", {row[:4]: row[4:] for row in rows.iter_rows()}, must)
    newest: dict[Any, dict[str, Any]] = {}
    for name, credit in _messages(world, topics.CREDITS.name):
        if name == "credit":
            key = tuple(credit[field] for field in _CREDIT[:4])
            if key not in newest or credit["position"] >= newest[key]["position"]:
                newest[key] = credit
    have = {
        key: tuple(credit[name] for name in _CREDIT[4:])
        for key, credit in newest.items()
        if not credit["deleted"]
    }
    same("what consumers of spm.credits know", have, must)


NO_FACETS = Facets("", "", "", "", "", "")
_ACCOUNT = ("rep_id", "plan_id", "component_id", "origin_start", "currency")


def never_ahead(world: World) -> None:
    """Stage two holds nothing that stage one of this warehouse does not hold."""
    keys = ", ".join(_CREDIT[:4])
    rows = world.tables.frame(
        f"SELECT {keys}, max(position) AS position FROM spm.deal_credit GROUP BY {keys}"
    )
    there = {row[:4]: row[4] for row in rows.iter_rows()}
    rows = world.tables.frame(
        f"SELECT {keys}, max(source_position) AS position FROM spm.credit "
        f"WHERE kind != 'marker' GROUP BY {keys}"
    )
    ahead = {row[:4]: row[4] for row in rows.iter_rows() if row[4] > there.get(row[:4], 0)}
    if ahead:
        raise Wrong(f"spm.credit is ahead of spm.deal_credit: {len(ahead)} rows, {list(ahead)[:3]}")


def ledger(world: World) -> None:
    """Entries add up to what credits earn under the plans, to the cent; each has its own id."""
    never_ahead(world)
    ids = world.tables.frame("SELECT entry_id FROM spm.commission_ledger FINAL")
    if ids.is_duplicated().any():
        raise Wrong("two entries of the ledger have one id")
    rows = world.tables.frame(
        f"SELECT {', '.join(_ACCOUNT)}, amount FROM spm.commission_ledger FINAL"
    )
    have: dict[Any, Decimal] = defaultdict(Decimal)
    for *key, amount in rows.iter_rows():
        have[tuple(key)] += amount
    raw = world.definitions[-1][1]
    by_sums = {key: value for key, value in have.items() if value and key[1] != "g"}
    same("commissions", by_sums, truth.commissions(survivors(world), raw))
    rows = world.tables.frame(
        f"SELECT {', '.join(_ACCOUNT)}, payout_start, amount FROM spm.commission_ledger FINAL "
        "WHERE plan_id = 'g'"
    )
    general: dict[Any, Decimal] = defaultdict(Decimal)
    for *key, amount in rows.iter_rows():
        general[tuple(key)] += amount
    posted = {key: value for key, value in general.items() if value}
    same("commissions on credits", posted, folded(truth.credits(survivors(world), raw), raw))


def folded(credits: Mapping[Any, Any], raw: Mapping[str, Any]) -> dict[Any, Decimal]:
    """Return what the plan on credits owes: the rules once over all that is true in the end."""
    known = Terms(Bundle.model_validate(raw))
    books: dict[str, dict[Any, int]] = defaultdict(dict)
    for (rep, deal, role, via), (stage, day, amount, reporting, units, *_, gone) in credits.items():
        if stage == "WON":
            why = "" if gone is None else "REFUND"
            said = Credit(rep, deal, day, amount, "", reporting, "EUR", role, via, units=units,
                          cancelled_on=gone, cancel_reason=why)  # fmt: skip
            books[rep][Held(said, None, day, NO_FACETS)] = 1
    return {
        (rep, key.plan_id, key.component_id, key.origin.start, key.currency, key.payout.start):
        Decimal(owed.units).scaleb(-4)
        for rep, book in books.items() if rep != "unassigned"
        for key, owed in statement(known, rep, book, general_only=True).items() if owed.units
    }  # fmt: skip


def dead_letters(world: World) -> None:
    """Every record that cannot be used is set aside, and no other."""
    ends, epochs = _applied_ends(world), _epochs(world)
    must = {
        (partition.topic, partition.number, position_of(epoch, offset))
        for partition, cluster, offset in world.junk
        if (epoch := epochs.get((cluster, partition.topic)))
        if offset < ends.get((partition, epoch), 0)
    }
    rows = world.tables.frame("SELECT topic, partition, position FROM spm.dead_letter FINAL")
    have = set(rows.iter_rows())
    # A worker that was away may have set aside what was lost before it was applied.
    if not must <= have or (len(world.clusters) == 1 and must != have):
        raise Wrong(f"dead letters: {sorted(must ^ have)}")


def must_refuse(world: World) -> str | None:
    """Return why a warehouse that was just restored cannot be filled again; None if it can."""
    applied, epochs = world.applied(), world.open_epoch()
    for partition in world.read_partitions:
        log, reached = world.cluster.logs[partition.topic], applied.get(partition, 0)
        first, epoch = log.first[partition.number], epochs[partition.topic]
        known = max(0, reached - position_of(epoch, 0)) if epoch else 0
        if known < first:
            return f"{partition}: Kafka holds it from {first} on only, applied is {known}"
        if epoch is None and reached < (_previous_end(world, partition) or 0):
            return f"{partition}: the log before is gone, and was applied further than {reached}"
    return None


def _previous_end(world: World, partition: Partition) -> int | None:
    for name, found in _messages(world, *partition):
        if name == "marker" and found["epoch"] is not None:
            end: int | None = found["previous_end"]
            return end
    return None


def _messages(
    world: World, topic: str, number: int | None = None
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield what stands in a topic of the present broker, junk left out."""
    for at, records in enumerate(world.cluster.logs[topic].partitions):
        for record in records if number in (None, at) else ():
            try:
                yield codec.decode(record.value or b"", _IDS)
            except codec.Undecodable:
                continue
