"""A desk on real ground: broker, warehouse and the definitions of a company of five."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from infra.contests.desk import Desk
from infra.definitions import connecting
from infra.definitions.applying import apply_folder
from infra.definitions.stored import Stored
from tests.ground import Site, site
from tests.infra.contests.test_standings import activity, put

NOW = datetime(2026, 11, 18, 10, 0, 20, tzinfo=UTC)  # a Wednesday; eleven in Berlin
STINT = "valid_from: 2026-01-01, time_zone: Europe/Berlin"
MEASURES = [
    ("connected", "call", "calls_connected", "COUNT", "Connected calls"),
    ("dials", "call", "calls", "COUNT", "Dials"),
    ("booked", "meeting", "meetings_booked", "COUNT", "Meetings booked"),
    ("won", "deal", "deals_won", "COUNT", "Deals won"),
    ("revenue", "deal", "revenue_won_reporting", "MONEY", "Revenue"),
]
COMPANY = {
    "company": "{name: Small, reporting_currency: EUR, time_zone: Europe/Berlin}",
    "roster": f"""
teams: [{{team_id: all, name: Everybody}}, {{team_id: east, name: East, parent_team_id: all}},
        {{team_id: west, name: West, parent_team_id: all}}]
reps:
- {{rep_id: boss, history: [{{team_id: all, {STINT}}}]}}
- {{rep_id: r1, history: [{{team_id: east, manager_id: boss, {STINT}}}]}}
- {{rep_id: r2, history: [{{team_id: east, manager_id: boss, {STINT}}}]}}
- {{rep_id: r3, history: [{{team_id: west, manager_id: boss, {STINT}}}]}}
- {{rep_id: r4, history: [{{team_id: west, manager_id: boss, {STINT}}}]}}
""",
    "people": "people: [{rep_id: boss, name: Dana Lead}, {rep_id: r1, name: Ada One},"
    " {rep_id: r2, name: Ben Two}, {rep_id: r3, name: Cleo Three}, {rep_id: r4, name: Dev Four}]",
    "measures": "measures:" + "".join(
        f"\n- {{measure: {name}, of: {of}, rule: {rule}, unit: {unit}, label: {label},"
        " description: d}"
        for name, of, rule, unit, label in MEASURES
    ),
    "contests": "contests: []\nlevels: []",
}  # fmt: skip
# A week ago, on the same weekday and at the hour at which contests here begin.
BEFORE = [
    *(activity(f"a{n}", "r1", f"11T10:{10 + n}") for n in range(3)),
    *(activity(f"b{n}", "r2", f"11T10:{20 + n}") for n in range(5)),
    activity("c", "r3", "11T10:30"),
    activity("d", "boss", "11T10:30"),
]


class Company:
    """A desk, and what is known of what it did."""

    def __init__(self, ground: Site) -> None:
        self.site, self.now = ground, NOW
        self.desk = self.made()

    def made(self) -> Desk:
        """Return one more desk, as another board's server has it."""
        log = connecting.log(self.site.settings)
        return Desk(lambda: connecting.warehouse(self.site.settings), lambda: log,
                    lambda: self.now)  # fmt: skip

    def asks(self, action: str, author: str = "Dana", **asked: Any) -> tuple[int, dict[str, Any]]:
        """Return status and body of an action."""
        status, body = self.desk(action, asked, author)
        return status, dict(body)

    def preset(self, name: str) -> dict[str, Any]:
        """Return the draft of one of the usual contests."""
        _, form = self.asks("form")
        return dict(next(p["draft"] for p in form["presets"] if p["preset_id"] == name))

    def begins(self, draft: dict[str, Any], reason: str = "to test") -> str:
        """Return the id of a contest that was looked ahead at and begun."""
        status, ahead = self.asks("preview", contest=draft)
        assert status == 200, ahead
        contest_id: str = ahead["contest_id"]
        status, begun = self.asks("start", contest={**draft, "contest_id": contest_id},
                                  reason=reason)  # fmt: skip
        assert status == 200, begun
        return contest_id

    @property
    def stored(self) -> Stored:
        """Definitions in the warehouse."""
        return Stored(self.site.warehouse())

    def contests(self) -> dict[str, Any]:
        """Return the contests in force, by id."""
        return {c.contest_id: c for c in self.stored.in_force().bundle().contests.contests}


@contextmanager
def company(folder: Path) -> Iterator[Company]:
    """A company with activities of a week ago and no contest."""
    with site(folder) as ground:
        ground.open_epochs()
        client = connecting.warehouse(ground.settings)
        definitions = folder / "definitions"
        definitions.mkdir()
        for name, text in COMPANY.items():
            (definitions / f"{name}.yaml").write_text(text)
        put(client, "spm.activity", BEFORE)
        apply_folder(definitions, author="test", note="begin", client=client,
                     log=connecting.log(ground.settings), now=NOW - timedelta(days=30))  # fmt: skip
        client.close()
        yield Company(ground)
