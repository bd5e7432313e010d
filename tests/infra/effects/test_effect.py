"""What a dry run says will be is what the tables say once it is so."""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import polars as pl
import pytest

from infra.bi.making import make_views
from infra.definitions import planning
from infra.definitions.stored import Stored
from infra.effects.by_hand import Standing, left_of, standing
from infra.effects.computing import Line, effect
from infra.effects.reading import OVERLAY
from infra.effects.territories import covered
from schemas.definitions import Bundle
from streams.domain.hierarchy import member_rows
from tests.ground import Site, site
from tests.load import Floor, definitions

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

KNOWN = definitions(12)
USERS = KNOWN["identities"]["identities"]
STINT = {"valid_from": "2020-01-01", "team_id": "west", "time_zone": "Europe/Berlin"}


def roster(**moved: Any) -> dict[str, Any]:
    """Two teams below one: r0 to r5 in the west, the others in the east."""
    teams = [{"team_id": "all", "name": "All"},
             {"team_id": "west", "name": "West", "parent_team_id": "all", "region": "EMEA"},
             {"team_id": "east", "name": "East", "parent_team_id": "all"}]  # fmt: skip
    reps = [
        {**rep, "history": moved.get(rep["rep_id"], [
            {**rep["history"][0], "team_id": "west" if i < 6 else "east"}])}
        for i, rep in enumerate(KNOWN["roster"]["reps"])
    ]  # fmt: skip
    return {"teams": teams, "reps": reps}


NORTH = {"territory_id": "north", "name": "North",
         "holders": [{"rep_id": "r1", "valid_from": "2026-01-01"}]}  # fmt: skip
SMB = {"rule_id": "smb", "priority": 1, "valid_from": "2026-03-03", "segments": ["SMB"],
       "credits": [{"territory_id": "north"},
                   {"rep_id": "r8", "role": "OVERLAY", "share": "0.3"}]}  # fmt: skip


def kpi(name: str, formula: str, unit: str = "RATIO", **more: str) -> dict[str, str]:
    return {"kpi_id": name, "name": name, "unit": unit, "formula": formula, "meaning": formula,
            "denominator": "it", "when_empty": "NOTHING", "empty_means": "nothing yet",
            "source": "totals", **more}  # fmt: skip


KPIS = {"kpis": [
    kpi("win_rate", "deals_won / (deals_won + deals_lost)"),
    kpi("growth", "revenue_won_reporting / previous(revenue_won_reporting) - 1"),
    kpi("calls_per_win", "calls / deals_won", direction="LOWER"),
    kpi("won_share", "revenue_won_reporting / quota(revenue_won_reporting)"),
    kpi("touches", "calls + emails_sent", "COUNT"), kpi("open_now", "open_deals", "COUNT"),
]}  # fmt: skip
OWNERS = [("REP", f"r{n}") for n in range(9)]
OWNERS += [("TEAM", "west"), ("TEAM", "all"), ("REGION", "EMEA"), ("COMPANY", "company")]


def quotas(amount: str = "50") -> dict[str, Any]:
    """Everybody is asked for everything in March and in the year; a rep without facts, too."""
    return {"quotas": [
        {"owner_kind": kind, "owner_id": owner, "kpi": name, "amount": amount, "curve": "linear",
         "period_start": since, "period_end": until,
         **({"currency": "EUR"} if name.startswith("revenue") else {})}
        for kind, owner in OWNERS
        for name in ("calls", "revenue_won_reporting", *(k["kpi_id"] for k in KPIS["kpis"]))
        for since, until in (("2026-03-01", "2026-04-01"), ("2026-01-01", "2027-01-01"))
    ]}  # fmt: skip


BEFORE = {**KNOWN, "roster": roster(), "identities": {"identities": USERS[:10]}, "kpis": KPIS,
          "quotas": quotas()}  # fmt: skip
CHANGES: dict[str, dict[str, Any]] = {
    "a team moves and a zone is put right": {"roster": roster(r2=[
        {**STINT, "valid_to": "2026-03-05"}, {**STINT, "valid_from": "2026-03-05",
                                              "team_id": "east", "time_zone": "Asia/Tokyo"}])},
    "users become known": {"identities": {"identities": USERS}},
    "rules credit deals": {"territories": {"territories": [NORTH], "rules": [SMB]}},
    "people credit deals": {"credits": {"manual_credits": [
        {"credit_id": f"{name}{n}", "deal_id": f"sim:deal:{n:08d}", "rep_id": f"r{n % 12}",
         "share": share, "reason": "agreed", "author": "a", "approver": "b",
         **({"role": "OVERLAY"} if n % 3 == 0 else {"from_rep": f"r{n % 5 + 5}"})}
        for name, share in (("k", "0.9"), ("m", "0.3"))  # together more than anybody has
        for n in range(1500) if n % 3 == 0 or n % 12 != n % 5 + 5]}},
    "a rate is put right": {"rates": {"rates": [
        {"base": "USD", "quote": "EUR", "on": "2020-01-01", "rate": "0.95"}]}},
    "quotas rise": {"quotas": quotas("60")},
    "a measure is new and another goes": {"measures": {"measures": [
        *(m for m in KNOWN["measures"]["measures"] if m["measure"] != "talk_seconds"),
        {**KNOWN["measures"]["measures"][0], "measure": "dials"}]}},
}  # fmt: skip


@pytest.fixture(scope="module")
def worked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with site(tmp_path_factory.mktemp("effect"), partitions=2) as made:
        made.define(1, BEFORE)
        made.open_epochs()
        made.start_worker()
        made.produce(Floor(seed=3, reps=12).events(2_000))
        made.wait_applied(150)
        yield made


def told(made: Site, bundle: Bundle) -> dict[tuple[Any, ...], Decimal]:
    """Every number of every subject by month, as the tables and the roster say."""
    cells = made.frame(
        "SELECT toString(rep_id) AS rep_id, day, toString(measure) AS measure,"
        " toString(currency) AS currency, sum(value) AS value FROM spm_bi.rep_day GROUP BY ALL"
        f" UNION ALL SELECT rep_id, day, '{OVERLAY}', currency, sum(amount) FROM spm_bi.fct_credit"
        " WHERE role = 'OVERLAY' AND stage_class = 'WON' GROUP BY ALL"
    )
    members = member_rows(bundle.roster, bundle.territories.territories)
    rows = cells.join(members, on="rep_id").filter(
        pl.col("day").is_between("valid_from", "valid_to", closed="left")
    )
    sums: Counter[tuple[Any, ...]] = Counter()
    for row in rows.iter_rows(named=True):
        key = (row["subject_kind"], row["subject_id"], row["measure"], row["day"].replace(day=1))
        sums[(*key, row["currency"])] += row["value"]
    return {key: Decimal(value) for key, value in sums.items() if value}


def attained(made: Site, sequence: int, bundle: Bundle) -> dict[tuple[Any, ...], Any]:
    """Where every quota stands at its end or today, as the views say it."""
    client = made.warehouse()._client
    stored = Stored(client)
    stored.add_members(sequence, member_rows(bundle.roster, bundle.territories.territories))
    make_views(client, bundle)
    planning.write(stored, sequence, datetime.now(UTC))
    rows = client.query(
        "SELECT subject_kind, subject_id, kpi, currency, period_start, period_end, "
        "argMax((quota, actual_to_date, attainment_ratio), day) FROM spm_bi.attainment_daily "
        "WHERE kpi != 'open_now' GROUP BY ALL"
    ).result_rows
    return {tuple(row[:6]): row[6] for row in rows}


def said(lines: tuple[Line, ...], which: str) -> dict[tuple[Any, ...], Decimal]:
    return {line[:5]: getattr(line, which) for line in lines if getattr(line, which)}


def test_what_is_said_before_is_what_the_tables_say_after(worked: Site) -> None:
    kinds, sequence, moved = dict(BEFORE), 1, {""}
    for change, values in CHANGES.items():
        before = Bundle.model_validate(kinds)
        after = Bundle.model_validate(kinds | values)
        stood = told(worked, before)
        reached = attained(worked, sequence, before)
        found = effect(worked.warehouse(), before, after)
        assert told(worked, before) == stood, "nothing is written"
        kinds, sequence = kinds | values, sequence + 1
        worked.define(sequence, values)
        worked.mark(sequence)
        worked.wait_applied(150)
        stands = told(worked, after)
        keys = {key for key in stood.keys() | stands.keys() if stood.get(key) != stands.get(key)}
        assert keys or change == "quotas rise", change
        assert {line[:5] for line in found.lines} == keys, change
        assert said(found.lines, "before") == {k: stood[k] for k in keys if k in stood}, change
        assert said(found.lines, "after") == {k: stands[k] for k in keys if k in stands}, change
        reaches = attained(worked, sequence, after)
        others = {key for key in reaches if reached[key] != reaches[key]}
        assert {one[:6] for one in found.attained.quotas} == others, change
        for one in found.attained.quotas:
            assert (one[6::2], one[7::2]) == (reached[one[:6]], reaches[one[:6]]), change
        assert found.attained.apart == ("open_now",)
        moved.add(change if others else "")
    assert moved > CHANGES.keys() - {"a measure is new and another goes"}
    rules = covered(worked.warehouse(), Bundle.model_validate(kinds))
    assert rules.deals["smb"] > 0
    assert {gap.segment for gap in rules.gaps} == {
        "",
        "SMB",
        "ENT",
    }  # SMB before the third of March
    assert not effect(worked.warehouse(), after, after).lines
    stands = standing(worked.warehouse(), after.credits)
    assert {one.standing for one in stands} == {*Standing} - {Standing.WITHDRAWN}
    for one in stands:
        if one.standing in {Standing.IN_FORCE, Standing.SHORT}:
            assert one.given == one.credit.share or one.standing is Standing.SHORT
            if one.credit.from_rep:
                left = left_of(worked.warehouse(), one.credit.deal_id, one.credit.from_rep)
                assert left is not None
                assert (one.standing is Standing.SHORT) <= (left == 0), "short: nothing is left"
    assert left_of(worked.warehouse(), "sim:deal:none", "r1") is None
