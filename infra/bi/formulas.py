"""Formulas as data, and the one expression that evaluates any of them exactly.

A formula is three quotients of sums of products: its value, its numerator and its denominator. The
text of a view stays short however many KPIs there are, and the engine understands it quickly.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence

from connectors.sinks.clickhouse import quoted
from schemas.kpis import WhenEmpty
from streams.domain.kpis import Computed, Operation, Tree, Wanted
from streams.domain.polynomials import ONE, Quotient, Term, Whole, quotient, whole
from streams.domain.readings import PLACES

_SUM = "Array(Tuple(Int256, Array(UInt16)))"
_TYPE = (
    "Array(Tuple(kpi_id String, currency String, is_quotient UInt8, is_zero UInt8, "
    f"slots Array(UInt16), results Array(Tuple({_SUM}, {_SUM}, Array({_SUM})))))"
)
_ROWS = "arrayJoin(CAST({}, {})) AS one"


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
    """Return SQL for formulas: kpi_id, currency, flags, slots, results over places in `wanted`.

    Args:
        slots: which lines something wanted is taken from; without one of its lines there is no KPI.
    """
    places = {one: place for place, one in enumerate(wanted, 1)}
    factors = factors_of(computed)
    lines = ", ".join(
        _line(one, places, sorted({slots(w) for w in one.wanted}), factors, currency)
        for one in computed
    )
    names = ("kpi_id", "currency", "is_quotient", "is_zero", "slots", "results")
    taken = ", ".join(f"one.{number} AS {name}" for number, name in enumerate(names, 1))
    literal = _ROWS.format(quoted(f"[{lines}]"), quoted(_TYPE))
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


def evaluated(values: str, results: str, factors: int) -> str:
    """Return SQL for the results as Array(Nullable(Decimal(38, 10))), each rounded once, half-even.

    Args:
        values: column of what is wanted, whole, with a 1 behind it.
        results: column of the formula's quotients.
    """
    product = " * ".join(f"{values}[t.2[{n}]]" for n in range(1, factors + 1))

    def total(polynomial: str) -> str:
        return f"arrayReduce('sum', arrayMap(t -> t.1 * {product}, {polynomial}))"

    guarded = f"arrayExists(g -> {total('g')} = 0, q.3)"
    quotients = (
        f"arrayMap(q -> (toInt256({total('q.1')}), toInt256({total('q.2')}), {guarded}), {results})"
    )
    sized = (
        f"arrayMap(q -> (sign(q.1) * sign(q.2), abs(q.1 * toInt256({10**PLACES})), "
        f"if(q.2 = 0, toUInt256(1), abs(q.2)), q.2 = 0 OR q.3), {quotients})"
    )
    divided = f"arrayMap(q -> (q.1, intDiv(q.2, q.3), (q.2 % q.3) * 2, q.3, q.4), {sized})"
    units = "q.1 * toInt256(q.2 + toUInt256(q.3 > q.4 OR (q.3 = q.4 AND q.2 % 2 = 1)))"
    exact = f"toDecimal128(toDecimal256({units}, {PLACES}) / toInt256({10**PLACES}), {PLACES})"
    return f"arrayMap(q -> if(q.5, NULL, {exact}), {divided})"


def _results(tree: Tree) -> Iterator[Quotient]:
    yield quotient(tree)
    if isinstance(tree, Operation) and tree.sign == "/":
        yield quotient(tree.left)
        yield quotient(tree.right)
    else:
        yield quotient(tree)
        yield Quotient(ONE, ONE)


def _line(
    computed: Computed,
    places: Mapping[Wanted, int],
    slots: Sequence[int],
    factors: int,
    currency: str,
) -> str:
    tree = computed.tree
    is_quotient = isinstance(tree, Operation) and tree.sign == "/"
    money = currency if computed.kpi.unit.startswith("MONEY") else ""
    last = len(places) + 1
    results = ", ".join(_result(whole(q), places, factors, last) for q in _results(tree))
    is_zero = computed.kpi.when_empty is WhenEmpty.ZERO
    flags = f"{int(is_quotient)}, {int(is_zero)}"
    return f"('{computed.kpi.kpi_id}', '{money}', {flags}, {list(slots)}, [{results}])"


def _result(found: Whole, places: Mapping[Wanted, int], factors: int, last: int) -> str:
    def text(polynomial: Mapping[Term, int]) -> str:
        terms = []
        for term, factor in polynomial.items():
            at = [places[w] for w in term] + [last] * (factors - len(term))
            terms.append(f"({factor}, [{', '.join(map(str, at))}])")
        return f"[{', '.join(terms)}]"

    guards = ", ".join(map(text, found.guards))
    return f"({text(found.above)}, {text(found.below)}, [{guards}])"
