"""Environments for rivals whose libraries cannot stand beside ours. Made once, under build/."""

import os
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

from tests.ground import ROOT

HERE = Path(__file__).parent
PYTHON_MAX = (3, 12)  # Bytewax has no wheels for newer ones
SECONDS_MAX = 600


class Missing(RuntimeError):
    """A rival cannot be installed here; str() says why."""


def folder() -> Path:
    """Return where environments are kept."""
    return Path(os.environ.get("PACESETTER_BENCH_ENVS") or ROOT / "build" / "bench-rivals")


@cache
def python_of(name: str | None) -> str:
    """Return the interpreter of a rival, installing it the first time; None: our own.

    Raises:
        Missing: it cannot be installed.
    """
    if name is None:
        return sys.executable
    wanted = (HERE / "rivals" / f"requirements-{name}.txt").read_text("utf-8")
    home = folder() / name
    stamp, python = home / "installed.txt", home / "bin" / "python"
    if not stamp.exists() or stamp.read_text("utf-8") != wanted:
        shutil.rmtree(home, ignore_errors=True)
        print(f"installing {name} into {home} ...", flush=True)
        _run(_old_enough(), "-m", "venv", str(home))
        _run(
            str(python),
            *("-m", "pip", "install", "-q", "--disable-pip-version-check"),
            *("-r", str(HERE / "rivals" / f"requirements-{name}.txt")),
        )
        stamp.write_text(wanted, "utf-8")
    return str(python)


def _old_enough() -> str:
    if sys.version_info[:2] <= PYTHON_MAX:
        return sys.executable
    for name in ("python3.12", "python3.11"):
        found = shutil.which(name)
        if found:
            return found
    raise Missing("needs Python 3.11 or 3.12, and there is none on the PATH")


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS_MAX, check=False)
    if done.returncode:
        raise Missing((done.stderr or done.stdout).strip().splitlines()[-1])
