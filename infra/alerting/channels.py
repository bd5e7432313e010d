"""The installation's channels: their secrets found, each made into what sends."""

import os
from collections.abc import Mapping
from pathlib import Path

from connectors.sinks.notices.outcomes import Sender
from connectors.sinks.notices.senders import Broken, sender
from schemas.channels import SECRETS, Channel

PREFIX = "PACESETTER_CHANNEL_"


def senders(
    channels: Mapping[str, Channel], environment: Mapping[str, str] = os.environ
) -> dict[str, Sender]:
    """Return what sends, by the channel's name; one without its secrets says so when it is used."""
    return {name: _sender(name, channel, environment) for name, channel in channels.items()}


def variable(name: str, field: str) -> str:
    """Return the variable that holds a secret of a channel.

    >>> variable("emea-slack", "url")
    'PACESETTER_CHANNEL_EMEA_SLACK_URL'
    """
    return f"{PREFIX}{name}_{field}".upper().replace("-", "_").replace(".", "_")


def _sender(name: str, channel: Channel, environment: Mapping[str, str]) -> Sender:
    try:
        found = {
            field: _secret(name, channel, field, environment) for field in SECRETS[channel.kind]
        }
    except OSError as error:
        return Broken(f"{error.filename} cannot be read: {error.strerror}")
    missing = next(
        (f for f, needed in SECRETS[channel.kind].items() if needed and not found[f]), ""
    )
    if missing:
        told = variable(name, missing)
        return Broken(f"has no {missing}: set {told}, {told}_FILE, or {missing}_file")
    return sender(channel, found)


def _secret(name: str, channel: Channel, field: str, environment: Mapping[str, str]) -> str:
    """Return a secret: of the environment, of a file it names, of the settings, of their file."""
    told = variable(name, field)
    if environment.get(told):
        return environment[told].strip()
    if path := environment.get(f"{told}_FILE"):
        return Path(path).read_text("utf-8").strip()
    value = getattr(channel, field)
    if value is not None:
        return str(value.get_secret_value())
    file = getattr(channel, f"{field}_file")
    return file.read_text("utf-8").strip() if file is not None else ""
