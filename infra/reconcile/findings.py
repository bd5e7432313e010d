"""What a check finds: values only."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, NamedTuple

OK, MOVING, IN_FLIGHT = "ok", "moving", "in flight"


class Mismatch(NamedTuple):
    """One key that is not as history says.

    Attributes:
        key: names and values of the key.
        wrong: in a few words, what is wrong.
        off: found minus expected, in `currency`; of a measure that is no money currency is empty.
        position: of the row found, else of the record that should have made it.
    """

    table: str
    key: Mapping[str, str]
    wrong: str
    expected: str
    found: str
    off: Decimal
    currency: str
    position: int

    @property
    def identity(self) -> tuple[Any, ...]:
        """Return what makes it the same mismatch in another run."""
        return (self.table, *self.key.values(), self.wrong)

    def as_json(self) -> dict[str, Any]:
        """Return it for programs."""
        return {**self._asdict(), "key": dict(self.key), "off": str(self.off)}


@dataclass(frozen=True, slots=True)
class Checked:
    """What came of one check.

    Attributes:
        keys: compared, those that differ included.
        moving: changed again while they were read, so nothing can be said of them.
        in_flight: on their way from one stage to the next.
        differing: how many differ; `mismatches` names the first of them.
        off: sum of the absolute differences by currency; empty currency for counts and seconds.
        not_said: what of the table is not computed a second time, each in a few words.
    """

    table: str
    keys: int = 0
    moving: int = 0
    in_flight: int = 0
    differing: int = 0
    off: Mapping[str, Decimal] = field(default_factory=dict)
    mismatches: tuple[Mismatch, ...] = ()
    seconds: float = 0.0
    not_said: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Return it for programs."""
        return {
            "table": self.table,
            "keys": self.keys,
            "moving": self.moving,
            "in_flight": self.in_flight,
            "differing": self.differing,
            "off": {currency: str(amount) for currency, amount in self.off.items()},
            "mismatches": [mismatch.as_json() for mismatch in self.mismatches],
            "seconds": round(self.seconds, 3),
            "not_compared": list(self.not_said),
        }


class Gap(NamedTuple):
    """Something wrong with the log as `applied` and history tell of it."""

    topic: str
    partition: int
    epoch: int
    what: str


class DeadLetters(NamedTuple):
    """Records set aside, which no result knows of."""

    topic: str
    reason: str
    records: int


@dataclass(frozen=True, slots=True)
class Report:
    """One whole run.

    Attributes:
        unfinished: history rows above `applied`: a flush under way, or one that was cut off.
        sequences: definitions in force -> partitions of topics under them.
    """

    checks: tuple[Checked, ...]
    gaps: tuple[Gap, ...]
    dead_letters: tuple[DeadLetters, ...]
    unfinished: Mapping[str, int]
    sequences: Mapping[int, tuple[str, ...]]
    seconds: float

    @property
    def is_clean(self) -> bool:
        """Return whether nothing differs and nothing is missing; dead letters do not count."""
        return not self.gaps and not any(check.differing for check in self.checks)

    def as_json(self) -> dict[str, Any]:
        """Return it for programs."""
        return {
            "clean": self.is_clean,
            "checks": [check.as_json() for check in self.checks],
            "gaps": [gap._asdict() for gap in self.gaps],
            "dead_letters": [some._asdict() for some in self.dead_letters],
            "history_rows_above_applied": dict(self.unfinished),
            "definitions_in_force": {str(s): list(p) for s, p in self.sequences.items()},
            "seconds": round(self.seconds, 3),
        }
