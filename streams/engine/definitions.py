"""The definitions in force at a sequence, read from the warehouse."""

from collections.abc import Callable

from schemas.definitions import KINDS, Bundle
from schemas.warehouse import Unavailable
from streams.engine.folds import Prepared
from streams.engine.ports import Warehouse

KEPT = 8  # four revisions in force at once while markers travel, prepared for folds and postings
Prepare = Callable[[Bundle], Prepared]


class Definitions:
    """Revisions of the definitions, each read and prepared once."""

    def __init__(self, warehouse: Warehouse) -> None:
        self._warehouse = warehouse
        self._bundles: dict[int, Bundle] = {}
        self._prepared: dict[tuple[int, Prepare], Prepared] = {}

    def prepared(self, sequence: int, prepare: Prepare) -> Prepared:
        """Return what a fold needs of the definitions up to a sequence.

        Raises:
            Unavailable: they are not there yet, or not to be read by this version.
        """
        key = (sequence, prepare)
        if key not in self._prepared:
            try:
                found = prepare(self._bundle(sequence))
            except ValueError as error:  # pydantic's errors are ValueErrors too
                raise Unavailable(
                    f"definitions {sequence} cannot be read by this version: {error}; "
                    f"upgrade the worker or apply other definitions"
                ) from error
            self._prepared[key] = found
            while len(self._prepared) > KEPT:
                self._prepared.pop(next(iter(self._prepared)))
        return self._prepared[key]

    def _bundle(self, sequence: int) -> Bundle:
        if sequence not in self._bundles:
            self._bundles = {sequence: self._read(sequence)}
        return self._bundles[sequence]

    def _read(self, sequence: int) -> Bundle:
        if sequence == 0:
            return Bundle()
        found = self._warehouse.frame(
            f"SELECT kind, argMax(content, sequence) AS content, max(sequence) AS greatest "
            f"FROM spm.definition WHERE sequence <= {sequence} GROUP BY kind"
        )
        if found.is_empty() or found["greatest"].max() != sequence:
            raise Unavailable(
                f"definitions {sequence} are named by a marker and not yet in spm.definition; "
                f"if they never come, run `pacesetter definitions apply` again"
            )
        contents = {
            kind: KINDS[kind].model_validate_json(content)
            for kind, content, _ in found.iter_rows()
            if kind in KINDS
        }
        return Bundle.model_validate({"sequence": sequence, **contents})
