"""The CRM of CONTRIBUTING: all that a vendor with webhooks and an API takes. There is none such.

Its webhooks name the deal that changed and are signed with their time; its API lists deals in the
order in which they changed, deleted ones too, and gives one by its id.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path

from pydantic import BaseModel, Field, SecretStr

from connectors.sources.vendors.contract import (
    Denied,
    Endpoint,
    Finding,
    Notice,
    Page,
    Record,
    Request,
    User,
    Vendor,
)
from connectors.sources.vendors.guarding import guarded
from connectors.sources.vendors.http import Api
from connectors.sources.vendors.payloads import iso, object_in, wanted
from connectors.sources.vendors.signing import check, check_recent, hmac_of, instant_of

DEALS = "deals"
OVERLAP = timedelta(minutes=5)  # what was committed late bears an instant before the last one


class Settings(BaseModel):
    """How to reach it."""

    token: SecretStr = Field(description="API token: Settings, Developers")
    url: str = Field("https://api.crm.example", description="address of the API")


class Hook:
    """Its webhooks."""

    def verify(self, request: Request, endpoint: Endpoint, now: datetime) -> None:
        """Return None for what a secret has signed within the last minutes."""
        sent_at = request.headers.get("x-example-timestamp", "")
        check_recent(instant_of(sent_at), now)
        message = f"{sent_at}.".encode() + request.body
        given = request.headers.get("x-example-signature")
        check(given, endpoint.secrets, lambda secret: hmac_of(secret, message).hex())

    def notices(self, request: Request) -> tuple[Notice, ...]:
        """Return the deal that is named: it has to be read."""
        body = object_in(request.body)
        gone = body.get("event") == "deal.deleted"
        return (Notice(DEALS, wanted(body, "id"), iso(body.get("at")), gone=gone),)


class Client:
    """Its API."""

    def __init__(self, settings: Settings) -> None:
        header = {"Authorization": f"Bearer {settings.token.get_secret_value()}"}
        self._api = Api(settings.url, headers=lambda: header)

    def check(self) -> tuple[Finding, ...]:
        """Return whether the token lets us see deals."""
        try:
            self._api.get("/v1/deals", {"limit": 1})
        except Denied as denied:
            return (Finding(f"{DEALS}: {denied}", False, denied.remedy),)
        return (Finding(DEALS, True),)

    def read(self, object_name: str, record_ids: Sequence[str]) -> Mapping[str, Record | None]:
        """Return each deal in full, None where it is gone."""
        found: dict[str, Record | None] = {}
        for one in record_ids:
            answer = self._api.ask("GET", f"/v1/deals/{one}", also=(404,))
            deal = None if answer.status == 404 else answer.body["deal"]
            found[one] = None if deal is None or deal["deleted"] else deal
        return found

    def changed(
        self, object_name: str, since: datetime | None, cursor: str | None
    ) -> Iterator[Page]:
        """Yield deals in the order in which they changed; the cursor is when the last one did."""
        newest = datetime.fromisoformat(cursor) if cursor else since
        asked = {"modified_since": (newest - OVERLAP).isoformat()} if newest else {}
        after: str | None = ""
        while after is not None:
            body = self._api.get("/v1/deals", {**asked, **({"after": after} if after else {})})
            notices = tuple(_notice(deal) for deal in body[DEALS])
            newest = max(
                [n.at for n in notices if n.at] + ([newest] if newest else []), default=None
            )
            yield Page(notices, newest.isoformat() if newest else "", body["total"])
            after = body["next"]

    def users(self) -> Iterator[User]:
        """Yield everybody."""
        for user in self._api.get("/v1/users")["users"]:
            yield User(wanted(user, "id"), user["name"], user["email"])

    def quota(self) -> None:
        """Return None: it tells no limit."""

    def close(self) -> None:
        """Let go of connections."""
        self._api.close()


def _notice(deal: Record) -> Notice:
    at = iso(deal["modified_at"])
    return Notice(DEALS, wanted(deal, "id"), at, None if deal["deleted"] else deal, deal["deleted"])


VENDOR = Vendor(
    name="example-crm",
    title="Example CRM",
    settings=Settings,
    objects=(DEALS,),
    mapping=str(Path(__file__).with_suffix(".yaml")),  # one that is shipped: "example_crm.yaml"
    hook=Hook(),
    client=guarded("Example CRM", Client),
    setup=("Settings, Webhooks: add {url} with the signing secret {secret}.",),
)
