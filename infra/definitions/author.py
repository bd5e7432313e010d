"""Who is answerable for a revision when nobody says so."""

import getpass
import shutil
import subprocess

ANSWER_SECONDS_MAX = 5


def somebody() -> str:
    """Return git's user.name, else the name of the login; empty if there is neither."""
    if git := shutil.which("git"):
        asked = subprocess.run(  # noqa: S603 - git of the PATH, fixed arguments
            [git, "config", "user.name"],
            capture_output=True, text=True, check=False, timeout=ANSWER_SECONDS_MAX,
        )  # fmt: skip
        if asked.stdout.strip():
            return asked.stdout.strip()
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return ""
