"""Numbers and days of notices as a locale writes them."""

from datetime import date
from decimal import Decimal

from babel import Locale, UnknownLocaleError
from babel.dates import format_date
from babel.numbers import format_currency, format_decimal, format_percent

from connectors.sinks.notices.phrases import DEFAULT

_WHOLE = Decimal(1_000)  # from here on nobody reads cents


class Numbers:
    """Numbers as a locale writes them."""

    def __init__(self, locale: str, currency: str) -> None:
        """Take a locale such as de_AT; English for one that nobody knows."""
        try:
            self._locale = Locale.parse(locale.replace("-", "_"))
        except (UnknownLocaleError, ValueError):
            self._locale = Locale.parse(DEFAULT)
        self._currency = currency

    def amount(self, value: Decimal) -> str:
        """Return money, or a plain number where there is no currency."""
        if not self._currency:
            return self.plain(value)
        if abs(value) < _WHOLE:
            return str(format_currency(value, self._currency, locale=self._locale))
        pattern = self._locale.currency_formats["standard"].pattern.split(";")[0]
        short = pattern.replace(".00", "")
        return str(
            format_currency(
                value, self._currency, short, locale=self._locale, currency_digits=False
            )
        )

    def day(self, value: date) -> str:
        """Return a date."""
        return str(format_date(value, "medium", locale=self._locale))

    def plain(self, value: Decimal) -> str:
        """Return a number."""
        return str(format_decimal(value, "#,##0.#", locale=self._locale))

    def percent(self, value: Decimal) -> str:
        """Return a share."""
        return str(format_percent(value, locale=self._locale))
