"""Deals that have bills, made a second time: from what each of them said last.

What was said last is looked for by revision here, not by position. A deal is its own last word; on
top of it stand the sums of its bills that are in its currency and not deleted, field by field where
any says something, and the first day that any of them, in whatever currency, cancels it.
"""

from collections.abc import Iterator

from infra.reconcile.asking import Check
from infra.reconcile.cut import Slice
from infra.reconcile.periods import Days
from schemas.bills import BILLED

TABLE = "spm.deal"
_SPLITS = "Array(Tuple(owner_id String, role String, share String))"
_KEY = ("topic", "entity_id", "sequence")
_TEXTS = (
    "op", "source", "source_id", "owner_id", "stage_id", "stage_class", "currency", "deal_type",
    "name", "account_id", "account_name", "pipeline_id", "stage_label", "lost_reason", "product",
    "segment", "region", "lead_source", "territory_id",
)  # fmt: skip
_MONEY = ("amount", "acv", "margin", "units", *BILLED)
_SAID_ALONE = ("bill_id", "credit_note_amount")  # no column: rows of deals have no such thing
_INSTANTS = ("created_at", "occurred_at", "won_at", "lost_at")
_ENDS = ("cancelled_on", "cancel_reason")
_SHARE = "largest share"  # of the splits, 1 at least: what a sum is multiplied by at most
FIELDS = (*_TEXTS, "close_date", *_INSTANTS, "splits", _SHARE, *_MONEY, *_ENDS, *_SAID_ALONE)
MAX = 10**13  # what a sum, times the largest share of it, must stay below to be credited


def checks(part: Slice, days: Days) -> Iterator[Check]:
    """Yield the check of deals of which there are bills."""
    yield Check(TABLE, _KEY, _compared(part, days))


def _rows(part: Slice) -> str:
    """Return SQL for the applied rows of deals of which a bill was ever told."""
    mine = f"{part.where()} AND kind != 'marker' AND position < {part.applied()}"
    return (
        f"SELECT * FROM {TABLE} FINAL WHERE {mine} AND entity_id IN "
        f"(SELECT entity_id FROM {TABLE} WHERE {mine} AND said != '')"
    )


def _compared(part: Slice, days: Days) -> str:
    made = ", ".join(_should(name) for name in FIELDS)
    heard = f"arrayFilter(w -> w.1[{_at('currency')}] = own[{_at('currency')}], live)"
    ended = f"arrayFilter(w -> w.1[{_at('cancelled_on')}] != '', live)"
    first = f"arraySort(w -> (toInt32(w.1[{_at('cancelled_on')}]), w.2, w.3), {ended})[1]"
    return f"""
        SELECT multiIf(NOT ({days.condition("day")}), '',
                (said = '') != empty(bills), 'said',
                empty(deals), if(op = 'CANCELLED' AND {_nothing()}, 'ok', 'awaited'),
                should != stands, 'bills', 'ok') AS state,
            [toString(topic), entity_id, toString(sequence)] AS key,
            toString(should) AS expected, toString(stands) AS found,
            toDecimal128(0, 4) AS off, '' AS currency, at AS position
        FROM (SELECT *, [{made}] AS should FROM (
            SELECT *, {heard} AS heard, {first} AS ending FROM (
                SELECT *, deals[1].1 AS own,
                    arrayFilter(w -> w.1[{_at("op")}] = 'SET', bills) AS live
                FROM (SELECT *, arrayFilter(w -> {_is_bill("w.1")}, every) AS bills,
                    arrayFilter(w -> NOT {_is_bill("w.1")}, every) AS deals
                    FROM ({_words(part)})))))"""


def _words(part: Slice) -> str:
    """Return SQL for rows with `every`: what the deal and each bill had said last by then."""
    own = ", ".join(f"if(said = '', {_text(n)}, {_told(n)})" for n in FIELDS)
    stands = ", ".join(map(_text, FIELDS))
    who = f"if({_is_bill('word')}, (own_source, own_id), ('', ''))"
    return f"""
        SELECT entity_id, at, any(row.1) AS topic, any(row.2) AS op, any(row.3) AS day,
            any(row.4) AS said, any(row.5) AS sequence, any(row.6) AS stands,
            groupArray((last, teller.1, teller.2)) AS every
        FROM (
            SELECT entity_id, at, teller, any(row) AS row,
                argMax(word, (revision, hash, heard_at)) AS last
            FROM (SELECT entity_id, position AS at,
                    (toString(topic), toString(op), day, said, sequence, [{stands}]) AS row
                FROM ({_rows(part)})) AS made
            INNER JOIN (SELECT *, {who} AS teller FROM (
                SELECT entity_id, position AS heard_at, content_hash AS hash, revision,
                    [{own}] AS word, word[{_at("source")}] AS own_source,
                    word[{_at("source_id")}] AS own_id
                FROM ({_rows(part)}))) AS spoken USING (entity_id)
            WHERE heard_at <= at
            GROUP BY entity_id, at, teller)
        GROUP BY entity_id, at"""


def _at(name: str) -> int:
    return FIELDS.index(name) + 1


def _is_bill(word: str) -> str:
    return f"({word}[{_at('bill_id')}] != '')"


def _nothing() -> str:
    return " AND ".join(f"stands[{_at(name)}] = ''" for name in (*BILLED, "cancelled_on"))


def _should(name: str) -> str:
    """Return SQL for what must stand in a field of a row, as text."""
    own = f"own[{_at(name)}]"
    if name in BILLED:
        note = f"ifNull({_number('credit_note_amount')}, 0)"
        amount = f"{_number(name)} - {note}" if name == "invoiced_amount" else _number(name)
        told = f"arrayFilter(w -> w.1[{_at(name)}] != '', heard)"
        total = f"arraySum(w -> assumeNotNull({amount}), {told})"
        most = f"abs(toFloat64({total})) * toFloat64(own[{_at(_SHARE)}])"
        sane = f"if({most} < {MAX}, toString({total}), '')"
        return f"if(empty({told}), {own}, {sane})"
    if name in _ENDS:
        return f"if(ending.1[{_at('cancelled_on')}] = '', {own}, ending.1[{_at(name)}])"
    return "''" if name in _SAID_ALONE else own


def _number(name: str) -> str:
    return f"toDecimal128OrNull(w.1[{_at(name)}], 4)"


def _text(name: str) -> str:
    """Return SQL for a field of a row as text, empty for nothing."""
    if name in _SAID_ALONE:
        return "''"
    if name == "splits":
        return (
            "toString(arrayMap((u, r, s) -> (toString(u), toString(r), s), "
            "split_owner_id, split_role, split_share))"
        )
    if name == _SHARE:
        return "toString(arrayMax(arrayPushFront(split_share, toDecimal32(1, 6))))"
    if name in _INSTANTS:
        return f"ifNull(toString(toUnixTimestamp64Milli({name})), '')"
    if name in ("close_date", "cancelled_on"):
        return f"ifNull(toString(toInt32({name})), '')"
    return f"ifNull(toString({name}), '')"


def _told(name: str) -> str:
    """Return SQL for the same of what a record said."""
    splits = f"JSONExtract(said, 'splits', '{_SPLITS}')"
    if name == "splits":
        return f"toString(arrayMap(s -> (s.1, s.2, toDecimal32(s.3, 6)), {splits}))"
    if name == _SHARE:
        shares = f"arrayMap(s -> toDecimal32(s.3, 6), {splits})"
        return f"toString(arrayMax(arrayPushFront({shares}, toDecimal32(1, 6))))"
    if name in _MONEY or name == "credit_note_amount":
        return f"ifNull(toString(toDecimal64OrNull(JSONExtractString(said, '{name}'), 4)), '')"
    if name in (*_INSTANTS, "close_date", "cancelled_on"):
        return f"ifNull(toString(JSONExtract(said, '{name}', 'Nullable(Int64)')), '')"
    return f"JSONExtractString(said, '{name}')"
