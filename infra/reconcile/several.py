"""Activities that several sources tell of, made a second time: from what each of them said last.

What was said last is looked for by revision here, not by position. Each part of an activity is then
the word of the best source that has one, by the company's own order and the usual one.
"""

from collections.abc import Iterable, Iterator, Sequence

from connectors.sinks.clickhouse import quoted
from infra.reconcile.asking import Check, Warehouse, ask
from infra.reconcile.cut import Slice
from infra.reconcile.definitions import InForce, in_force
from infra.reconcile.order import Order
from infra.reconcile.periods import Days
from schemas.precedence import NOTHING, PARTS, WEAK, Part

TABLE = "spm.activity"
_KEY = ("topic", "entity_id", "sequence")
_INSTANTS = ("occurred_at", "start_at", "end_at", "booked_at", "created_at")
_COLUMNS = {  # fields that have a column of their own; all others stand in `state`
    **{n: n for n in ("source", "source_id", "owner_id", "deal_id", "account_id", "contact_id")},
    "direction": "direction", "status": "status", "outcome": "status",
}  # fmt: skip
_TEXTS = (*_COLUMNS, "disposition", "counterpart_hash", "thread_id", "meeting_type", "booked_by_id")
_OWN = {  # columns that are no texts
    "created_at": "toString(toUnixTimestamp64Milli(created_at))",
    "occurred_at": "toString(toUnixTimestamp64Milli(occurred_at))",
    "is_automated": "if(is_automated, 'true', 'false')",
    "talk_seconds": "ifNull(toString(talk_seconds), '')",
}


def checks(warehouse: Warehouse, part: Slice, kind: str, days: Days) -> Iterator[Check]:
    """Yield the checks of activities of one kind that several sources tell of."""
    found = ask(warehouse, f"SELECT DISTINCT judged_at FROM ({_rows(part)})")
    for now in in_force(warehouse, set(found["judged_at"].to_list())):
        yield Check(TABLE, _KEY, _compared(part, kind, now, days))


def _rows(part: Slice) -> str:
    """Return SQL for the applied rows of entities that several may tell of."""
    mine = f"{part.where()} AND kind != 'marker' AND position < {part.applied()}"
    return f"""
        SELECT *, if(leadInFrame(position) OVER (PARTITION BY entity_id ORDER BY position
                ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING) = 0,
                {part.sequence()}, sequence) AS judged_at
        FROM {TABLE} FINAL WHERE {mine} AND entity_id IN (
            SELECT entity_id FROM {TABLE} WHERE {mine} GROUP BY entity_id
            HAVING max(said) != '' OR min(source) != max(source)
                OR min(source_id) != max(source_id))"""


def _compared(part: Slice, kind: str, now: InForce, days: Days) -> str:
    fields = [*dict.fromkeys(n for p in PARTS[kind] for n in p.fields), "created_at"]
    made = {n: f"({_best(kind, p, now.order, fields)}).5[{fields.index(n) + 1}]"
            for p in PARTS[kind] for n in p.fields}  # fmt: skip
    oldest = f"arrayMin(w -> toInt64(w.5[{len(fields)}]), words)"
    made["created_at"] = f"toString({oldest})"
    expected = ", ".join(made[name] for name in fields)
    return f"""
        SELECT multiIf(NOT ({days.condition("day")}), '',
                (said = '') != (length(every) = 1 AND every[1].6 = ''), 'said',
                op != if(empty(live) OR arrayExists(w -> w.6 != '', every), 'CANCELLED', 'SET'),
                'op',
                should != stands, 'several sources', 'ok') AS state,
            [toString(topic), entity_id, toString(judged_at)] AS key,
            toString(should) AS expected, toString(stands) AS found,
            toDecimal128(0, 4) AS off, '' AS currency, at AS position
        FROM (
            SELECT *, arrayFilter(w -> w.1 = 'SET', every) AS live,
                if(empty(live), every, live) AS words, [{expected}] AS should
            FROM ({_words(part, now, fields)}))"""


def _words(part: Slice, now: InForce, fields: Sequence[str]) -> str:
    """Return SQL for rows with `every`: what each source had said last by then."""
    some = ", ".join(map(str, now.sequences))
    own = ", ".join(f"if(said = '', {_text(n)}, {_told(n)})" for n in fields)
    stands = ", ".join(map(_text, fields))
    return f"""
        SELECT entity_id, at, any(row_topic) AS topic, any(row_op) AS op, any(row_day) AS day,
            any(row_said) AS said, any(row_judged_at) AS judged_at, any(row_stands) AS stands,
            groupArray(word) AS every
        FROM (
            SELECT entity_id, at, any(made.topic) AS row_topic, any(made.op) AS row_op,
                any(made.day) AS row_day, any(made.said) AS row_said,
                any(made.judged_at) AS row_judged_at, any(made.stands) AS row_stands,
                argMax(spoken.word, (spoken.word.2, spoken.hash, spoken.heard_at)) AS word
            FROM (
                SELECT entity_id, position AS at, topic, op, day, said, judged_at,
                    [{stands}] AS stands
                FROM ({_rows(part)}) WHERE judged_at IN ({some})) AS made
            INNER JOIN (
                SELECT entity_id, position AS heard_at, content_hash AS hash,
                    (if(said = '', op, JSONExtractString(said, 'op')), revision,
                        if(said = '', source, JSONExtractString(said, 'source')),
                        if(said = '', source_id, JSONExtractString(said, 'source_id')),
                        [{own}], JSONExtractString(said, 'merged_into')) AS word
                FROM ({_rows(part)})) AS spoken USING (entity_id)
            WHERE heard_at <= at
            GROUP BY entity_id, at, spoken.word.3, spoken.word.4)
        GROUP BY entity_id, at"""


def _text(field: str) -> str:
    """Return SQL for a field of a row as text, empty for nothing."""
    return _OWN.get(field) or _COLUMNS.get(field) or _of_json("state", field)


def _told(field: str) -> str:
    return _of_json("said", field)


def _of_json(column: str, field: str) -> str:
    if field in _TEXTS:
        return f"JSONExtractString({column}, '{field}')"
    raw = f"JSONExtractRaw({column}, '{field}')"
    return f"if({raw} = 'null', '', {raw})"


def _best(kind: str, part: Part, order: Order, fields: Sequence[str]) -> str:
    """Return SQL for the statement that a part is taken from."""
    said = f"w.5[{fields.index(part.fields[0]) + 1}]"
    weak = [_json_text(value) for value in WEAK.get((kind, part.fields[0]), ())]
    weight = f"multiIf({said} IN ({_list(NOTHING)}), 2, {said} IN ({_list(weak or ['?'])}), 1, 0)"
    key = f"({weight}, {_rank(kind, part, order)}, -w.2, w.3, w.4)"
    return f"arraySort(w -> {key}, words)[1]"


def _rank(kind: str, part: Part, order: Order) -> str:
    """Return SQL for how good the source of a statement is: named ones first, then its kind."""
    first = [name for field in part.fields for name in order.first.get((kind, field), ())]
    places = [*first, *(str(one) for one in part.order)]
    of_kind = f"transform(w.3, [{_list(order.kinds)}], [{_list(order.kinds.values())}], 'OTHER')"
    names = f"[{_list(places)}]"
    last = len(places) + 1
    return (
        f"least(if(has({names}, w.3), indexOf({names}, w.3), {last}), "
        f"if(has({names}, {of_kind}), indexOf({names}, {of_kind}), {last}))"
    )


def _json_text(value: str | bool) -> str:
    return value if isinstance(value, str) else str(value).lower()


def _list(texts: Iterable[str]) -> str:
    return ", ".join(quoted(str(text)) for text in texts)
