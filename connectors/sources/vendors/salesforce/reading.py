"""Reading records in full by their ids: each with its children by one query, so that they agree.

Salesforce stamps changes by the second. Two changes within one would have one revision and
different content, and which counts would be chance. So a record that changed within the last two
seconds is read again when they are over: by then its stamp names one state.
"""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from connectors.sources.vendors.contract import Denied, Record
from connectors.sources.vendors.salesforce import records, soql
from connectors.sources.vendors.salesforce.rest import Described, Rest
from connectors.sources.vendors.salesforce.settings import SalesforceSettings

TRIES_MAX = 4  # a record that changes every other second is taken as it is in the end
SETTLED = timedelta(seconds=2)  # one for the stamp, one for the server's clock in whole seconds


class Reading:
    """Reads records of an organisation with the fields that it has."""

    def __init__(
        self, rest: Rest, settings: SalesforceSettings, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._rest = rest
        self._settings = settings
        self._sleep = sleep
        self._described: dict[str, Described] = {}
        self._children: dict[str, soql.Child | None] = {}

    def read(self, kind: soql.Kind, record_ids: Sequence[str]) -> dict[str, Record | None]:
        """Return each record, None where Salesforce no longer has it."""
        found = self._found(kind, record_ids)
        for _ in range(TRIES_MAX):
            fresh = [one for one, record in found.items() if self.is_fresh(record)]
            if not fresh:
                break
            self.settle()
            found |= dict.fromkeys(fresh) | self._found(kind, fresh)
        return {one: found.get(one[:15]) for one in record_ids}

    def parents(self, child: soql.Child, record_ids: Iterable[str]) -> dict[str, str]:
        """Return whose each child is, without those that nobody knows any more."""
        fields = ("Id", child.parent)
        return {
            row["Id"]: row[child.parent]
            for ids in _chunks(record_ids)
            for row in self._rest.rows(soql.select(fields, child.object, [soql.among("Id", ids)]))
        }

    def fields(self, kind: soql.Kind) -> tuple[str, ...]:
        """Return what is asked for: the fields the organisation has, its own ones, children."""
        described = self.described(kind)
        known = [field for field in kind.fields if field in described.types]
        asked = dict.fromkeys((*known, *self._settings.own_fields(kind.name)))
        child = self.child(kind)
        return (*asked, *((soql.parts(child),) if child else ()))

    def child(self, kind: soql.Kind) -> soql.Child | None:
        """Return the children that records have; None: not in this organisation."""
        child = kind.child
        if child is None or child.relation not in self.described(kind).relations:
            return None
        if child.object not in self._children:
            found = self._rest.described(child.object)
            known = found.types if found else {}
            fields = tuple(one for one in child.fields if "." in one or one in known)
            self._children[child.object] = replace(child, fields=fields) if found else None
        return self._children[child.object]

    def described(self, kind: soql.Kind) -> Described:
        """Return the organisation's description of an object.

        Raises:
            Denied: it is not there for us.
        """
        if kind.name not in self._described:
            found = self._rest.described(kind.name)
            if found is None:
                raise Denied(
                    f"Salesforce shows us no {kind.name}", f"let the user read {kind.name}"
                )
            self._described[kind.name] = found
        return self._described[kind.name]

    def record(self, row: Mapping[str, Any], kind: soql.Kind) -> Record:
        """Return the record of a row of REST."""
        return records.of_rest(row, kind, self._settings.currency)

    def record_of_csv(self, row: Mapping[str, str], kind: soql.Kind) -> Record:
        """Return the record of a row of a bulk query."""
        return records.of_csv(row, self.described(kind).types, kind, self._settings.currency)

    def lacks_currency(self, kind: soql.Kind) -> bool:
        """Return whether amounts of records have a currency that nobody has said."""
        is_money = soql.CURRENCY in kind.fields and "Amount" in kind.fields
        known = self._settings.currency or soql.CURRENCY in self.described(kind).types
        return is_money and not known

    def is_fresh(self, record: Record | None) -> bool:
        """Return whether the second in which a record changed may not be over."""
        if record is None:
            return False
        age = self._rest.now() - records.stamp(record)
        return timedelta() <= age < SETTLED

    def settle(self) -> None:
        """Wait until what is fresh now no longer is."""
        self._sleep(SETTLED.total_seconds())

    def _found(self, kind: soql.Kind, record_ids: Iterable[str]) -> dict[str, Record | None]:
        found: dict[str, Record | None] = {}
        for ids in _chunks(record_ids):
            asked = soql.select(self.fields(kind), kind.name, [soql.among("Id", ids)])
            for row in self._rest.rows(asked):
                found[row["Id"][:15]] = self.record(row, kind)
        return found


def _chunks(record_ids: Iterable[str]) -> Iterable[list[str]]:
    """Return ids in parts that fit into a query, without texts that are none."""
    ids = [one for one in dict.fromkeys(record_ids) if soql.ID.fullmatch(one)]
    return (ids[i : i + soql.IDS_MAX] for i in range(0, len(ids), soql.IDS_MAX))
