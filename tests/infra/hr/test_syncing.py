"""Snapshots of files and of HR systems put in force on a real ground; closed periods wait for
approval."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from infra.cli import people_feed
from infra.cli.main import app
from infra.hr.syncing import Synced, sync
from tests.connectors.hr.standins import SECRET, Personio, personio
from tests.infra.definitions.conftest import Ground, ground, small, warehouse
from tests.infra.hr.test_snapshots import HEAD, MAPPING

__all__ = ["ground", "small", "warehouse"]  # fixtures
NOW = datetime(2026, 5, 4, 2, tzinfo=UTC)
ADA = "7,Ada One,ada@x.eu,Everybody,,2026-01-01,"
LEFT = {"termination_date": "2026-03-14T00:00:00+01:00"}
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
    @contextmanager
    def here() -> Any:
        yield site.client, site.log

    monkeypatch.setattr(people_feed, "ground", here)
    monkeypatch.setattr(people_feed, "mapping_of_people", lambda *_: MAPPING)
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


@pytest.fixture
def hr(site: Ground, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Personio]:
    """Ada and Ben in Personio, and an installation that may be asked about them."""

    @contextmanager
    def here() -> Any:
        yield site.client, site.log

    monkeypatch.setattr(people_feed, "ground", here)
    found = SimpleNamespace(data_dir=tmp_path / "data")
    monkeypatch.setattr("infra.local.found.found_settings", lambda *_: found)
    with Personio([personio(7, first_name="Ada"), personio(8, first_name="Ben")]) as made:
        yield made


def said(*words: str) -> Result:
    return CliRunner().invoke(app, ["people", *words])


def connected(hr: Personio, folder: Path) -> Result:
    secret = folder / "secret.txt"
    secret.write_text(SECRET + "\n")
    return said("connect", "personio", "--yes", "--set", "client_id=papi-1",
                "--set", f"client_secret=@{secret}", "--set", f"url={hr.base_url}")  # fmt: skip


def test_a_connected_system_is_synced_from_and_closed_periods_wait(
    hr: Personio, site: Ground, tmp_path: Path
) -> None:
    done = connected(hr, tmp_path)
    assert done.exit_code == 0, done.output
    assert "2 people" in done.output
    kept = tmp_path / "data" / "hr" / "personio"
    assert SECRET not in (kept / "settings.yaml").read_text()
    assert (kept / "secrets" / "client_secret").stat().st_mode & 0o077 == 0
    asks = ("sync", "--from", "personio", "--author", "hr")
    dry = said(*asks, "--dry-run")
    assert dry.exit_code == 0, dry.output
    assert "person r1: name" in dry.output
    assert "Nothing is written" in dry.output
    assert said(*asks).exit_code == 0
    assert site.stored.people()["r2"].name == "Ben No8"
    hr.people[1] = personio(8, first_name="Ben", **LEFT)
    held = said(*asks)
    assert held.exit_code != 0
    assert "r2 from 2026-03-15" in held.output
    approved = said(*asks, "--approve", "dana")
    assert approved.exit_code == 0, approved.output
    roster = site.stored.in_force().bundle().roster
    ends = [s.valid_to for r in roster.reps if r.rep_id == "r2" for s in r.history]
    assert [str(end) for end in ends] == ["2026-03-15"]


def test_a_watched_folder_gets_the_snapshot_of_the_night(
    hr: Personio, site: Ground, tmp_path: Path
) -> None:
    connected(hr, tmp_path)
    drop = tmp_path / "drop"
    drop.mkdir()
    watch = ("watch", str(drop), "--from", "personio", "--once", "--author", "hr")
    done = said(*watch)
    assert done.exit_code == 0, done.output
    (taken,) = (drop / "done").iterdir()
    assert taken.name.startswith("personio-")
    assert taken.stat().st_mode & 0o077 == 0, "it is full of people"
    hr.people[1] = personio(8, first_name="Ben", **LEFT)
    said(*watch)
    (reason,) = (drop / "held").glob("*.txt")
    assert "r2 from 2026-03-15" in reason.read_text()


def test_what_cannot_be_asked_is_told_with_a_remedy(hr: Personio, tmp_path: Path) -> None:
    never = said("sync", "--from", "personio")
    assert never.exit_code == 1
    assert "people connect personio" in never.output
    assert "bamboohr, personio, workday" in said("connect", "sap", "--yes").output
    both = said("sync", "a.csv", "--mapping", "m", "--from", "personio")
    assert "--from" in both.output
    connected(hr, tmp_path)
    hr.people = []
    empty = said("sync", "--from", "personio")
    assert empty.exit_code == 1
    assert "lists nobody" in empty.output
