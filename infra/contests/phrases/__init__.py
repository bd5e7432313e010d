"""What a contest's rules are said with, by language: a pattern for each kind of sentence.

A key that ends in a plural's name (`.one`, `.few`, `.other`) is chosen by the number `n`. Every
language has the same keys but for those.
"""

from collections.abc import Mapping

from infra.contests.phrases.ar import PHRASES as AR
from infra.contests.phrases.de import PHRASES as DE
from infra.contests.phrases.en import PHRASES as EN

PHRASES: Mapping[str, Mapping[str, str]] = {"en": EN, "de": DE, "ar": AR}
LANGUAGES = tuple(PHRASES)
