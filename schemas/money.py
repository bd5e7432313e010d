"""Money: a decimal amount with its currency. Never a float, never added across currencies."""

from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal

SCALE = Decimal("0.0001")  # what the wire and the warehouse keep: decimal(18, 4)
AMOUNT_MAX = Decimal("99999999999999.9999")

# ISO 4217 minor units that are not 2; the list of currencies itself is the definitions' business.
_MINOR_UNITS = {
    **dict.fromkeys("BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI".split(), 0),  # noqa: SIM905
    **dict.fromkeys("VND VUV XAF XOF XPF".split(), 0),  # noqa: SIM905
    **dict.fromkeys(["BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"], 3),
    **dict.fromkeys(["CLF", "UYW"], 4),
}


def minor_units(currency: str) -> int:
    """Return the number of decimals a currency is paid in.

    Source: ISO 4217.

    >>> minor_units("JPY"), minor_units("EUR"), minor_units("KWD")
    (0, 2, 3)
    """
    return _MINOR_UNITS.get(currency, 2)


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in one currency."""

    amount: Decimal
    currency: str

    def __add__(self, other: "Money") -> "Money":
        self._check(other)
        return Money(self.amount + other.amount, self.currency)

    def __sub__(self, other: "Money") -> "Money":
        self._check(other)
        return Money(self.amount - other.amount, self.currency)

    def __neg__(self) -> "Money":
        return Money(-self.amount, self.currency)

    def __mul__(self, factor: Decimal) -> "Money":
        return Money(self.amount * factor, self.currency)

    def __bool__(self) -> bool:
        raise TypeError("say money.amount == 0: a bare truth value hides which question is asked")

    def rounded(self) -> "Money":
        """Return it in whole minor units of its currency, half-even.

        >>> Money(Decimal("2.345"), "EUR").rounded()
        Money(amount=Decimal('2.34'), currency='EUR')
        """
        unit = Decimal(1).scaleb(-minor_units(self.currency))
        return Money(self.amount.quantize(unit, ROUND_HALF_EVEN), self.currency)

    def _check(self, other: "Money") -> None:
        if self.currency != other.currency:
            raise ValueError(f"{self.currency} and {other.currency} do not add up; convert first")


def half_even(numerator: int, denominator: int) -> int:
    """Return a quotient of whole numbers rounded to one, a half to the even one.

    >>> half_even(5, 2), half_even(7, 2), half_even(-5, 2)
    (2, 4, -2)
    """
    whole, rest = divmod(numerator, denominator)
    return whole + (2 * rest > denominator or (2 * rest == denominator and whole % 2 == 1))
