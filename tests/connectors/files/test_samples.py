"""The public samples, imported with the shipped mappings; totals against pandas."""

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pandas as pd

from connectors.sources.files.importing import Account
from connectors.sources.files.mapping import EventMapping, PeopleMapping
from connectors.sources.files.people import people_of
from connectors.sources.files.people_folder import existing_in, write
from connectors.sources.files.people_merging import merge
from connectors.sources.files.picking import Columns
from connectors.sources.files.reading_mapping import read_mapping
from connectors.sources.files.rows import opened
from tests.connectors.files.reading import Log, imported
from tests.connectors.files.test_mapping import FOLDER
from tests.samples import sample

AS_OF = datetime(2026, 3, 15, tzinfo=UTC)
HUBSPOT_AS_OF = datetime(2021, 1, 15, tzinfo=UTC)


def shipped(name: str, path: Path, as_of: datetime | None = None) -> tuple[Log, Account]:
    mapping = read_mapping(FOLDER / f"{name}.yaml")
    assert isinstance(mapping, EventMapping)
    return imported(path, mapping, as_of=as_of)


def frame(path: Path) -> pd.DataFrame:
    return pd.read_csv(path, dtype=str, keep_default_na=False)


def test_meridian_deals_per_rep_and_stage() -> None:
    path = sample("meridian_sales_demo/deals.csv")
    log, account = shipped("meridian_deals", path, AS_OF)
    wanted = frame(path).assign(deal_value=lambda f: f.deal_value.astype(int))
    assert (account.read, account.sent_count, account.refused) == (75, 75, 0)
    classes = pd.Series([r["stage_class"] for r in log.records]).value_counts().to_dict()
    assert classes == {"OPEN": 40, "WON": 27, "LOST": 8}
    ours = pd.DataFrame(log.records).groupby(["owner_id", "stage_id"]).amount.agg(["sum", "count"])
    theirs = wanted.groupby(["rep_id", "stage"]).deal_value.agg(["sum", "count"])
    assert [(k, int(v["sum"]), v["count"]) for k, v in ours.iterrows()] == [
        (k, int(v["sum"]), v["count"]) for k, v in theirs.iterrows()
    ]
    by_id = {r["source_id"]: r for r in log.records}
    for _, deal in wanted.iterrows():
        record = by_id[deal.deal_id]
        assert record["close_date"] == date.fromisoformat(deal.close_date)
        assert record["created_at"].date() == date.fromisoformat(deal.created_date)
        assert (record["lost_reason"] or "") == deal.loss_reason
        assert record["currency"] == "USD"


def test_meridian_reps_become_definitions(tmp_path: Path) -> None:
    path = sample("meridian_sales_demo/reps.csv")
    mapping = read_mapping(FOLDER / "meridian_reps.yaml")
    assert isinstance(mapping, PeopleMapping)
    rows = opened(path, mapping.file)
    draft = people_of(rows, Columns(rows.header, mapping.file), mapping, {})
    rows.close()
    wanted = frame(path).set_index("rep_id")
    reps = {k: r for k, r in draft.reps.items() if k in wanted.index}
    assert set(reps) == set(wanted.index)
    for rep_id, row in wanted.iterrows():
        (stint,) = reps[str(rep_id)].history
        assert stint.valid_from == date.fromisoformat(row.hire_date)
        assert draft.people[str(rep_id)].name == row.rep_name
        assert draft.people[str(stint.manager_id)].name == row.manager
        assert draft.identities["meridian", str(rep_id)].rep_id == rep_id
    quotas = {q.owner_id: q.amount for q in draft.quotas.values()}
    assert quotas == {i: Decimal(a) for i, a in wanted.quota_q1_2026.items()}
    assert len(draft.reps) - len(reps) == wanted.manager.nunique() == 3
    write(tmp_path, merge({}, draft, None).changed)
    assert merge(existing_in(tmp_path), draft, None).changed == {}, "a second time adds nothing"


def test_deals_of_meridian_belong_to_reps_of_meridian() -> None:
    owners = set(frame(sample("meridian_sales_demo/deals.csv")).rep_id)
    mapping = read_mapping(FOLDER / "meridian_reps.yaml")
    assert isinstance(mapping, PeopleMapping)
    rows = opened(sample("meridian_sales_demo/reps.csv"), mapping.file)
    draft = people_of(rows, Columns(rows.header, mapping.file), mapping, {})
    rows.close()
    assert owners <= {user for source, user in draft.identities if source == "meridian"}


def test_salesforce_opportunities() -> None:
    path = sample("fivetran_salesforce_seeds/sf_opportunity_data.csv")
    log, account = shipped("salesforce_opportunities", path)
    wanted = frame(path)
    too_likely = wanted[wanted.probability.astype(int) > 100]
    assert [p.row - 2 for p in account.problems] == list(too_likely.index)
    assert all("probability" in str(p) for p in account.problems)
    kept = wanted.drop(too_likely.index).set_index("id")
    assert account.cancelled == len(kept), "every row of the seed says is_deleted"
    for record in log.records:
        row = kept.loc[record["source_id"]]
        assert record["entity_id"] == f"salesforce:Opportunity:{record['source_id']}"
        assert record["amount"] == (Decimal(row.amount) if row.amount else None)
        flags = (row.is_closed, row.is_won)
        classes = {("true", "true"): "WON", ("true", "false"): "LOST", ("false", "false"): "OPEN"}
        assert record["stage_class"] == classes[flags]
        assert record["close_date"].isoformat() == row.close_date[:10]
        assert record["probability"] == Decimal(row.probability) / 100
    assert {r["source_id"] for r in log.records} == set(kept.index)


def test_salesforce_events_and_tasks() -> None:
    path = sample("fivetran_salesforce_seeds/sf_event_data.csv")
    log, account = shipped("salesforce_events", path)
    wanted = frame(path)
    assert (account.sent_count, account.refused) == (len(wanted), 0)
    ours = pd.Series([r["owner_id"] for r in log.records]).value_counts().to_dict()
    assert ours == wanted.owner_id.value_counts().to_dict()
    assert {r["outcome"] for r in log.records} == {"COMPLETED"}
    assert {r["deal_id"] for r in log.records} == {None}, "these what_ids are accounts"
    tasks = sample("fivetran_salesforce_seeds/sf_task_data.csv")
    _, account = shipped("salesforce_tasks", tasks)
    calls = (frame(tasks).task_subtype == "Call").sum()
    assert (account.read, account.sent_count) == (len(frame(tasks)), calls)


def test_hubspot_deals() -> None:
    path = sample("fivetran_hubspot_seeds/deal_data.csv")
    log, account = shipped("hubspot_deals", path, HUBSPOT_AS_OF)
    wanted = frame(path)
    assert (account.sent_count, account.refused) == (len(wanted), 0)
    by_id = {r["source_id"]: r for r in log.records}
    for _, row in wanted.iterrows():
        record = by_id[row.deal_id]
        assert record["created_at"] == pd.Timestamp(row.property_createdate, tz="UTC")
        assert record["owner_id"] == (row.owner_id or None)
        assert (record["amount"], record["stage_class"]) == (None, "UNKNOWN")


def test_hubspot_stages_are_joined(tmp_path: Path) -> None:
    stages = sample("fivetran_hubspot_seeds/deal_pipeline_stage_data.csv")
    table = frame(stages)
    (tmp_path / stages.name).write_bytes(stages.read_bytes())
    deals = table.head(20).reset_index()
    header = (
        "deal_id,is_deleted,deal_pipeline_id,deal_pipeline_stage_id,owner_id,property_dealname,"
        "property_amount,property_closedate,property_createdate"
    )
    rest = "7,x,10.5,2026-03-31 23:30:00,2026-01-01"
    lines = [
        f"{row['index']},false,{row.pipeline_id},{row.stage_id},{rest}"
        for _, row in deals.iterrows()
    ]
    (tmp_path / "deal_data.csv").write_text("\n".join([header, *lines]))
    log, account = shipped("hubspot_deals", tmp_path / "deal_data.csv", HUBSPOT_AS_OF)
    assert not account.problems, [str(p) for p in account.problems]
    told = {("TRUE", "TRUE"): "WON", ("TRUE", "FALSE"): "LOST", ("FALSE", "FALSE"): "OPEN"}
    assert [(r["stage_class"], r["stage_label"]) for r in log.records] == [
        (told[row.is_closed, row.closed_won], row.label) for _, row in deals.iterrows()
    ]
    assert {r["close_date"] for r in log.records} == {date(2026, 4, 1)}, "cut in the portal's zone"


def test_hubspot_meetings_in_1970_are_refused() -> None:
    path = sample("fivetran_hubspot_seeds/engagement_meeting_data.csv")
    log, account = shipped("hubspot_meetings", path)
    wanted = frame(path)
    mistaken = wanted[wanted.start_time.str.startswith("1970")]
    assert account.refused == len(mistaken) == 7
    assert {p.row - 2 for p in account.problems} == set(mistaken.index)
    kept = wanted.drop(mistaken.index).set_index("engagement_id")
    ours = {r["source_id"]: (r["start_at"], r["end_at"]) for r in log.records}
    assert ours == {
        str(i): (pd.Timestamp(row.start_time, tz="UTC"), pd.Timestamp(row.end_time, tz="UTC"))
        for i, row in kept.iterrows()
    }


def test_hubspot_calls_and_emails() -> None:
    calls, _ = shipped("hubspot_calls", sample("fivetran_hubspot_seeds/engagement_call_data.csv"))
    (call,) = calls.records
    assert call["occurred_at"] == datetime(2014, 8, 27, 20, 50, 44, 778000, tzinfo=UTC)
    (email,) = shipped(
        "hubspot_emails", sample("fivetran_hubspot_seeds/engagement_email_data.csv")
    )[0].records
    assert (email["direction"], email["owner_id"]) == ("UNKNOWN", None)
    assert not any("subject" in name or "text" in name for name in email)
