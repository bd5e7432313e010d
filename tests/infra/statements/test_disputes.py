"""A dispute is opened about an entry, stands on the statement, is answered, and changes nothing."""

from datetime import UTC, datetime

import pytest

from infra.statements.disputes import Answer, Impossible, State, answered, opened
from tests.infra.statements.conftest import Lived
from tests.infra.statements.test_stories import shown

pytestmark = [pytest.mark.slow]


def test_a_dispute_and_its_answer_stand_on_the_statement(lived: Lived) -> None:
    company = lived.company
    client = company.client()
    lines = shown(lived, "rex").statement.lines
    entry, other = lines[0].entry, shown(lived, "dana").statement.lines[0].entry
    asked = datetime.now(UTC)
    name = opened(client, entry, "  Rhine was 12,000 ", "rex", asked)
    with pytest.raises(Impossible, match="open; answer that one"):
        opened(client, entry, "again", "rex", datetime.now(UTC))
    with pytest.raises(Impossible, match="--text is empty"):
        opened(client, other, " ", "rex", datetime.now(UTC))

    (dispute,) = shown(lived, "rex").statement.lines[0].disputes
    assert (dispute.state, dispute.text) == ("OPEN", "Rhine was 12,000")

    between = datetime.now(UTC)
    with pytest.raises(Impossible, match="is of dana, not of rex"):
        answered(client, name, Answer(State.ACCEPTED, "x", "frida", other.entry_id), between)
    answered(client, name[:6], Answer(State.REJECTED, "the contract says 10,000", "frida"),
             datetime.now(UTC))  # fmt: skip
    (dispute,) = shown(lived, "rex").statement.lines[0].disputes
    assert (dispute.state, dispute.answered_by) == ("REJECTED", "frida")
    with pytest.raises(Impossible, match="rejected since"):
        answered(client, name, Answer(State.ACCEPTED, "x", "frida"), datetime.now(UTC))
    (then,) = shown(lived, "rex", between).statement.lines[0].disputes
    assert (then.state, then.answer) == ("OPEN", "")
    assert [line.entry for line in shown(lived, "rex").statement.lines] == [
        line.entry for line in lines
    ]
    assert opened(client, entry, "and yet", "rex", datetime.now(UTC)) != name


def test_disputes_are_read_by_those_who_read_the_pay_and_written_by_none_of_them(
    lived: Lived,
) -> None:
    company = lived.company
    entry = shown(lived, "dana").statement.lines[0].entry
    name = opened(company.client(), entry, "why 7%?", "dana", datetime.now(UTC))
    reads = {
        who: name in {one.dispute_id for one in company.ledger(who).disputes()}
        for who in ("frida", "mona", "dana", "rex")
    }
    assert reads == {"frida": True, "mona": True, "dana": True, "rex": False}
    for who in ("frida", "dana"):
        with pytest.raises(Impossible, match="this token only reads"):
            opened(company.client(who), entry._replace(entry_id="e"), "x", who, datetime.now(UTC))
    with pytest.raises(LookupError, match="reads nobody's pay"):
        company.ledger("ann").disputes()
