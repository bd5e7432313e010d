"""The dictionary and the warehouse say the same, and what follows from it is in step."""

import pytest
from clickhouse_connect.driver.client import Client

from infra.bi.commenting import comment_views
from infra.bi.dictionary import DictionaryError, dictionary, read
from infra.bi.documents import files
from infra.bi.views import statements
from infra.definitions.stored import Stored
from infra.migrations import migrations
from tests.infra.warehouse.serving import Served

VIEWS = dictionary().views
COLUMNS = "SELECT table, name, type FROM system.columns WHERE database = 'spm_bi'"


def test_every_view_has_the_columns_that_the_dictionary_describes(analyst: Client) -> None:
    found: dict[str, list[tuple[str, str]]] = {}
    for view, name, kind in analyst.query(f"{COLUMNS} ORDER BY table, position").result_rows:
        found.setdefault(view, []).append((name, kind))
    assert found == {v.name: [(c.name, c.type) for c in v.columns] for v in VIEWS.values()}


def test_the_warehouse_says_of_everything_what_the_dictionary_says(analyst: Client) -> None:
    rows = analyst.query(
        "SELECT table, name, comment FROM system.columns WHERE database = 'spm_bi'"
    ).result_rows
    assert {(v, n): said for v, n, said in rows} == {
        (v.name, c.name): dictionary().comment(c) for v in VIEWS.values() for c in v.columns
    }
    views = "SELECT name, comment FROM system.tables WHERE database = 'spm_bi'"
    assert dict(analyst.query(views).result_rows) == {v.name: v.comment for v in VIEWS.values()}


def test_meanings_stand_in_the_dictionary_alone() -> None:
    for migration in migrations():
        for statement in migration.statements():
            assert "VIEW spm_bi." not in statement or "COMMENT" not in statement, migration.name


def test_data_dictionary_is_the_dictionary(analyst: Client) -> None:
    rows = analyst.query(
        "SELECT view_name, view_meaning, grain, row_key, column_name, type, unit, meaning,"
        " null_means, empty_means FROM data_dictionary ORDER BY view_name, position"
    ).result_rows
    units = {"": "", **dictionary().units}
    assert rows == [
        (v.name, v.meaning, v.grain, ", ".join(v.key), c.name, c.type, units[c.unit], c.meaning,
         c.null_means, c.empty_means)
        for v in sorted(VIEWS.values()) for c in v.columns
    ]  # fmt: skip
    versions = "SELECT DISTINCT contract_version FROM data_dictionary"
    assert analyst.query(versions).result_rows == [(dictionary().version,)]


def test_a_view_made_anew_gets_its_comments_back(company: Served) -> None:
    numbered = next(
        statement
        for migration in migrations()
        for statement in migration.statements()
        if statement.startswith("CREATE OR REPLACE VIEW spm_bi.leaderboard_day")
    )
    with company.client() as client:
        assert comment_views(client) == []
        client.command(numbered)
        assert comment_views(client) == ["leaderboard_day"]
        assert comment_views(client) == []


def test_a_view_that_follows_from_definitions_is_made_with_its_comments(company: Served) -> None:
    said = "SELECT comment FROM system.columns WHERE table = 'dim_kpi' AND name = 'kpi_id'"
    with company.client() as client:
        client.command("ALTER TABLE spm_bi.dim_kpi COMMENT COLUMN kpi_id 'not this'")
        client.command(dict(statements(Stored(client).in_force().bundle()))["dim_kpi"])
        column = next(c for c in dictionary().views["dim_kpi"].columns if c.name == "kpi_id")
        assert client.command(said) == dictionary().comment(column)
        assert comment_views(client) == []


def test_a_dictionary_that_contradicts_itself_says_where() -> None:
    view = "{meaning: M, grain: G, key: [a], columns: {a: %s}}"
    form = "version: 1\nunits: {count: C}\ncolumns: {}\nviews: {v: %s}\n"
    for column, why in (
        ("{type: UInt8, meaning: M}", "v.a: numbers have a unit"),
        ("{type: String, meaning: M, unit: count}", "v.a: numbers have a unit"),
        ("{type: UInt8, meaning: M, unit: inch}", "v.a: no unit inch"),
        ("{type: Nullable(UInt8), meaning: M, unit: count}", "v.a: null says"),
        ("{type: UInt8, meaning: M, unit: count, 'null': N}", "v.a: null says"),
        ("{type: Date, meaning: M, empty: E}", "v.a: only a text"),
        ("{type: Date, meaning: M, nul: E}", "v.a: ['nul'] means nothing"),
        ("other", "v.a: other does not stand under columns"),
    ):
        with pytest.raises(DictionaryError) as error:
            read(form % (view % column))
        assert why in str(error.value)
    with pytest.raises(DictionaryError, match="key names"):
        read(form % "{meaning: M, grain: G, key: [b], columns: {a: {type: Date, meaning: M}}}")


def test_files_are_in_step_with_it() -> None:
    stale = [path.name for path, text in files().items() if path.read_text("utf-8") != text]
    assert stale == [], "run `make dictionary`"
