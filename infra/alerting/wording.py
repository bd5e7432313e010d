"""Notices in the words of whom they are for: their language, and no names where others read."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from connectors.sinks.notices import words
from connectors.sinks.notices.outcomes import Edge, Never, Outgoing
from connectors.sinks.notices.words import Reader
from infra.alerting.recipients import PERSONAL, Recipients
from infra.alerting.stories import Stories
from schemas.alert_story import Story
from schemas.alerts import Route
from schemas.channels import Channel, is_shared
from schemas.definitions import Bundle
from streams.domain.alert_outbox import Entry
from streams.domain.alert_sending import Recipient
from streams.domain.alert_states import Reason

_SHARED = ("others read channel {0} and this names people: set private = true for it if only "
           "those read it whom its messages are for")  # fmt: skip


class Wording:
    """Puts notices into words, for one round."""

    def __init__(
        self, stories: Stories, people: Recipients, bundle: Bundle, channels: Mapping[str, Channel]
    ) -> None:
        self._stories, self._people, self._bundle = stories, people, bundle
        self._channels = channels
        self._rules = {rule.rule_id: rule for rule in bundle.alerts.rules}

    def of(self, entry: Entry, now: datetime) -> Outgoing | Never | None:
        """Return a notice as it is sent; None: there is nothing to say any more."""
        story = self._story(entry)
        if story is None:
            return None
        if entry.route in PERSONAL and is_shared(self._channels[entry.channel]):
            return Never(_SHARED.format(entry.channel))
        contact = self._people.contact(entry.recipient_id)
        notice = words.told(story, self._reader(entry), contact.locale)
        edge = Edge.BEGAN if entry.begins else Edge.ENDED
        return Outgoing(notice, edge, now, story, contact.email, entry.recipient_id)

    def digest(
        self, key: str, recipient: Recipient, members: Sequence[Entry], now: datetime
    ) -> Outgoing | Never:
        """Return a digest of notices as it is sent."""
        if is_shared(self._channels[recipient.channel]) and any(
            one.route in PERSONAL for one in members
        ):
            return Never(_SHARED.format(recipient.channel))
        contact = self._people.contact(recipient.recipient_id)
        told = [(one, self._story(one)) for one in members]
        notices = [
            words.told(story, self._reader(one), contact.locale) for one, story in told if story
        ]
        notice = words.digest(key, notices, contact.locale)
        return Outgoing(notice, Edge.DIGEST, now, None, contact.email, recipient.recipient_id)

    def _story(self, entry: Entry) -> Story | None:
        over = None if entry.begins else Reason(entry.why)
        return self._stories.told(
            entry.key, entry.at, over=over, notice_key=entry.notice_key, value=entry.value
        )

    def _reader(self, entry: Entry) -> Reader:
        if entry.route is Route.REP:
            return Reader.REP
        rule = self._rules.get(entry.key.rule_id)
        if entry.route is Route.OPS and not is_shared(self._channels[entry.channel]):
            return Reader.MANAGER  # only those read it who may know whom it is about
        if entry.route in PERSONAL or (rule is not None and rule.names_people):
            return Reader.MANAGER
        return Reader.CHANNEL
