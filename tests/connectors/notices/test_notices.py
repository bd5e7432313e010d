"""A notice says what a manager must read in ten seconds; where others look on, nobody is named."""

import base64
import json
from datetime import UTC, date, datetime
from decimal import Decimal
from string import Formatter

import pytest

from connectors.sinks.notices import payloads, signing
from connectors.sinks.notices.outcomes import Edge, Outgoing
from connectors.sinks.notices.phrases import LANGUAGES
from connectors.sinks.notices.rendering import FORMS, rendered
from connectors.sinks.notices.words import DIGEST_MAX, Reader, digest, told
from schemas.alert_story import Case, Deviation, Link, Story
from schemas.alerts import OF_OPS, Severity, Signal

AT = datetime(2026, 11, 20, 9, tzinfo=UTC)
DANA = Story(
    notice_key="5e1f", severity=Severity.ACT_NOW, signal=Signal.PACE_BURN, is_over=False,
    reason="BAD", at=AT, subject_kind="REP", subject_name="Dana Ruiz", place="West",
    kpi_name="new-logo ARR", currency="EUR", period_name="Q4", period_end=date(2027, 1, 1),
    gap_amount=Decimal("38012.5"), pace_ratio=Decimal("0.81"), attainment_ratio=Decimal("0.46"),
    elapsed_ratio=Decimal("0.57"), rank=9, of=14, required_per_day=Decimal(4100),
    business_days_left=Decimal(27), recent_per_day=Decimal(2600), low=Decimal("0.82"),
    high=Decimal("0.96"), probability=Decimal("0.31"),
    why=Deviation("win_rate", "win rate", Decimal("0.14"), Decimal("0.22"), is_ratio=True),
    suggestion="review the 3 stalled deals", links=(Link("Open", "https://floor.example/dana"),),
)  # fmt: skip


def test_a_manager_reads_who_how_far_what_it_takes_where_it_ends_and_why() -> None:
    assert told(DANA, Reader.MANAGER, "en").text.splitlines() == [
        "Dana Ruiz (West) is €38,012 behind plan in new-logo ARR, Q4",
        "Pace 81%; attainment 46% with 57% of the plan due; rank 9 of 14",
        "Needs €4,100 per business day for 27 days; recently €2,600, 1.6 times that is needed",
        "Likely to end between 82% and 96% of quota; 31% chance of quota",
        "Why: win rate at 14%, usually 22%",
        "Suggested: review the 3 stalled deals",
        "Open: https://floor.example/dana",
    ]


def test_a_currency_without_cents_has_none_and_small_amounts_keep_theirs() -> None:
    yen = told(DANA._replace(currency="JPY", gap_amount=Decimal(640)), Reader.MANAGER, "ja")
    assert "￥640 behind" in yen.title
    small = told(DANA._replace(gap_amount=Decimal("12.5")), Reader.MANAGER, "de_AT")
    assert "12,50" in small.title


@pytest.mark.parametrize("locale", LANGUAGES)
@pytest.mark.parametrize("is_over", [False, True])
def test_a_channel_reads_no_name_and_no_link_to_anybody(locale: str, is_over: bool) -> None:
    story = DANA._replace(is_over=is_over, reason="RECOVERED" if is_over else "BAD")
    text = told(story, Reader.CHANNEL, locale).text
    assert "Dana" not in text
    assert "West" not in text
    assert "dana" not in text


@pytest.mark.parametrize("locale", LANGUAGES)
def test_a_rep_reads_what_to_do_and_no_rank_or_probability(locale: str) -> None:
    text = told(DANA, Reader.REP, locale).text
    assert "14" not in text.replace("4.1", "").replace("4,1", "")
    assert "31" not in text
    assert "81" not in text
    assert "review the 3 stalled deals" in text


@pytest.mark.parametrize("reason", ["RECOVERED", "CORRECTED", "OVER"])
def test_an_end_says_why_and_asks_for_nothing(reason: str) -> None:
    over = DANA._replace(is_over=True, reason=reason)
    for reader in Reader:
        text = told(over, reader, "en").text
        assert "Needs" not in text
        assert "Suggested" not in text
        assert "idea" not in text


def test_each_language_says_everything_with_the_same_names() -> None:
    def names(text: str) -> set[str]:
        return {name for _, name, _, _ in Formatter().parse(text) if name}

    english = LANGUAGES["en"]
    for language in LANGUAGES.values():
        assert language.keys() == english.keys()
        assert {k: names(v) for k, v in language.items()} == {
            k: names(v) for k, v in english.items()
        }


def test_an_unknown_locale_gets_english() -> None:
    assert told(DANA, Reader.MANAGER, "tlh").title == told(DANA, Reader.MANAGER, "en").title


def test_markup_in_a_name_stays_text_on_every_channel() -> None:
    odd = told(
        DANA._replace(subject_name="<!channel> *A* [b](http://x) & co"), Reader.MANAGER, "en"
    )
    assert "<!channel>" not in json.dumps(payloads.slack(odd)["text"])
    card = payloads.teams(odd, Severity.WATCH)["attachments"][0]["content"]
    assert "[b](" not in card["body"][0]["text"]
    mail = payloads.email(odd, DANA.at, "a@floor.example", "b@floor.example")
    body = mail.get_body(("html",))
    assert body is not None
    assert "<!channel>" not in body.get_content()


def test_slack_gets_no_more_than_it_takes() -> None:
    long = told(DANA._replace(subject_name="x" * 500, suggestion="y" * 9000), Reader.MANAGER, "en")
    header, section, *_ = payloads.slack(long)["blocks"]
    assert len(header["text"]["text"]) == payloads.SLACK_TITLE_MAX
    assert len(section["text"]["text"]) == payloads.SLACK_TEXT_MAX


def test_an_email_cannot_be_given_headers_by_a_name_and_repeats_its_id() -> None:
    notice = told(
        DANA._replace(subject_name="Dana\r\nBcc: all@floor.example"), Reader.MANAGER, "en"
    )
    first, second = (
        payloads.email(
            notice, DANA.at, "Pace <pace@floor.example>", "m@floor.example", "https://u/"
        )
        for _ in range(2)
    )
    assert first["Bcc"] is None
    assert first["Message-ID"] == second["Message-ID"] == "<5e1f@floor.example>"
    assert first["List-Unsubscribe"] == "<https://u/>"


def test_a_webhook_has_exact_decimals() -> None:
    body = payloads.webhook(Outgoing(told(DANA, Reader.MANAGER, "en"), Edge.BEGAN, AT, DANA))
    assert body["data"]["gap_amount"] == "38012.5"
    assert json.loads(json.dumps(body)) == body


def test_the_signature_is_that_of_the_published_example() -> None:
    """Source: Standard Webhooks 1.0, the example of its reference libraries' tests."""
    secret, body = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", b'{"test": 2432232314}'
    at = datetime.fromtimestamp(1614265330, UTC)
    made = signing.headers(secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", at, body)
    assert made["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@pytest.mark.parametrize("wrong", ["whsec_!!", "whsec_" + base64.b64encode(b"short").decode()])
def test_a_secret_that_is_none_is_refused_without_repeating_it(wrong: str) -> None:
    with pytest.raises(ValueError, match="webhook secret") as refused:
        signing.key_of(wrong)
    assert wrong[6:] not in str(refused.value)


@pytest.mark.parametrize("form", FORMS)
def test_a_notice_can_be_looked_at_in_every_form_it_leaves_in(form: str) -> None:
    shown = rendered(told(DANA, Reader.MANAGER, "en"), DANA, form)
    assert "Dana Ruiz" in shown
    if form in ("slack", "teams", "webhook"):
        json.loads(shown)


def test_a_digest_counts_what_it_leaves_out() -> None:
    some = [told(DANA._replace(notice_key=str(n)), Reader.MANAGER, "en") for n in range(45)]
    made = digest("k", some, "en")
    assert made.title == "45 notices"
    assert len(made.lines) == DIGEST_MAX + 1
    assert "5 more" in made.lines[-1]
    assert digest("k", some[:1], "de").title == "1 Hinweis"


@pytest.mark.parametrize(
    ("signal", "value", "says"),
    [
        (Signal.STALLED, "0.6667", "67% of the open deals have not moved for 10 business days"),
        (Signal.ACTIVITY, "0.4", "new-logo ARR at 40% of what is planned"),
        (Signal.FRESHNESS, "240", "said nothing for 240 minutes"),
    ],
)
def test_other_signals_say_what_was_seen(signal: Signal, value: str, says: str) -> None:
    story = DANA._replace(signal=signal, value=Decimal(value), days=10)
    assert says in told(story, Reader.MANAGER, "en").title


CASE = Case("crm:77", Decimal(5900), Decimal(56), 74, "pacesetter commission explain --entry ab12")


@pytest.mark.parametrize("locale", LANGUAGES)
@pytest.mark.parametrize("signal", sorted(OF_OPS))
def test_what_stands_out_says_why_one_step_and_where_to_look(signal: Signal, locale: str) -> None:
    story = DANA._replace(signal=signal, value=Decimal("105.4"), days=5, case=CASE, pace_ratio=None)
    notice = told(story, Reader.MANAGER, locale)
    assert len({notice.title, *notice.lines}) == 4
    assert notice.lines[-1].endswith(CASE.command)
    shared = told(story, Reader.CHANNEL, locale)
    assert not any(name in shared.text for name in ("Dana", "West", CASE.command))
    assert "alerts preview" in shared.lines[0]
    over = told(story._replace(is_over=True, case=None), Reader.MANAGER, locale)
    assert (over.lines, "Dana" in over.title) == ((), True)


def test_a_period_without_a_name_is_told_by_its_days_in_the_readers_language() -> None:
    story = DANA._replace(period_name="", period_start=date(2026, 10, 1))
    assert "01.10.2026 bis 31.12.2026" in told(story, Reader.MANAGER, "de").title
    moving = DANA._replace(period_name="", days=5)
    assert "5 derniers jours ouvrés" in told(moving, Reader.MANAGER, "fr").title
