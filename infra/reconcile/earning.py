"""What a component earns on a total, in SQL: every kind of ladder, gates, factors, floor, cap.

The formula is that of the plan language's documentation, said a second time: exact as a quotient
of whole numbers (n over d, in ten-thousandths of money), rounded once, half-even.
"""

from infra.reconcile.arithmetic import AMOUNT, SHARE, divided_even
from infra.reconcile.plans import mine, own, units

# Branches within branches, each put off until its rows are known, took 100 KB a row; all of them 2.
SETTINGS = "short_circuit_function_evaluation = 'disable'"
_UNIT = f"toInt256({AMOUNT})"
_WHOLE = f"toInt256({SHARE})"
_NONE, _ONE = "toInt256(0)", "toInt256(1)"
# The scale of x: ten-thousandths, times attainments, times factors.
_X = f"toInt256({AMOUNT * SHARE})"


def earned(rows: str) -> str:
    """Return SQL for rows with `owed`: what their component earns on `credited`.

    No column is used on the level that makes it: the engine writes out what stands for a name each
    time it occurs, and the text would double with each step. To be asked with SETTINGS.

    Args:
        rows: SQL for rep_id, component_id, decimals, credited and the columns c_* of a component.
    """
    for columns in (*_GIVEN, *_SCALED, *_climbed(), *_gated(), *_BOUNDED):
        rows = f"SELECT *, {columns} FROM ({rows})"
    exact = divided_even("n", "over * unit")
    return (
        f"SELECT *, if(credited = 0 OR is_blocked, {_NONE}, {exact} * unit) AS owed FROM ({rows})"
    )


def _reached(total: str, bound: str) -> str:
    """Return SQL for whether a total counts as having reached a bound."""
    return f"if(c_upper, {total} > {bound}, {total} >= {bound})"


_TAKEN = f"if({_reached('attained', 's.1 * quota')}, s.2, found)"
_LAST_STEP = f"arrayFold((found, s) -> {_TAKEN}, steps, {_WHOLE})"
# What a payee is measured by; a quota or variable of 0 is none.
_GIVEN = (
    f"toInt256(exp10(4 - decimals)) AS unit, {mine()} AS mine, credited * {_UNIT} AS attained, "
    "c_kind IN ('INTERPOLATED', 'BONUS') AS by_amount",
    f"{own('quota')} AS quota_text, {own('variable')} AS variable_text",
    f"{units('quota_text')} AS quota, {units('variable_text')} AS variable",
    "c_kind = '' OR quota = 0 AND (c_by_quota OR c_of_variable AND NOT by_amount) "
    "OR c_of_variable AND variable = 0 AS is_blocked, "
    f"arrayMap(steps -> {_LAST_STEP}, arrayFilter(m -> notEmpty(m), c_steps)) AS factors",
)
# The total, the bounds and what they pay, as whole numbers of common scales.
_SCALED = (
    f"if(c_adds, {_WHOLE} + arraySum(arrayMap(f -> f - {_WHOLE}, factors)), {_WHOLE}) AS weight, "
    f"if(empty(c_tiers), [({_NONE}, c_rate, {_NONE})], c_tiers) AS ladder, "
    f"if(c_by_quota, quota, {_UNIT}) * {_WHOLE} AS of_bound, "
    f"if(c_of_variable, variable, {_ONE}) AS of_pay",
    "attained * weight AS x, arrayMap(t -> t.1 * of_bound, ladder) AS bounds, "
    "arrayMap(t -> if(by_amount, t.3, t.2) * of_pay, ladder) AS pays, "
    f"multiIf(by_amount AND c_of_variable, {_UNIT}, by_amount, {_ONE}, "
    f"c_of_variable, {_WHOLE} * {_X} * greatest(quota, {_ONE}), {_WHOLE} * {_X}) AS over_pay",
    f"toUInt32(arrayCount(b -> {_reached('x', 'b')}, bounds)) AS reached, "
    "toUInt32(arrayCount(b -> b <= x, bounds)) AS passed, toUInt32(length(bounds)) AS bound_count",
)


def _climbed() -> tuple[str, ...]:
    """Return what the ladder earns, as a quotient: raw over raw_over."""
    # The segment a curve is on ends at `ahead`: the next point, behind the last one the last.
    ahead = "if(passed < bound_count, passed + 1, greatest(bound_count, 2)) AS ahead"
    level = "passed = bound_count AND NOT (c_extended AND bound_count > 1) AS is_level"
    marginal = f"if(x < 0, x * pays[1], {_parts('x')})"
    line = (
        f"multiIf(passed = 0, {_NONE}, is_level, pays[bound_count], "
        "pays[passed] * width + (x - bounds[passed]) * rise)"
    )
    bonus = (
        f"multiIf(x <= 0 OR reached = 0, {_NONE}, c_each, arraySum(arraySlice(pays, 1, reached)), "
        "pays[reached])"
    )
    return (
        f"{ahead}, {level}",
        "bounds[ahead] - bounds[ahead - 1] AS width, pays[ahead] - pays[ahead - 1] AS rise",
        f"multiIf(c_kind IN ('MARGINAL', 'FLAT'), {marginal}, "
        "c_kind = 'RETROACTIVE', x * pays[greatest(reached, 1)], "
        f"c_kind = 'INTERPOLATED', {line}, {bonus}) AS raw, "
        "if(c_kind = 'INTERPOLATED' AND passed > 0 AND NOT is_level, over_pay * width, over_pay) "
        "AS raw_over",
    )


def _parts(total: str) -> str:
    """Return SQL for what marginal tiers earn on a total that is not below 0."""
    ends = f"arrayPushBack(arrayPopFront(bounds), greatest({total}, bounds[bound_count]))"
    part = f"greatest(least({total}, end) - since, {_NONE}) * pay"
    return f"arraySum(arrayMap((since, end, pay) -> {part}, bounds, {ends}, pays))"


def _gated() -> tuple[str, ...]:
    """Return what gates and factors leave of it."""
    stands = "if(g.2, attained, credited)"
    wanted = f"g.1 * if(g.2, quota, {_ONE})"
    shut = f"arrayExists(g -> g.2 AND quota = 0 OR NOT {_reached(stands, wanted)}, c_gates)"
    bound = f"g.1 * if(g.2, quota, {_UNIT}) * {_WHOLE}"
    return (
        f"{shut} AS is_shut, arrayMap(g -> {bound}, arrayFilter(g -> g.3, c_gates)) AS above, "
        f"if(c_adds, [], factors) AS multiplied",
        f"arraySum(arrayMap(t -> {_parts('t')}, above)) AS below",
        f"if(is_shut, {_NONE}, raw - below) "
        f"* arrayFold((product, f) -> product * f, multiplied, {_ONE}) AS gated, raw_over "
        f"* arrayFold((product, f) -> product * {_WHOLE}, multiplied, {_ONE}) AS gated_over",
    )


# What floor and cap make of it: n over `over`.
_BOUNDED = (
    "c_floor > 0 AND credited > 0 AND gated < c_floor * gated_over AS is_low, "
    f"if(c_cap > 0, c_cap, c_cap_share * variable) AS most, "
    f"if(c_cap > 0, {_ONE}, {_UNIT}) AS over_most",
    f"if(is_low, c_floor, gated) AS floored, if(is_low, {_ONE}, gated_over) AS floored_over",
    "most > 0 AND floored * over_most > most * floored_over AS is_high",
    "if(is_high, most, floored) AS n, if(is_high, over_most, floored_over) AS over",
)
