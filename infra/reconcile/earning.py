"""What a component earns on a total, in SQL: every kind of ladder, gates, factors, floor, cap.

The formula is that of the plan language's documentation, said a second time: exact as a quotient
of whole numbers (n over d, in ten-thousandths of money), rounded once, half-even.
"""

from infra.reconcile.arithmetic import AMOUNT, SHARE, divided_even
from infra.reconcile.plans import own

_ONE = f"toInt256({AMOUNT})"
_WHOLE = f"toInt256({SHARE})"
_X = AMOUNT * SHARE  # the scale of x below: ten-thousandths, times attainments, times factors


def earned(rows: str) -> str:
    """Return SQL for rows with `owed`: what their component earns on `credited`.

    Args:
        rows: SQL for rep_id, component_id, decimals, credited and the columns c_* of a component.
    """
    return f"""
        SELECT *, if(credited = 0 OR is_blocked, toInt256(0),
                {divided_even("n", "d * unit")} * unit) AS owed
        FROM (SELECT *, {_capped()} FROM (SELECT *, {_raised()} FROM (
            SELECT *, {_adjusted()} FROM (SELECT *, {_climbed()} FROM (
                SELECT *, {_scaled()} FROM (SELECT *, {_given()} FROM ({rows})))))))"""


def _given() -> str:
    """Return what a payee is measured by; a quota or variable of 0 is none."""
    return f"""toInt256(exp10(4 - decimals)) AS unit, {own("quota")} AS quota,
        {own("variable")} AS variable,
        (c_kind IN ('INTERPOLATED', 'BONUS')) AS by_amount,
        (c_kind = '' OR (c_by_quota OR (c_of_variable AND NOT by_amount)) AND quota = 0)
            OR (c_of_variable AND variable = 0) AS is_blocked,
        credited * {_ONE} AS by_attainment,
        arrayMap(steps -> arrayFold((found, s) -> if({_reached("by_attainment", "s.1 * quota")},
            s.2, found), steps, {_WHOLE}), arrayFilter(m -> notEmpty(m), c_steps)) AS factors"""


def _scaled() -> str:
    """Return the total, the bounds and what they pay, as whole numbers of common scales."""
    added = f"if(c_adds, arraySum(arrayMap(f -> f - {_WHOLE}, factors)), toInt256(0))"
    bound = f"t.1 * if(c_by_quota, quota, {_ONE}) * {_WHOLE}"
    tiers = "if(c_kind = 'FLAT', [(toInt256(0), c_rate, toInt256(0))], c_tiers)"
    pays = "if(by_amount, t.3, t.2) * if(c_of_variable, variable, toInt256(1))"
    return f"""credited * {_ONE} * ({_WHOLE} + {added}) AS x,
        {tiers} AS ladder, arrayMap(t -> {bound}, ladder) AS bounds,
        arrayMap(t -> {pays}, ladder) AS pays,
        multiIf(by_amount AND c_of_variable, {_ONE}, by_amount, toInt256(1),
            {_WHOLE} * toInt256({_X}) * if(c_of_variable, quota, toInt256(1))) AS over,
        toUInt32(arrayCount(b -> {_reached("x", "b")}, bounds)) AS reached,
        toUInt32(arrayCount(b -> b <= x, bounds)) AS passed,
        toUInt32(length(bounds)) AS count"""


def _climbed() -> str:
    """Return what the ladder earns, as a quotient."""
    steps = "arrayPushBack(arrayPopFront(bounds), greatest(x, bounds[count]))"
    part = "greatest(least(x, up) - since, toInt256(0)) * pay"
    marginal = (
        f"if(x < 0, x * pays[1], arraySum(arrayMap((since, up, pay) -> {part}, bounds, {steps}, "
        "pays)))"
    )
    # The segment a curve is on: from the point passed to the next, or extended behind the last.
    first = "if(passed < count, passed, greatest(count, 2) - 1)"
    width = f"(bounds[{first} + 1] - bounds[{first}])"
    rise = f"(pays[{first} + 1] - pays[{first}])"
    is_level = "passed = count AND NOT (c_extended AND count > 1)"
    on_line = f"pays[passed] * {width} + (x - bounds[passed]) * {rise}"
    line = f"multiIf(passed = 0, toInt256(0), {is_level}, pays[count], {on_line})"
    bonus = (
        "multiIf(x <= 0 OR reached = 0, toInt256(0), c_each, "
        "arraySum(arraySlice(pays, 1, reached)), pays[reached])"
    )
    return f"""multiIf(c_kind IN ('MARGINAL', 'FLAT'), {marginal},
            c_kind = 'RETROACTIVE', x * pays[greatest(reached, 1)],
            c_kind = 'INTERPOLATED', {line}, {bonus}) AS raw,
        if(c_kind = 'INTERPOLATED' AND passed > 0 AND NOT ({is_level}), over * {width}, over)
            AS raw_over"""


def _adjusted() -> str:
    """Return what gates and factors leave of it."""
    stands = "if(g.2, by_attainment, credited)"
    wanted = "g.1 * if(g.2, quota, toInt256(1))"
    shut = f"arrayExists(g -> (g.2 AND quota = 0) OR NOT ({_reached(stands, wanted)}), c_gates)"
    bound = f"g.1 * if(g.2, quota, {_ONE}) * {_WHOLE}"
    part = f"greatest(least({bound}, up) - since, toInt256(0)) * pay"
    ups = f"arrayPushBack(arrayPopFront(bounds), greatest({bound}, bounds[count]))"
    below = f"arraySum(arrayMap((since, up, pay) -> {part}, bounds, {ups}, pays))"
    taken = f"arraySum(arrayMap(g -> if(g.3, {below}, toInt256(0)), c_gates))"
    return f"""if({shut}, toInt256(0), raw - {taken})
            * if(c_adds, toInt256(1), arrayFold((p, f) -> p * f, factors, toInt256(1))) AS gated,
        raw_over * if(c_adds, toInt256(1), arrayFold((p, f) -> p * {_WHOLE}, factors, toInt256(1)))
            AS gated_over"""


def _raised() -> str:
    """Return what the floor makes of it."""
    is_low = "c_floor > 0 AND credited > 0 AND gated < c_floor * gated_over"
    over = f"if({is_low}, toInt256(1), gated_over)"
    return f"if({is_low}, c_floor, gated) AS floored, {over} AS floored_over"


def _capped() -> str:
    """Return n and d: what the cap leaves of it."""
    most = "if(c_cap > 0, c_cap, c_cap_share * variable)"
    over = f"if(c_cap > 0, toInt256(1), {_ONE})"
    is_high = f"{most} > 0 AND floored * {over} > {most} * floored_over"
    return f"if({is_high}, {most}, floored) AS n, if({is_high}, {over}, floored_over) AS d"


def _reached(total: str, bound: str) -> str:
    """Return SQL for whether a total counts as having reached a bound."""
    return f"if(c_upper, {total} > {bound}, {total} >= {bound})"
