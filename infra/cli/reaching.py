"""Reaching the ground from a command: warehouse and log, and what to say when they are away."""

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NoReturn

import typer

if TYPE_CHECKING:
    from infra.definitions.problems import Problem

WRONG, AWAY, NOT_YET = 1, 3, 4  # exit codes; 2 is wrong usage


@contextmanager
def ground() -> Iterator[tuple[Any, Any]]:
    """Give the warehouse and the log; turn what may go wrong into one line and an exit code."""
    from clickhouse_connect.driver.exceptions import ClickHouseError

    from infra.cli import telling
    from infra.definitions import connecting
    from infra.definitions.applying import Lost
    from infra.definitions.problems import Refused
    from infra.definitions.scanning import LogError
    from infra.definitions.stored import MovedOn
    from infra.local.found import found_settings

    settings = found_settings()
    try:
        yield connecting.warehouse(settings), connecting.log(settings)
    except Refused as refused:
        tell(refused.problems)
        fail(telling.verdict(refused.problems, ()), WRONG)
    except LookupError as error:
        fail(str(error.args[0]), WRONG)
    except (LogError, MovedOn, Lost, connecting.Unreachable) as error:
        fail(str(error), AWAY)
    except ClickHouseError as error:
        fail(f"the warehouse answers: {str(error).splitlines()[0]}; see `pacesetter doctor`", AWAY)


def patient_warehouse(seconds_max: float) -> Any:
    """Return the warehouse for work whose statements may take so long.

    Raises:
        schemas.warehouse.Unavailable: it does not answer.
    """
    from connectors.sinks.clickhouse import Warehouse
    from infra.local.found import found_settings

    settings = found_settings()
    return Warehouse.connect(
        settings.warehouse_url,
        settings.warehouse_user,
        settings.warehouse_password(),
        settings.warehouse_quorum,
        seconds_max=seconds_max,
    )


def tell(problems: "Iterable[Problem]") -> None:
    """Print problems for people, apart from what programs read."""
    for problem in problems:
        typer.echo(str(problem), err=True)


def print_json(value: Any) -> None:
    """Print a value for programs."""
    typer.echo(json.dumps(value, indent=2, ensure_ascii=False, default=str))


def fail(text: str, code: int) -> NoReturn:
    """End the command with one line and an exit code."""
    typer.echo(text, err=True)
    raise typer.Exit(code)
