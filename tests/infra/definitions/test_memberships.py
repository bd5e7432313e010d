"""What everybody belongs to, as applying writes it down: the own team, those above, the region."""

from pathlib import Path
from typing import Any

import pytest

from infra.definitions.applying import repair
from infra.definitions.stored import Stored
from infra.sample import DEFINITIONS
from tests.infra.definitions.conftest import NOW, Crash, Edit, Ground

# Who belongs to what, told by SQL from teams and stints alone.
LINES = """
WITH RECURSIVE line AS
(
    SELECT team_id AS own, team_id AS subject, parent_team_id AS above FROM spm.team FINAL
    WHERE sequence = {s}
    UNION ALL
    SELECT line.own, team.team_id, team.parent_team_id FROM line
    INNER JOIN (SELECT * FROM spm.team FINAL WHERE sequence = {s}) AS team
        ON team.team_id = line.above
)
SELECT stint.rep_id, line.subject, stint.valid_from, stint.valid_to, line.own = line.subject
FROM (SELECT * FROM spm.roster FINAL WHERE sequence = {s}) AS stint
INNER JOIN line ON line.own = stint.team_id
"""
MEMBERS = """
SELECT rep_id, subject_id, valid_from, valid_to, is_direct FROM spm.membership FINAL
WHERE subject_kind = 'TEAM' AND sequence = {s}
"""


def test_members_of_teams_in_the_table_are_those_that_teams_and_stints_say(ground: Ground) -> None:
    applied = ground.apply(DEFINITIONS)
    (sequence,) = ground.rows("SELECT max(sequence) FROM spm.membership")[0]
    (roster,) = ground.rows("SELECT max(sequence) FROM spm.roster")[0]
    assert roster < sequence < applied.sequence  # territories come behind the roster

    def days(sql: str, at: int) -> set[tuple[Any, ...]]:
        rows = ground.rows(
            "SELECT rep_id, team, toString(day), max(direct) FROM (SELECT c1 AS rep_id,"
            f" c2 AS team, c3 AS since, c4 AS until, c5 AS direct FROM ({sql.format(s=at)}) AS told"
            f" (c1, c2, c3, c4, c5)) ARRAY JOIN arrayMap(i -> toDate32('2025-12-20') + 10 * i,"
            " range(40)) AS day WHERE since <= day AND day < until GROUP BY ALL"
        )
        return {(r, t, d, bool(is_direct)) for r, t, d, is_direct in rows}

    assert days(MEMBERS, sequence) == days(LINES, roster) != set()
    assert ground.rows(
        f"SELECT subject_kind, uniqExact(rep_id), count() FROM spm.membership FINAL"
        f" WHERE sequence = {sequence} AND subject_kind IN ('REP', 'COMPANY')"
        " GROUP BY subject_kind ORDER BY subject_kind"
    ) == [("COMPANY", 25, 25), ("REP", 25, 25)]


@pytest.mark.parametrize("done", [1, 2])
def test_members_cut_off_by_a_crash_are_written_again(
    ground: Ground, monkeypatch: pytest.MonkeyPatch, done: int
) -> None:
    whole, inserts = Stored.insert_frame, []

    def die(stored: Stored, table: str, rows: Any) -> None:
        whole(stored, table, rows)
        inserts.append(table)
        if len(inserts) == done:
            raise Crash

    with monkeypatch.context() as patched:
        patched.setattr(Stored, "insert_frame", die)
        with pytest.raises(Crash):
            ground.apply(DEFINITIONS)
    assert ground.rows("SELECT count() FROM spm_bi.bridge_rep_team") == [(0,)]
    assert repair(ground.client, ground.log, NOW).members
    assert ground.rows("SELECT count() FROM spm_bi.bridge_rep_team WHERE is_direct") == [(25,)]
    assert ground.rows("SELECT count() FROM spm.rep_team FINAL") == [(25,)]
    assert not repair(ground.client, ground.log, NOW)


def test_a_change_of_territories_alone_tells_members_anew(
    ground: Ground, folder: Path, edit: Edit
) -> None:
    ground.apply(folder)
    edit("territories.yaml", "region: APAC", "region: Pacific")
    second = ground.apply(folder)
    assert second.kinds == ("territories",)
    assert second.done.members
    assert ground.rows(
        "SELECT DISTINCT subject_id FROM spm.membership FINAL WHERE rep_id = 'hp-16'"
        " AND subject_kind = 'REGION' AND sequence = (SELECT max(sequence) FROM spm.membership)"
    ) == [("Pacific",)]
