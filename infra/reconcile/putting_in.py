"""What history rows put into totals: the only place that knows how they keep it."""

# Array(Tuple(rep, day, measure, currency, value)) of one row.
PUT_IN = {
    "spm.activity": (
        "arrayZip(measure_rep_id, measure_day, measure, measure_currency, measure_value)"
    ),
    "spm.deal": "arrayZip(measure_rep_id, measure_day, measure, measure_currency, measure_value)",
}


def lines(table: str) -> str:
    """Return SQL for what a row puts in, as plain values: two rows compare as arrays."""
    return (
        f"arraySort(arrayMap(p -> (toString(p.1), p.2, toString(p.3), toString(p.4), "
        f"toDecimal64(p.5, 4)), {PUT_IN[table]}))"
    )
