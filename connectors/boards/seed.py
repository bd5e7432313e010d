"""Seed: what a board reads once from the warehouse before it lives from the stream."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Protocol
from urllib.parse import urlsplit

import clickhouse_connect
from clickhouse_connect.driver.exceptions import ClickHouseError

from connectors.boards import card_seed, contest_seed
from connectors.boards.contests import Known, Told
from connectors.boards.floor import Floor, Stint
from connectors.boards.freshness import Progress
from connectors.boards.held import Held, Plan
from connectors.boards.measures import MEASURES
from connectors.boards.scores import Partial
from schemas.definitions import Bundle, Company

TIMEOUT_SECONDS = 10  # the embedded warehouse gives a reader no longer either

# One row per partial: the newest position of each, of the live generation.
PARTIALS = """
SELECT rep_id, day, measure, currency, topic, partition,
       max(position) AS newest, argMax(value, position) AS total
FROM spm.kpi_rep_day
WHERE generation = {generation:UInt32} AND day >= {first_day:Date32}
  AND measure IN {measures:Array(String)}
GROUP BY rep_id, day, measure, currency, topic, partition
"""
GENERATION = "SELECT argMax(generation, changed_at) FROM spm.warehouse HAVING count() > 0"
COMPANY = """
SELECT content FROM spm.definition WHERE kind = 'company' ORDER BY sequence DESC LIMIT 1
"""
PEOPLE = "SELECT rep_id, argMax(name, version) FROM spm.person GROUP BY rep_id"
TEAMS = """
SELECT DISTINCT team_id, name, parent_team_id FROM spm.team
WHERE sequence = (SELECT max(sequence) FROM spm.team)
"""
ROSTER = """
SELECT DISTINCT rep_id, valid_from, valid_to, team_id, manager_id, time_zone FROM spm.roster
WHERE sequence = (SELECT max(sequence) FROM spm.roster) ORDER BY rep_id, valid_from
"""
PROGRESS = """
SELECT source, argMax(complete_through, position), argMax(observed_at, position),
       argMax(detail, position)
FROM spm.source_progress GROUP BY source
"""


class SeedUnavailable(RuntimeError):
    """The warehouse did not answer as it should; str() says what it said."""


@dataclass(frozen=True, slots=True)
class Ground:
    """What changes seldom: people, teams, contests, and which generation of results is live."""

    floor: Floor
    generation: int
    known: Known = field(default_factory=Known)


class Seed(Protocol):
    """Where a board starts from.

    Every method raises SeedUnavailable if the store cannot answer.
    """

    def ground(self) -> Ground:
        """Return people, teams, contests and the live generation."""

    def partials(self, generation: int, first_day: date) -> Iterable[Partial]:
        """Return the newest partials of a generation from a day on."""

    def progress(self) -> list[Progress]:
        """Return what each source said last, as far as it is stored."""

    def contests(self, midnight: datetime) -> tuple[list[Told], dict[tuple[str, str], int]]:
        """Return rows of contests as they stand, and the places of an instant."""

    def cards(
        self, reps: Collection[str], paid: Collection[str], today: date, now: datetime
    ) -> Mapping[str, Held]:
        """Return quotas of reps, and what those among `paid` have earned."""

    def plans(self, currency: str) -> Mapping[str, tuple[Plan, ...]]:
        """Return what quotas of revenue in a currency ask of everybody."""


class WarehouseSeed:
    """Seed from ClickHouse; a fresh client per question, so a restart in between does no harm."""

    def __init__(self, connect: Callable[[], Any]) -> None:
        self._connect = connect

    def ground(self) -> Ground:
        """Return people, teams, contests and the live generation."""
        with self._asking() as rows:
            content = rows(COMPANY)
            company = Company.model_validate_json(content[0][0]) if content else Bundle().company
            stints: dict[str, tuple[Stint, ...]] = {}
            for rep_id, *stint in rows(ROSTER):
                stints[rep_id] = (*stints.get(rep_id, ()), Stint(*stint))
            teams = rows(TEAMS)
            names, above = {t: n for t, n, _ in teams}, {t: up for t, _, up in teams if up}
            floor = Floor(company, dict(rows(PEOPLE)), stints, names, above)
            generations = rows(GENERATION)
            contests = contest_seed.known(rows)
        return Ground(floor, int(generations[0][0]) if generations else 1, contests)

    def partials(self, generation: int, first_day: date) -> Iterable[Partial]:
        """Return the newest partials of a generation from a day on."""
        wanted = {"generation": generation, "first_day": first_day, "measures": list(MEASURES)}
        with self._asking() as rows:
            return map(Partial._make, rows(PARTIALS, wanted))

    def progress(self) -> list[Progress]:
        """Return what each source said last, as far as it is stored."""
        with self._asking() as rows:
            return [Progress(*row) for row in rows(PROGRESS)]

    def contests(self, midnight: datetime) -> tuple[list[Told], dict[tuple[str, str], int]]:
        """Return rows of contests as they stand, and the places of an instant."""
        with self._asking() as rows:
            return contest_seed.standings(rows), contest_seed.before(rows, midnight)

    def cards(
        self, reps: Collection[str], paid: Collection[str], today: date, now: datetime
    ) -> Mapping[str, Held]:
        """Return quotas of reps, and what those among `paid` have earned."""
        with self._asking() as rows:
            return card_seed.cards(rows, reps, paid, today, now)

    def plans(self, currency: str) -> Mapping[str, tuple[Plan, ...]]:
        """Return what quotas of revenue in a currency ask of everybody."""
        with self._asking() as rows:
            return card_seed.plans(rows, currency)

    @contextmanager
    def _asking(self) -> Iterator[Callable[..., list[tuple[Any, ...]]]]:
        try:
            client = self._connect()
            try:
                yield lambda sql, parameters=None: list(
                    client.query(sql, parameters=parameters, tz_mode="aware").result_rows
                )
            finally:
                client.close()
        except (ClickHouseError, OSError) as error:
            raise SeedUnavailable(f"the warehouse does not answer: {error}") from error


def over_http(url: str, user: str, token: str) -> WarehouseSeed:
    """Return a seed from a ClickHouse HTTP address.

    Raises:
        ValueError: the address is none.
    """
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError(f"warehouse address {url!r} is none; write http://host:port")
    return WarehouseSeed(
        lambda: clickhouse_connect.get_client(
            host=parts.hostname,
            port=parts.port or (8443 if parts.scheme == "https" else 8123),
            interface=parts.scheme,
            username=user,
            password=token,
            connect_timeout=TIMEOUT_SECONDS,
            send_receive_timeout=TIMEOUT_SECONDS,
            autogenerate_session_id=False,
        )
    )


def progress_of(record: dict[str, Any]) -> Progress:
    """Return what one message of crm.progress says."""
    complete: datetime = record["complete_through"]
    return Progress(record["source"], complete, record["observed_at"], record["detail"] or "")
