"""Requests of readers: sealed handles, guarded statements, only the rows that are theirs."""

from infra.local.warehouse.engine import Engine
from infra.local.warehouse.errors import Code, refused
from infra.local.warehouse.execute import Reply
from infra.local.warehouse.limits import Limits
from infra.local.warehouse.request import Asked
from schemas.principals import Principal


class ReaderExecutor:
    """Runs requests of readers."""

    def __init__(self, engine: Engine, limits: Limits) -> None:
        self._engine, self._limits = engine, limits

    def run(self, asked: Asked, principal: Principal) -> Reply:
        """Return the answer to a reader's request."""
        raise refused(Code.NOT_IMPLEMENTED, "readers come next")
