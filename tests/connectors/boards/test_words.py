"""Every text of the page is in every language, and every text that is asked for is there."""

import re
from pathlib import Path

import pytest

from connectors.boards.server import PAGE

KEY = re.compile(r'(?:(?<=[\s{,])|^)"?([A-Za-z][\w.]*)"?: "((?:[^"\\]|\\.)*)"', re.MULTILINE)
COUNTS = re.compile(r"\.(zero|one|two|few|many|other)$")
LANGUAGES = sorted(p.stem for p in (PAGE / "words").glob("*.js"))
ENGLISH_ALONE = {"won"}  # of a list of matches; elsewhere a part of a sentence


def texts(language: str) -> dict[str, str]:
    return dict(KEY.findall((PAGE / "words" / f"{language}.js").read_text("utf-8")))


def holes(text: str) -> set[str]:
    return set(re.findall(r"\{(\w+)\}", text))


def test_there_are_several_languages_one_of_them_from_right_to_left() -> None:
    assert {"en", "de", "ar"} <= set(LANGUAGES)
    said = (PAGE / "say.js").read_text("utf-8")
    assert all(f"{language}: " in said for language in LANGUAGES)
    assert 'ar: "rtl"' in said


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_text_is_missing_and_none_lost_what_it_is_filled_with(language: str) -> None:
    english, found = texts("en"), texts(language)
    assert len(english) > 150  # the pattern reads the catalogue
    for key, text in english.items():
        stem = COUNTS.sub("", key)
        mine = found.get(key) or found.get(f"{stem}.other")
        assert mine, f"{language} lacks {key}"
        assert holes(mine) >= holes(text) - {"n"}, f"{language} {key}"
        assert holes(mine) <= holes(text) | {"n", "rank"}, f"{language} {key}"


def test_every_text_that_is_asked_for_is_there() -> None:
    english = texts("en")
    stems = {COUNTS.sub("", key) for key in english} | {"ordinal"}
    prefixes = {key.split(".")[0] for key in english}
    for path in sorted(Path(PAGE).glob("*.js")):
        source = path.read_text("utf-8")
        for key in re.findall(r'\bsay\("([\w.]+)"', source):
            assert key in stems, f"{path.name} asks for {key}"
        for prefix in re.findall(r"\bsay\(`(\w+)\.\$", source):
            assert prefix in prefixes, f"{path.name} asks for {prefix}"
