"""One quarter of a small company, lived once: what happens in it, in order."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest

from infra.amortisation.writing import write
from infra.definitions.stored import Stored
from tests.ground import site, stop
from tests.infra.statements.company import EIGHT, Company, plans, territories


@dataclass(eq=False)
class Lived:
    """The company at the end of its quarter, and instants on the way."""

    company: Company
    before_the_plan: datetime
    before_the_move: datetime


@pytest.fixture(scope="package")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lived]:
    """dana's plan changes mid-quarter; the territory rex held goes to omar as of February."""
    with site(tmp_path_factory.mktemp("statements"), partitions=2) as made:
        company = Company(made)
        company.begin()
        company.win("dana", "Atlas", "2026-01-15", "30000")
        company.earns(dana="2100")
        company.win("dana", "Boreas", "2026-02-10", "40000")
        company.win("rex", "Rhine", "2026-01-20", "10000", region="DACH")
        company.win("tess", "Isar", "2026-02-20", "20000.01", region="DACH")
        company.win("mona", "Lead", "2026-02-01", "1000")
        first = company.earns(dana="5500", rex="1500", mona="30")
        company.revise(2, {"plans": plans(EIGHT)})
        second = company.earns(dana="6400", rex="1500", mona="30")
        moved = territories(("rex", "2026-01-01", "2026-02-01"), ("omar", "2026-02-01", None))
        company.revise(3, {"territories": moved})
        company.earns(dana="6400", rex="500", omar="1000", mona="30")
        company.win("dana", "Castor", "2026-03-05", "10000")
        company.earns(dana="7600", rex="500", omar="1000", mona="30")
        write(Stored(company.client()), {}, datetime.now(UTC))
        stop(made.workers[-1])
        yield Lived(company, first, second)
