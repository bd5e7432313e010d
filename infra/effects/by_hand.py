"""Credits that people give: putting them in force, and what has become of each."""

import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import Any, NamedTuple

from connectors.sinks.clickhouse import quoted, texts
from infra.definitions.applying import Applied, apply_folder
from infra.definitions.log import DefinitionLog
from infra.definitions.stored import Stored
from infra.effects.reading import Warehouse
from schemas.credits import Credits, ManualCredit
from schemas.topics import DEALS

_LIVE = "generation = (SELECT generation FROM spm.warehouse FINAL)"


class Standing(StrEnum):
    """What has become of a credit by hand."""

    IN_FORCE = "in force"
    SHORT = "short"  # from_rep has less than the share
    WAITING = "waiting for the deal"
    WITHDRAWN = "taken back"
    NOTHING = "without effect"  # deal without amount or cancelled, other days, nothing to take


class Stands(NamedTuple):
    """A credit by hand, and how much of the deal it gives as tables have it."""

    credit: ManualCredit
    standing: Standing
    given: Decimal


def apply(
    client: Any,
    log: DefinitionLog,
    change: Callable[[Credits], Credits],
    author: str,
    note: str,
    *,
    dry_run: bool = False,
) -> Applied:
    """Return what was put in force, or with `dry_run` would be: credits by hand, changed.

    Raises:
        Refused: it makes no sense, or somebody else changed definitions in between.
        LogError, MovedOn, Lost: as `apply_folder`.
    """
    credits = Stored(client).in_force().bundle().credits
    with tempfile.TemporaryDirectory(prefix="credits-") as folder:
        text = change(credits).model_dump_json(exclude_none=True)
        Path(folder, "credits.yaml").write_text(text, "utf-8")
        return apply_folder(
            Path(folder), author=author, note=note, client=client, log=log,
            now=datetime.now(UTC), dry_run=dry_run,
        )  # fmt: skip


def left_of(warehouse: Warehouse, deal_id: str, rep_id: str) -> Decimal | None:
    """Return what a rep has of a deal that can still be taken; None: there is no such deal yet."""
    if not _known(warehouse, [deal_id]):
        return None
    found = warehouse.frame(
        f"SELECT sum(share) AS share FROM spm.deal_credit FINAL WHERE {_LIVE} AND NOT deleted "
        f"AND deal_id = {quoted(deal_id)} AND rep_id = {quoted(rep_id)} AND role = 'REVENUE' "
        "AND NOT startsWith(via, 'manual:')"
    )
    return Decimal(str(found["share"][0] or 0))


def standing(warehouse: Warehouse, credits: Credits, deal_id: str = "") -> list[Stands]:
    """Return what has become of credits by hand, of all deals or of one."""
    wanted = [one for one in credits.manual_credits if deal_id in ("", one.deal_id)]
    if not wanted:
        return []
    deals = sorted({one.deal_id for one in wanted})
    known = _known(warehouse, deals)
    shares = warehouse.frame(
        "SELECT deal_id, toString(role) AS role, via, share FROM spm.deal_credit FINAL "
        f"WHERE {_LIVE} AND NOT deleted AND role != 'OVERRIDE' AND startsWith(via, 'manual:') "
        f"AND deal_id IN ({texts(deals)})"
    )
    given = {(d, r, via): Decimal(str(share)) for d, r, via, share in shares.iter_rows()}
    return [_stands(one, given, known) for one in wanted]


def _stands(
    one: ManualCredit, given: dict[tuple[str, str, str], Decimal], known: set[str]
) -> Stands:
    if one.withdrawn_by:
        return Stands(one, Standing.WITHDRAWN, Decimal(0))
    share = given.get((one.deal_id, one.role.value, f"manual:{one.credit_id}"), Decimal(0))
    if share == one.share:
        return Stands(one, Standing.IN_FORCE, share)
    if share:
        return Stands(one, Standing.SHORT, share)
    return Stands(one, Standing.NOTHING if one.deal_id in known else Standing.WAITING, Decimal(0))


def _known(warehouse: Warehouse, deals: list[str]) -> set[str]:
    found = warehouse.frame(
        f"SELECT DISTINCT entity_id FROM spm.deal WHERE topic = {quoted(DEALS.name)} "
        f"AND kind != 'marker' AND entity_id IN ({texts(deals)})"
    )
    return {*found["entity_id"]}
