"""Applying against a real broker and a real warehouse, with a crash between any two steps."""

from pathlib import Path
from typing import Any

import pytest

from infra.definitions import applying
from infra.definitions.applying import Lost, repair, wait, waiting
from infra.definitions.log import DefinitionLog
from infra.definitions.problems import Refused
from infra.definitions.records import Marker
from infra.definitions.scanning import LogError
from infra.definitions.stored import MovedOn, Stored
from infra.sample import DEFINITIONS
from schemas.definitions import KINDS
from schemas.positions import place_of
from schemas.quotas import Quotas
from tests.infra.definitions.conftest import NOW, SMALL, Crash, Edit, Ground

PARTITIONS = 20  # four of each of the five topics that carry markers


def test_a_first_apply_is_in_the_log_the_tables_and_every_partition(ground: Ground) -> None:
    applied = ground.apply(DEFINITIONS)
    assert applied.kinds == tuple(KINDS)
    assert place_of(applied.sequence) == (7, len(KINDS) - 1)
    assert len(ground.revisions()) == len(KINDS)
    assert ground.rows("SELECT count(), uniqExact(kind) FROM spm.definition FINAL") == [
        (len(KINDS), len(KINDS))
    ]
    markers = ground.markers()
    assert len(markers) == PARTITIONS
    assert set(map(tuple, markers.values())) == {(applied.sequence,)}
    assert ground.rows("SELECT count(), uniqExact(rep_id) FROM spm.roster FINAL") == [(25, 24)]
    assert ground.rows("SELECT count() FROM spm.team FINAL") == [(5,)]
    assert ground.rows("SELECT count(), countIf(erased = 1) FROM spm.person FINAL") == [(24, 0)]
    assert ground.stored.in_force().bundle().company.name == "Halden & Pine"


def test_repeating_it_writes_nothing(ground: Ground) -> None:
    first = ground.apply(DEFINITIONS)
    ends = ground.markers()
    again = ground.apply(DEFINITIONS)
    assert (again.kinds, again.changes, again.sequence) == ((), (), first.sequence)
    assert not again.done
    assert not again.people.rows
    assert not repair(ground.client, ground.log, NOW)
    assert ground.markers() == ends
    assert len(ground.revisions()) == len(KINDS)


def test_only_what_changed_is_revised(ground: Ground, folder: Path, edit: Edit) -> None:
    first = ground.apply(folder)
    edit("quotas.yaml", "amount: 92000", "amount: 93000")
    edit("people.yaml", "Mira Haddad", "Mira Haddad-Lund")
    second = ground.apply(folder)
    assert second.kinds == ("quotas",)
    assert [str(c).split(" amount: ")[1] for c in second.changes] == ["92000 -> 93000"]
    assert second.people.changed == ("hp-03",)
    assert set(map(tuple, ground.markers().values())) == {(first.sequence, second.sequence)}
    old, new = ground.stored.in_force(first.sequence), ground.stored.in_force()
    assert old.values["roster"] == new.values["roster"]
    amounts = [s.values["quotas"] for s in (old, new)]
    assert all(isinstance(q, Quotas) for q in amounts)
    assert amounts[0] != amounts[1]
    assert ground.stored.people()["hp-03"].name == "Mira Haddad-Lund"


def test_wrong_definitions_write_nothing_at_all(ground: Ground, folder: Path, edit: Edit) -> None:
    edit("quotas.yaml", "owner_id: hp-02", "owner_id: hp-77")
    with pytest.raises(Refused, match=r"quotas.yaml:\d+: error: quotas\[0\].owner_id"):
        ground.apply(folder)
    assert ground.revisions() == []
    assert ground.stored.newest() == 0
    assert ground.stored.people() == {}


def test_a_part_of_a_company_is_checked_against_what_is_in_force(
    ground: Ground, folder: Path
) -> None:
    ground.apply(folder)
    for path in folder.glob("*.yaml"):
        if path.name != "quotas.yaml":
            path.unlink()
    assert ground.apply(folder).kinds == ()
    text = (folder / "quotas.yaml").read_text("utf-8")
    (folder / "quotas.yaml").write_text(text.replace("owner_id: emea,", "owner_id: mars,"))
    with pytest.raises(Refused, match="is no team that exists"):
        ground.apply(folder)


def test_a_dry_run_tells_and_writes_nothing(ground: Ground) -> None:
    planned = ground.apply(DEFINITIONS, dry_run=True)
    assert planned.kinds == tuple(KINDS)
    assert planned.dry_run
    assert len(planned.people.added) == 24
    assert ground.revisions() == []
    assert ground.stored.people() == {}


CRASHES: list[tuple[type, str, int]] = [
    (DefinitionLog, "_produce", 0),  # nothing written
    (DefinitionLog, "_produce", 3),  # three of the set's records, one for each kind
    (Stored, "add_revisions", 1),  # log, no table (0 is catching up with nothing)
    (Stored, "add_people", 0),
    (Stored, "add_roster", 0),
    (Stored, "_insert", 3),  # teams, no stints
    (DefinitionLog, "mark", 0),
    (DefinitionLog, "_produce", len(KINDS) + 9),  # nine of twenty markers
]


def _die_at(patch: pytest.MonkeyPatch, owner: type, name: str, calls: int) -> None:
    original = getattr(owner, name)
    left = [calls]

    def dying(*args: Any, **more: Any) -> Any:
        if left[0] == 0:
            raise Crash(name)
        left[0] -= 1
        return original(*args, **more)

    patch.setattr(owner, name, dying)


@pytest.mark.parametrize(("owner", "name", "calls"), CRASHES)
def test_a_crash_at_any_step_is_mended_by_the_next_apply(
    ground: Ground, small: Path, owner: type, name: str, calls: int
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        _die_at(patch, owner, name, calls)
        with pytest.raises(Crash):
            ground.apply(small)
    ground.log._producer.flush(5)
    ground.log = ground.new_log()
    applied = ground.apply(small)
    _is_whole(ground, applied.sequence)
    assert not ground.apply(small).done


@pytest.mark.parametrize(("owner", "name", "calls"), CRASHES[2:3] + CRASHES[4:])
def test_what_the_log_holds_whole_is_finished_by_repair_alone(
    ground: Ground, small: Path, owner: type, name: str, calls: int
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        _die_at(patch, owner, name, calls)
        with pytest.raises(Crash):
            ground.apply(small)
    ground.log._producer.flush(5)
    done = repair(ground.client, ground.new_log(), NOW)
    assert done
    _is_whole(ground, done.sequence, people=name != "add_revisions")


def _is_whole(ground: Ground, sequence: int, *, people: bool = True) -> None:
    assert ground.rows("SELECT count() FROM spm.definition FINAL") == [(len(KINDS),)]
    assert ground.stored.newest() == sequence
    assert ground.rows("SELECT count() FROM spm.roster FINAL") == [(2,)]
    assert ground.rows("SELECT count() FROM spm.team FINAL") == [(1,)]
    assert not people or len(ground.stored.people()) == 2
    markers = ground.markers()
    assert len(markers) == PARTITIONS
    assert {m[-1] for m in markers.values()} == {sequence}
    assert all(len(m) == 1 for m in markers.values()), "no marker is written twice"


def test_a_set_cut_off_by_a_crash_never_comes_into_force(ground: Ground, small: Path) -> None:
    ground.apply(small)
    _say(small, "company", "name: Small", "name: Half")
    _say(small, "measures", "label: Calls", "label: Dials")
    with pytest.MonkeyPatch.context() as patch:
        _die_at(patch, DefinitionLog, "_produce", 1)
        with pytest.raises(Crash):
            ground.apply(small)
    ground.log._producer.flush(5)
    assert len(ground.revisions()) == len(KINDS) + 1
    assert not repair(ground.client, ground.new_log(), NOW)
    assert ground.stored.in_force().bundle().company.name == "Small"


def _say(folder: Path, kind: str, old: str, new: str) -> None:
    path = folder / f"{kind}.yaml"
    assert old in path.read_text("utf-8")
    path.write_text(path.read_text("utf-8").replace(old, new))


def _only(folder: Path, into: Path, kind: str) -> Path:
    into.mkdir()
    (into / f"{kind}.yaml").write_text((folder / f"{kind}.yaml").read_text("utf-8"))
    return into


def test_two_people_at_once_do_not_undo_each_other(
    ground: Ground, tmp_path: Path, small: Path
) -> None:
    ground.apply(small)
    mine = _only(small, tmp_path / "mine", "measures")
    theirs = _only(small, tmp_path / "theirs", "company")
    _say(mine, "measures", "label: Calls", "label: Dials")
    _say(theirs, "company", "name: Small", "name: Great")
    original, log = DefinitionLog.append, ground.log
    others = [Ground(ground.broker, ground.client, ground.new_log())]

    def append(self: DefinitionLog, *args: Any) -> int:
        if self is log and others:
            assert others.pop().apply(theirs).kinds == ("company",)
        return original(self, *args)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(DefinitionLog, "append", append)
        assert ground.apply(mine).kinds == ("measures",)
    bundle = ground.stored.in_force().bundle()
    assert bundle.company.name == "Great"
    assert bundle.measures.measures[0].label == "Dials"
    assert len(ground.revisions()) == len(KINDS) + 3
    assert len(ground.stored.revisions()) == len(KINDS) + 2, "a set on an outdated base is void"


def test_a_fight_is_given_up(ground: Ground, tmp_path: Path, small: Path) -> None:
    theirs = _only(small, tmp_path / "theirs", "company")
    original, log = DefinitionLog.append, ground.log
    other, names = Ground(ground.broker, ground.client, ground.new_log()), iter("abcd")

    def append(self: DefinitionLog, *args: Any) -> int:
        if self is log:
            (theirs / "company.yaml").write_text(SMALL["company"].replace("Small", next(names)))
            other.apply(theirs)
        return original(self, *args)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(DefinitionLog, "append", append)
        with pytest.raises(Lost, match="at the same time"):
            ground.apply(small)


def test_whoever_slept_through_a_restore_writes_nothing(ground: Ground, small: Path) -> None:
    original = DefinitionLog.append

    def append(log: DefinitionLog, *args: Any) -> int:
        last = original(log, *args)
        ground.client.command(
            "INSERT INTO spm.warehouse (incarnation, reason) VALUES ('second', 'restored')"
        )
        return last

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(DefinitionLog, "append", append)
        with pytest.raises(MovedOn, match="do it again"):
            ground.apply(small)
    assert ground.rows("SELECT count() FROM spm.definition") == [(0,)]
    _is_whole(ground, ground.apply(small).sequence)


def test_an_erased_person_stays_erased(ground: Ground, folder: Path, edit: Edit) -> None:
    ground.apply(folder)
    version = ground.stored.people()["hp-05"].version
    ground.client.command(
        "INSERT INTO spm.person (rep_id, name, email, employee_number, version, erased)"
        f" VALUES ('hp-05', '', '', '', {version + 1}, 1)"
    )
    edit("people.yaml", "Zofia W", "Zofia Maria W")
    applied = ground.apply(folder)
    assert applied.people.erased == ("hp-05",)
    row = ground.stored.people()["hp-05"]
    assert (row.name, row.email, row.erased) == ("", "", 1)


def test_a_new_log_continues_the_old_definitions(ground: Ground, small: Path) -> None:
    """The embedded broker keeps its log in memory: each start is a new epoch and empty topics."""
    first = ground.apply(small)
    ground.broker.stop()
    ground.broker.start()
    ground.log = ground.new_log(epoch=8)
    done = repair(ground.client, ground.log, NOW)
    assert (done.sequence, len(done.marked)) == (first.sequence, PARTITIONS)
    _say(small, "company", "name: Small", "name: Great")
    second = ground.apply(small)
    assert second.kinds == ("company",)
    assert place_of(second.sequence) == (8, 0)
    assert set(map(tuple, ground.markers().values())) == {(first.sequence, second.sequence)}


def test_a_log_that_begins_anew_in_the_same_epoch_is_refused(ground: Ground, small: Path) -> None:
    ground.apply(small)
    ground.broker.stop()
    ground.broker.start()
    with pytest.raises(LogError, match="does not reach as far as the warehouse"):
        repair(ground.client, ground.new_log(), NOW)


def test_the_epoch_comes_from_the_warehouse_and_another_cluster_is_refused(
    ground: Ground, small: Path
) -> None:
    log = ground.log
    log.epoch = None
    with pytest.raises(LogError, match="no epoch is open"):
        ground.apply(small)
    _open_log(ground, "another", 3)
    with pytest.raises(LogError, match="is not the log the warehouse knows"):
        ground.apply(small)
    _open_log(ground, log.identity().topic_id, 4)
    assert place_of(ground.apply(small).sequence).epoch == 4
    _open_log(ground, log.identity().topic_id, 5, state="opening")
    log.epoch = None
    with pytest.raises(LogError, match="no epoch is open"):
        repair(ground.client, log, NOW)


def _open_log(ground: Ground, topic_id: str, epoch: int, state: str = "open") -> None:
    ground.client.command(
        "INSERT INTO spm.log (cluster_id, topic, topic_id, epoch, state)"
        f" VALUES ('pacesetter-test', 'spm.definitions', '{topic_id}', {epoch}, '{state}')"
    )


def test_waiting_ends_when_every_partition_has_the_sequence(ground: Ground, small: Path) -> None:
    sequence = ground.apply(small).sequence
    marked = ground.log.partitions(applying.MARKED)
    assert waiting(ground.client, ground.log, sequence) == marked
    _apply_in_worker(ground, marked[:-1], sequence)
    told: list[tuple[int, int]] = []
    left = wait(ground.client, ground.log, sequence, 0.3, lambda done, of: told.append((done, of)))
    assert left == marked[-1:]
    assert told[0] == (19, 20)
    _apply_in_worker(ground, marked[-1:], sequence)
    assert wait(ground.client, ground.log, sequence, 5) == ()
    assert not repair(ground.client, ground.log, NOW)


def _apply_in_worker(ground: Ground, partitions: tuple[tuple[str, int], ...], at: int) -> None:
    rows = ", ".join(f"('{t}', {p}, 7, 0, 1, 0, 0, 0, 0, 1, {at})" for t, p in partitions)
    ground.client.command(
        "INSERT INTO spm.applied (topic, partition, epoch, offset_from, offset_to, accepted,"
        f" duplicate, stale, dead, marker, sequence) VALUES {rows}"
    )


def test_a_partition_that_lacks_the_newest_gets_it_again(ground: Ground, small: Path) -> None:
    """Behind the newest marker of others, and behind an older marker of its own."""
    first = ground.apply(small).sequence
    newer = Marker(first + 1, NOW, "a test")
    ground.log.mark({("crm.calls", p): newer for p in range(3)})
    starts = dict.fromkeys(ground.log.partitions([applying.topics.CALLS]), 0)
    assert ground.log.lacking(starts, first) == ()
    assert ground.log.lacking(starts, first + 1) == (("crm.calls", 3),)
