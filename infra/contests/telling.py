"""What boards are told beyond rows: rules in words, matches, rounds, reigns; what was earned."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, TypeVar

from clickhouse_connect.driver.exceptions import ClickHouseError

from connectors.boards.about import About
from connectors.boards.ticker import Given
from infra.contests.honours import given
from infra.contests.showing import plain
from infra.contests.standing import named, standing
from infra.contests.words import in_all_languages
from infra.definitions.stored import Stored
from schemas.definitions import Bundle

Found = TypeVar("Found")
# Of `contest standings --json`; rows and passes come live.
_TOLD = ("matches", "rounds", "table", "reigns", "goal", "total", "ended_at")


def about(connect: Callable[[], Any], clock: Callable[[], datetime]) -> About:
    """Return what a board is told, by a client of the warehouse for each question."""

    def asked(ask: Callable[[Any, Bundle], Found]) -> Found:
        try:
            client = connect()
            try:
                return ask(client, Stored(client).in_force().bundle())
            finally:
                client.close()
        except ClickHouseError as error:
            first = str(error).splitlines()[0]
            raise ConnectionError(f"the warehouse answers: {first}") from error

    def detail(contest_id: str) -> Mapping[str, Any]:
        """Return what rows do not say.

        Raises:
            LookupError: no such contest, or definitions of a newer version.
            ConnectionError: the warehouse does not answer.
        """

        def tell(client: Any, bundle: Bundle) -> Mapping[str, Any]:
            contest = named(bundle, contest_id)
            return plain(contest, standing(client, bundle, contest, clock()))

        found = asked(tell)
        return {name: found[name] for name in _TOLD}

    def honours() -> Given:
        """Return what everybody has earned.

        Raises:
            LookupError, ConnectionError: as `detail`.
        """
        return asked(lambda client, bundle: given(client, bundle, clock()))

    return About(in_all_languages, detail, honours)
