"""dbt-clickhouse in an environment of its own: a project with a table, an incremental, a test."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from clickhouse_connect.driver.client import Client

from tests.infra.warehouse.serving import Served, absent, cache_folder

pytestmark = [pytest.mark.external, pytest.mark.slow, pytest.mark.timeout(400)]
# The newest dbt-core whose own requirements are all on the package index.
WANTED = ["dbt-clickhouse==1.10.3", "dbt-core==1.11.16"]
SCHEMA = "dbt_conformance"

PROJECT = {
    "dbt_project.yml": "name: conformance\nversion: 1.0.0\nprofile: conformance\nflags:\n"
    "  send_anonymous_usage_stats: false\n  use_colors: false\nmodels:\n"
    "  +persist_docs: {relation: true, columns: true}\n",
    "models/schema.yml": """
sources:
  - name: spm_bi
    schema: spm_bi
    tables: [{name: rep_day}]
models:
  - name: totals
    description: Totals per measure
    columns:
      - {name: measure, description: What is counted, data_tests: [not_null, unique]}
""",
    "models/totals.sql": "{{ config(materialized='table', order_by='measure') }}\n"
    "select measure, sum(value) as value"
    " from {{ source('spm_bi', 'rep_day') }} group by measure\n"
    "union all select 'seeded' as measure, toDecimal128(sum(n), 4)"
    " from {{ ref('numbers_seed') }}\n",
    "models/daily.sql": "{{ config(materialized='incremental', order_by='n', unique_key='n',"
    " incremental_strategy='delete+insert') }}\nselect n, text from {{ ref('numbers_seed') }}\n",
    "models/a_view.sql": "{{ config(materialized='view') }}\nselect * from {{ ref('totals') }}\n",
    "seeds/numbers_seed.csv": 'n,text\n1,one\n2,it\'s two\n3,"three; or\n\nmore"\n',
}


@pytest.fixture(scope="module")
def dbt() -> Path:
    """The dbt program, installed once into a folder outside the repository."""
    folder = cache_folder("dbt-" + "-".join(w.split("==")[1] for w in WANTED))
    program = folder / "bin" / "dbt"
    if not program.exists():
        subprocess.run([sys.executable, "-m", "venv", folder], check=True, timeout=120)
        got = subprocess.run(
            [folder / "bin" / "pip", "install", "-q", *WANTED],
            capture_output=True, text=True, timeout=350, check=False,
        )  # fmt: skip
        if got.returncode:
            absent(f"dbt cannot be installed: {got.stderr[-300:]}")
    return program


@pytest.fixture
def project(tmp_path: Path, warehouse: Served, client: Client) -> Path:
    user, token = warehouse.auth()
    profile = (
        "conformance:\n  target: t\n  outputs:\n    t:\n"
        "      type: clickhouse\n      driver: http\n"
        f"      host: {warehouse.host}\n      port: {warehouse.port}\n      user: {user}\n"
        f"      schema: {SCHEMA}\n      threads: 2\n      password: '{token}'\n"
    )
    for name, text in {**PROJECT, "profiles.yml": profile}.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    client.command(f"DROP DATABASE IF EXISTS {SCHEMA}")
    return tmp_path


def run(dbt: Path, project: Path, *words: str) -> str:
    done = subprocess.run(
        [dbt, *words, "--project-dir", project, "--profiles-dir", project],
        cwd=project, capture_output=True, text=True, timeout=170, check=False,
        env={**os.environ, "DO_NOT_TRACK": "1"},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
    return done.stdout


def test_a_project_is_built_and_built_again(dbt: Path, project: Path, client: Client) -> None:
    assert "ERROR=0" in run(dbt, project, "build")
    assert client.command(f"SELECT value FROM {SCHEMA}.a_view WHERE measure = 'seeded'") == 6
    texts = client.query(f"SELECT text FROM {SCHEMA}.daily ORDER BY n").result_columns[0]
    assert list(texts) == ["one", "it's two", "three; or\n\nmore"]
    (project / "seeds" / "numbers_seed.csv").write_text("n,text\n3,drei\n4,vier\n")
    assert "ERROR=0" in run(dbt, project, "build", "--select", "numbers_seed", "daily")
    texts = client.query(f"SELECT text FROM {SCHEMA}.daily ORDER BY n").result_columns[0]
    assert list(texts) == ["one", "it's two", "drei", "vier"]
    said = client.command(
        f"SELECT comment FROM system.columns WHERE database = '{SCHEMA}' AND table = 'totals'"
        " AND name = 'measure'"
    )
    assert said == "What is counted"
    client.command(f"DROP DATABASE {SCHEMA}")
