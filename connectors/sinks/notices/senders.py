"""Channels that send: what each kind of channel makes of a message."""

import json
import logging
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from connectors.sinks.notices import payloads, signing
from connectors.sinks.notices.mailing import Mailer
from connectors.sinks.notices.outcomes import Later, Never, Outcome, Outgoing, Sender, Sent
from connectors.sinks.notices.posting import Poster
from schemas.channels import SECRETS, Apprise, Channel, Email, Webhook


class Posting:
    """Slack and Teams: a body of their own, posted to a URL."""

    def __init__(self, poster: Poster, body: Callable[[Outgoing], Mapping[str, Any]]) -> None:
        self._poster, self._body = poster, body

    def send(self, message: Outgoing) -> Outcome:
        """Return what became of a message."""
        return self._poster.post(_json(self._body(message)), {})


class Signed:
    """A webhook whose receiver can see who sent it, and drop what it has had."""

    def __init__(self, poster: Poster, secret: str) -> None:
        signing.key_of(secret)
        self._poster, self._secret = poster, secret

    def send(self, message: Outgoing) -> Outcome:
        """Return what became of a message."""
        body = _json(payloads.webhook(message))
        # Signed at the instant of sending: a receiver refuses what is older than minutes.
        headers = signing.headers(self._secret, message.notice.notice_key, datetime.now(UTC), body)
        return self._poster.post(body, headers)


class Other:
    """Whatever Apprise reaches. It says whether, not why not; so every no is one for now."""

    def __init__(self, url: str, seconds: float) -> None:
        import apprise  # noqa: PLC0415 - half a second, for who has such a channel

        # Both write addresses into their logs.
        logging.getLogger("apprise").setLevel(logging.CRITICAL + 1)
        logging.getLogger("urllib3.connectionpool").setLevel(logging.INFO)
        asset = apprise.AppriseAsset(async_mode=False, secure_logging=True, app_id="Pacesetter")
        self._to = apprise.Apprise(asset=asset)
        timed = f"{url}{'&' if '?' in url else '?'}rto={seconds:g}&cto={seconds:g}"
        if not self._to.add(timed):
            raise ValueError("is no URL that Apprise knows")
        self._format = apprise.NotifyFormat.TEXT

    def send(self, message: Outgoing) -> Outcome:
        """Return what became of a message."""
        notice = message.notice
        body = "\n".join(notice.text.splitlines()[1:]) or notice.title
        taken = self._to.notify(body, title=notice.title, body_format=self._format)
        return Sent() if taken else Later("Apprise could not deliver it; it does not say why")


class Broken:
    """A channel that cannot be used as it is described."""

    def __init__(self, reason: str) -> None:
        self.reason = reason

    def send(self, message: Outgoing) -> Outcome:
        """Return that nothing can be sent."""
        return Never(self.reason)


def sender(channel: Channel, secrets: Mapping[str, str]) -> Sender:
    """Return what sends on a channel; one that is described wrongly says so for each message.

    Args:
        secrets: the values of its secret fields.
    """
    missing = [
        name for name, is_needed in SECRETS[channel.kind].items()
        if is_needed and not secrets.get(name)
    ]  # fmt: skip
    if missing:
        return Broken(f"has no {missing[0]}")
    try:
        return _made(channel, secrets)
    except (ValueError, OSError) as error:
        return Broken(str(error))


def _made(channel: Channel, secrets: Mapping[str, str]) -> Sender:
    seconds = channel.timeout_seconds
    if isinstance(channel, Email):
        return Mailer(channel, secrets.get("password", ""))
    if isinstance(channel, Apprise):
        return Other(secrets["url"], seconds)
    poster = Poster(secrets["url"], seconds, channel.ca_file)
    if isinstance(channel, Webhook):
        return Signed(poster, secrets["secret"])
    if channel.kind == "slack":
        return Posting(poster, lambda m: payloads.slack(m.notice))
    return Posting(
        poster, lambda m: payloads.teams(m.notice, m.story.severity if m.story else None)
    )


def _json(body: Mapping[str, Any]) -> bytes:
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
