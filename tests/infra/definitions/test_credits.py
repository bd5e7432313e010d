"""Credits by hand that cannot be given are refused with line and remedy."""

from pathlib import Path

import pytest

from infra.definitions.applying import checked
from infra.definitions.loading import load
from tests.infra.definitions.conftest import SMALL


def one(name: str = "m", more: str = "", **changes: str) -> str:
    said = {"deal_id": "crm:deal:1", "rep_id": "r1", "from_rep": "r2", "share": "0.6",
            "reason": "agreed", "author": "Ann", "approver": "Ben"} | changes  # fmt: skip
    inside = ", ".join(f"{key}: '{value}'" for key, value in said.items())
    return f"  - {{credit_id: {name}, {inside}{more}}}\n"


def problems(folder: Path, text: str) -> list[tuple[int, str]]:
    for name, content in SMALL.items():
        (folder / f"{name}.yaml").write_text(content)
    (folder / "credits.yaml").write_text("manual_credits:\n" + text)
    return [(p.place.line, str(p)) for p in checked(load(folder), {})]


def test_what_somebody_else_approved_is_clean_whether_the_deal_exists_or_not(
    tmp_path: Path,
) -> None:
    early = one("n", share="1", more=", valid_to: 2026-01-01")
    late = one("o", share="1", more=", valid_from: 2026-01-01")
    other = one("p", deal_id="crm:deal:2")
    assert problems(tmp_path, one(share="1", deal_id="crm:deal:3") + early + late + other) == []


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        (one(rep_id="r9"), 2, "is no rep that exists"),
        (one(from_rep="r9"), 2, "is no rep that exists"),
        (one(from_rep="r1"), 2, "is also who gets it"),
        (one(approver="ann "), 2, "wrote it, too; let somebody else approve it"),
        (one(approver=""), 2, "approver"),
        (one(deal_id="1234"), 2, "is no entity id of a deal"),
        (one(more=", valid_from: 2026-02-01, valid_to: 2026-02-01"), 2, "is not after valid_from"),
        (one() + one(), 3, "stands already in entry 0"),
        (one() + one("n"), 3, "makes 1.2 of the deal that r2 gives"),
        (one(more=", role: OVERLAY"), 2, "REVENUE needs from_rep"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(
    tmp_path: Path, text: str, line: int, said: str
) -> None:
    found = problems(tmp_path, text)
    assert any(at == line and said in told for at, told in found), found


def test_who_relieves_a_quota_is_said_and_does_not_approve_it(tmp_path: Path) -> None:
    quota = (
        "quotas: [{owner_kind: REP, owner_id: r1, kpi: calls, period_start: 2026-01-01,"
        " period_end: 2026-04-01, amount: 90, changes: [{on: 2026-02-01, amount: 60,"
        " reason: parental leave, author: Ann, approver: APPROVER}]}]"
    )
    problems(tmp_path, " []\n")
    (tmp_path / "quotas.yaml").write_text(quota.replace("APPROVER", "Ann"))
    assert any("wrote it, too" in str(p) for p in checked(load(tmp_path), {}))
    (tmp_path / "quotas.yaml").write_text(quota.replace("APPROVER", "Ben"))
    assert not [p for p in checked(load(tmp_path), {}) if p.severity == "error"]
