"""Access tokens by OAuth 2.0: asked for when needed, kept until they expire or are refused."""

import time
from collections.abc import Callable, Mapping
from typing import Any

from connectors.sources.vendors.contract import Unavailable
from connectors.sources.vendors.http import Api

EARLY_SECONDS = 60.0  # a token that expires while a request is under way is refused
LIFE_SECONDS = 1800.0  # of a token whose answer does not say; all vendors give more


class Tokens:
    """The token of one app.

    Args:
        form: what is posted for a token; made anew each time, as an assertion holds the time.
        headers: sent with it, such as the app's Basic authentication.
    """

    def __init__(
        self,
        url: str,
        form: Callable[[], Mapping[str, str]],
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self._url, self._form, self._headers = url, form, headers
        self._api = Api(url)
        self._header: dict[str, str] | None = None
        self._until = 0.0

    def headers(self) -> Mapping[str, str]:
        """Return the header that proves who asks.

        Raises:
            Denied: the app's credentials are not taken.
            Unavailable: the vendor gives no token now.
        """
        if self._header is None or time.monotonic() >= self._until:
            answer = self._api.ask("POST", self._url, form=self._form(), headers=self._headers)
            told: Any = answer.body if isinstance(answer.body, dict) else {}
            token, life = told.get("access_token"), told.get("expires_in")
            if not isinstance(token, str):
                raise Unavailable("the answer holds no access_token")
            lasting = float(life) if str(life).isdecimal() else LIFE_SECONDS
            self._until = time.monotonic() + max(0.0, lasting - EARLY_SECONDS)
            self._header = {"Authorization": f"Bearer {token}"}
        return self._header

    def forget(self) -> None:
        """Ask for a new token next time: the vendor has refused this one."""
        self._header = None

    def close(self) -> None:
        """Let go of connections."""
        self._api.close()
