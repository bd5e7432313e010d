"""The client of Salesforce: reads records in full, lists what changed, hears of changes."""

import base64
import binascii
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path

from connectors.sources.vendors.contract import (
    CursorExpired,
    Denied,
    Finding,
    Notice,
    Page,
    Quota,
    Record,
    User,
)
from connectors.sources.vendors.salesforce import checking, reference, soql
from connectors.sources.vendors.salesforce.auth import Login
from connectors.sources.vendors.salesforce.bulk import BulkQuery
from connectors.sources.vendors.salesforce.changes import Change, Parents, notices_of
from connectors.sources.vendors.salesforce.listing import Listing
from connectors.sources.vendors.salesforce.pubsub import PubSub
from connectors.sources.vendors.salesforce.reading import Reading
from connectors.sources.vendors.salesforce.rest import Rest
from connectors.sources.vendors.salesforce.settings import SalesforceSettings
from connectors.sources.vendors.tabling import Written

# Customers who sign in are users too, by the hundred thousand, and never own a deal.
_NO_SELLERS = ("CspLitePortal", "CustomerSuccess", "PowerCustomerSuccess", "Guest")


class SalesforceClient:
    """One organisation. Implements contract.Client and contract.Streaming."""

    def __init__(
        self, settings: SalesforceSettings, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._settings = settings
        self._login = Login(settings)
        self.rest = Rest(self._login, settings.api_version)
        self._pubsub = PubSub(settings.pubsub_url, self._login)
        self._reading = Reading(self.rest, settings, sleep)
        self._listing = Listing(self.rest, self._reading, BulkQuery(self.rest, sleep))

    def check(self) -> tuple[Finding, ...]:
        """Return what a real call finds of credentials and permissions, object by object."""
        return checking.findings(self.rest, self._reading, self._pubsub, self._settings.channel)

    def read(self, object_name: str, record_ids: Sequence[str]) -> Mapping[str, Record | None]:
        """Return each record with its children; deleted ones too, as long as the bin holds them."""
        return self._reading.read(_kind(object_name), record_ids)

    def changed(
        self, object_name: str, since: datetime | None, cursor: str | None
    ) -> Iterator[Page]:
        """Yield what changed, by SystemModstamp; deleted records say so in IsDeleted.

        Raises:
            CursorExpired: at the first page only.
        """
        return self._listing.pages(_kind(object_name), since, cursor)

    def users(self) -> Iterator[User]:
        """Yield everybody who may own records, those who left too."""
        fields = ("Id", "Name", "Email", "EmployeeNumber", "IsActive")
        kinds = ",".join(repr(one) for one in _NO_SELLERS)
        for row in self.rest.rows(soql.select(fields, "User", [f"UserType NOT IN ({kinds})"])):
            yield User(row["Id"], row.get("Name"), row.get("Email"), row.get("EmployeeNumber"),
                       bool(row.get("IsActive", True)))  # fmt: skip

    def quota(self) -> Quota | None:
        """Return what is left of the calls of 24 hours."""
        return self.rest.quota()

    def listen(self, cursor: str | None) -> Iterator[Page]:
        """Yield records that changed, to be read; the cursor is Salesforce's replay id.

        Raises:
            CursorExpired: it is older than 72 hours.
        """
        for batch in self._pubsub.batches(self._settings.channel, _replay(cursor)):
            notices = self._notices(batch.changes)
            yield Page(notices, base64.b64encode(batch.replay).decode())

    def tables(self, folder: Path) -> Written:
        """Return what was written into a folder of definitions: rates, territories, people, roles.

        Raises:
            BadFile: a file that is there cannot be understood.
        """
        return reference.write_all(self.rest, folder)

    def close(self) -> None:
        """Let go of connections, and end listening."""
        self._pubsub.close()
        self.rest.close()
        self._login.close()

    def _notices(self, changes: Sequence[Change]) -> tuple[Notice, ...]:
        parents = {
            kind.child.object: Parents(kind.name, self._parents(kind.child, changes))
            for kind in soql.KINDS
            if kind.child is not None
        }
        return notices_of(changes, soql.BY_NAME, parents)

    def _parents(self, child: soql.Child, changes: Sequence[Change]) -> dict[str, str]:
        """Return whose the changed children are: as the event says, else by asking."""
        found: dict[str, str] = {}
        unknown: list[str] = []
        for change in changes:
            if change.entity != child.object:
                continue
            parent = change.said.get(child.parent)
            found |= dict.fromkeys(change.record_ids, parent) if parent else {}
            unknown += [one for one in change.record_ids if one not in found]
        return found | self._reading.parents(child, unknown)


def _kind(name: str) -> soql.Kind:
    if name not in soql.BY_NAME:
        raise Denied(f"Salesforce's {name} is not read", f"there are {', '.join(soql.BY_NAME)}")
    return soql.BY_NAME[name]


def _replay(cursor: str | None) -> bytes | None:
    if cursor is None:
        return None
    try:
        return base64.b64decode(cursor, validate=True)
    except (binascii.Error, ValueError):
        raise CursorExpired("this is no place in Salesforce's change events") from None
