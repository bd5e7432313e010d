"""Saying things in a language: patterns, plurals, numbers and names of days as it has them."""

from collections.abc import Iterable
from decimal import Decimal
from functools import lru_cache

from babel import Locale
from babel.dates import get_day_names
from babel.numbers import format_decimal

from infra.contests.phrases import LANGUAGES, PHRASES


class Speaker:
    """One language."""

    def __init__(self, language: str) -> None:
        """Take a language of LANGUAGES; raises KeyError for any other."""
        self._phrases, self._locale = PHRASES[language], Locale.parse(language)

    def say(self, key: str, **values: object) -> str:
        """Return a sentence. A value `n` chooses the plural."""
        number = values.get("n")
        if isinstance(number, int):
            form = f"{key}.{self._locale.plural_form(number)}"
            key = form if form in self._phrases else f"{key}.other"
            values["n"] = self.number(Decimal(number))
        return self._phrases[key].format_map(values)

    def number(self, value: Decimal | None) -> str:
        """Return a number with all of its digits."""
        return format_decimal(
            (value or Decimal()).normalize(), locale=self._locale, decimal_quantization=False
        )

    def joined(self, some: Iterable[object], by: str = "comma") -> str:
        """Return several as one: with commas, `and`, `or` or `then`."""
        return self._phrases[by].join(map(str, some))

    def weekdays(self, iso: Iterable[int]) -> str:
        """Return days of the week by their names, 1 Monday to 7 Sunday."""
        names = get_day_names("abbreviated", locale=self._locale)
        return self.joined(names[day - 1] for day in iso)


@lru_cache(len(LANGUAGES))
def speaker(language: str) -> Speaker:
    """Return who speaks a language."""
    return Speaker(language)
