import json
import re
from pathlib import Path

import pytest

from connectors.boards import vendor
from connectors.boards.measures import YARDSTICKS
from connectors.boards.periods import Period
from connectors.boards.server import PAGE

OWN = [p for p in sorted(PAGE.iterdir()) if p.is_file()]


def test_vendored_files_are_those_of_the_manifest_and_each_has_its_licence() -> None:
    assert vendor.differences() == []
    manifest = json.loads(vendor.MANIFEST.read_text())
    assert {f["licence"] for f in manifest} == {"Apache-2.0", "MIT", "OFL-1.1"}
    for found in manifest:
        name = found["package"].rpartition("@")[0]
        assert any(f["package"].startswith(name) and "LICENSE" in f["file"] for f in manifest)


def test_a_changed_file_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for path in vendor.VENDOR.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    (tmp_path / "preact.js").write_text("alert(1)")
    (tmp_path / "more.js").write_text("")
    monkeypatch.setattr(vendor, "VENDOR", tmp_path)
    monkeypatch.setattr(vendor, "MANIFEST", tmp_path / "manifest.json")
    assert set(vendor.differences()) == {"preact.js", "more.js"}


@pytest.mark.parametrize("path", OWN, ids=lambda p: p.name)
def test_the_page_names_only_files_it_has(path: Path) -> None:
    text = path.read_text("utf-8")
    assert not re.search(r"https?://(?!www\.w3\.org/2000/svg)", text), "loads from elsewhere"
    assert len(text.splitlines()) <= 300, "wants splitting"
    for target in re.findall(r'(?:from|import|url)\s*\(?"?(\.?/?[\w./-]+\.(?:js|woff2|css))', text):
        assert (PAGE / target).exists(), f"{path.name} wants {target}"


def test_the_page_has_words_for_every_selection() -> None:
    words = (PAGE / "words" / "en.js").read_text("utf-8")
    for key in (*(f"by.{one}" for one in YARDSTICKS), *(f"period.{one}" for one in Period)):
        assert f'"{key}": "' in words, f"no words for {key}"
