"""Zoho's settings, and access tokens made of a refresh token."""

import time
from collections.abc import Mapping

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from connectors.sources.vendors.contract import Denied, Unavailable
from connectors.sources.vendors.http import Api

RENEWED_SECONDS_BEFORE = 120  # it expires
PATIENCE_SECONDS = 600.0  # Zoho gives ten access tokens in ten minutes


class ZohoSettings(BaseModel):
    """What `source add` asks for."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    client_id: str = Field(description="of the self client in Zoho's API console")
    client_secret: SecretStr = Field(description="of the self client")
    refresh_token: SecretStr = Field(description="made once with the self client's grant token")
    accounts_url: str = Field(
        "https://accounts.zoho.com", description="of your data centre, such as accounts.zoho.eu"
    )
    base_url: str = Field(
        "https://www.zohoapis.com", description="of your data centre, such as www.zohoapis.eu"
    )
    more_fields: str = Field(
        "", description="further fields your mapping reads, as Module.Field, separated by commas"
    )


class Tokens:
    """The access token of the moment; one lives an hour."""

    def __init__(self, settings: ZohoSettings) -> None:
        self._settings = settings
        self._accounts = Api(settings.accounts_url)
        self._token, self._until = "", 0.0

    def headers(self) -> Mapping[str, str]:
        """Return what proves a request; renews the token in time."""
        if time.monotonic() >= self._until:
            self.renew()
        return {"Authorization": f"Zoho-oauthtoken {self._token}"}

    def renew(self) -> None:
        """Exchange the refresh token.

        Raises:
            Unavailable: there were too many lately.
            Denied: it is no longer good.
        """
        form = {
            "grant_type": "refresh_token",
            "client_id": self._settings.client_id,
            "client_secret": self._settings.client_secret.get_secret_value(),
            "refresh_token": self._settings.refresh_token.get_secret_value(),
        }
        answer = self._accounts.ask("POST", "/oauth/v2/token", form=form, also=(400, 401))
        body = answer.body if isinstance(answer.body, dict) else {}
        if body.get("error") == "Access Denied":
            raise Unavailable("Zoho gives no more access tokens for now", PATIENCE_SECONDS)
        if not body.get("access_token"):
            why = str(body.get("error"))[:60]
            raise Denied(f"Zoho gives no access token ({why})", "make a new refresh token")
        self._token = str(body["access_token"])
        lasts = int(body.get("expires_in", 3600)) - RENEWED_SECONDS_BEFORE
        self._until = time.monotonic() + lasts

    def close(self) -> None:
        """Let go of connections."""
        self._accounts.close()
