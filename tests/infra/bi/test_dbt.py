"""dbt's sources: in step with the dictionary, and usable with dbt."""

from pathlib import Path

import pytest
import yaml

from infra.bi.dictionary import dictionary
from infra.bi.documents import SOURCES
from tests.infra.warehouse.serving import Served
from tests.infra.warehouse.test_dbt import dbt, run

__all__ = ["dbt"]  # the fixture
PROJECT = "name: sources\nversion: 1.0.0\nprofile: sources\nflags:\n  use_colors: false\n"
PROJECT += "  send_anonymous_usage_stats: false\n"
MODEL = (
    "select rep_id, sum(amount) as won from {{ source('spm_bi', 'fct_credit') }} group by rep_id"
)


def test_sources_name_what_there_is() -> None:
    (source,) = yaml.load(SOURCES.read_text("utf-8"), yaml.CSafeLoader)["sources"]
    named = {t["name"]: [c["name"] for c in t["columns"]] for t in source["tables"]}
    assert named == {v.name: [c.name for c in v.columns] for v in dictionary().views.values()}
    tested = {t["name"] for t in source["tables"] for c in t["columns"] if "data_tests" in c}
    assert tested == {v.name for v in dictionary().views.values() if len(v.key) == 1}


@pytest.mark.external
@pytest.mark.slow
@pytest.mark.timeout(400)
def test_dbt_reads_them(dbt: Path, tmp_path: Path, company: Served) -> None:
    user, token = company.auth()
    profile = (
        "sources:\n  target: t\n  outputs:\n    t:\n      type: clickhouse\n      driver: http\n"
        f"      host: {company.host}\n      port: {company.port}\n      user: {user}\n"
        f"      password: '{token}'\n      schema: dbt_sources\n"
    )
    (tmp_path / "models").mkdir()
    (tmp_path / "dbt_project.yml").write_text(PROJECT)
    (tmp_path / "profiles.yml").write_text(profile)
    (tmp_path / "models" / "sources.yml").write_text(SOURCES.read_text("utf-8"))
    (tmp_path / "models" / "won.sql").write_text(MODEL)
    assert "PASS" in run(dbt, tmp_path, "source", "freshness")
    wanted = ("won", "source:spm_bi.dim_rep", "source:spm_bi.fct_deal")
    built = run(dbt, tmp_path, "build", "--select", *wanted)  # each command starts for seconds
    assert "ERROR=0" in built
    assert "PASS=5" in built  # the model, and four tests
    with company.client() as client:
        assert client.command("SELECT count() FROM dbt_sources.won") > 5
        client.command("DROP DATABASE dbt_sources")
