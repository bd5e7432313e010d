"""curl, as in anybody's first five minutes."""

import subprocess
from pathlib import Path

import pytest

from tests.infra.warehouse.serving import Served, need

pytestmark = pytest.mark.external


def curl(served: Served, *words: str | Path, data: bytes = b"") -> str:
    user, token = served.auth()
    done = subprocess.run(
        [need("curl"), "-sS", "--noproxy", "*", "-u", f"{user}:{token}", *words],
        input=data, capture_output=True, timeout=30, check=True,
    )  # fmt: skip
    return done.stdout.decode()


def test_ping(warehouse: Served) -> None:
    assert curl(warehouse, f"{warehouse.url}/ping") == "Ok.\n"
    assert "200 OK" in curl(warehouse, "-I", f"{warehouse.url}/ping")


def test_a_statement_in_the_url_or_as_data(warehouse: Served) -> None:
    assert curl(warehouse, f"{warehouse.url}/?query=SELECT%201") == "1\n"
    assert curl(warehouse, warehouse.url, "-d", "SELECT 'a' || 'b'") == "ab\n"
    assert curl(warehouse, warehouse.url, "--data-binary", "@-", data=b"SELECT 2") == "2\n"
    asked = curl(warehouse, "-G", warehouse.url, "--data-urlencode", "query=SELECT 1 FORMAT JSON")
    assert '"rows": 1' in asked


def test_chunked_and_compressed_uploads(warehouse: Served, table: str, tmp_path: Path) -> None:
    curl(
        warehouse,
        warehouse.url,
        "-d",
        f"CREATE TABLE {table} (a UInt32) ENGINE = MergeTree ORDER BY a",
    )
    rows = b"".join(b"%d\n" % n for n in range(100_000))
    where = f"{warehouse.url}/?query=INSERT%20INTO%20{table}%20FORMAT%20TSV"
    chunked = ("-H", "Transfer-Encoding: chunked", "--data-binary", "@-")
    curl(warehouse, where, *chunked, data=rows)
    packed = subprocess.run(["gzip", "-c"], input=rows, capture_output=True, check=True).stdout
    (tmp_path / "rows.gz").write_bytes(packed)
    gz = f"@{tmp_path / 'rows.gz'}"
    curl(warehouse, where, "-H", "Content-Encoding: gzip", "--data-binary", gz)
    assert curl(warehouse, warehouse.url, "-d", f"SELECT count() FROM {table}") == "200000\n"


def test_compressed_downloads(warehouse: Served) -> None:
    where = f"{warehouse.url}/?enable_http_compression=1"
    got = curl(warehouse, "--compressed", where, "-d", "SELECT number FROM numbers(10000)")
    assert got.count("\n") == 10_000


def test_an_error_is_read_as_text(warehouse: Served) -> None:
    said = curl(warehouse, warehouse.url, "-d", "SELEC 1 FROM")
    assert said.startswith("Code: 62. DB::Exception: ")
