"""Channels of an installation: how messages leave it. Their names are what definitions call them.

Secrets (addresses of webhooks are such, too) stand in the environment or in files, so that no file
of settings has to hold one: `PACESETTER_CHANNEL_<NAME>_<FIELD>`, the same with `_FILE` behind it,
or the field `<field>_file`.
"""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr

Seconds = Annotated[float, Field(gt=0, le=120)]
SECONDS_MAX = 10.0  # a receiver that takes longer holds up everybody else's messages


class _Channel(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    private: Annotated[
        bool,
        Field(description="only those read it whom a message is for, so it may name people"),
    ] = False
    timeout_seconds: Seconds = SECONDS_MAX


class _Posted(_Channel):
    url: SecretStr | None = None
    url_file: Path | None = None
    ca_file: Annotated[Path | None, Field(description="CA certificate; absent: the system's")] = (
        None
    )


class Slack(_Posted):
    """An incoming webhook of Slack."""

    kind: Literal["slack"] = "slack"


class Teams(_Posted):
    """A workflow of Microsoft Teams that posts what a webhook receives."""

    kind: Literal["teams"] = "teams"


class Webhook(_Posted):
    """Any URL; bodies are signed as Standard Webhooks say."""

    kind: Literal["webhook"] = "webhook"
    secret: Annotated[SecretStr | None, Field(description="whsec_ and base64")] = None
    secret_file: Path | None = None


class Email(_Channel):
    """A mail server. Without `to`, each message goes to the work address of whom it is for."""

    kind: Literal["email"] = "email"
    host: str
    port: Annotated[int, Field(ge=1, le=65535)] = 587
    security: Annotated[
        Literal["STARTTLS", "TLS", "NONE"], Field(description="NONE: on this machine only")
    ] = "STARTTLS"
    sender: Annotated[str, Field(description="Pacesetter <alerts@example.com>")]
    to: Annotated[tuple[str, ...], Field(description="fixed addresses: a shared mailbox")] = ()
    username: str = ""
    password: SecretStr | None = None
    password_file: Path | None = None
    unsubscribe: Annotated[str, Field(description="URL at which a reader stops them")] = ""
    ca_file: Path | None = None


class Apprise(_Channel):
    """Everything else that Apprise reaches, by its URL: ntfys://, discord://, tgram:// ..."""

    kind: Literal["apprise"] = "apprise"
    url: SecretStr | None = None
    url_file: Path | None = None


Channel = Annotated[Slack | Teams | Webhook | Email | Apprise, Field(discriminator="kind")]
# Fields that are secrets, by kind; a message cannot be sent without those that are True.
SECRETS: dict[str, dict[str, bool]] = {
    "slack": {"url": True},
    "teams": {"url": True},
    "webhook": {"url": True, "secret": True},
    "email": {"password": False},
    "apprise": {"url": True},
}


def is_shared(channel: Channel) -> bool:
    """Return whether others read what stands in it, so that it must not name people."""
    if isinstance(channel, Email) and not channel.to:
        return False
    return not channel.private
