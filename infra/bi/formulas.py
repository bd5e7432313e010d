"""Formulas as data, and the one expression that evaluates any of them exactly.

A formula is three quotients of sums of products: its value, its numerator and its denominator. The
text of a view stays short however many KPIs there are, and the engine understands it quickly.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence

from connectors.sinks.clickhouse import quoted
from schemas.kpis import WhenEmpty
from streams.domain.kpi_trees import (
    Computed,
    Operation,
    Tree,
    Wanted,
)
from streams.domain.polynomials import Quotient, Term, quotient, whole
from streams.domain.readings import PLACES

_TYPE = (
    "Array(Tuple(kpi_id String, currency String, is_zero UInt8, slots Array(UInt16), "
    "sums Array(Array(Tuple(Int256, Array(UInt16)))), "
    "results Array(Tuple(UInt16, UInt16, Array(UInt16)))))"
)
_NAMES = ("kpi_id", "currency", "is_zero", "slots", "sums", "results")


def wanted_of(computed: Sequence[Computed]) -> tuple[Wanted, ...]:
    """Return everything that formulas in normal form ask for, each once."""
    every: dict[Wanted, None] = {}
    for one in computed:
        for found in _results(one.tree):
            for polynomial in (found.above, found.below, *found.guards):
                every |= dict.fromkeys(w for term in polynomial for w in term)
    return tuple(every)


def rows(
    computed: Sequence[Computed],
    wanted: Sequence[Wanted],
    slots: Callable[[Wanted], int],
    currency: str,
) -> str:
    """Return SQL for formulas: kpi_id, currency, is_zero, slots, sums and results.

    Args:
        slots: which lines something wanted is taken from; without one of its lines there is no KPI.
    """
    places = {one: place for place, one in enumerate(wanted, 1)}
    factors = factors_of(computed)
    lines = ", ".join(
        _line(one, places, sorted({slots(w) for w in one.wanted}), factors, currency)
        for one in computed
    )
    taken = ", ".join(f"one.{number} AS {name}" for number, name in enumerate(_NAMES, 1))
    literal = f"arrayJoin(CAST({quoted(f'[{lines}]')}, {quoted(_TYPE)})) AS one"
    return f"SELECT {taken} FROM (SELECT {literal})"


def factors_of(computed: Sequence[Computed]) -> int:
    """Return how many factors the longest product has."""
    terms = (
        term
        for one in computed
        for found in _results(one.tree)
        for polynomial in (found.above, found.below, *found.guards)
        for term in polynomial
    )
    return max((len(term) for term in terms), default=1) or 1


def evaluated(values: str, factors: int) -> str:
    """Return SQL for value, numerator and denominator, each rounded once, half-even.

    They come as Array(Nullable(Decimal(38, 10))) from the columns of `rows`. Each step names the
    one before once: the engine writes plans out in full, so names repeated grow without measure.

    Args:
        values: column of what is wanted, whole, with a 1 behind it.
    """
    product = " * ".join(f"{values}[t.2[{n}]]" for n in range(1, factors + 1))
    totals = f"arrayMap(p -> arrayReduce('sum', arrayMap(t -> t.1 * {product}, p)), sums)"
    quotients = (
        "arrayMap(s -> arrayMap(q -> (toInt256(s[q.1]), toInt256(s[q.2]), "
        f"arrayExists(g -> s[g] = 0, q.3)), results), [{totals}])[1]"
    )
    sized = (
        f"arrayMap(q -> (sign(q.1) * sign(q.2), abs(q.1 * toInt256({10**PLACES})), "
        f"if(q.2 = 0, toUInt256(1), abs(q.2)), q.2 = 0 OR q.3), {quotients})"
    )
    divided = f"arrayMap(q -> (q.1, intDiv(q.2, q.3), (q.2 % q.3) * 2, q.3, q.4), {sized})"
    units = "q.1 * toInt256(q.2 + toUInt256(q.3 > q.4 OR (q.3 = q.4 AND q.2 % 2 = 1)))"
    exact = f"toDecimal128(toDecimal256({units}, {PLACES}) / toInt256({10**PLACES}), {PLACES})"
    empty = f"if(n = 1 AND is_zero, toDecimal128(0, {PLACES}), NULL)"
    return f"arrayMap((q, n) -> if(q.5, {empty}, {exact}), {divided}, arrayEnumerate(results))"


def _results(tree: Tree) -> Iterator[Quotient]:
    yield quotient(tree)
    if isinstance(tree, Operation) and tree.sign == "/":
        yield quotient(tree.left)
        yield quotient(tree.right)
    else:
        yield quotient(tree)
        yield Quotient({}, {})  # no denominator: always empty


def _line(
    computed: Computed,
    places: Mapping[Wanted, int],
    slots: Sequence[int],
    factors: int,
    currency: str,
) -> str:
    last = len(places) + 1
    sums: list[str] = []

    def place(polynomial: Mapping[Term, int]) -> int:
        terms = []
        for term, factor in polynomial.items():
            at = [places[w] for w in term] + [last] * (factors - len(term))
            terms.append(f"({factor}, {at})")
        text = f"[{', '.join(terms)}]"
        if text not in sums:
            sums.append(text)
        return sums.index(text) + 1

    results = ", ".join(
        f"({place(q.above)}, {place(q.below)}, {[place(g) for g in q.guards]})"
        for q in map(whole, _results(computed.tree))
    )
    money = currency if computed.kpi.unit.startswith("MONEY") else ""
    is_zero = int(computed.kpi.when_empty is WhenEmpty.ZERO)
    return (
        f"('{computed.kpi.kpi_id}', '{money}', {is_zero}, {list(slots)}, "
        f"[{', '.join(sums)}], [{results}])"
    )
