"""Third-party files of the page: fetched, checked and listed by this one script.

    python -m connectors.boards.vendor          compares the folder with its manifest
    python -m connectors.boards.vendor --fetch  fetches the pinned packages with npm and rewrites it

Nothing else writes into page/vendor, and the page loads nothing from anywhere else.
"""

import argparse
import hashlib
import json
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import NamedTuple

VENDOR = Path(__file__).with_name("page") / "vendor"
MANIFEST = VENDOR / "manifest.json"
FETCH_SECONDS_MAX = 120


class Taken(NamedTuple):
    """One file taken out of a package."""

    package: str
    licence: str
    inside: str
    name: str


_HTM, _PREACT, _ARCHIVO = "htm@3.1.1", "preact@10.9.0", "@fontsource-variable/archivo@5.3.0"
TAKEN = (
    Taken(_HTM, "Apache-2.0", "preact/standalone.module.js", "preact.js"),
    Taken(_HTM, "Apache-2.0", "LICENSE", "htm.LICENSE"),
    Taken(_PREACT, "MIT", "LICENSE", "preact.LICENSE"),  # htm's standalone file holds Preact too
    Taken(_ARCHIVO, "OFL-1.1", "files/archivo-latin-wdth-normal.woff2", "archivo-latin.woff2"),
    Taken(
        _ARCHIVO, "OFL-1.1", "files/archivo-latin-ext-wdth-normal.woff2", "archivo-latin-ext.woff2"
    ),
    Taken(_ARCHIVO, "OFL-1.1", "LICENSE", "archivo.LICENSE"),
)


def fetch() -> None:
    """Fetch every file anew and write the manifest."""
    VENDOR.mkdir(parents=True, exist_ok=True)
    for old in VENDOR.iterdir():
        old.unlink()
    with tempfile.TemporaryDirectory() as folder:
        for package in dict.fromkeys(t.package for t in TAKEN):
            _unpack(package, Path(folder))
    MANIFEST.write_text(json.dumps(_listed(), indent=1) + "\n")


def differences() -> list[str]:
    """Return what in the folder is not as the manifest says; empty: all is well."""
    expected = {f["file"]: f["sha256"] for f in json.loads(MANIFEST.read_text("utf-8"))}
    found = {p.name: _sha256(p) for p in VENDOR.iterdir() if p != MANIFEST}
    return sorted(name for name, _ in expected.items() ^ found.items())


def _unpack(package: str, folder: Path) -> None:
    told = subprocess.run(  # noqa: S603  # the package is one of TAKEN
        ["npm", "pack", "--json", package],  # noqa: S607  # npm is wherever the developer has it
        cwd=folder,
        capture_output=True,
        check=True,
        timeout=FETCH_SECONDS_MAX,
    )
    with tarfile.open(folder / json.loads(told.stdout)[0]["filename"]) as archive:
        for taken in TAKEN:
            if taken.package == package:
                member = archive.extractfile(f"package/{taken.inside}")
                assert member is not None, f"{taken.inside} is a file of {package}"
                (VENDOR / taken.name).write_bytes(member.read())


def _listed() -> list[dict[str, str]]:
    return [
        {
            "file": t.name,
            "sha256": _sha256(VENDOR / t.name),
            "licence": t.licence,
            "package": t.package,
            "path": t.inside,
        }
        for t in TAKEN
    ]


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def main() -> int:
    """Return the exit code: 1 if the folder is not as the manifest says."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--fetch", action="store_true", help="fetch with npm and rewrite")
    if parser.parse_args().fetch:
        fetch()
    wrong = differences()
    sys.stdout.write(f"differs: {', '.join(wrong)}\n" if wrong else "as listed\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
