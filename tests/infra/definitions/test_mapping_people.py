"""Users of sources: who they may be, and how they get into the identity map."""

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from infra import mapping
from infra.definitions.peopling import PersonRow
from infra.matching import BadDirectory, Known, Matching, directory
from schemas.definitions import Identity
from tests.infra.definitions.conftest import Ground

PEOPLE = [
    PersonRow("r1", "Ada One", "ada@x.eu", "0007", 1, 0),
    PersonRow("r2", "Ben Two", "ben@x.eu", "8", 1, 0),
    PersonRow("r3", "Gone", "", "", 2, 1),
    PersonRow("r4", "Twin", "both@x.eu", "", 1, 0),
    PersonRow("r5", "Twin", "both@x.eu", "", 1, 0),
]
THERE = [Identity(source="hubspot", user_id="77", rep_id="r2")]


def test_an_e_mail_or_a_number_of_one_person_alone_is_certain() -> None:
    known = Matching(PEOPLE, THERE)
    assert known.of("ADA@x.eu") == ("r1", "has the e-mail ADA@x.eu")
    assert known.of("0007") == ("r1", "has the employee number 0007")
    assert known.of("005A", Known(email="ben@x.eu")) == ("r2", "has the e-mail ben@x.eu")
    assert known.of("both@x.eu") is None
    assert known.of("") is None
    assert known.of("77") is None
    assert known.guess("77") == ("r2", "is this user in another source")


def test_a_list_of_users_is_read_by_its_headings(tmp_path: Path) -> None:
    file = tmp_path / "users.csv"
    file.write_text("\ufeffId,Email\n005A,ada@x.eu\n,nobody@x.eu\n", "utf-8")
    assert directory(file) == {"005A": Known("ada@x.eu", "")}
    file.write_text("who,what\n1,2\n")
    with pytest.raises(BadDirectory, match="needs a column user_id"):
        directory(file)


def test_users_are_mapped_as_a_revision_and_nobody_is_taken_away(
    ground: Ground, small: Path
) -> None:
    ground.apply(small)
    new = [Identity(source="aircall", user_id="a1", rep_id="r1")]
    seen = mapping.apply(ground.client, ground.log, new, "Dana", "look", dry_run=True)
    assert seen.kinds == ("identities",)
    assert len(ground.stored.in_force().bundle().identities.identities) == 2
    done = mapping.apply(ground.client, ground.log, new, "Dana", "aircall a1 is r1")
    there = ground.stored.in_force().bundle().identities.identities
    assert {(i.source, i.user_id, i.rep_id) for i in there} == {
        ("api", "1", "r1"), ("api", "2", "r2"), ("aircall", "a1", "r1"),
    }  # fmt: skip
    assert {marks[-1] for marks in ground.markers().values()} == {done.sequence}
    other = [Identity(source="aircall", user_id="a1", rep_id="r2")]
    with pytest.raises(mapping.Taken, match="aircall a1 is r1"):
        mapping.apply(ground.client, ground.log, other, "Dana", "no")
    mapping.apply(ground.client, ground.log, other, "Dana", "theirs after all", replace=True)


def test_users_with_facts_are_suggested_and_the_certain_ones_listed(
    ground: Ground, small: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    people = json.dumps({"people": [{"rep_id": "r1", "name": "Ada One", "email": "ada@x.eu"},
                                    {"rep_id": "r2", "name": "Ben Two"}]})  # fmt: skip
    (small / "people.yaml").write_text(people)
    ground.apply(small)
    users: list[Any] = [
        SimpleNamespace(source="aircall", user_id="ada@x.eu"),
        SimpleNamespace(source="aircall", user_id="x"),
        SimpleNamespace(source="salesforce", user_id=""),
    ]
    monkeypatch.setattr(mapping, "unmapped", lambda _: users)
    found = mapping.suggested(ground.client)
    assert [match and match.rep_id for _, match in found] == ["r1", None, None]
    assert [i.user_id for i, _ in mapping.certain(ground.client)] == ["ada@x.eu"]
    named = mapping.certain(ground.client, {"005A": Known("ada@x.eu")}, "salesforce")
    assert [(i.source, i.user_id, i.rep_id) for i, _ in named] == [("salesforce", "005A", "r1")]
