"""The loop that hands what could not be mapped to the dead letters: to their topic and their table.

It goes beside the others, so that neither a bad record nor a warehouse that is away stops what is
good. `pacesetter dead-letter replay` sends the bytes to raw.<source> again.
"""

from collections.abc import Callable
from datetime import UTC, datetime

import polars as pl

from connectors.sinks.clickhouse import Warehouse
from connectors.sources.producing import Framed
from connectors.sources.runtime.state import Aside, State
from connectors.sources.runtime.world import World, kept_going
from schemas import codec, topics
from schemas.positions import position_of
from schemas.warehouse import Fenced

TABLE = "spm.dead_letter"
AT_ONCE = 500
LOOK_SECONDS = 2.0


class AsideLoop:
    """Hands over what one source set aside."""

    def __init__(self, world: World, warehouse: Callable[[], Warehouse]) -> None:
        self._world, self._connect = world, warehouse
        self._warehouse: Warehouse | None = None

    def run(self) -> None:
        """Hand over until told to stop."""
        kept_going(self._world, "dead letters", self.turn)

    def turn(self, state: State) -> float:
        """Hand over what there is; return how long to rest."""
        letters = state.aside(AT_ONCE)
        if not letters:
            return LOOK_SECONDS
        self._world.send([self._message(one) for one in letters])
        self._insert(letters)
        with state.changing():
            state.taken([one.number for one in letters])
            state.put("letters", str(int(state.get("letters", "0")) + len(letters)))
        return 0.0

    def _insert(self, letters: list[Aside]) -> None:
        if self._warehouse is None:
            self._warehouse = self._connect()
        frame = pl.DataFrame(
            [self._row(one) for one in letters],
            schema_overrides={
                "partition": pl.UInt16(),
                "position": pl.UInt64(),
                "seen_at": pl.Datetime("ms", "UTC"),
            },
        )
        for again in (True, False):
            try:
                self._warehouse.insert(TABLE, frame, self._warehouse.incarnation())
                return
            except Fenced:  # restored between the two; the next time it is read anew
                if not again:
                    raise

    def _row(self, one: Aside) -> dict[str, object]:
        return {
            "topic": topics.raw(self._world.source.name).name,
            "partition": 0,
            "position": position_of(one.epoch, one.place),
            "reason": one.reason,
            "detail": one.detail,
            "key": one.key,
            "value": one.value,
            "seen_at": datetime.fromtimestamp(one.seen_at / 1000, UTC),
        }

    def _message(self, one: Aside) -> Framed:
        value = codec.encode("dead_letter", self._row(one), self._world.kafka.ids)
        return Framed(topics.DEAD_LETTER.name, one.key, value)
