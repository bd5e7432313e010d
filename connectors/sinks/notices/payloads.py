"""A notice as each channel takes it: Slack blocks, a Teams card, an e-mail, a webhook's body.

Sources: Slack Block Kit (header up to 150 characters, section text up to 3,000, buttons with urls);
Adaptive Cards 1.4 as Teams Workflows post them; RFC 5322 and RFC 2369 (List-Unsubscribe).
"""

import html
from collections.abc import Mapping
from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Any

from connectors.sinks.notices.outcomes import Outgoing
from connectors.sinks.notices.words import Notice
from schemas.alerts import Severity

SLACK_TITLE_MAX, SLACK_TEXT_MAX = 150, 3_000
_NUMBERS = ("gap_amount", "pace_ratio", "attainment_ratio", "elapsed_ratio", "required_per_day",
            "recent_per_day", "low", "high", "probability", "business_days_left")  # fmt: skip
_COLOURS = {Severity.ACT_NOW: "attention", Severity.THIS_WEEK: "warning", Severity.WATCH: "default"}


def slack(notice: Notice) -> dict[str, Any]:
    """Return a message of Slack blocks; `text` is what notifications show."""
    blocks: list[dict[str, Any]] = [
        {
            "type": "header",
            "text": {"type": "plain_text", "text": _cut(notice.title, SLACK_TITLE_MAX)},
        }
    ]
    if notice.lines:
        body = _cut("\n".join(map(_mrkdwn, notice.lines)), SLACK_TEXT_MAX)
        blocks.append({"type": "section", "text": {"type": "mrkdwn", "text": body}})
    if notice.links:
        buttons = [
            {"type": "button", "text": {"type": "plain_text", "text": one.text}, "url": one.url}
            for one in notice.links
        ]
        blocks.append({"type": "actions", "elements": buttons})
    return {"text": _mrkdwn(notice.title), "blocks": blocks}


def teams(notice: Notice, severity: Severity | None) -> dict[str, Any]:
    """Return a message with an Adaptive Card, as a Teams workflow posts it.

    Args:
        severity: None: nothing to act on, such as a digest.
    """
    body: list[dict[str, Any]] = [
        {
            "type": "TextBlock",
            "text": _markdown(notice.title),
            "weight": "bolder",
            "size": "medium",
            "wrap": True,
            "color": _COLOURS[severity or Severity.WATCH],
        }
    ]
    body += [{"type": "TextBlock", "text": _markdown(line), "wrap": True} for line in notice.lines]
    actions = [{"type": "Action.OpenUrl", "title": o.text, "url": o.url} for o in notice.links]
    card = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "body": body,
        "actions": actions,
    }
    attachment = {"contentType": "application/vnd.microsoft.card.adaptive", "content": card}
    return {"type": "message", "attachments": [attachment]}


def email(
    notice: Notice, at: datetime, sender: str, receiver: str, unsubscribe: str = ""
) -> EmailMessage:
    """Return an e-mail, text and HTML; the same notice has the same Message-ID.

    Args:
        unsubscribe: URL at which the receiver stops them; empty: there is none.
    """
    message = EmailMessage()
    message["Subject"] = " ".join(notice.title.split())
    message["From"], message["To"] = sender, receiver
    message["Date"] = format_datetime(at)
    domain = sender.rpartition("@")[2].rstrip(">") or "pacesetter.invalid"
    message["Message-ID"] = f"<{notice.notice_key}@{domain}>"
    message["Auto-Submitted"] = "auto-generated"
    if unsubscribe:
        message["List-Unsubscribe"] = f"<{unsubscribe}>"
    message.set_content(notice.text + "\n")
    message.add_alternative(_page(notice), subtype="html")
    return message


def webhook(message: Outgoing) -> Mapping[str, Any]:
    """Return the body of a webhook: the words, and the numbers as decimal texts."""
    notice, story = message.notice, message.story
    data = {
        "notice_key": notice.notice_key,
        "recipient": message.recipient_id or None,
        "title": notice.title,
        "lines": list(notice.lines),
        "links": [one._asdict() for one in notice.links],
        **message.facts,
    }
    if story is not None:
        told = {name: getattr(story, name) for name in _NUMBERS}
        data |= {
            "severity": story.severity,
            "signal": story.signal,
            "reason": story.reason,
            "subject_kind": story.subject_kind,
            "kpi": story.kpi_name,
            "currency": story.currency,
            "period_start": str(story.period_start) if story.period_start else None,
            "period_end": str(story.period_end) if story.period_start else None,
            **{name: None if value is None else f"{value:f}" for name, value in told.items()},
        }
    return {"type": message.edge, "timestamp": message.at.isoformat(), "data": data}


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"


def _mrkdwn(text: str) -> str:
    """Return a text in which Slack finds no markup of its own."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _markdown(text: str) -> str:
    """Return a text in which a card finds no link or emphasis."""
    return "".join(f"\\{c}" if c in "\\`*_[]" else c for c in text)


def _page(notice: Notice) -> str:
    lines = "".join(f"<p>{html.escape(line)}</p>" for line in notice.lines)
    links = "".join(
        f'<p><a href="{html.escape(one.url, quote=True)}">{html.escape(one.text)}</a></p>'
        for one in notice.links
    )
    return (
        '<!doctype html><html><body style="font-family:sans-serif;max-width:40em">'
        f"<h2>{html.escape(notice.title)}</h2>{lines}{links}</body></html>"
    )
