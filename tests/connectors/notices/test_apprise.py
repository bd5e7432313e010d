"""Whatever else there is, by Apprise: a message arrives, and a no is one for now."""

import logging

import pytest

from connectors.sinks.notices.outcomes import Edge, Later, Never, Outgoing, Sent
from connectors.sinks.notices.senders import sender
from connectors.sinks.notices.words import Reader, told
from schemas.channels import Apprise
from tests.connectors.notices.test_notices import AT, DANA
from tests.infra.alerting.receivers import web

MESSAGE = Outgoing(told(DANA, Reader.MANAGER, "en"), Edge.BEGAN, AT, DANA)


def test_a_message_arrives_by_its_url_and_a_refusal_is_tried_again(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.DEBUG), web() as receiver:
        url = f"json://127.0.0.1:{receiver.port}/hiddenpath"
        channel = sender(Apprise(), {"url": url})
        assert channel.send(MESSAGE) == Sent()
        assert "Dana Ruiz" in receiver.posts[0].json["title"]
        assert "4,100" in receiver.posts[0].json["message"]
        receiver.answers = [(500, {}, b"no")]
        assert isinstance(channel.send(MESSAGE), Later)
    assert "hiddenpath" not in caplog.text


def test_a_url_it_does_not_know_is_told_without_repeating_it() -> None:
    outcome = sender(Apprise(), {"url": "nonsense://secretword"}).send(MESSAGE)
    assert isinstance(outcome, Never)
    assert "secretword" not in outcome.reason
