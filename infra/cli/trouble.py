"""Expected trouble: what a person did or can mend, told in a line or two without a traceback."""


class Trouble(RuntimeError):
    """Something a person can mend; str() says what and how."""


def expected() -> tuple[type[Exception], ...]:
    """Return the kinds of trouble that deserve a line and not a traceback."""
    from pydantic import ValidationError

    from infra.definitions.connecting import Unreachable
    from infra.definitions.problems import Refused as DefinitionsRefused
    from infra.definitions.scanning import LogError
    from infra.local.apache import CannotRun
    from infra.local.processes import NotReady
    from infra.local.supervisor import AlreadyRuns
    from infra.local.warehouse.lock import DataFolderHeld
    from infra.migrations import MigrationError
    from infra.rebuild.rebuilding import Failed
    from infra.rebuild.runs import Busy
    from schemas.warehouse import Unavailable
    from streams.engine.starting import Refused

    return (
        Trouble, AlreadyRuns, NotReady, ValidationError, Unreachable, DefinitionsRefused, LogError,
        MigrationError, Unavailable, Refused, CannotRun, DataFolderHeld, Busy, Failed,
    )  # fmt: skip


def explain(error: BaseException) -> str:
    """Return what to print for expected trouble."""
    from pydantic import ValidationError

    if isinstance(error, ValidationError):
        lines = [
            f"{'.'.join(str(part) for part in problem['loc']) or error.title}: {problem['msg']}"
            for problem in error.errors()
        ]
        return (
            "settings are wrong (environment PACESETTER_* or pacesetter.toml):\n  "
            + "\n  ".join(lines)
        )
    return str(error)
