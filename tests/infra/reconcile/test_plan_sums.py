"""What plans pay on sums, said in SQL: the same as the domain's, for every kind that accrues."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import chdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from infra.definitions.canonical import content_of, value_of
from infra.reconcile.earning import SETTINGS, earned
from infra.reconcile.plans import PART, components
from schemas.plans import Individual, Plans
from streams.domain.plan_parts import part_of
from streams.domain.plan_sums import earned_of
from tests.streams.plan_strategies import AMOUNTS, live_plans

UNIT = 10_000
_CODES = {"EUR": 2, "JPY": 0, "KWD": 3}


@st.composite
def several(draw: Any) -> Plans:
    """Return plans as a revision brings them, some with quotas of one payee."""
    made = []
    for n in range(12):
        plan = draw(live_plans(f"p{n}"))
        own = {"rep_id": "r", "quota": draw(AMOUNTS.filter(lambda x: x > 0)), "variable": 7}
        many = [Individual.model_validate(own)]
        if draw(st.booleans()):
            special = own | {"component_id": "c0", "quota": None, "variable": "33.3"}
            many.append(Individual.model_validate(special))
        changed = {"individual": tuple(many) if draw(st.booleans()) else (),
                   "currency": draw(st.sampled_from(list(_CODES)))}  # fmt: skip
        made.append(plan.model_copy(update=changed))
    found = value_of("plans", content_of(Plans(plans=tuple(made))))
    assert isinstance(found, Plans)
    return found


@pytest.fixture(scope="module")
def here() -> Iterator[Any]:
    connection = chdb.connect(":memory:")
    yield connection
    connection.close()


@given(several(), st.lists(AMOUNTS, min_size=3, max_size=3), st.data())
@settings(max_examples=3, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_sql_earns_what_the_domain_earns(
    here: Any, plans: Plans, sold: list[Decimal], data: Any
) -> None:
    bounds = {
        t.since * (c.quota or 1) if c.bounds == "ATTAINMENT" else t.since
        for plan in plans.plans
        for c in plan.components
        for t in c.tiers
    }
    on_bound = data.draw(st.lists(st.sampled_from(sorted(bounds) or [Decimal(1)]), max_size=4))
    units = sorted({int(amount * UNIT) for amount in (*sold, *on_bound, Decimal(0))})
    content = content_of(plans).replace("\\", "\\\\").replace("'", "\\'")
    rows = f"""
        SELECT 'r' AS rep_id, plan_id, component_id, toInt256(arrayJoin({units})) AS credited,
            {PART}
        FROM ({components(f"'{content}'", _CODES)})"""
    sql = f"SELECT plan_id, component_id, toString(credited), toString(owed) FROM ({earned(rows)})"
    told = str(here.query(f"{sql} SETTINGS {SETTINGS}", "TabSeparated"))
    found = {tuple(line.split("\t")[:3]): int(line.split("\t")[3]) for line in told.splitlines()}
    wanted = {
        (plan.plan_id, c.component_id, str(x)): earned_of(part_of(plan, c, "r"), x).rounded
        for plan in plans.plans
        for c in plan.components
        for x in units
    }
    assert found == wanted
