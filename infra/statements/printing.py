"""A page as PDF, by the Chromium that is installed."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "microsoft-edge")
CHOSEN = "PACESETTER_CHROMIUM"  # a path, where it has another name
SECONDS_MAX = 60  # a long statement takes two; a browser that hangs must not hold a run of hundreds


class CannotPrint(RuntimeError):
    """There is no PDF; str() says why and what to do."""


def chromium() -> str:
    """Return the browser that prints.

    Raises:
        CannotPrint: none is installed.
    """
    chosen = os.environ.get(CHOSEN, "")
    names = (chosen,) if chosen else NAMES
    found = next(filter(None, map(shutil.which, names)), None)
    if found is None:
        raise CannotPrint(
            f"PDF needs Chromium or Chrome, and {' or '.join(names[:2])} is not on the PATH;"
            f" install it, name it in {CHOSEN}, or write --format html and print that page"
        )
    return found


def pdf_of(page: str) -> bytes:
    """Return a page as PDF.

    Raises:
        CannotPrint: there is no browser, or it fails.
    """
    browser = chromium()
    with tempfile.TemporaryDirectory(prefix="pacesetter-print-") as name:
        folder = Path(name)
        source, target = folder / "page.html", folder / "page.pdf"
        source.write_text(page, "utf-8")
        command = [
            browser, "--headless", "--disable-gpu", "--no-first-run", "--disable-extensions",
            "--disable-background-networking", "--no-pdf-header-footer",
            f"--user-data-dir={folder / 'profile'}", f"--print-to-pdf={target}",
        ]  # fmt: skip
        if hasattr(os, "geteuid") and os.geteuid() == 0:
            command.append("--no-sandbox")  # its sandbox refuses root; the page is ours alone
        try:
            done = subprocess.run(  # noqa: S603 - the browser found above, fixed arguments
                [*command, source.as_uri()], capture_output=True, check=False, timeout=SECONDS_MAX
            )
        except subprocess.TimeoutExpired as error:
            raise CannotPrint(f"{browser} took longer than {SECONDS_MAX} s") from error
        if not target.exists():
            told = done.stderr.decode("utf-8", "replace").strip().splitlines()
            raise CannotPrint(
                f"{browser} made no PDF ({told[-1] if told else f'exit {done.returncode}'});"
                " write --format html and print that page"
            )
        return target.read_bytes()
