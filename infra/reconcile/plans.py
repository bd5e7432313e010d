"""Commission plans as lines of SQL: one for each component, with all that decides what it pays.

Read from the content of definitions; what is not given there is empty and means the default, which
the columns say where it is not the empty one. Amounts, bounds and quotas are whole ten-thousandths,
rates and factors millionths.
"""

from infra.reconcile.arithmetic import AMOUNT, SHARE, whole

_STEPS = "Array(Tuple(since String, factor String))"
_COMPONENT = f"""Tuple(component_id String, kind String, period String, valid_from String,
    valid_to String, rate String, tiers Array(Tuple(since String, rate String, amount String)),
    bounds String, pays String, boundary String, beyond String, bonus_pays String, quota String,
    variable String, floor String, cap Tuple(amount String, of_variable String),
    counts Tuple(roles Array(String), products Array(String), segments Array(String),
        regions Array(String), deal_types Array(String)),
    gates Array(Tuple(since String, bounds String, pays String)),
    multipliers Array(Tuple(steps {_STEPS})), multipliers_combine String)"""
_PLANS = f"""Array(Tuple(plan_id String, currency String, period String, valid_from String,
    valid_to String, reps Array(String), boundary String,
    individual Array(Tuple(rep_id String, component_id String, quota String, variable String)),
    components Array({_COMPONENT})))"""

# The columns of a component that what it earns depends on.
PART = (
    "decimals, c_individual, c_kind, c_rate, c_tiers, c_by_quota, c_of_variable, c_upper, "
    "c_extended, c_each, c_quota, c_variable, c_floor, c_cap, c_cap_share, c_gates, c_steps, c_adds"
)


def components(content: str, decimals: dict[str, int]) -> str:
    """Return SQL for one line of each component; its own columns begin with c_.

    Args:
        content: SQL for the content of the definitions.
        decimals: minor units by currency.
    """
    months = (
        "transform(if(part.3 = '', plan.3, part.3), ['MONTH', 'QUARTER', 'YEAR'], [1, 3, 12], 1)"
    )
    return f"""
        SELECT plan.1 AS plan_id, plan.2 AS currency, {months} AS months,
            greatest({_day("plan.4", "1970-01-01")}, {_day("part.4", "1970-01-01")}) AS valid_from,
            least({_day("plan.5", "2199-12-31")}, {_day("part.5", "2199-12-31")}) AS valid_to,
            plan.6 AS reps, part.1 AS component_id, plan.8 AS c_individual,
            transform(plan.2, {list(decimals)}, {list(decimals.values())}, 2) AS decimals,
            if(part.2 = '', 'MARGINAL', part.2) AS c_kind, {_units("part.6", SHARE)} AS c_rate,
            arraySort(t -> t.1, arrayMap(t -> ({_units("t.1", AMOUNT)}, {_units("t.2", SHARE)},
                {_units("t.3", AMOUNT)}), part.7)) AS c_tiers,
            part.8 = 'ATTAINMENT' AS c_by_quota, part.9 = 'VARIABLE' AS c_of_variable,
            if(part.10 = '', plan.7, part.10) = 'UPPER' AS c_upper,
            part.11 = 'EXTENDED' AS c_extended, part.12 = 'EACH' AS c_each,
            part.13 AS c_quota, part.14 AS c_variable, {_units("part.15", AMOUNT)} AS c_floor,
            {_units("part.16.1", AMOUNT)} AS c_cap, {_units("part.16.2", AMOUNT)} AS c_cap_share,
            if(empty(part.17.1), ['REVENUE'], part.17.1) AS c_roles,
            part.17.2 AS c_products, part.17.3 AS c_segments, part.17.4 AS c_regions,
            part.17.5 AS c_deal_types,
            arrayMap(g -> ({_units("g.1", AMOUNT)}, g.2 = 'ATTAINMENT', g.3 = 'ABOVE'),
                part.18) AS c_gates,
            arrayMap(m -> arraySort(arrayMap(s -> ({_units("s.1", AMOUNT)},
                {_units("s.2", SHARE)}), m.1)), part.19) AS c_steps,
            part.20 = 'ADD' AS c_adds
        FROM (SELECT arrayJoin(JSONExtract(assumeNotNull({content}), 'plans', '{_PLANS}')) AS plan)
        ARRAY JOIN plan.9 AS part"""


def is_meant(row: str = "") -> str:
    """Return SQL for whether a component counts a credit of these columns."""
    lists = ("products", "segments", "regions", "deal_types")
    each = [f"(empty(c_{name}) OR has(c_{name}, {row}{name[:-1]}))" for name in lists]
    return " AND ".join([f"has(c_roles, {row}role)", *each])


def own(name: str) -> str:
    """Return SQL for a payee's quota or variable as text, empty for none; `mine` is given to them.

    What is given for the payee in this component goes before what is for all components, and that
    before the component's own. `mine` has the former first.
    """
    at = {"quota": 1, "variable": 2}[name]
    return f"arrayFirst(text -> text != '', arrayPushBack(arrayMap(i -> i.{at}, mine), c_{name}))"


def mine() -> str:
    """Return SQL for quotas and variables given to the payee, those of the component first."""
    meant = "i.1 = rep_id AND i.2 IN ('', component_id)"
    ordered = f"arraySort(i -> i.2 = '', arrayFilter(i -> {meant}, c_individual))"
    return f"arrayMap(i -> (i.3, i.4), {ordered})"


def units(text: str) -> str:
    """Return SQL for an amount written as text in whole ten-thousandths, 0 for none."""
    return _units(text, AMOUNT)


def _day(text: str, otherwise: str) -> str:
    return f"toDate32(if({text} IN ('', 'null'), '{otherwise}', {text}))"


def _units(text: str, scale: int) -> str:
    digits = len(str(scale)) - 1
    return whole(f"toDecimal256(if({text} IN ('', 'null'), '0', {text}), {digits})", scale)
