"""Who did it and on which day: source users become reps, instants become days of their zone.

Built once per revision of the definitions, then asked in columns.
"""

from datetime import date

import numpy as np
import numpy.typing as npt
import polars as pl

from schemas.definitions import NO_END, UNASSIGNED, Bundle
from streams.domain.zones import Days, Millis, midnight_of, offsets

Reps = npt.NDArray[np.int64]  # index into Resolver.names; 0 is nobody we know
_DAY_MS = 86_400_000
_EPOCH = date(1970, 1, 1).toordinal()
# Key arrays hold (index, instant) in one integer; instants of 1970 to 2200 need 43 bits.
_SPAN = 1 << 44
_EARLIEST = -(1 << 42)
# Users looked up one by one: a join sorts out the whole identity map first, 9 ms for 100,000 users.
_FEW = 1_000


class Resolver:
    """Identity map and roster of one revision, ready for lookups in columns."""

    def __init__(self, bundle: Bundle) -> None:
        self.bundle = bundle
        reps = {rep.rep_id for rep in bundle.roster.reps}
        reps |= {identity.rep_id for identity in bundle.identities.identities}
        self.names = pl.Series("rep_id", [UNASSIGNED, *sorted(reps - {UNASSIGNED})])
        index = self.index = {name: i for i, name in enumerate(self.names)}
        self._users = pl.DataFrame(
            [(i.source, i.user_id, index[i.rep_id]) for i in bundle.identities.identities],
            schema={"source": pl.String, "user_id": pl.String, "rep": pl.Int64},
            orient="row",
        )
        self._by_source: dict[str, dict[str, int]] = {}
        for i in bundle.identities.identities:
            self._by_source.setdefault(i.source, {})[i.user_id] = index[i.rep_id]
        self._zones = sorted(
            {
                bundle.company.time_zone,
                *(s.time_zone for r in bundle.roster.reps for s in r.history),
            }
        )
        self._home = self._zones.index(bundle.company.time_zone)
        self._read_stints(index)
        self._read_offsets()

    def reps(self, sources: pl.Series, users: pl.Series) -> Reps:
        """Return whose user each is; 0 for nobody and for an unknown one."""
        if len(users) < _FEW + len(self._users) // 8:
            return self._looked_up(sources, users)
        asked = pl.DataFrame({"source": sources, "user_id": users})
        found = asked.join(self._users, on=["source", "user_id"], how="left", maintain_order="left")
        rep = found.get_column("rep")
        return (rep.fill_null(0) if rep.null_count() else rep).to_numpy()

    def _looked_up(self, sources: pl.Series, users: pl.Series) -> Reps:
        known, nothing = self._by_source, dict[str, int]()
        pairs = zip(sources.to_list(), users.to_list(), strict=True)
        found = (known.get(source, nothing).get(user, 0) for source, user in pairs)
        return np.fromiter(found, np.int64, len(users))

    def days(self, reps: Reps, instants: Millis) -> Days:
        """Return the day of each instant in the zone the rep worked in at that instant.

        Outside every stint it is the company's zone. When a rep moves east, the last hours of one
        stint are the first of the next by their clocks; the later stint has them.
        """
        stint = np.searchsorted(self._stint_keys, _keys(reps, instants), "right") - 1
        inside = (self._stint_rep[stint] == reps) & (instants < self._stint_until[stint])
        zones = np.where(inside, self._stint_zone[stint], self._home)
        offset = np.searchsorted(self._offset_keys, _keys(zones, instants), "right") - 1
        return ((instants + self._offset_ahead[offset]) // _DAY_MS).astype(np.int32)

    def _read_stints(self, index: dict[str, int]) -> None:
        rows = [(-1, _EARLIEST, _EARLIEST, self._home)]  # so that every search finds something
        for rep in self.bundle.roster.reps:
            for stint in rep.history:
                zone = stint.time_zone
                since = midnight_of(stint.valid_from.toordinal() - _EPOCH, zone)
                end = (stint.valid_to or NO_END).toordinal() - _EPOCH
                until = midnight_of(end, zone)
                rows.append((index[rep.rep_id], since, until, self._zones.index(zone)))
        table = np.array(sorted(rows), np.int64)
        self._stint_keys = _keys(table[:, 0], table[:, 1])
        self._stint_rep, self._stint_until = table[:, 0], table[:, 2]
        self._stint_zone = table[:, 3]

    def _read_offsets(self) -> None:
        keys, ahead = [], []
        for i, zone in enumerate(self._zones):
            found = offsets(zone)
            keys.append(_keys(np.full(len(found.since), i), np.maximum(found.since, _EARLIEST)))
            ahead.append(found.ahead)
        self._offset_keys = np.concatenate(keys)
        self._offset_ahead = np.concatenate(ahead)


def _keys(index: npt.NDArray[np.int64], instants: Millis) -> npt.NDArray[np.int64]:
    keys: npt.NDArray[np.int64] = index * _SPAN + instants
    return keys
