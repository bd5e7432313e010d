"""What is sent, and what became of it. No outcome ever holds an address or a secret."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple, Protocol

from connectors.sinks.notices.words import Notice
from schemas.alert_story import Story

REASON_MAX = 300  # characters; what a receiver answered, cut


class Edge(StrEnum):
    """What a message is about."""

    BEGAN = "alert.began"
    ENDED = "alert.ended"
    DIGEST = "alert.digest"
    TEST = "alert.test"
    BROADCAST = "broadcast"


class Outgoing(NamedTuple):
    """One message to one receiver.

    Attributes:
        notice: its words; the key is the same however often it is sent.
        story: the numbers behind it; None: a digest or a test.
        to: e-mail address; empty: the channel's own receivers.
        recipient_id: pseudonym of whom it is for; empty: whoever reads the channel.
        facts: of good news, what a program may want to know.
    """

    notice: Notice
    edge: Edge
    at: datetime
    story: Story | None = None
    to: str = ""
    recipient_id: str = ""
    facts: Mapping[str, str | None] = {}


class Sent(NamedTuple):
    """The receiver has taken it."""

    reason: str = ""


class Later(NamedTuple):
    """Not now; the same message again may be taken.

    Attributes:
        seconds: how long the receiver asks to be left alone; None: it did not say.
    """

    reason: str
    seconds: float | None = None


class Never(NamedTuple):
    """Sending it again would change nothing: something has to be mended first."""

    reason: str


Outcome = Sent | Later | Never


class Sender(Protocol):
    """A channel."""

    def send(self, message: Outgoing) -> Outcome:
        """Return what became of a message; never raises for what a receiver does."""
        ...


def hidden(text: str, *secrets: str) -> str:
    """Return a text on one line without any of the secrets in it, cut to a reason's length."""
    for secret in sorted((s for s in secrets if s), key=len, reverse=True):
        text = text.replace(secret, "***")
    return " ".join(text.split())[:REASON_MAX]
