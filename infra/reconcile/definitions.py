"""Definitions as SQL sees them: who a user is, which day an instant is for them, what is counted.

Read from the table spm.definition as it stands there; no code of the agents takes part.
"""

import json
from collections import defaultdict
from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

from connectors.sinks.clickhouse import quoted
from infra.reconcile.asking import Warehouse, ask, ask_once
from infra.reconcile.contests import Entered, entered
from infra.reconcile.order import Order, order_of

# What decides how a fact counts. Quotas and plans do not.
_DECIDING = (
    "company", "roster", "territories", "credits", "identities", "rates", "measures", "contests",
)  # fmt: skip
_USERS = "Array(Tuple(source String, user_id String, rep_id String))"
_REPS = (
    "Array(Tuple(rep_id String, "
    "history Array(Tuple(valid_from String, valid_to String, time_zone String))))"
)
_RATES = "Array(Tuple(base String, quote String, on String, rate String))"
_STINT = "Array(Tuple(since Date32, until Date32, zone String))"


class Measure(NamedTuple):
    """One number kept per rep and day, and the rule that makes it."""

    measure: str
    of: str
    rule: str


class InForce(NamedTuple):
    """Definitions that rule alike: the same for all these sequences.

    Attributes:
        sequences: sequences up to which these are the newest.
        at: kind -> sequence of its revision, 0 for none.
    """

    sequences: tuple[int, ...]
    at: Mapping[str, int]
    home: str
    zones: tuple[str, ...]
    reporting_currency: str
    close_date_first: bool
    measures: tuple[Measure, ...]
    territories: Mapping[str, Any]
    has_manual_credits: bool
    contests: tuple[Entered, ...]
    order: Order

    def people(self) -> str:
        """Return SQL for users: of_source, user_id, whose they are, and stints in order.

        Reps are there too, as users of themselves in a source without a name: rules name them so.
        """
        return f"""
            SELECT of_source, user_id, whose, stints
            FROM (SELECT user.1 AS of_source, user.2 AS user_id, user.3 AS whose FROM (
                SELECT one AS user FROM {self.listed("identities", "identities", _USERS)}
                UNION ALL SELECT ('', one.1, one.1) FROM {self.listed("roster", "reps", _REPS)})
            ) AS users
            LEFT JOIN (SELECT one.1 AS whose, CAST(arraySort(arrayMap(s -> (toDate32(s.1),
                    toDate32(if(s.2 IN ('', 'null'), '2199-12-31', s.2)), s.3), one.2)),
                    '{_STINT}') AS stints
                FROM {self.listed("roster", "reps", _REPS)}
            ) AS roster USING (whose)"""

    def rates(self) -> str:
        """Return SQL for rates into the reporting currency: base, and (day, rate) in order.

        A direct rate goes before an inverse one of the same day. Rates are whole last digits.
        """
        from infra.reconcile.arithmetic import RATE, divided_even, whole  # noqa: PLC0415

        into = quoted(self.reporting_currency)
        units = whole("toDecimal256(quoted.4, 10)", RATE)
        inverse = divided_even(f"toInt256('{RATE * RATE}')", units)
        return f"""
            SELECT base, arraySort(groupArray((day, rate))) AS dated FROM (
                SELECT if(is_direct, quoted.1, quoted.2) AS base, toDate32(quoted.3) AS day,
                    argMax(if(is_direct, {units}, {inverse}), is_direct) AS rate
                FROM (SELECT one AS quoted, quoted.2 = {into} AS is_direct
                    FROM {self.listed("rates", "rates", _RATES)})
                WHERE (quoted.1 = {into}) != (quoted.2 = {into})
                GROUP BY base, day) GROUP BY base"""

    def day(self, at: str, stints: str) -> str:
        """Return SQL for the day of an instant in the zone a rep worked in at that instant."""
        by_stint = f"arrayMap(s -> (s, {self._local(at, 's.zone')}), {stints})"
        # An array of one, so that what was found is written once.
        return (
            f"arrayMap(f -> if(f.1.zone != '' AND f.2 < f.1.until, f.2, "
            f"toDate32({at}, {quoted(self.home)})), "
            f"[arrayLast(f -> f.2 >= f.1.since, {by_stint})])[1]"
        )

    def _local(self, at: str, zone: str) -> str:
        if not self.zones:
            return f"toDate32({at}, {quoted(self.home)})"
        first, *rest = map(quoted, self.zones)
        cases = "".join(f"{zone} = {name}, toDate32({at}, {name}), " for name in rest)
        return f"multiIf({cases}toDate32({at}, {first}))" if rest else f"toDate32({at}, {first})"

    def listed(self, kind: str, field: str, shape: str) -> str:
        """Return SQL for a table of what a list of a kind in force holds, each as `one`.

        No scalar subquery: what is constant becomes a part of the query, and to understand one of a
        hundred thousand people took twelve seconds and half a gigabyte.
        """
        at = self.at.get(kind, 0)
        return (
            f"(SELECT arrayJoin(JSONExtract(content, '{field}', '{shape}')) AS one FROM ("
            f"SELECT any(content) AS content FROM spm.definition "
            f"WHERE kind = '{kind}' AND sequence = {at}))"
        )


def in_force(warehouse: Warehouse, sequences: Collection[int]) -> tuple[InForce, ...]:
    """Return what is in force at each of these sequences; equal ones once."""
    kinds = ", ".join(map(quoted, _DECIDING))
    revisions: dict[str, list[int]] = defaultdict(list)
    for kind, sequence in ask(
        warehouse,
        f"SELECT kind, sequence FROM spm.definition WHERE kind IN ({kinds}) "
        f"GROUP BY kind, sequence ORDER BY kind, sequence",
    ).iter_rows():
        revisions[kind].append(sequence)
    alike: dict[tuple[int, ...], list[int]] = defaultdict(list)
    for sequence in sorted(sequences):
        at = tuple(max((s for s in revisions[k] if s <= sequence), default=0) for k in _DECIDING)
        alike[at].append(sequence)
    return tuple(
        _read(warehouse, dict(zip(_DECIDING, at, strict=True)), some) for at, some in alike.items()
    )


def _read(warehouse: Warehouse, at: Mapping[str, int], sequences: list[int]) -> InForce:
    company = _json(warehouse, "company", at["company"])
    roster = _json(warehouse, "roster", at["roster"])
    measures = _json(warehouse, "measures", at["measures"])
    zones = {stint["time_zone"] for rep in roster.get("reps", ()) for stint in rep["history"]}
    return InForce(
        tuple(sequences),
        at,
        company.get("time_zone", "UTC"),
        tuple(sorted(zones)),
        company.get("reporting_currency", "EUR"),
        company.get("won_day", "WON_AT") == "CLOSE_DATE",
        tuple(Measure(m["measure"], m["of"], m["rule"]) for m in measures.get("measures", ())),
        _json(warehouse, "territories", at["territories"]),
        bool(_json(warehouse, "credits", at["credits"]).get("manual_credits")),
        entered(
            _json(warehouse, "contests", at["contests"]).get("contests", ()),
            [m["measure"] for m in measures.get("measures", ())],
        ),
        order_of(company),
    )


def _json(warehouse: Warehouse, kind: str, sequence: int) -> dict[str, Any]:
    if not sequence:
        return {}
    found = ask_once(
        warehouse,
        f"SELECT any(content) AS content FROM spm.definition "
        f"WHERE kind = '{kind}' AND sequence = {sequence}",
    )
    content: dict[str, Any] = json.loads(found["content"][0])
    return content
