"""Events by hand: who is on the floor, sending one through the intake, and taking it back."""

import json
import secrets
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from infra.local import plan
from infra.local.secrets import own_token
from schemas.definitions import NO_END, Company, Identities, Roster
from streams.settings import Settings

SOURCE = "manual"  # the installation's own source; its token is made at the first start
FOLDER = "by-hand"  # of data_dir: deals that can be taken back
SECONDS_MAX = 10.0  # the intake itself answers or gives up within that
NAMED_MAX = 30  # reps told in an error


class Unsent(RuntimeError):
    """The intake did not take the event; str() says what to do."""


@dataclass(frozen=True, slots=True)
class Floor:
    """Who can own an event made by hand.

    Attributes:
        names: rep_id -> name, of everybody on the roster today.
        users: rep_id -> user of the source `manual`, as the identity map has it.
    """

    names: Mapping[str, str]
    users: Mapping[str, str]
    currency: str

    def find(self, told: str) -> tuple[str, str, str]:
        """Return rep_id, user id and name of whom a rep_id or the beginning of a name means.

        Raises:
            LookupError: nobody or several; says who there is.
        """
        rep_id = self._one(told.strip())
        name = self.names[rep_id]
        user = self.users.get(rep_id)
        if user is None:
            line = f"{{source: {SOURCE}, user_id: {rep_id}, rep_id: {rep_id}}}"
            raise LookupError(
                f"{name} ({rep_id}) is no user of source {SOURCE}: add {line} to identities.yaml "
                "and run `pacesetter definitions apply`"
            )
        return rep_id, user, name

    def _one(self, told: str) -> str:
        exact = [rep_id for rep_id in self.names if rep_id.casefold() == told.casefold()]
        begun = [r for r, name in self.names.items() if _begins(name, told)]
        found = exact or begun
        if len(found) == 1:
            return found[0]
        if not self.names:
            raise LookupError("no rep is on the roster; run `pacesetter definitions apply DIR`")
        what = "is nobody" if not found else "may be several"
        shown = found or list(self.names)
        people = ", ".join(f"{self.names[r]} ({r})" for r in shown[:NAMED_MAX])
        more = f" and {len(shown) - NAMED_MAX} more" if len(shown) > NAMED_MAX else ""
        raise LookupError(f"--rep {told} {what}: there are {people}{more}")


def floor_of(settings: Settings) -> Floor:
    """Return the floor by the definitions in force.

    Raises:
        ConnectionError: the warehouse is away.
        LookupError: it has not been set up.
    """
    from infra.definitions import connecting  # it loads the warehouse's client
    from infra.definitions.stored import Stored

    client = connecting.warehouse(settings)
    try:
        stored = Stored(client)
        values = stored.in_force().values
        people = {rep_id: row.name for rep_id, row in stored.people().items()}
    finally:
        client.close()
    return floor(values, people, datetime.now(UTC).date())


def floor(values: Mapping[str, Any], people: Mapping[str, str], today: date) -> Floor:
    """Return the floor in some definitions. Pure."""
    roster = values.get("roster") or Roster(teams=(), reps=())
    identities = values.get("identities") or Identities(identities=())
    company = values.get("company")
    here = [
        rep.rep_id for rep in roster.reps
        if any(s.valid_from <= today < (s.valid_to or NO_END) for s in rep.history)
    ]  # fmt: skip
    users = {i.rep_id: i.user_id for i in identities.identities if i.source == SOURCE}
    currency = company.reporting_currency if isinstance(company, Company) else "EUR"
    return Floor({r: people.get(r) or r for r in here}, users, currency)


def fresh_id(now: datetime) -> str:
    """Return an identifier nobody has had."""
    return f"{now:%Y%m%dT%H%M%S}-{secrets.token_hex(3)}"


def send(settings: Settings, event: Mapping[str, Any]) -> str:
    """Return the entity id of an event the intake has taken and Kafka has acknowledged.

    Raises:
        Unsent: it was not.
    """
    url = f"{plan.url(settings, settings.intake_port)}/v1/events"
    try:
        token = own_token(settings.data_dir, SOURCE)
    except FileNotFoundError:
        raise Unsent(
            f"nothing was ever started out of {settings.data_dir}; run `pacesetter up`"
        ) from None
    request = urllib.request.Request(  # noqa: S310  # our own address
        url,
        json.dumps(event).encode(),
        {"Authorization": f"Bearer {token}", "Content-Type": "application/json"},
    )
    try:
        with urllib.request.urlopen(request, timeout=SECONDS_MAX) as answer:  # noqa: S310
            return str(json.load(answer)["results"][0]["entity_id"])
    except urllib.error.HTTPError as error:
        raise Unsent(_told(error)) from None
    except OSError:
        raise Unsent(f"no intake answers at {url}; see `pacesetter status`") from None


def remember(data_dir: Path, deal_id: str, event: Mapping[str, Any]) -> None:
    """Keep a deal, so that it can be taken back with its last state."""
    path = _path(data_dir, deal_id)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(event))


def remembered(data_dir: Path, deal_id: str) -> dict[str, Any]:
    """Return a deal that was made by hand here.

    Raises:
        LookupError: it was not; says which were.
    """
    path = _path(data_dir, deal_id)
    if not path.exists():
        known = sorted(p.stem.replace("_", ":") for p in path.parent.glob("*.json"))
        there = f"there are {', '.join(known[-NAMED_MAX:])}" if known else "there is none"
        raise LookupError(f"{deal_id} was not made by hand here; {there}")
    event: dict[str, Any] = json.loads(path.read_text())
    return event


def forget(data_dir: Path, deal_id: str) -> None:
    """Forget a deal that was taken back."""
    _path(data_dir, deal_id).unlink(missing_ok=True)


def _path(data_dir: Path, deal_id: str) -> Path:
    safe = "".join(c if c.isalnum() or c == "-" else "_" for c in deal_id)
    return data_dir / FOLDER / f"{safe}.json"


def _begins(name: str, told: str) -> bool:
    """Return whether any word of a name begins so, or the whole of it."""
    folded, wanted = name.casefold(), told.casefold()
    starts = [0, *(i + 1 for i, c in enumerate(folded) if c in " -'")]
    return bool(wanted) and any(folded.startswith(wanted, i) for i in starts)


def _told(error: urllib.error.HTTPError) -> str:
    try:
        body = json.load(error)
    except ValueError:
        body = {}
    if "results" in body:
        told = "; ".join(
            f"{e['field']}: {e['problem']}, {e['remedy']}"
            for result in body["results"] for e in result["errors"]
        )  # fmt: skip
    else:
        told = f"{body.get('title', error.reason)}; {body.get('remedy', 'see its log')}"
    return f"the intake refuses it ({error.code}): {told}"
