"""What a folder of definitions cannot do without: a company, measures and KPIs, if it has none."""

import shutil
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from infra.sample import DEFINITIONS
from schemas.defining import Definition
from schemas.definitions import Roster
from schemas.quotas import Quotas

_COMPANY = """\
# Written because there was none. Change what does not fit before `pacesetter definitions apply`.
name: {name}
reporting_currency: {currency}
# For facts of reps without a zone of their own.
time_zone: {time_zone}
# A won deal counts on the day its CRM says it was won; CLOSE_DATE takes the close date instead.
won_day: WON_AT
"""


def complete(folder: Path, values: Mapping[str, Definition]) -> list[Path]:
    """Return the files written so that the folder can be put in force by itself.

    Args:
        values: what the folder holds by now: the company's currency is that of its quotas, its
            zone the one most reps live in.
    """
    written = []
    if not (company := folder / "company.yaml").exists():
        company.write_text(_company(values), "utf-8")
        written.append(company)
    if not (measures := folder / "measures.yaml").exists():
        shutil.copyfile(DEFINITIONS / "measures.yaml", measures)
        written.append(measures)
        # They name measures by the names these have; whose measures are their own writes their own.
        if not (kpis := folder / "kpis.yaml").exists():
            shutil.copyfile(DEFINITIONS / "kpis.yaml", kpis)
            written.append(kpis)
    return written


def _company(values: Mapping[str, Definition]) -> str:
    quotas, roster = values.get("quotas"), values.get("roster")
    currencies = (
        Counter(q.currency for q in quotas.quotas if q.currency)
        if isinstance(quotas, Quotas)
        else Counter[str]()
    )
    zones = (
        Counter(stint.time_zone for rep in roster.reps for stint in rep.history)
        if isinstance(roster, Roster)
        else Counter[str]()
    )
    return _COMPANY.format(
        name="My company",
        currency=_commonest(currencies, "EUR"),
        time_zone=_commonest(zones, "UTC"),
    )


def _commonest(counted: Counter[str], otherwise: str) -> str:
    return counted.most_common(1)[0][0] if counted else otherwise
