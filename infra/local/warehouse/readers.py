"""Requests of readers: sealed handles, guarded statements, only the rows that are theirs."""

import time

from infra.local.warehouse import settings
from infra.local.warehouse.engine import Engine, Handle
from infra.local.warehouse.errors import Code, refused
from infra.local.warehouse.execute import Reply, reply
from infra.local.warehouse.guard import PUBLIC, Guard
from infra.local.warehouse.limits import Limits
from infra.local.warehouse.request import Asked
from infra.local.warehouse.rows import Rules, Worlds, rules_for
from infra.local.warehouse.statements import Statement, understood
from schemas.principals import Principal

# Databases a reader may be in; `default` is what drivers send when nobody chose.
_ENTERED = {
    "": PUBLIC,
    "default": PUBLIC,
    PUBLIC: PUBLIC,
    "system": "system",
    "information_schema": "information_schema",
    "INFORMATION_SCHEMA": "information_schema",
}


class ReaderExecutor:
    """Runs requests of readers. Each gets a fresh handle, sealed before its statement runs.

    A session of a reader holds nothing: a sealed handle takes neither settings nor tables. So
    session_id is accepted, and every request stands alone.
    """

    def __init__(self, engine: Engine, limits: Limits, worlds: Worlds) -> None:
        self._engine, self._limits, self._worlds = engine, limits, worlds

    def run(self, asked: Asked, principal: Principal) -> Reply:
        """Return the answer to a reader's request.

        Raises:
            ClickHouseError: whatever is wrong with it, or not the reader's.
        """
        started = time.perf_counter_ns()
        text = understood(asked.raw, self._engine.input_formats)
        if not isinstance(text, Statement):
            raise refused(Code.READONLY, f"{principal.name} reads only: Cannot execute INSERT")
        database = _ENTERED.get(asked.database)
        if database is None:
            raise refused(Code.ACCESS_DENIED, f"database {asked.database}; readers have {PUBLIC}")
        world = self._worlds.now()
        rules = rules_for(principal, world)
        handle = self._engine.handle()
        try:
            self._seal(handle, asked, database, rules)
            guard = Guard(handle, rules.views, world.databases, database)
            guard.check(text.text, asked.params)
            answer = handle.run(text.text, asked.fmt, asked.params)
        finally:
            handle.close()
        return reply(
            self._engine,
            asked,
            text,
            answer,
            bytes_max=self._limits.reader_result_bytes,
            started=started,
        )

    def _seal(self, handle: Handle, asked: Asked, database: str, rules: Rules) -> None:
        if PUBLIC not in self._worlds.now().databases:
            raise refused(
                Code.UNKNOWN_DATABASE, f"{PUBLIC} does not exist yet: run `pacesetter migrate`"
            )
        handle.use(database)
        handle.set(settings.seal(self._limits, rules.filters))
        handle.set(settings.applied(asked.settings, self._engine.settings, self._limits))
        for table in asked.tables:
            table.put(handle)
        handle.set({"readonly": "1"})  # one way: this handle changes nothing any more
