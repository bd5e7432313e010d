"""A small sales floor in the warehouse: five reps, two managers, one person who left."""

import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from clickhouse_connect.driver.client import Client

from infra.bi.making import make_views
from schemas.definitions import Bundle

TODAY = datetime.now(UTC).date()
END = date(2199, 12, 31)
OLD = date(2020, 1, 1)
REPS = ("r1", "r2", "r3", "r4", "o'hara\\")
# rep, from, to, team, manager: mona (r1) leads r2, who leads r3; r4 is somebody else's; o'hara left
STINTS = (
    ("r1", OLD, END, "west", ""),
    ("r2", OLD, END, "west", "r1"),
    ("r3", OLD, END, "west", "r2"),
    ("r4", OLD, TODAY - timedelta(30), "west", "r1"),
    ("r4", TODAY - timedelta(30), END, "east", "r9"),
    ("o'hara\\", OLD, END, "east", "r1"),
)


def people(client: Client) -> None:
    """Fill roster, teams and names. An older revision of the roster says otherwise."""
    columns = ["sequence", "rep_id", "valid_from", "valid_to", "team_id", "manager_id", "time_zone"]
    rows = [[7, rep, since, until, team, boss, "UTC"] for rep, since, until, team, boss in STINTS]
    older = [[3, rep, OLD, END, "west", "r1", "UTC"] for rep in REPS]
    client.insert("spm.roster", rows + older, column_names=columns)
    teams = [[7, "west", "West", "all"], [7, "east", "East", "all"], [3, "west", "Wild West", ""]]
    client.insert("spm.team", teams, column_names=["sequence", "team_id", "name", "parent_team_id"])
    members = [[7, "TEAM", team, rep, since, until, True] for rep, since, until, team, _ in STINTS]
    members += [[7, "COMPANY", "company", "unassigned", OLD, END, True]]
    columns = ["sequence", "subject_kind", "subject_id", "rep_id", "valid_from", "valid_to"]
    client.insert("spm.membership", members, column_names=[*columns, "is_direct"])
    holders = [{"rep_id": rep, "valid_from": "2026-01-01"} for rep in REPS]
    content = {"territories": [{"territory_id": "all", "name": "All", "holders": holders}]}
    client.insert("spm.definition", [[9, "territories", json.dumps(content)]],
                  column_names=["sequence", "kind", "content"])  # fmt: skip
    names = [[rep, f"Name of {rep}", f"{rep}@example.com", 1] for rep in REPS]
    client.insert("spm.person", names, column_names=["rep_id", "name", "email", "version"])


def kpis(client: Client) -> None:
    """Make the views of KPIs for the one measure there is."""
    revenue = {"measure": "revenue", "of": "deal", "rule": "revenue_won_reporting",
               "unit": "MONEY", "label": "Revenue", "description": "won"}  # fmt: skip
    blitz = {"contest_id": "blitz", "name": "Blitz", "time_zone": "UTC",
             "starts_at": f"{TODAY}T00:00", "ends_at": f"{TODAY + timedelta(1)}T00:00",
             "metrics": [{"kpi": "revenue", "currency": "EUR"}]}  # fmt: skip
    make_views(client, Bundle.model_validate({
        "measures": {"measures": [revenue]}, "contests": {"contests": [blitz]},
    }))  # fmt: skip


def contests(client: Client) -> None:
    """Fill what everybody has in a contest, how they stand in it, and what it came to."""
    columns = ["contest_id", "participant_id", "rep_id", "place", "author"]
    rows = [["blitz", rep, rep, n, "fin"] for n, rep in enumerate(REPS, 1)]
    client.insert("spm.contest_result", rows, column_names=columns)
    columns = ["contest_id", "participant_id", "rep_id", "place", "number", "is_in"]
    rows = [["blitz", rep, rep, n, 1, True] for n, rep in enumerate(REPS, 1)]
    client.insert("spm.contest_standing", rows, column_names=columns)
    columns = ["sequence", "contest_id", "rep_id", "participant_id", "valid_from", "valid_to"]
    rows = [[7, "blitz", rep, rep, TODAY, TODAY + timedelta(1)] for rep in REPS]
    whole = [7, "", "", "", TODAY, TODAY]
    client.insert("spm.contest_member", [*rows, whole], column_names=columns)
    columns = ["generation", "rep_id", "day", "measure", "currency", "topic", "position", "value"]
    rows = [[1, rep, TODAY, "contest/blitz/revenue", "EUR", "crm.deals", 5, Decimal(1)]
            for rep in REPS]  # fmt: skip
    client.insert("spm.kpi_rep_day", rows, column_names=columns)


def numbers(client: Client) -> None:
    """Fill results: two partials a rep, an older version of one, and rows of a dead generation."""
    columns = ["generation", "rep_id", "day", "measure", "currency", "topic", "partition"]
    columns += ["position", "value"]
    versions = ((1, 5, 1000), (1, 9, 100), (2, 99, 7))  # generation, position, value per place
    for generation, position, value in versions:  # in inserts of their own: nothing merged yet
        rows = [
            [generation, rep, TODAY, "revenue", "EUR", "crm.deals", partition, position,
             Decimal(value * place)]
            for place, rep in enumerate(REPS, 1)
            for partition in (0, 1)
        ]  # fmt: skip
        client.insert("spm.kpi_rep_day", rows, column_names=columns)


_BILL = (
    '{"op": "SET", "source": "billing", "source_id": "in_1", "bill_id": "INV-1", "currency": "EUR",'
    ' "paid_amount": "7.5000", "cancelled_on": 20455, "cancel_reason": "REFUND", "created_at": 0}'
)


def history(client: Client) -> None:
    """Fill history: corrections, a cancellation, a change of owner, markers."""
    columns = ["entity_id", "position", "kind", "op", "rep_id", "day", "status", "topic"]
    rows = [
        ["call:1", 1, "call", "SET", "r1", TODAY, "BUSY", "crm.calls"],
        ["call:1", 4, "call", "SET", "r2", TODAY, "CONNECTED", "crm.calls"],
        ["call:2", 2, "call", "SET", "r1", TODAY, "CONNECTED", "crm.calls"],
        ["call:3", 3, "call", "SET", "r3", TODAY, "CONNECTED", "crm.calls"],
        ["call:3", 8, "call", "CANCELLED", "r3", TODAY, "CONNECTED", "crm.calls"],
        ["marker:crm.calls:0", 5, "marker", "", "", TODAY, "", "crm.calls"],
    ]
    for row in [*rows, rows[1]]:  # one of them twice: a replay
        client.insert("spm.activity", [row], column_names=columns)
    columns = ["entity_id", "position", "kind", "op", "rep_id", "day", "stage_class", "amount"]
    columns += ["currency", "name", "said"]
    deals: list[list[object]] = [
        ["deal:1", 1, "deal", "SET", "r2", TODAY, "OPEN", Decimal("10.5"), "EUR", "First", ""],
        ["deal:1", 2, "deal", "SET", "r2", TODAY, "WON", Decimal("12.5"), "EUR", "First", _BILL],
        ["deal:2", 3, "deal", "SET", "r4", TODAY, "OPEN", None, "USD", "Second", _BILL],
        ["marker:crm.deals:0", 9, "marker", "", "", TODAY, "", None, "", "", ""],
    ]
    for deal in [*deals, deals[1]]:
        client.insert("spm.deal", [deal], column_names=columns)


def credits(client: Client) -> None:
    """Fill credits: one that grew, one that is gone, one of a dead generation."""
    columns = ["generation", "rep_id", "deal_id", "role", "via", "position", "deleted", "day"]
    columns += ["stage_class", "amount", "currency", "share"]
    rows: list[list[object]] = [
        [1, "r2", "deal:1", "REVENUE", "owner", 1, False, TODAY, "OPEN", "10.5", "EUR", "1"],
        [1, "r2", "deal:1", "REVENUE", "owner", 2, False, TODAY, "WON", "12.5", "EUR", "1"],
        [1, "r3", "deal:2", "REVENUE", "0", 3, False, TODAY, "WON", "7", "EUR", "1"],
        [1, "r3", "deal:2", "REVENUE", "0", 4, True, TODAY, "WON", "0", "EUR", "0"],
        [1, "r4", "deal:2", "REVENUE", "0", 4, False, TODAY, "WON", "7", "EUR", "1"],
        [2, "r1", "deal:1", "REVENUE", "owner", 9, False, TODAY, "WON", "99", "EUR", "1"],
    ]
    for row in [*rows, rows[0]]:  # in inserts of their own: nothing merged yet
        values = [Decimal(v) if c in {"amount", "share"} else v  # type: ignore[arg-type]
                  for c, v in zip(columns, row, strict=True)]  # fmt: skip
        client.insert("spm.deal_credit", [values], column_names=columns)


def ledger(client: Client) -> None:
    """Fill the ledger: two entries a rep, the first of them written twice."""
    columns = ["entry_id", "rep_id", "plan_id", "component_id", "origin_start", "origin_end"]
    columns += ["currency", "amount", "position", "kind", "state"]
    kind = ["ACCRUAL", "EARNED"]
    quarter = [date(2026, 1, 1), date(2026, 4, 1), "EUR"]
    for amount, position in ((Decimal("10.25"), 1), (Decimal("-0.25"), 2), (Decimal("10.25"), 1)):
        entries = [
            [f"{rep}-{position}", rep, "plan", "part", *quarter, amount, position, *kind]
            for rep in REPS
        ]
        client.insert("spm.commission_ledger", entries, column_names=columns)


def statements(client: Client) -> None:
    """Fill what statements need: credits as they came, a plan for everybody, a dispute each."""
    columns = ["entity_id", "rep_id", "position", "topic", "kind", "deal_id", "day"]
    rows = [[f"d:{rep}", rep, 1, "spm.credits", "credit", "deal:1", TODAY] for rep in REPS]
    for row in [*rows, rows[0]]:
        client.insert("spm.credit", [row], column_names=columns)
    content = {"plans": [{"plan_id": "plan", "name": "Plan"}]}
    client.insert("spm.definition", [[9, "plans", json.dumps(content)]],
                  column_names=["sequence", "kind", "content"])  # fmt: skip
    steps = [
        {"period_start": "2026-01-01", "period_end": "2026-02-01", "step": "PROVISIONAL",
         "at": "2026-02-02T09:00:00.5Z", "by": "frida", "reason": ""},
    ]  # fmt: skip
    client.insert("spm.definition", [[9, "payroll", json.dumps({"periods": steps})]],
                  column_names=["sequence", "kind", "content"])  # fmt: skip
    asked = datetime(2026, 1, 2, tzinfo=UTC)
    columns = ["dispute_id", "entry_id", "rep_id", "state", "author", "at", "text"]
    for state, days in (("OPEN", 0), ("REJECTED", 1), ("OPEN", 0)):  # the first one twice
        rows = [
            [f"of {rep}", f"{rep}-1", rep, state, rep, asked + timedelta(days), "x"] for rep in REPS
        ]
        client.insert("spm.dispute", rows, column_names=columns)
    columns = ["run_id", "rep_id", "month", "currency", "treats", "posted"]
    for run in ("older", "newer", "newer"):  # the last one twice
        rows = [[run, rep, date(2026, 1, 1), "EUR", "EXPENSE", Decimal(1)] for rep in REPS]
        client.insert("spm.amortisation", rows, column_names=columns)
    runs = [["older", 5, asked], ["newer", 5, asked + timedelta(1)]]
    client.insert("spm.amortisation_run", runs, column_names=["run_id", "rows", "made_at"])
    tiles = [["spm.credits", 0, 0, 0, 9, asked]]
    columns = ["topic", "partition", "epoch", "offset_from", "offset_to", "applied_at"]
    client.insert("spm.applied", tiles, column_names=columns)


def plans(client: Client) -> None:
    """Fill plans: a quota for everybody and their team in this month, and an older version."""
    made = datetime(2026, 1, 2, tzinfo=UTC)
    start, end = TODAY - timedelta(10), TODAY + timedelta(10)
    columns = ["sequence", "quota_id", "subject_kind", "subject_id", "kpi", "currency"]
    columns += ["period_start", "period_end", "amount", "is_additive", "curve_id", "work_id"]
    columns += ["plan_total", "work_total", "made_at", "rep_id"]
    for sequence, amount in ((3, "1"), (7, "1000")):
        rows = [
            [sequence, f"{kind}:{who}", kind, who, "revenue", "EUR", start, end, Decimal(amount),
             True, "linear", "linear", Decimal(20), Decimal(20), made,
             who if kind == "REP" else ""]
            for kind, who in (*(("REP", rep) for rep in REPS), ("TEAM", "west"))
        ]  # fmt: skip
        client.insert("spm.quota", rows, column_names=columns)
        client.insert("spm.planning", [[sequence, "UTC", "", made]], column_names=[
            "sequence", "time_zone", "calendar_id", "made_at"])  # fmt: skip
    days = [[7, "linear", start + timedelta(n), Decimal(n), Decimal(1), made] for n in range(20)]
    columns = ["sequence", "curve_id", "day", "elapsed", "weight", "made_at"]
    client.insert("spm.plan_curve", days, column_names=columns)
    columns = ["sequence", "calendar_id", "day", "is_business_day", "made_at"]
    client.insert("spm.calendar_day", [[7, "", TODAY, True, made]], column_names=columns)
    columns = ["sequence", "subject_kind", "subject_id", "rep_id", "valid_from", "valid_to"]
    everybody = [[7, "REP", rep, rep, OLD, END, True] for rep in REPS]
    everybody += [[7, "COMPANY", "company", "unassigned", OLD, END, True]]
    everybody += [[7, "TEAM", team, rep, since, until, True]
                  for rep, since, until, team, _ in STINTS]  # fmt: skip
    client.insert("spm.membership", everybody, column_names=[*columns, "is_direct"])


def forecasts(client: Client) -> None:
    """Fill forecasts: two days of everybody's, the later one made twice; one is withdrawn."""
    columns = ["kpi", "currency", "period_start", "period_end", "subject_kind", "subject_id", "day"]
    columns += ["as_of", "p50", "probability", "withdrawn"]
    quarter = ["revenue", "EUR", date(2026, 1, 1), date(2026, 4, 1)]
    subjects = [("REP", rep) for rep in REPS] + [("TEAM", "west"), ("TEAM", "gone")]
    for days, hour, p50 in ((1, 9, 100), (0, 8, 300), (0, 9, 200)):  # nothing merged yet
        at = datetime(TODAY.year, TODAY.month, TODAY.day, hour, tzinfo=UTC) - timedelta(days)
        rows = [
            [*quarter, kind, name, at.date(), at, Decimal(p50), Decimal("0.5"),
             name == "gone" and not days]
            for kind, name in subjects
        ]  # fmt: skip
        client.insert("spm.forecast", rows, column_names=columns)


def alerts(client: Client) -> None:
    """Fill alerts: one that fires for everybody, and that they are told of."""
    at = datetime(2026, 1, 2, tzinfo=UTC)
    columns = ["rule_id", "subject_kind", "subject_id", "kpi", "number", "after", "reason",
               "episode", "notice_key", "notice_route", "notice_recipient", "notice_channel",
               "notice_due"]  # fmt: skip
    rows = [["behind", "REP", rep, "revenue", 1, "FIRING", "BAD", at, [rep], ["REP"], [rep],
             ["mail"], [at]] for rep in REPS]  # fmt: skip
    client.insert("spm.alert_event", rows, column_names=columns)
    columns = ["rule_id", "subject_kind", "subject_id", "kpi", "at", "act", "author"]
    rows = [["behind", "REP", rep, "revenue", at, "ACK", "frida"] for rep in REPS]
    client.insert("spm.alert_act", rows, column_names=columns)


def letters(client: Client) -> None:
    """Fill dead letters, progress and measures."""
    seen = datetime(2026, 1, 2, tzinfo=UTC)
    columns = ["topic", "partition", "position", "reason", "detail", "value", "seen_at"]
    rows = [["crm.calls", 0, n, "schema", "x", "secret bytes", seen] for n in range(3)]
    client.insert("spm.dead_letter", rows + rows[:1], column_names=columns)
    client.insert(
        "spm.source_progress",
        [["dialer", seen, seen, "", 1]],
        column_names=["source", "complete_through", "observed_at", "detail", "position"],
    )
    measures = (
        '{"measures":[{"measure":"revenue","of":"deal","rule":"won","unit":"MONEY",'
        '"label":"Revenue","description":"Split credit of won deals"}]}'
    )
    client.insert(
        "spm.definition",
        [[1, "measures", seen, measures]],
        column_names=["sequence", "kind", "written_at", "content"],
    )


def fill(client: Client) -> None:
    """Fill everything."""
    people(client)
    numbers(client)
    history(client)
    credits(client)
    ledger(client)
    statements(client)
    plans(client)
    forecasts(client)
    alerts(client)
    contests(client)
    kpis(client)
    letters(client)
