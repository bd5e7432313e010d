"""What Salesforce is reached with."""

import re
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, model_validator

_LOOPBACK = ("127.0.0.1", "localhost", "::1")
_FIELD = re.compile(
    r"(Opportunity|Task|Event|EmailMessage)\.[A-Za-z]\w*(?:\.[A-Za-z]\w*)?", re.ASCII
)


def _address(text: str) -> str:
    url = urlsplit(text.strip())
    if not url.hostname or url.path.strip("/") or url.query or url.username:
        raise ValueError("is no address such as https://acme.my.salesforce.com")
    if url.scheme != "https" and not (url.scheme == "http" and url.hostname in _LOOPBACK):
        raise ValueError("must begin with https://; tokens go there")
    return f"{url.scheme}://{url.netloc}"


def _fields(text: str) -> str:
    wrong = [one for one in text.replace(",", " ").split() if not _FIELD.fullmatch(one)]
    if wrong:
        raise ValueError(f"has {wrong[0]}; write Opportunity.Margin__c Event.Outcome__c")
    return " ".join(text.replace(",", " ").split())


Address = Annotated[str, AfterValidator(_address)]


class SalesforceSettings(BaseModel):
    """How an organisation is reached: by a client's secret, or by a signed assertion."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    login_url: Address = Field(
        description="your organisation's address, such as https://acme.my.salesforce.com"
    )
    client_id: str = Field(min_length=1, description="consumer key of the external client app")
    client_secret: SecretStr = Field(
        SecretStr(""), description="its consumer secret; empty when you give a private key"
    )
    private_key: SecretStr = Field(
        SecretStr(""),
        description="PEM of the key whose certificate the app has (--set private_key=@FILE); empty "
        "with a consumer secret",
    )
    username: str = Field("", description="user to act for; with a private key only")
    currency: str = Field(
        "",
        pattern=r"^([A-Z]{3})?$",
        description="of an organisation with one currency, such as EUR; empty if it has several",
    )
    channel: str = Field(
        "/data/ChangeEvents",
        pattern=r"^/data/\w+$",
        description="channel of change events; one of your own is /data/Pacesetter__chn",
    )
    extra_fields: Annotated[str, AfterValidator(_fields)] = Field(
        "",
        description="your own fields to read as well: Opportunity.Margin__c Event.Outcome__c",
    )
    pubsub_url: Address = Field(
        "https://api.pubsub.salesforce.com:7443", description="Pub/Sub API's address"
    )
    api_version: str = Field(
        "v62.0", pattern=r"^v\d{2}\.0$", description="of REST and Bulk API; at least v47.0"
    )

    @model_validator(mode="after")
    def _one_way(self) -> "SalesforceSettings":
        has_secret = bool(self.client_secret.get_secret_value())
        has_key = bool(self.private_key.get_secret_value())
        if has_secret == has_key:
            raise ValueError("give client_secret or private_key, one of them")
        if has_key and not self.username:
            raise ValueError("private_key needs username, the user to act for")
        return self

    def own_fields(self, object_name: str) -> tuple[str, ...]:
        """Return the further fields of an object."""
        pairs = (one.partition(".") for one in self.extra_fields.split())
        return tuple(field for name, _, field in pairs if name == object_name)
