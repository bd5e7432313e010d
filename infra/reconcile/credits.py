"""Credits: what deals make of them, what was published, and what the commission agent keeps.

A deal's row makes a credit for each of its payees, and a last one, deleted and worth nothing, for
each payee that stood in the row before and stands there no more. So a credit at position p must be
what the deal's row at p made of it, and no later row may have made another.
"""

from collections.abc import Sequence

from infra.reconcile.asking import Check
from infra.reconcile.cut import Part, Slice
from infra.reconcile.deals import PARTED
from infra.reconcile.periods import Days

DEAL_CREDIT, CREDIT = "spm.deal_credit", "spm.credit"
_KEY = "rep_id, deal_id, role, via"
_NAMES = ("payee", "deal", "role", "via")
_SHARED = (
    "stage_class", "currency", "reporting_currency", "rate", "rate_on", "deal_type", "product",
    "segment", "region", "cancelled_on", "cancel_reason",
)  # fmt: skip
_OWN = (*PARTED, "territory_id")


def check_deal_credits(part: Slice, generation: int, days: Days) -> Check:
    """Return the check of what deals are credited with against their history."""
    sql = f"""
        SELECT
            multiIf(
                is_row = 0 AND should_at = 0, '',
                NOT ({days.condition("row_day")} OR {days.condition("should_day")}), '',
                is_row = 0 AND is_gone, 'no tombstone',
                is_row = 0, 'no row',
                row_at >= {part.seen()}, 'moving',
                should_at = 0, 'row without a source',
                row_at < should_at AND is_gone, 'no tombstone',
                row_at != should_at, 'position',
                row_says != should_say, 'content', 'ok') AS state,
            [toString(rep_id), deal_id, toString(role), via] AS key,
            concat(should_say, ' at ', toString(should_at)) AS expected,
            if(is_row = 0, '', concat(row_says, ' at ', toString(row_at))) AS found,
            toDecimal128(row_amount, 4) - should_amount AS off,
            if(money = '', row_money, money) AS currency, greatest(row_at, should_at) AS position
        FROM (
            SELECT {_KEY}, partition, max(known) AS is_row, max(stands) AS row_at,
                max(row_text) AS row_says, sum(worth) AS row_amount, max(its_day) AS row_day,
                max(its_money) AS row_money,
                maxIf(at, at <= until) AS should_at, argMaxIf(say, at, at <= until) AS should_say,
                argMaxIf(gone, at, at <= until) AS is_gone,
                argMaxIf(on_day, at, at <= until) AS should_day,
                argMaxIf(value, at, at <= until) AS should_amount,
                argMaxIf(money_of, at, at <= until) AS money
            FROM ({_made(part, generation)}
                UNION ALL
                SELECT {_KEY}, partition, toUInt64(0), toUInt64(0), '', false, toDate32(0),
                    toDecimal64(0, 4), '', 1, position, {_text("deleted")}, amount, day,
                    toString(currency)
                FROM ({_rows(part, generation)}))
            GROUP BY {_KEY}, partition)"""
    return Check(DEAL_CREDIT, _NAMES, sql)


def check_credits(
    credits: Sequence[Part], deals: Sequence[Part], generation: int, days: Days
) -> Check:
    """Return the check of the commission agent's newest credits against those published.

    A credit is in flight until its message, or a later one of the same deals in the same partition,
    has been taken: messages keep the order of the deals' positions. It is overdue once that takes
    OVERDUE_SECONDS in which the agent took nothing else of the partition.
    """
    kept = _kept(credits)
    sql = f"""
        SELECT
            multiIf(
                NOT ({days.condition("made_day")} OR {days.condition("kept_day")}), '',
                made_at = 0, 'row without a source',
                made_at >= made_until, 'in flight',
                kept_at > made_at, 'moving',
                kept_at < made_at AND made_at < overdue_until, 'overdue',
                kept_at < made_at AND made_at > taken_to, 'in flight',
                kept_at = 0, 'no row',
                kept_at < made_at, 'position',
                made_say != kept_say, 'content', 'ok') AS state,
            [toString(rep_id), deal_id, toString(role), via] AS key,
            concat(made_say, ' at ', toString(made_at)) AS expected,
            if(kept_at = 0, '', concat(kept_say, ' at ', toString(kept_at))) AS found,
            toDecimal128(kept_amount, 4) - made_amount AS off,
            if(made_money = '', kept_money, made_money) AS currency, place AS position
        FROM (
            SELECT {_KEY}, max(of_deal) AS made_at, max(of_deal_until) AS made_until,
                max(reached) AS taken_to, max(overdue) AS overdue_until, max(deal_say) AS made_say,
                sum(deal_amount) AS made_amount, max(deal_day) AS made_day,
                max(deal_money) AS made_money, max(of_credit) AS kept_at,
                argMax(credit_say, of_credit) AS kept_say,
                argMax(credit_amount, of_credit) AS kept_amount,
                argMax(credit_day, of_credit) AS kept_day,
                argMax(credit_money, of_credit) AS kept_money, max(credit_place) AS place
            FROM ({_published(credits, deals, generation)}
                UNION ALL
                SELECT {_KEY}, 0, 0, 0, 0, '', toDecimal64(0, 4), toDate32(0), '', source_position,
                    say, amount, day, money, position
                FROM ({kept}))
            GROUP BY {_KEY})"""
    return Check(CREDIT, _NAMES, sql)


def _kept(credits: Sequence[Part]) -> str:
    """Return SQL for the commission agent's applied history of credits."""
    applied = _values([(p.topic, p.partition, p.applied) for p in credits])
    return f"""
        SELECT rep_id, deal_id, role, via, partition AS in_partition, source_topic,
            source_partition, source_position, position,
            {_text("deleted", "credit_sequence")} AS say, day, amount, toString(currency) AS money
        FROM {CREDIT} FINAL
        INNER JOIN ({applied}) AS applied USING (topic, partition)
        WHERE kind != 'marker' AND position < until"""


def _published(credits: Sequence[Part], deals: Sequence[Part], generation: int) -> str:
    """Return SQL for the credits of deals, with how far their messages have been taken."""
    count = max((part.partition for part in credits), default=0) + 1
    at_rest = _values([(p.topic, p.partition, p.applied) for p in deals])
    long_ago = _values([(p.topic, p.partition, p.long_applied) for p in deals], "long_ago")
    quiet = [part.partition for part in credits if part.is_quiet]
    taken = f"""
        SELECT in_partition, source_topic AS topic, source_partition AS partition,
            max(source_position) AS taken_to
        FROM ({_kept(credits)}) GROUP BY in_partition, topic, partition"""
    return f"""
        SELECT {_KEY}, position AS of_deal, until AS of_deal_until, taken_to AS reached,
            if(has(CAST({quiet}, 'Array(UInt16)'), in_partition), long_ago, 0) AS overdue,
            {_text("deleted")} AS deal_say, amount AS deal_amount, day AS deal_day,
            toString(currency) AS deal_money, toUInt64(0) AS of_credit, '' AS credit_say,
            toDecimal64(0, 4) AS credit_amount, toDate32(0) AS credit_day, '' AS credit_money,
            toUInt64(0) AS credit_place
        FROM (SELECT *, toUInt16(kafkaMurmurHash(rep_id) % {count}) AS in_partition
            FROM {DEAL_CREDIT} FINAL WHERE generation = {generation}) AS made
        LEFT JOIN ({at_rest}) AS deals USING (topic, partition)
        LEFT JOIN ({long_ago}) AS waited USING (topic, partition)
        LEFT JOIN ({taken}) AS taken USING (in_partition, topic, partition)"""


def _made(part: Slice, generation: int) -> str:
    """Return SQL for all that history made of each credit, with where its row stands."""
    lines = f"""arrayConcat(
            arrayMap((n, s, d, a, m, p1, p2, p3, p4, p5, t) ->
                (n, false, s, d, a, m, p1, p2, p3, p4, p5, t),
                names, credit_share, credit_day, credit_amount, credit_reporting_amount,
                {", ".join(f"credit_{name}" for name in _OWN)}),
            arrayMap(n -> (n, true, toDecimal32(0, 6), day, toDecimal64(0, 4),
                if(rate IS NULL, NULL, toDecimal64(0, 4)), NULL, NULL, NULL, NULL, NULL, ''),
                arrayFilter(n -> NOT has(names, n), before)))"""
    own = ", ".join(f"line.{at} AS {name}" for at, name in enumerate(_OWN, 7))
    shared = ", ".join(f"made.{name} AS {name}" for name in _SHARED)
    return f"""
        SELECT {_KEY}, partition, happened AS at,
            greatest(position, {part.applied()} - 1) AS until, text AS say, deleted AS gone,
            made_on AS on_day, made_amount AS value, toString(made_money) AS money_of, 0 AS known,
            toUInt64(0) AS stands, '' AS row_text, toDecimal64(0, 4) AS worth,
            toDate32(0) AS its_day, '' AS its_money
        FROM (
            SELECT *, {_text("deleted")} AS text, day AS made_on, amount AS made_amount,
                currency AS made_money
            FROM (
                SELECT partition, deal_id, happened, sequence, {shared},
                    tupleElement(line.1, 1) AS rep_id, tupleElement(line.1, 2) AS role,
                    tupleElement(line.1, 3) AS via, line.2 AS deleted, line.3 AS share,
                    line.4 AS day, line.5 AS amount, line.6 AS reporting_amount, {own}
                FROM (SELECT * EXCEPT day, {lines} AS lines FROM (
                    SELECT *, entity_id AS deal_id, position AS happened,
                        arrayMap((r, o, v) -> (toString(r), toString(o), v),
                            credit_rep_id, credit_role, credit_via) AS names,
                        lagInFrame(names) OVER (PARTITION BY entity_id ORDER BY position
                            ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS before
                    FROM {part.table} FINAL WHERE {part.where()} AND kind != 'marker')) AS made
                ARRAY JOIN lines AS line)) AS happened
        ANY LEFT JOIN ({_rows(part, generation, f"{_KEY}, position")}) AS rows USING ({_KEY})"""


def _rows(part: Slice, generation: int, columns: str = "*") -> str:
    return f"""
        SELECT {columns} FROM {DEAL_CREDIT} FINAL
        WHERE generation = {generation} AND {part.where()}"""


def _text(deleted: str, sequence: str = "sequence") -> str:
    """Return SQL for what a credit says, as one text."""
    given = ("rate", "rate_on", "cancelled_on", *PARTED)  # may be NULL, and are no text
    shared = ", ".join(name if name in given else f"toString({name})" for name in (*_SHARED, *_OWN))
    return (
        f"concat(if({deleted}, 'deleted ', ''), toString((toDecimal64(amount, 4), "
        f"reporting_amount, toDate32(day), share, toUInt64({sequence}), {shared})))"
    )


def _values(rows: Sequence[tuple[str, int, int]], name: str = "until") -> str:
    """Return SQL for partitions and a position of each."""
    return (
        f"SELECT one.1 AS topic, toUInt16(one.2) AS partition, toUInt64(one.3) AS {name} "
        f"FROM (SELECT arrayJoin({list(rows) or [('', 0, 0)]}) AS one)"
    )
