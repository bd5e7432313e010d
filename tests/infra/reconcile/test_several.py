"""Activities of several sources: proved by SQL that shares no code with the engine; explained."""

import json
from collections.abc import Iterator

import pytest
from typer.testing import CliRunner

from connectors.sinks.clickhouse import Warehouse
from infra.activities.explaining import explained
from infra.cli import explain
from infra.cli.main import app
from infra.effects.computing import effect
from infra.local.ports import free_port
from infra.migrations import migrate
from infra.reconcile.running import ACTIVITY
from schemas.definitions import Bundle
from tests.ground import laid_out, wait_for, warehouse
from tests.infra.reconcile.editing import check, key_of, put
from tests.simulation.checks import survivors
from tests.simulation.seeds import MIXES, run
from tests.simulation.test_memory import fill
from tests.simulation.truth import sums

pytestmark = [pytest.mark.thorough, pytest.mark.slow, pytest.mark.timeout(600)]
SHARED = "said != '' AND kind = 'call' AND position < 1099511630000"


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warehouse]:
    folder, port = tmp_path_factory.mktemp("several"), free_port()
    laid_out(folder)
    with warehouse(folder, port) as token:
        made = wait_for(
            lambda: Warehouse.connect(f"http://127.0.0.1:{port}", "service", token), "warehouse"
        )
        migrate(made._client)
        yield made
        made.close()


# Calls, e-mails and meetings; definitions change in all of them.
@pytest.mark.parametrize("seed", [1, 2, 3, 5])
def test_what_the_engine_made_of_several_sources_is_proved(real: Warehouse, seed: int) -> None:
    world = run(seed, MIXES["markers"])
    fill(real, world.tables)
    shared = real.frame("SELECT uniqExact(entity_id) AS n FROM spm.activity WHERE said != ''")
    found = check(real, ACTIVITY)
    assert not found.mismatches
    if any(name in world.kinds for name in ("crm.calls", "crm.emails", "crm.meetings")):
        assert shared["n"][0] > 0
        assert found.keys > 10


def test_a_row_made_of_the_wrong_statement_is_found(real: Warehouse) -> None:
    world = run(1, MIXES["calm"])
    while "crm.calls" not in world.kinds:
        world = run(world.choice.randrange(1000), MIXES["calm"])
    fill(real, world.tables)
    assert not check(real, ACTIVITY).differing
    rows = real.frame(f"SELECT * FROM spm.activity FINAL WHERE {SHARED} ORDER BY position LIMIT 1")
    for wrong in ({"disposition": "?"}, {"said": ""}, {"deal_id": "another"}):
        if "disposition" in wrong:
            state = {**json.loads(rows["state"][0]), "disposition": "?"}
            put(real, ACTIVITY, rows, state=json.dumps(state))
        else:
            put(real, ACTIVITY, rows, **wrong)
        found = check(real, ACTIVITY)
        assert rows["entity_id"][0] in {m.key["entity_id"] for m in found.mismatches}, wrong
        put(real, ACTIVITY, rows)
        assert not check(real, ACTIVITY).differing, key_of(rows, ["entity_id"])


def test_an_activity_is_explained(real: Warehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = real.frame(f"SELECT entity_id FROM spm.activity FINAL WHERE {SHARED} LIMIT 1")
    entity = rows["entity_id"][0]
    one = explained(real, entity)
    row = real.frame(
        f"SELECT * FROM spm.activity FINAL WHERE entity_id = '{entity}' "
        "ORDER BY position DESC LIMIT 1"
    ).row(0, named=True)
    assert len({(s.source, s.source_id) for s in one.said}) > 1
    shown = {t.field: t.value for t in one.taken}
    assert shown["talk_seconds"] == row["talk_seconds"]
    assert (shown["owner_id"] or "") == row["owner_id"]
    assert shown["status"] == row["status"]
    assert [c.measure for c in one.counted] == row["measure"]
    assert all(t.why and t.source for t in one.taken)
    monkeypatch.setattr(explain, "patient_warehouse", lambda _: real)
    told = CliRunner().invoke(app, ["explain", "activity", entity])
    assert told.exit_code == 0, told.output
    assert "What was taken" in told.stdout
    plain = CliRunner().invoke(app, ["explain", "activity", entity, "--json"])
    assert json.loads(plain.stdout)["entity_id"] == entity
    nobody = CliRunner().invoke(app, ["explain", "activity", "dialer:none"])
    assert nobody.exit_code == 1
    assert "no call, e-mail or meeting" in nobody.output


def test_a_look_ahead_at_another_order_of_sources_tells_what_comes(real: Warehouse) -> None:
    world = run(1, MIXES["calm"])
    while "crm.calls" not in world.kinds:
        world = run(world.choice.randrange(1000), MIXES["calm"])
    fill(real, world.tables)
    raw = world.definitions[-1][1]
    rules = [
        {"of": "call", "field": name, "sources": ["sim"]} for name in ("owner_id", "direction")
    ]
    company = {**raw["company"], "precedence": rules}
    after = {**raw, "company": company}
    told = effect(real, *(Bundle.model_validate(some) for some in (raw, after)), by="day")
    sent = survivors(world)
    old, new = sums(sent, raw), sums(sent, after)
    must = {
        (rep, measure, day, currency): new.get(key, 0) - old.get(key, 0)
        for key in {*old, *new}
        if old.get(key, 0) != new.get(key, 0)
        for rep, day, measure, currency in [key]
        if not measure.startswith("contest/") and rep != "unassigned"
    }
    lines = {
        (x.subject_id, x.measure, x.period, x.currency): x.after - x.before
        for x in told.lines
        if x.subject_kind == "REP" and x.subject_id != "unassigned"
    }
    assert lines == must
    assert must
