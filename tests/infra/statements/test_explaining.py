"""From the cent back to the events: every entry is computed afresh, and a wrong one is told."""

import json
from datetime import timedelta
from decimal import Decimal

import pytest

from infra.definitions.scanning import records_from
from infra.statements.explaining import explained, plain, told
from schemas.codec import CatalogueIds, decode
from streams.domain.statement_parts import Entry
from tests.infra.statements.conftest import Lived
from tests.infra.statements.test_stories import shown

pytestmark = [pytest.mark.slow]


def entries(lived: Lived, rep: str, label: str = "2026-Q1") -> list[Entry]:
    return [line.entry for line in shown(lived, rep, label=label).statement.lines]


def test_every_entry_follows_from_credits_and_definitions(lived: Lived) -> None:
    client, ledger = lived.company.client(), lived.company.ledger()
    for rep, label in (("dana", "2026-Q1"), ("rex", "2026-Q1"), ("omar", "2026-Q1"),
                       ("mona", "2026")):  # fmt: skip
        found = explained(client, ledger, entries(lived, rep, label))
        assert found
        for one in found:
            assert one.checks, told(one)
            assert one.recomputed.amount == one.line.entry.amount
            assert one.posted_at is not None


def test_an_explanation_leads_to_the_record_in_the_log(lived: Lived) -> None:
    client, ledger = lived.company.client(), lived.company.ledger()
    first, *_, revision = explained(client, ledger, entries(lived, "dana"))
    record = plain(first)["deal_record"]
    place = (record["topic"], record["partition"])
    kafka = lived.company.site.settings.kafka_config()
    for message in records_from(kafka, {place: record["offset"]}, 30):
        if message.offset() == record["offset"]:
            kind, deal = decode(message.value() or b"", CatalogueIds())
            assert (kind, deal["entity_id"]) == ("deal", "sim:deal:Atlas")
            break
    else:
        pytest.fail(f"nothing stands at {place} {record['offset']}")
    text = told(first)
    for words in ("sim Atlas", "From 0 EUR up to 50,000 EUR: 7 %", "by test", "offset"):
        assert words in text
    assert "definitions of sequence 2 came into force there" in told(revision)
    assert json.loads(json.dumps(plain(revision)))["checks"] is True


def test_an_entry_that_does_not_follow_is_told(lived: Lived) -> None:
    client, ledger = lived.company.client(), lived.company.ledger()
    entry = entries(lived, "dana")[0]
    (wrong,) = explained(client, ledger, [entry._replace(amount=entry.amount + Decimal("0.01"))])
    assert not wrong.checks
    assert "DIFFERS" in wrong.verdict
    assert "2,100.00, posted 2,100.01" in wrong.verdict
    assert "after less before is 2100" in wrong.verdict


def test_what_was_posted_by_an_instant_is_a_cut_of_the_log(lived: Lived) -> None:
    """Whatever the instant, each partition is told up to one place and no further."""
    site = lived.company.site
    rows = site.frame(
        "SELECT l.partition AS number, l.position AS position, p.posted_at AS at"
        " FROM spm_bi.commission_ledger AS l"
        " INNER JOIN spm_bi.commission_posting AS p ON p.entry_id = l.entry_id"
    )
    every = sorted(rows.iter_rows())
    assert every
    for instant in {at for _, _, at in every}:
        for number in {n for n, _, _ in every}:
            mine = [(position, at) for n, position, at in every if n == number]
            seen = [position for position, at in mine if at <= instant]
            hidden = [position for position, at in mine if at > instant]
            assert not seen or not hidden or max(seen) < min(hidden)
    first = min(at for _, _, at in every)
    early = lived.company.ledger(as_of=first - timedelta(seconds=1))
    assert early.statement("dana", "", shown(lived, "dana").statement.period).lines == ()
