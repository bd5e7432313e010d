"""`python -m tests.bench.readme [build/bench.json]`: writes the measurements into README.md."""

import json
import re
import sys
from pathlib import Path
from typing import Any

from tests.bench.report import markdown, tables
from tests.ground import ROOT

BEGIN, END = "<!-- bench:begin -->", "<!-- bench:end -->"
NOTE = (
    "Rivals count records per owner, day in UTC and kind in a dictionary and insert ten columns of "
    "each event. They do not tell duplicates and corrections from new facts, know no time zones, "
    "money or definitions, and count twice after a crash. Pacesetter does all of it and writes the "
    "history that its numbers can be proved from."
)


def section(found: dict[str, Any]) -> str:
    """Return the section of the README, from a run."""
    machine, options = found["machine"], found["options"]
    ground = f"{found['versions']['broker']}, the warehouse, the worker and the producer"
    days = sorted({at[:10] for at in found["section_at"].values()})
    parts = [
        f"`make bench` of {' and '.join(days)} on {machine['cores']} cores ({machine['cpu']}, "
        f"{machine['memory_gb']} GB, Python {machine['python']}), shared by {ground}: pre-encoded "
        f"Avro, 8 partitions, 1% duplicates, 1% corrections, 0.1% of all events correcting what is "
        f"older than 35 days. Rates are medians of {options['repeat']} runs.",
        NOTE,
    ]
    for title, head, rows in tables(found):
        parts.append(f"**{title}**\n\n{markdown(head, rows)}")
    if "profile" in found:
        parts.append(_profile(found["profile"]))
    return "\n\n".join(parts)


def _profile(profile: dict[str, Any]) -> str:
    cpu = ", ".join(
        f"{name} {used / profile['events'] * 1e6:.2f}" for name, used in profile["cpu_s"].items()
    )
    rows = [(f"step {name}, wall s", used) for name, used in profile["steps_s"].items()]
    rows += [(f"thread {name}, CPU s", used) for name, used in profile["threads_s"].items()]
    rows += [
        (f"on a CPU in {name}", f"{share:.0%}")
        for name, share in profile["samples"].get("rooms", [])
    ]
    title = f"**Where the time goes** ({profile['events']:,} events; CPU s per million {cpu})"
    return f"{title}\n\n{markdown(('what', ''), rows)}"


def written(page: str, found: dict[str, Any]) -> str:
    """Return the page with the section in its place.

    Raises:
        ValueError: the page has no place for it.
    """
    if BEGIN not in page or END not in page:
        raise ValueError(f"README.md has no lines {BEGIN} and {END}; the table goes between them")
    pattern = re.escape(BEGIN) + r".*?" + re.escape(END)
    return re.sub(pattern, lambda _: f"{BEGIN}\n{section(found)}\n{END}", page, flags=re.DOTALL)


def main() -> None:
    """Rewrite README.md."""
    source = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "build" / "bench.json"
    page = ROOT / "README.md"
    page.write_text(
        written(page.read_text("utf-8"), json.loads(source.read_text("utf-8"))), "utf-8"
    )
    print(f"README.md tells of {source}")


if __name__ == "__main__":
    main()
