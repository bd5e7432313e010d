"""The sample company: an invented one, shipped as the start of everybody's own."""

from pathlib import Path

DEFINITIONS = Path(__file__).parent / "definitions"
