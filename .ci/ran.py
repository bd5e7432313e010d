"""Fail unless tests of each named package passed and none of them was skipped.

Usage: ran.py REPORT.xml PACKAGE...
"""

import sys
import xml.etree.ElementTree as ET


def main() -> int:
    """Return the exit status."""
    report, *packages = sys.argv[1:]
    cases = list(ET.parse(report).iter("testcase"))  # noqa: S314  # our own report
    wrong = 0
    for package in packages:
        mine = [case for case in cases if f"{case.get('classname')}.".startswith(f"{package}.")]
        bad = [case for case in mine if len(case) and any(e.tag != "system-out" for e in case)]
        print(f"{package}: {len(mine) - len(bad)} passed, {len(bad)} did not")
        wrong += not mine or bool(bad)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
