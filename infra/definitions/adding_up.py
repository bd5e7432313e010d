"""Which KPIs do not add up over days and people, by the definitions that are checked. Pure."""

from collections.abc import Mapping

from schemas.defining import Definition
from schemas.definitions import Bundle
from streams.domain.attaining import adds_up
from streams.domain.kpi_trees import KpiError
from streams.domain.kpis import Catalogue


def rates(values: Mapping[str, Definition]) -> frozenset[str]:
    """Return the KPIs that are rates, averages, stocks or the like, and no plain sums.

    A formula that cannot be read is none of them: the check of KPIs tells what is wrong with it.
    """
    given = {kind: values[kind] for kind in ("measures", "kpis") if kind in values}
    catalogue = Catalogue(Bundle(**given))  # type: ignore[arg-type]
    found = set()
    for kpi_id in catalogue.kpis:
        try:
            if not adds_up(catalogue.computed(kpi_id)):
                found.add(kpi_id)
        except KpiError:
            continue
    return frozenset(found)
