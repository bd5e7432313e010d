"""Saying things in a language: patterns, plurals, numbers and names of days as it has them."""

import re
from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from functools import lru_cache

from babel import Locale
from babel.dates import format_datetime, get_day_names
from babel.numbers import format_decimal

from infra.contests.phrases import LANGUAGES, PHRASES

_MOMENT = "d MMM y, HH:mm"
_FIRST_ISOLATE, _END_ISOLATE = "\u2068", "\u2069"
_ARABIC = re.compile("[\u0600-\u06ff]")


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
        return self._phrases[key].format_map({k: self._kept(v) for k, v in values.items()})

    def moment(self, local: str) -> str:
        """Return a local time written as 2026-11-24T18:55."""
        return format_datetime(datetime.fromisoformat(local), _MOMENT, locale=self._locale)

    def number(self, value: Decimal | None) -> str:
        """Return a number with all of its digits."""
        return format_decimal(
            (value or Decimal()).normalize(), locale=self._locale, decimal_quantization=False
        )

    def joined(self, some: Iterable[object], by: str = "comma") -> str:
        """Return several as one: with commas, `and`, `or` or `then`."""
        return self._phrases[by].join(map(self._kept, some))

    def weekdays(self, iso: Iterable[int]) -> str:
        """Return days of the week by their names, 1 Monday to 7 Sunday."""
        names = get_day_names("abbreviated", locale=self._locale)
        return self.joined(names[day - 1] for day in iso)

    def _kept(self, value: object) -> str:
        """Return a text so that what is read from the left stays in order in Arabic."""
        text = str(value)
        if self._locale.text_direction == "ltr" or not text or _ARABIC.search(text):
            return text
        return f"{_FIRST_ISOLATE}{text}{_END_ISOLATE}"


@lru_cache(len(LANGUAGES))
def speaker(language: str) -> Speaker:
    """Return who speaks a language."""
    return Speaker(language)
