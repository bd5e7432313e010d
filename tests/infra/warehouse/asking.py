"""Asking a warehouse with a floor in it, as one of its readers."""

import httpx

from tests.infra.warehouse.serving import Served

SECRET = "the secret of this machine"  # in a file beside the warehouse
DENIED = {"497", "164", "62", "446"}  # not open, read-only, syntax, not allowed


def rows(served: Served, name: str, sql: str) -> set[str]:
    """Return the lines of an answer."""
    answer = served.ask(sql, name)
    assert answer.status_code == 200, answer.text
    return set(answer.text.split("\n")[:-1])


def code(answer: httpx.Response) -> str:
    """Return the code of what the warehouse refused, empty if it did not."""
    return str(answer.headers.get("X-ClickHouse-Exception-Code", ""))
