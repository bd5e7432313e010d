"""Snapshots put in force on a real ground; closed periods wait for somebody's approval."""

import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from infra.cli import people_feed
from infra.cli.main import app
from infra.hr.syncing import Synced, sync
from tests.infra.definitions.conftest import Ground, ground, small, warehouse
from tests.infra.hr.test_snapshots import HEAD, MAPPING

__all__ = ["ground", "small", "warehouse"]  # fixtures
NOW = datetime(2026, 5, 4, 2, tzinfo=UTC)
ADA = "7,Ada One,ada@x.eu,Everybody,,2026-01-01,"
CLOSED = {
    "period_start": "2026-03-01", "period_end": "2026-04-01",
    "by": "Dana", "reason": "paid",
}  # fmt: skip


@pytest.fixture
def site(ground: Ground, small: Path) -> Ground:
    """Ada and Ben by HR's numbers; payroll is closed up to April."""
    people = [{"rep_id": "r1", "name": "Ada One", "employee_number": "7"},
              {"rep_id": "r2", "name": "Ben Two", "employee_number": "8"}]  # fmt: skip
    (small / "people.yaml").write_text(json.dumps({"people": people}))
    acts = (("PROVISIONAL", "Dana"), ("APPROVED", "Dana"), ("APPROVED", "Ben"), ("CLOSED", "Dana"))
    steps = [
        CLOSED | {"step": step, "by": by, "at": f"2026-04-02T{8 + hour:02}:00:00Z"}
        for hour, (step, by) in enumerate(acts)
    ]
    (small / "payroll.yaml").write_text(json.dumps({"periods": steps}))
    ground.apply(small)
    return ground


def synced(site: Ground, folder: Path, *rows: str, **given: Any) -> Synced:
    file = folder / "hr.csv"
    file.write_text("\n".join([HEAD, *rows]) + "\n")
    given = {"author": "hr", "now": NOW, **given}
    return sync(file, MAPPING, site.client, site.log, **given)


def test_a_snapshot_is_in_force_from_its_day_and_changes_nothing_twice(
    site: Ground, tmp_path: Path
) -> None:
    done = synced(site, tmp_path, ADA, "8,Ben Two,ben@x.eu,Field,Ada One,2026-01-01,")
    assert done.applied is not None
    assert not done.held
    history = next(
        r.history for r in site.stored.in_force().bundle().roster.reps if r.rep_id == "r2"
    )
    assert [(s.team_id, s.valid_from) for s in history][-1] == ("field", date(2026, 5, 4))
    assert history[-1].manager_id == "r1"
    assert site.stored.people()["r1"].email == "ada@x.eu"
    assert site.revisions()[-1] in ("roster", "identities")
    again = synced(site, tmp_path, ADA, "8,Ben Two,ben@x.eu,Field,Ada One,2026-01-01,")
    assert again.applied is None
    assert not again.changes.definitions


def test_who_left_in_a_closed_period_waits_for_approval(site: Ground, tmp_path: Path) -> None:
    rows = (ADA, "8,Ben Two,ben@x.eu,Everybody,,2026-01-01,2026-03-15")
    before = site.stored.newest()
    held = synced(site, tmp_path, *rows)
    assert [(t.rep_id, t.since) for t in held.held] == [("r2", date(2026, 3, 15))]
    assert held.applied is None
    assert site.stored.newest() == before
    seen = synced(site, tmp_path, *rows, dry_run=True)
    assert seen.applied is not None
    assert seen.applied.dry_run
    done = synced(site, tmp_path, *rows, approver="dana")
    assert done.applied is not None
    notes = {r.note for r in site.stored.revisions()}
    assert "HR snapshot hr.csv of 2026-05-04, approved by dana" in notes


def test_a_dropped_snapshot_goes_where_it_belongs(
    site: Ground, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from contextlib import contextmanager

    @contextmanager
    def here() -> Any:
        yield site.client, site.log

    monkeypatch.setattr(people_feed, "ground", here)
    monkeypatch.setattr(people_feed, "_mapping", lambda *_: MAPPING)
    monkeypatch.setattr("infra.hr.folder.SETTLED", datetime.resolution * 0)
    drop = tmp_path / "drop"
    drop.mkdir()
    told = {"a.csv": [HEAD, ADA, "8,Ben Two,ben@x.eu,Everybody,,2026-01-01,"],
            "b.csv": [HEAD, ADA, "8,Ben Two,ben@x.eu,Everybody,,2026-01-01,2026-03-15"],
            "c.csv": ["no,such,columns", "1,2,3"]}  # fmt: skip
    for name, lines in told.items():
        (drop / name).write_text("\n".join(lines) + "\n")
    given = ["people", "watch", str(drop), "--mapping", "hr", "--once", "--author", "hr"]
    result = CliRunner().invoke(app, given)
    assert result.exit_code == 0, result.output
    assert {p.parent.name: p.name for p in drop.glob("*/*.csv")} == {
        "done": "a.csv", "held": "b.csv", "refused": "c.csv",
    }  # fmt: skip
    assert "r2 from 2026-03-15" in (drop / "held" / "b.csv.txt").read_text()
    assert "does not fit the mapping" in (drop / "refused" / "c.csv.txt").read_text()
