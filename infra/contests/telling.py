"""What boards are told of contests beyond their rows: rules in words, matches, rounds, reigns."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from clickhouse_connect.driver.exceptions import ClickHouseError

from connectors.boards.about import About
from infra.contests.showing import plain
from infra.contests.standing import named, standing
from infra.contests.words import words
from infra.definitions.stored import Stored

# Of `contest standings --json`; rows and passes come live.
_TOLD = ("matches", "rounds", "table", "reigns", "goal", "total", "ended_at")


def about(connect: Callable[[], Any], clock: Callable[[], datetime]) -> About:
    """Return what a board is told, by a client of the warehouse for each question."""

    def detail(contest_id: str) -> Mapping[str, Any]:
        """Return what rows do not say.

        Raises:
            LookupError: no such contest, or definitions of a newer version.
            ConnectionError: the warehouse does not answer.
        """
        try:
            client = connect()
            try:
                bundle = Stored(client).in_force().bundle()
                contest = named(bundle, contest_id)
                found = plain(contest, standing(client, bundle, contest, clock()))
            finally:
                client.close()
        except ClickHouseError as error:
            first = str(error).splitlines()[0]
            raise ConnectionError(f"the warehouse answers: {first}") from error
        return {name: found[name] for name in _TOLD}

    return About(words, detail)
