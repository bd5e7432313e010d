"""Expected trouble: what a person did or can mend, told in a line or two without a traceback."""

from pydantic import ValidationError

from infra.local.processes import NotReady
from infra.local.supervisor import AlreadyRuns


class Trouble(RuntimeError):
    """Something a person can mend; str() says what and how."""


EXPECTED = (Trouble, AlreadyRuns, NotReady, ValidationError)


def explain(error: BaseException) -> str:
    """Return what to print for expected trouble."""
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
