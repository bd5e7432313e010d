"""Exact arithmetic in SQL: whole numbers of 256 bits, since products of decimals overflow there.

Amounts are whole ten-thousandths, rates whole ten-thousand-millionths, shares whole millionths.
"""

AMOUNT, RATE, SHARE = 10**4, 10**10, 10**6


def whole(decimal: str, scale: int) -> str:
    """Return SQL for a decimal of that scale as a whole number of its last digit."""
    digits = len(str(scale)) - 1
    return f"toInt256(toDecimal256({decimal}, {digits}) * toInt256({scale}))"


def decimal(units: str, scale: int) -> str:
    """Return SQL for whole last digits as a decimal of that scale."""
    digits = len(str(scale)) - 1
    return f"toDecimal128(toDecimal256({units}, {digits}) / toInt256({scale}), {digits})"


def divided_even(numerator: str, denominator: str) -> str:
    """Return SQL for a quotient of whole numbers rounded to a whole one, ties to even.

    The denominator is positive.
    """
    size, by = f"toInt256(abs({numerator}))", f"toInt256({denominator})"
    up = (
        f"toInt256({size} % {by} * 2 > {by} "
        f"OR ({size} % {by} * 2 = {by} AND intDiv({size}, {by}) % 2 = 1))"
    )
    return f"(sign({numerator}) * (intDiv({size}, {by}) + {up}))"


def floor_divided(numerator: str, denominator: str) -> str:
    """Return SQL for a quotient of whole numbers rounded down. The denominator is positive."""
    by = f"toInt256({denominator})"
    return f"(intDiv({numerator}, {by}) - toInt256({numerator} % {by} < 0))"


def floors(total: str, shares: str) -> str:
    """Return SQL for the parts of a whole total by shares, each rounded down."""
    return f"arrayMap(s -> {floor_divided(f'{total} * s', str(SHARE))}, {shares})"


def ranks(total: str, shares: str, floors: str) -> str:
    """Return SQL for the shares' places by what rounding down took from them, most first.

    Among equal ones the first goes first.
    """
    taken = f"arrayMap((s, f) -> {total} * s - f * toInt256({SHARE}), {shares}, {floors})"
    return (
        f"arrayMap(p -> p.2, arraySort(p -> (-p.1, p.2), "
        f"arrayZip({taken}, arrayEnumerate({shares}))))"
    )


def filled(total: str, floors: str, ranks: str) -> str:
    """Return SQL for parts that add up: what is left over goes, one each, to the first places."""
    left = f"({total} - arraySum({floors}))"
    return (
        f"arrayMap((f, i) -> f + toInt256(indexOf({ranks}, i) <= {left}), "
        f"{floors}, arrayEnumerate({floors}))"
    )
