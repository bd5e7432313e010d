"""What formulas need, as lines of `rep_id`, `day`, `slot`, `value`; one reading of each table.

Deals and activities are taken as they are now: the newest row of each, without the cancelled. A
slot is the place of an input among those of one branch of a view.
"""

from collections.abc import Iterator, Mapping

from connectors.sinks.clickhouse import quoted
from infra.bi.context import Context
from infra.reconcile.arithmetic import RATE, decimal, divided_even, whole
from infra.settling.asking import LIVE
from streams.domain.kpi_trees import Origin, Wanted

Slots = Mapping[Wanted, int]  # input, without statistic and period -> slot
_DEAL_COLUMNS = (
    "entity_id, op, rep_id, day, stage_class, stage_id, stage_label, close_date, probability, "
    "amount, currency, rate, revision, created_at, measure, measure_day, credit_rep_id, "
    "credit_role, credit_amount"
)
_LINE = "Tuple(String, Date32, UInt16, Decimal(38, 4), UInt8)"
_WON = ("won_deal_amounts", "won_deal_cycles")
_OPEN = ("open_deals", "stage_deals", "stalled_deals")  # of an owner
_PARTS = ("open_pipeline", "weighted_pipeline", "stage_pipeline", "stalled_pipeline",
          "pipeline_due", "weighted_due")  # of payees  # fmt: skip
CONTACTS = ("first_responses", "stalled_deals", "stalled_pipeline")  # these read activities, too


def family_of(wanted: Wanted) -> str:
    """Return which tables are read for an input: measures, deals, contacts or quotas."""
    if wanted.origin is Origin.MEASURE:
        return "measures"
    if wanted.name == "quota":
        return "quotas"
    return "contacts" if wanted.name in CONTACTS else "deals"


def lines(slots: Slots, context: Context) -> Iterator[str]:
    """Yield SELECTs of lines for some inputs; quotas are not among them."""
    measures = {w.name: slot for w, slot in slots.items() if w.origin is Origin.MEASURE}
    if measures:
        yield totals(measures)
    if won := {w.name: slot for w, slot in slots.items() if w.name in _WON}:
        yield _won(won, context)
    if open_now := {w: slot for w, slot in slots.items() if w.name in (*_OPEN, *_PARTS)}:
        yield _pipeline(open_now, context)
    if reached := {w.argument: slot for w, slot in slots.items() if w.name == "reached"}:
        yield _reached(reached, context)
    for wanted, slot in slots.items():
        if wanted.name == "first_responses":
            yield _first_responses(slot, context)


def totals(measures: Mapping[str, int]) -> str:
    """Return SQL for totals of measures per rep and day."""
    names = ", ".join(map(quoted, measures))
    slots = ", ".join(map(str, measures.values()))
    slot = f"toUInt16(transform(toString(measure), [{names}], [{slots}], 0))"
    return (
        f"SELECT rep_id, day, {slot} AS slot, toDecimal128(value, 4) AS value, currency "
        f"FROM spm.kpi_rep_day FINAL WHERE {LIVE} AND measure IN ({names})"
    )


def _rounded(one: str, by: str) -> str:
    """Return SQL for a product of decimals, half-even in ten-thousandths."""
    return f"toDecimal128(roundBankers(toDecimal256({one}, 4) * {by}, 4), 4)"


def deals() -> str:
    """Return SQL for deals as they are now."""
    return (
        f"SELECT * FROM (SELECT {_DEAL_COLUMNS} FROM spm.deal WHERE kind != 'marker' "
        "ORDER BY entity_id, position DESC LIMIT 1 BY entity_id) WHERE op = 'SET'"
    )


def _created(context: Context) -> str:
    """Return SQL for the day a deal counts as created on, in its owner's zone."""
    at = f"indexOf(measure, {quoted(context.created)})"
    otherwise = f"toDate32(created_at, {quoted(context.zone)})"
    return f"if({at} > 0, measure_day[{at}], {otherwise})"


def _won(slots: Mapping[str, int], context: Context) -> str:
    worth = _rounded("coalesce(amount, 0)", "coalesce(rate, 0)")
    days = f"greatest(dateDiff('day', {_created(context)}, day), 0)"
    made = {
        "won_deal_amounts": (worth, "amount IS NOT NULL AND rate IS NOT NULL"),
        "won_deal_cycles": (f"toDecimal128({days}, 4)", "1"),
    }
    some = ", ".join(
        f"if({made[name][1]}, [(toUInt16({slot}), {made[name][0]})], [])"
        for name, slot in slots.items()
    )
    return (
        "SELECT rep_id, day, line.1 AS slot, line.2 AS value FROM (SELECT rep_id, day, "
        f"arrayJoin(arrayConcat({some})) AS line FROM ({deals()}) WHERE stage_class = 'WON')"
    )


def _reached(slots: Mapping[str, int], context: Context) -> str:
    stages = ", ".join(f"({quoted(stage)}, toUInt16({slot}))" for stage, slot in slots.items())
    ever = (
        "SELECT entity_id, groupUniqArrayArray([toString(stage_id), toString(stage_label)]) "
        "AS ever FROM spm.deal WHERE kind != 'marker' AND op = 'SET' GROUP BY entity_id"
    )
    return (
        "SELECT rep_id, created_on AS day, stage.2 AS slot, toDecimal128(1, 4) AS value FROM ("
        f"SELECT rep_id, {_created(context)} AS created_on, "
        f"arrayJoin(arrayFilter(s -> has(ever, s.1), [{stages}])) AS stage FROM ({deals()}) AS d "
        f"INNER JOIN ({ever}) AS stages ON stages.entity_id = d.entity_id)"
    )


def _pipeline(slots: Slots, context: Context) -> str:
    """Return SQL for open deals: of their owner, and in parts by REVENUE splits.

    Parts are in the reporting currency; a deal without an amount or a rate has none.
    """
    whole = [_of_deal(w, slot, context) for w, slot in slots.items() if w.name in _OPEN]
    parts = [_of_part(w, slot, context) for w, slot in slots.items() if w.name in _PARTS]
    rate = f"if(open.currency = {quoted(context.currency)}, toDecimal128(1, 10), rates.rate)"
    credits = (
        "arrayFilter(c -> c.2 = 'REVENUE' AND c.4 != 0, arrayMap(c -> (c.1, c.2, c.3, into), "
        "arrayZip(credit_rep_id, credit_role, credit_amount)))"
    )
    priced = f"arrayMap(c -> (c.1, {_rounded('c.3', 'c.4')}), {credits})"
    of_parts = f"arrayFlatten(arrayMap(p -> [{', '.join(parts)}], {priced}))" if parts else "[]"
    stalled = ""
    if days := {w.argument for w in slots if w.name.startswith("stalled")}:
        stalled = ", " + ", ".join(
            f"{_is_stalled(d, context)} AS stalled_{d}" for d in sorted(days)
        )
    kind = f"Array({_LINE})"
    return f"""
        SELECT line.1 AS rep_id, line.2 AS day, line.3 AS slot, line.4 AS value FROM (
            SELECT arrayJoin(arrayFilter(l -> l.5, arrayConcat(
                CAST([{", ".join(whole)}], '{kind}'), CAST({of_parts}, '{kind}')))) AS line
            FROM (SELECT open.*, {rate} AS into{stalled}
                FROM (SELECT * FROM ({deals()}) WHERE stage_class = 'OPEN') AS open
                LEFT JOIN ({_rates(context)}) AS rates ON rates.base = open.currency))"""


def _of_deal(wanted: Wanted, slot: int, context: Context) -> str:
    """Return SQL for the line of one input that an open deal makes for its owner."""
    where = _where(wanted)
    return f"(rep_id, {context.today}, {slot}, toDecimal128(1, 4), {where})"


def _of_part(wanted: Wanted, slot: int, context: Context) -> str:
    """Return SQL for the line of one input that a payee's part `p` of an open deal makes."""
    day = f"coalesce(close_date, {context.today})" if wanted.name.endswith("_due") else ""
    value, where = "p.2", _where(wanted)
    if wanted.name.startswith("weighted"):
        value = _rounded("p.2", "coalesce(probability, 0)")
        where = f"({where}) AND probability IS NOT NULL"
    return f"(p.1, {day or context.today}, {slot}, {value}, {where})"


def _where(wanted: Wanted) -> str:
    if wanted.name.startswith("stage_"):
        stage = quoted(wanted.argument)
        return f"stage_id = {stage} OR stage_label = {stage}"
    if wanted.name.startswith("stalled_"):
        return f"stalled_{wanted.argument}"
    return "close_date IS NOT NULL" if wanted.name.endswith("_due") else "1"


def _rates(context: Context) -> str:
    """Return SQL for the latest rate of each currency into the reporting one: base, rate.

    A direct rate goes before an inverse one of the same day.
    """
    into = quoted(context.currency)
    direct = whole("toDecimal256(quoted.4, 10)", RATE)
    inverse = decimal(divided_even(f"toInt256('{RATE * RATE}')", direct), RATE)
    shape = "Array(Tuple(base String, quote String, on String, rate String))"
    return f"""
        SELECT base, argMax(found, (on, is_direct)) AS rate FROM (
            SELECT if(is_direct, quoted.1, quoted.2) AS base, toDate32(quoted.3) AS on,
                if(is_direct, toDecimal128(quoted.4, 10), {inverse}) AS found, is_direct
            FROM (SELECT arrayJoin(JSONExtract({content("rates")}, 'rates', '{shape}')) AS quoted,
                quoted.2 = {into} AS is_direct)
            WHERE (quoted.1 = {into}) != (quoted.2 = {into}) AND on <= {context.today})
        GROUP BY base"""


def content(kind: str) -> str:
    """Return SQL for the newest content of a kind of definitions; empty JSON if there is none."""
    return (
        "assumeNotNull((SELECT if(count() = 0, '{}', argMax(content, sequence)) "
        f"FROM spm.definition WHERE kind = {quoted(kind)}))"
    )


def _is_stalled(days: str, context: Context) -> str:
    since = f"({context.now} - toIntervalDay({days}))"
    recent = f"SELECT deal_id FROM ({contacts()}) WHERE at >= {since}"
    return f"(fromUnixTimestamp64Micro(revision, 'UTC') < {since} AND entity_id NOT IN ({recent}))"


def contacts() -> str:
    """Return SQL for the times people spoke to customers about deals: deal_id, at."""
    answered = (
        "coalesce(JSONExtract(state, 'connected', 'Nullable(Bool)'), "
        "status = 'COMPLETED' AND coalesce(talk_seconds, 0) > 0)"
    )
    start = "JSONExtract(state, 'start_at', 'Nullable(Int64)')"
    return f"""
        SELECT deal_id, if(kind = 'meeting', coalesce(fromUnixTimestamp64Milli({start}, 'UTC'),
            occurred_at), occurred_at) AS at
        FROM (SELECT entity_id, kind, op, deal_id, occurred_at, direction, status, is_automated,
                talk_seconds, state FROM spm.activity WHERE kind != 'marker'
            ORDER BY entity_id, position DESC LIMIT 1 BY entity_id)
        WHERE op = 'SET' AND deal_id != '' AND NOT is_automated AND (
            kind = 'call' AND status != 'IN_PROGRESS' AND direction IN ('OUTBOUND', 'INBOUND')
                AND {answered}
            OR kind = 'email' AND direction = 'OUTBOUND' AND status = 'SENT'
            OR kind = 'meeting' AND status = 'COMPLETED')"""


def _first_responses(slot: int, context: Context) -> str:
    millis = "min(toUnixTimestamp64Milli(at) - toUnixTimestamp64Milli(created_at))"
    return f"""
        SELECT any(rep_id) AS rep_id, any(created_on) AS day, toUInt16({slot}) AS slot,
            toDecimal128(toDecimal128({millis}, 4) / 1000, 4) AS value
        FROM (SELECT entity_id, rep_id, created_at, {_created(context)} AS created_on
            FROM ({deals()})) AS deals
        INNER JOIN ({contacts()}) AS contacts ON contacts.deal_id = deals.entity_id
        WHERE at >= created_at
        GROUP BY deals.entity_id"""
