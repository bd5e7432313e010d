"""What a receiver's answer means: again later, or never as things are; and what is never sent."""

import socket

import pytest

from connectors.sinks.notices.outcomes import Later, Never, Outcome, Sent
from connectors.sinks.notices.posting import Poster
from tests.infra.alerting.receivers import web


def answered(status: int, headers: dict[str, str] | None = None, text: bytes = b"") -> Outcome:
    with web() as receiver:
        receiver.answers = [(status, headers or {}, text)]
        return Poster(receiver.url, 5).post(b"{}", {})


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504])
def test_what_passes_is_tried_again(status: int) -> None:
    assert isinstance(answered(status), Later)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 413])
def test_what_does_not_pass_is_not(status: int) -> None:
    assert isinstance(answered(status), Never)


def test_retry_after_is_heeded_as_seconds_or_a_date_and_a_strange_one_is_none() -> None:
    assert answered(503, {"Retry-After": "90"}) == Later("HTTP 503", 90.0)
    assert answered(503, {"Retry-After": "Wed, 21 Oct 2015 07:28:00 GMT"}) == Later("HTTP 503", 0.0)
    assert answered(503, {"Retry-After": "soon"}) == Later("HTTP 503", None)
    assert answered(503, {"Retry-After": "9" * 30}) == Later("HTTP 503", 86_400.0)


def test_a_redirect_is_not_followed() -> None:
    with web() as elsewhere, web() as receiver:
        receiver.answers = [(307, {"Location": elsewhere.url}, b"")]
        assert isinstance(Poster(receiver.url, 5).post(b"{}", {}), Never)
        assert elsewhere.posts == []


def test_nobody_there_or_nobody_answering_is_for_later() -> None:
    with socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{deaf.getsockname()[1]}/secretpath"
        refused = Poster(url, 5).post(b"{}", {})
        deaf.listen()
        silent = Poster(url, 0.2).post(b"{}", {})
    assert isinstance(refused, Later)
    assert isinstance(silent, Later)
    assert "0.2 s" in silent.reason
    assert "secretpath" not in refused.reason + silent.reason


@pytest.mark.parametrize("url", ["http://hooks.example/x", "ftp://x/secretpath", "secretpath"])
def test_what_anybody_could_read_on_the_way_is_refused_without_repeating_it(url: str) -> None:
    with pytest.raises(ValueError, match="http") as refused:
        Poster(url, 5)
    assert "secretpath" not in str(refused.value)


def test_a_taken_message_is_sent() -> None:
    assert isinstance(answered(202), Sent)
