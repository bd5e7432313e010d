"""Public sample data beside the repository; tests that need it skip loudly without it."""

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
FOLDER = Path(os.environ.get("PACESETTER_SAMPLE_DATA", ROOT.parent / "shared" / "data"))


def sample(path: str) -> Path:
    """Return a sample's path, or skip the test."""
    found = FOLDER / path
    if not found.exists():
        why = f"NOT RUN: sample data {found} is absent; set PACESETTER_SAMPLE_DATA to check totals"
        if os.environ.get("PACESETTER_CI"):
            pytest.fail(why)
        pytest.skip(why)
    return found
