"""Signing in to Salesforce: OAuth 2.0 client credentials, or a signed assertion (JWT bearer).

Tokens have no stated end; one is used until Salesforce refuses it, and then replaced once.
"""

import time
from collections.abc import Callable
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from connectors.sources.vendors.contract import Denied, Unavailable
from connectors.sources.vendors.http import Answer, Api
from connectors.sources.vendors.salesforce.settings import SalesforceSettings

TOKEN_PATH = "/services/oauth2/token"  # noqa: S105  # an address
ASSERTION_SECONDS = 180  # Salesforce refuses assertions that live longer than five minutes
_REFUSED = (400, 401, 403)
_REMEDIES = {
    "invalid_client_id": "correct client_id: the app's consumer key",
    "invalid_client": "correct client_secret: the app's consumer secret",
    "invalid_grant": "let the app run as a user: its policies, Client Credentials Flow, Run As; "
    "with a private key: give it this certificate and pre-authorise the user",
    "unsupported_grant_type": "enable the Client Credentials Flow in the app",
    "inactive_user": "activate the user the app runs as",
    "inactive_org": "the organisation is locked; ask Salesforce",
}


class Session(NamedTuple):
    """What every call carries.

    Attributes:
        instance_url: where REST is served.
        org_id: the organisation, as the Pub/Sub API wants it.
    """

    token: str
    instance_url: str
    org_id: str


class Login:
    """Gets a session when it is first needed, and another one when told that it is no good."""

    def __init__(
        self, settings: SalesforceSettings, clock: Callable[[], float] = time.time
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._session: Session | None = None
        self._api = Api(settings.login_url)

    def session(self) -> Session:
        """Return the session there is, or a new one.

        Raises:
            Unavailable, Denied
        """
        if self._session is None:
            answer = self._api.ask("POST", TOKEN_PATH, form=self._form(), also=_REFUSED)
            if answer.status in _REFUSED:
                raise _refused(answer)
            self._session = _session(answer.body)
        return self._session

    def renew(self) -> None:
        """Forget the session; the next one is asked for anew."""
        self._session = None

    def close(self) -> None:
        """Let go of connections."""
        self._api.close()

    def _form(self) -> dict[str, str]:
        settings = self._settings
        secret = settings.client_secret.get_secret_value()
        if secret:
            return {
                "grant_type": "client_credentials",
                "client_id": settings.client_id,
                "client_secret": secret,
            }
        return {
            "grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer",
            "assertion": self._assertion(),
        }

    def _assertion(self) -> str:
        import jwt  # noqa: PLC0415 - only who signs needs it

        settings = self._settings
        is_sandbox = ".sandbox." in settings.login_url
        claims = {
            "iss": settings.client_id,
            "sub": settings.username,
            "aud": f"https://{'test' if is_sandbox else 'login'}.salesforce.com",
            "exp": int(self._clock()) + ASSERTION_SECONDS,
        }
        try:
            return jwt.encode(claims, settings.private_key.get_secret_value(), "RS256")
        except (ValueError, TypeError, jwt.PyJWTError):
            raise Denied(
                "private_key cannot be read", "give the PEM of an RSA key without a passphrase"
            ) from None


def _refused(answer: Answer) -> Denied:
    body = answer.body if isinstance(answer.body, dict) else {}
    code = str(body.get("error", answer.status))
    said = str(body.get("error_description", ""))[:200]
    remedy = _REMEDIES.get(code, "check client_id, the secret and the app's OAuth policies")
    return Denied(f"Salesforce does not let us in ({code}{': ' if said else ''}{said})", remedy)


def _session(body: Any) -> Session:
    try:
        # id is https://login.salesforce.com/id/<organisation>/<user>
        organisation = urlsplit(body["id"]).path.strip("/").split("/")[-2]
        return Session(body["access_token"], body["instance_url"].rstrip("/"), organisation)
    except (KeyError, TypeError, IndexError, AttributeError):
        raise Unavailable(
            "Salesforce answered a sign-in without token, instance_url or id"
        ) from None
