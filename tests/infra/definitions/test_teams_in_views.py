"""Views of facts name the team of then and the team of now, as the pure domain does."""

import json
import random
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from schemas.definitions import NO_END, UNASSIGNED, Rep, Roster, Stint, Team
from streams.domain.hierarchy import SubjectKind, memberships
from tests.emptying import emptied
from tests.infra.definitions.conftest import Ground

TODAY = datetime.now(UTC).date()
START = TODAY - timedelta(days=40)
DAYS = [START + timedelta(days=i) for i in range(-1, 60)]
TEAMS = (("all", None), ("west", "all"), ("east", "all"), ("coast", "west"))


def _roster(dice: random.Random) -> Roster:
    def stints() -> tuple[Stint, ...]:
        cuts = sorted(dice.sample(range(1, 55), 4))
        spans = list(zip(cuts, [*cuts[1:], None], strict=True))
        kept = sorted(dice.sample(spans, dice.randint(1, 4)), key=lambda span: span[0])
        return tuple(
            Stint(
                valid_from=START + timedelta(days=since),
                valid_to=None if until is None else START + timedelta(days=until),
                team_id=dice.choice(TEAMS)[0],
                time_zone="UTC",
            )
            for since, until in kept
        )

    teams = tuple(Team(team_id=t, name=t.title(), parent_team_id=p) for t, p in TEAMS)
    return Roster(teams=teams, reps=tuple(Rep(rep_id=f"r{i}", history=stints()) for i in range(8)))


def _team_of(roster: Roster) -> dict[tuple[str, date], str]:
    return {
        (m.rep_id, day): m.subject_id
        for m in memberships(roster)
        if m.subject_kind is SubjectKind.TEAM and m.is_direct
        for day in {*DAYS, TODAY}
        if m.valid_from <= day < m.valid_to
    }


def _facts(client: Any, reps: list[str]) -> None:
    """A fact of each kind for everybody on every day."""
    places = [(rep, day, f"{rep}:{day}") for rep in reps for day in DAYS]
    client.insert(
        "spm.kpi_rep_day",
        [[1, rep, day, "calls", "", "crm.calls", 0, 1, 1] for rep, day, _ in places],
        column_names=["generation", "rep_id", "day", "measure", "currency", "topic", "partition",
                      "position", "value"],
    )  # fmt: skip
    for table, kind in (("activity", "call"), ("deal", "deal")):
        client.insert(
            f"spm.{table}",
            [[entity, 1, kind, "SET", rep, day] for rep, day, entity in places],
            column_names=["entity_id", "position", "kind", "op", "rep_id", "day"],
        )
    client.insert(
        "spm.deal_credit",
        [[1, rep, entity, "REVENUE", "owner", 1, day] for rep, day, entity in places],
        column_names=["generation", "rep_id", "deal_id", "role", "via", "position", "day"],
    )


def test_every_view_of_facts_tells_the_team_of_then_and_of_now(
    ground: Ground, tmp_path: Path
) -> None:
    roster = _roster(random.Random(7))
    roster_file = tmp_path / "roster.yaml"
    roster_file.write_text(json.dumps(roster.model_dump(mode="json", exclude_none=True)))
    tables = ("kpi_rep_day", "activity", "deal", "deal_credit")
    try:
        ground.apply(tmp_path)
        reps = [*(rep.rep_id for rep in roster.reps), UNASSIGNED]
        _facts(ground.client, reps)
        team = _team_of(roster)
        wanted = {
            (rep, day, team.get((rep, day), ""), team.get((rep, TODAY), ""))
            for rep in reps
            for day in DAYS
        }
        for view in ("rep_day", "fct_activity", "fct_deal", "fct_credit"):
            sql = f"SELECT rep_id, day, team_id, current_team_id FROM spm_bi.{view}"
            assert set(ground.rows(sql)) == wanted, view
        assert _bridge(ground) == {
            (m.rep_id, m.subject_id, m.valid_from, m.valid_to, m.is_direct)
            for m in memberships(roster)
            if m.subject_kind is SubjectKind.TEAM
        }
    finally:
        emptied(ground.client, tables)


def _bridge(ground: Ground) -> set[tuple[Any, ...]]:
    rows = ground.rows(
        "SELECT rep_id, team_id, valid_from, valid_to, is_direct, is_current FROM"
        " spm_bi.bridge_rep_team"
    )
    assert all(row[5] == (row[2] <= TODAY < row[3]) for row in rows)
    return {row[:5] for row in rows}


def test_who_holds_which_territory_can_be_read(ground: Ground, folder: Path) -> None:
    ground.apply(folder)
    assert ground.rows(
        "SELECT rep_id, valid_from, valid_to, is_current FROM spm_bi.bridge_rep_territory"
        " WHERE territory_id = 'us-east' ORDER BY rep_id"
    ) == [
        ("hp-13", date(2024, 9, 16), date(2026, 7, 1), False),
        ("hp-14", date(2026, 7, 6), NO_END, True),
    ]
    assert ground.rows("SELECT count(), countIf(region = 'EMEA') FROM spm_bi.dim_territory") == [
        (4, 2)
    ]
