"""A notice as it would leave by a kind of channel, for people to look at before any is sent."""

import json

from connectors.sinks.notices import payloads
from connectors.sinks.notices.outcomes import Edge, Outgoing
from connectors.sinks.notices.words import Notice
from schemas.alert_story import Story

FORMS = ("text", "slack", "teams", "email", "webhook")
_SENDER, _RECEIVER = "pacesetter@example.invalid", "reader@example.invalid"


def rendered(notice: Notice, story: Story, form: str) -> str:
    """Return what would leave, as text.

    Args:
        form: one of FORMS.
    """
    if form == "slack":
        return _json(payloads.slack(notice))
    if form == "teams":
        return _json(payloads.teams(notice, story.severity))
    if form == "webhook":
        edge = Edge.ENDED if story.is_over else Edge.BEGAN
        return _json(payloads.webhook(Outgoing(notice, edge, story.at, story)))
    if form == "email":
        return payloads.email(notice, story.at, _SENDER, _RECEIVER).as_string()
    return notice.text


def _json(body: object) -> str:
    return json.dumps(body, indent=1, ensure_ascii=False)
