"""What formulas need, as lines of `rep_id`, `day`, `value`: one SELECT for each input.

Deals and activities are taken as they are now: the newest row of each, without the cancelled.
"""

from connectors.sinks.clickhouse import quoted
from infra.bi.context import Context
from infra.reconcile.arithmetic import AMOUNT, RATE, SHARE, divided_even, whole
from streams.domain.kpis import Wanted

LIVE = "generation = (SELECT generation FROM spm.warehouse FINAL)"
_DEAL_COLUMNS = (
    "entity_id, op, rep_id, day, stage_class, stage_id, stage_label, close_date, probability, "
    "amount, currency, rate, revision, created_at, measure, measure_day, credit_rep_id, "
    "credit_role, credit_amount"
)


def measures(names: tuple[str, ...], where: str = "1") -> str:
    """Return SQL for totals per rep and day of some measures, with their `name` and `currency`."""
    some = ", ".join(map(quoted, names))
    return (
        f"SELECT rep_id, day, measure AS name, currency, value FROM spm.kpi_rep_day FINAL "
        f"WHERE {LIVE} AND measure IN ({some}) AND {where}"
    )


def lines(wanted: Wanted, context: Context) -> str:
    """Return SQL for the lines of one input; of a quota, lines belong to a subject, not a rep."""
    match wanted.name:
        case "open_deals":
            return _owned("1", context)
        case "open_pipeline":
            return _shared("1", context)
        case "weighted_pipeline":
            return _shared("1", context, weighted=True)
        case "stage_deals":
            return _owned(_in_stage(wanted.argument), context)
        case "stage_pipeline":
            return _shared(_in_stage(wanted.argument), context)
        case "stalled_deals":
            return _owned(_stalled(wanted.argument, context), context)
        case "stalled_pipeline":
            return _shared(_stalled(wanted.argument, context), context)
        case "pipeline_due":
            return _shared("close_date IS NOT NULL", context, day=_DUE)
        case "weighted_due":
            return _shared("close_date IS NOT NULL", context, day=_DUE, weighted=True)
        case "reached":
            return _reached(wanted.argument, context)
        case "won_deal_amounts":
            units = divided_even(f"{_AMOUNT} * {_units('rate', RATE)}", str(RATE))
            return (
                f"SELECT rep_id, day, {_value(units)} AS value FROM ({_deals()}) "
                "WHERE stage_class = 'WON' AND amount IS NOT NULL AND rate IS NOT NULL"
            )
        case "won_deal_cycles":
            days = f"greatest(dateDiff('day', {_created(context)}, day), 0)"
            return (
                f"SELECT rep_id, day, toDecimal128({days}, 4) AS value FROM ({_deals()}) "
                "WHERE stage_class = 'WON'"
            )
        case "first_responses":
            return _first_responses(context)
    raise KeyError(wanted.name)


_DUE = "assumeNotNull(close_date)"
_AMOUNT = whole("coalesce(amount, 0)", AMOUNT)


def _units(column: str, scale: int) -> str:
    return whole(f"coalesce({column}, 0)", scale)


def _value(units: str) -> str:
    return f"toDecimal128(toDecimal256({units}, 4) / toInt256({AMOUNT}), 4)"


def _deals() -> str:
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


def _owned(where: str, context: Context) -> str:
    """Return SQL for open deals, one each for its owner, today."""
    return (
        f"SELECT rep_id, {context.today} AS day, toDecimal128(1, 4) AS value FROM ({_deals()}) "
        f"WHERE stage_class = 'OPEN' AND {where}"
    )


def _shared(where: str, context: Context, *, day: str = "", weighted: bool = False) -> str:
    """Return SQL for parts of open deals by REVENUE splits, in the reporting currency."""
    units = divided_even(f"{_units('credit.3', AMOUNT)} * rate_units", str(RATE))
    if weighted:
        where = f"{where} AND probability IS NOT NULL"
    lined = f"""
        SELECT credit.1 AS rep_id, {day or context.today} AS day, probability, {units} AS units
        FROM (
            SELECT credit, close_date, probability, if(deals.currency = {quoted(context.currency)},
                toInt256({RATE}), rates.units) AS rate_units
            FROM (SELECT currency, close_date, probability, credit FROM ({_deals()})
                ARRAY JOIN arrayZip(credit_rep_id, credit_role, credit_amount) AS credit
                WHERE stage_class = 'OPEN' AND credit.2 = 'REVENUE' AND {where}) AS deals
            LEFT JOIN ({_rates(context)}) AS rates ON rates.base = deals.currency)
        WHERE rate_units != 0"""
    if weighted:
        chance = divided_even(f"units * {_units('probability', SHARE)}", str(SHARE))
        return f"SELECT rep_id, day, {_value(chance)} AS value FROM ({lined})"
    return f"SELECT rep_id, day, {_value('units')} AS value FROM ({lined})"


def _rates(context: Context) -> str:
    """Return SQL for the latest rate of each currency into the reporting one: base, units.

    A direct rate goes before an inverse one of the same day.
    """
    into = quoted(context.currency)
    direct = whole("toDecimal256(quoted.4, 10)", RATE)
    inverse = divided_even(f"toInt256('{RATE * RATE}')", direct)
    shape = "Array(Tuple(base String, quote String, on String, rate String))"
    return f"""
        SELECT base, argMax(found, (on, is_direct)) AS units FROM (
            SELECT if(is_direct, quoted.1, quoted.2) AS base, toDate32(quoted.3) AS on,
                if(is_direct, {direct}, {inverse}) AS found, is_direct
            FROM (SELECT arrayJoin(JSONExtract({content("rates")}, 'rates', '{shape}')) AS quoted,
                quoted.2 = {into} AS is_direct)
            WHERE (quoted.1 = {into}) != (quoted.2 = {into}) AND on <= {context.today})
        GROUP BY base"""


def content(kind: str) -> str:
    """Return SQL for the newest content of a kind of definitions; empty JSON if there is none."""
    return (
        f"assumeNotNull((SELECT if(count() = 0, '{{}}', argMax(content, sequence)) "
        f"FROM spm.definition WHERE kind = {quoted(kind)}))"
    )


def _in_stage(stage: str) -> str:
    return f"(stage_id = {quoted(stage)} OR stage_label = {quoted(stage)})"


def _reached(stage: str, context: Context) -> str:
    ever = (
        f"SELECT entity_id FROM spm.deal WHERE kind != 'marker' AND op = 'SET' "
        f"AND {_in_stage(stage)}"
    )
    return (
        f"SELECT rep_id, {_created(context)} AS day, toDecimal128(1, 4) AS value "
        f"FROM ({_deals()}) WHERE entity_id IN ({ever})"
    )


def _stalled(days: str, context: Context) -> str:
    since = f"({context.now} - toIntervalDay({days}))"
    recent = f"SELECT deal_id FROM ({contacts()}) WHERE at >= {since}"
    changed = "fromUnixTimestamp64Micro(revision, 'UTC')"
    return f"{changed} < {since} AND entity_id NOT IN ({recent})"


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


def _first_responses(context: Context) -> str:
    millis = "min(toUnixTimestamp64Milli(at) - toUnixTimestamp64Milli(created_at))"
    return f"""
        SELECT any(rep_id) AS rep_id, any(created_on) AS day,
            toDecimal128(toDecimal128({millis}, 4) / 1000, 4) AS value
        FROM (SELECT entity_id, rep_id, created_at, {_created(context)} AS created_on
            FROM ({_deals()})) AS deals
        INNER JOIN ({contacts()}) AS contacts ON contacts.deal_id = deals.entity_id
        WHERE at >= created_at
        GROUP BY deals.entity_id"""
