"""Whether accounting policies make sense: every slip is named with its remedy."""

from pathlib import Path

import pytest

from infra.definitions.canonical import content_of, value_of
from infra.definitions.checking import check
from infra.definitions.loading import load
from infra.definitions.problems import Severity
from schemas.accounting import Accounting

POLICY = """policies:
  - policy_id: p
    name: P
    valid_from: 2026-01-01
    accounts: {asset: "1", payable: "2", expense: "3", amortisation: "4"}
    treatments:
      - {order: 1, treats: EXPENSE, because: draws, kinds: [DRAW]}
      - {order: 10, treats: CAPITALISE, because: rest, renewals: LESS, rate: 0.06, renewal_rate: 0.02, life_months: 48}
"""  # noqa: E501
SECOND = POLICY.partition("\n")[2].replace("policy_id: p", "policy_id: q")


def problems(folder: Path, text: str) -> list[tuple[str, Severity]]:
    (folder / "accounting.yaml").write_text(text)
    loaded = load(folder)
    assert not loaded.problems
    found = [f for f in check(loaded.values) if f.kind == "accounting"]
    assert all(f.remedy for f in found)
    return [(f"{f.value} {f.problem}".strip(), f.severity) for f in found]


def test_the_sample_a_plain_policy_and_none_at_all_are_fine(small: Path, folder: Path) -> None:
    assert problems(small, POLICY) == []
    assert problems(small, "policies: []") == []
    assert not [f for f in check(load(folder).values) if f.kind == "accounting"]


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("order: 10", "order: 1", "1 stands twice"),
        ("kinds: [DRAW]", "plans: [ae]", "ae is no plan that exists"),
        ("kinds: [DRAW]", "components: [mbo]", "mbo is no component of a plan"),
        ("kinds: [DRAW]", "deal_types: [NEU]", "NEU is no type of deal"),
        (", life_months: 48", "", "is missing where renewals are LESS"),
        (", renewal_rate: 0.02", "", "is missing where renewals pay LESS"),
        ("renewal_rate: 0.02", "renewal_rate: 0.06", "0.06 is not less than rate 0.06"),
        ("valid_from: 2026-01-01", "valid_from: 2026-01-01\n    valid_to: 2026-01-01",
         "2026-01-01 is not after valid_from 2026-01-01"),
        ("    name: P", "    pooled: [bonus]\n    name: P", "bonus is no component of a plan"),
    ],
)  # fmt: skip
def test_what_has_no_answer_or_two_is_refused(small: Path, old: str, new: str, says: str) -> None:
    assert (says, Severity.ERROR) in problems(small, POLICY.replace(old, new, 1))


def test_one_policy_holds_on_each_day(small: Path) -> None:
    assert ("2026-01-01 lies in the time of p", Severity.ERROR) in problems(small, POLICY + SECOND)
    then = SECOND.replace("2026-01-01", "2027-01-01")
    ended = POLICY.replace("    name: P", "    valid_to: 2027-01-01\n    name: P")
    assert problems(small, ended + then) == []


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("order: 10", "order: 1, kinds: [ACCRUAL]", "leave out some costs"),
        (", kinds: [DRAW]", "", "10 is never reached"),
        ("renewals: LESS", "renewals: COMMENSURATE",
         "48 is not used where renewals are COMMENSURATE"),
    ],
)  # fmt: skip
def test_what_is_hardly_meant_is_warned_of(small: Path, old: str, new: str, says: str) -> None:
    assert (says, Severity.WARNING) in problems(small, POLICY.replace(old, new, 1))


def test_the_order_of_treatments_in_the_file_is_of_no_matter(small: Path) -> None:
    (small / "accounting.yaml").write_text(POLICY)
    first = load(small).values["accounting"]
    assert isinstance(first, Accounting)
    turned = first.policies[0].model_copy(
        update={"treatments": tuple(reversed(first.policies[0].treatments))}
    )
    second = Accounting(policies=(turned,))
    assert content_of(second) == content_of(first)
    back = value_of("accounting", content_of(first))
    assert content_of(back) == content_of(first)
