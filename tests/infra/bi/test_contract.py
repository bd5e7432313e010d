"""What breaks a contract, and what version a change wants."""

from pathlib import Path

import pytest

from infra.bi import contract
from infra.bi.dictionary import FILE, Dictionary, dictionary, read

FORM = "version: '{}'\nunits: {{money: M, count: C}}\ncolumns: {{}}\nviews: {{{}}}\n"
A = "a: {meaning: M, grain: G, key: [x], columns: {x: {type: Date, meaning: M}, "
A += "y: {type: UInt8, unit: count, meaning: M}}}"
B = A.replace("a: {", "b: {", 1)


def told(views: str, version: str = "1.3") -> Dictionary:
    return read(FORM.format(version, views))


@pytest.mark.parametrize(
    ("now", "why", "version"),
    [
        (A, None, "1.3"),
        (A.replace("meaning: M", "meaning: told better"), None, "1.3"),
        (f"{A}, {B}", None, "1.4"),
        (A.replace("y: {", "z: {type: Date, meaning: M}, y: {"), None, "1.4"),
        (B, "a is gone", "2.0"),
        (A.replace("y: {", "z: {"), "a.y is gone", "2.0"),
        (A.replace("UInt8", "UInt16"), "a.y was UInt8, is UInt16", "2.0"),
        (A.replace("unit: count", "unit: money"), "a.y was in count, is in money", "2.0"),
        (A.replace("key: [x]", "key: [x, y]"), "a: a row was x, is x, y", "2.0"),
    ],
)
def test_what_a_change_makes_of_the_version(now: str, why: str | None, version: str) -> None:
    before, after = told(A), told(now)
    assert contract.broken(before, after)[:1] == ([why] if why else [])
    assert contract.wanted(before, after) == version


def test_a_version_that_hides_a_change_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = FILE.read_text("utf-8")
    same = tmp_path / "released.yaml"
    same.write_text(text)
    assert contract.main(str(same)) == 0
    more = text.replace("      of: {type: String,", "      whose: {type: String,", 1)
    same.write_text(more)
    assert contract.main(str(same)) == 1
    said = capsys.readouterr().out
    assert "breaks: dim_measure.whose is gone" in said
    assert "new: dim_measure.of" in said
    assert f"here it is {dictionary().version}" in said
