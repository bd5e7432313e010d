"""Bulk API 2.0 query jobs: millions of rows for a handful of calls.

They know no lists of children, so they serve objects without any.

Source: developer.salesforce.com, Bulk API 2.0, Create a Query Job, Get Results for a Query Job.
"""

import csv
import io
import time
from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

from connectors.sources.vendors.contract import CursorExpired, Unavailable
from connectors.sources.vendors.salesforce.rest import Rest

ROWS_MAX = 10_000  # of a page: a few MB, and what a kill loses at most
WAIT_SECONDS = (1.0, 2.0, 5.0, 10.0)  # between questions whether it is done; then the last one
HOURS_MAX = 4  # a job that is not done by then will not be
_ENDED = {"Aborted", "Failed"}


class Results(NamedTuple):
    """A page of a job's results.

    Attributes:
        locator: of the next page; empty: this was the last.
    """

    rows: list[dict[str, str]]
    locator: str


class BulkQuery:
    """Query jobs of an organisation."""

    def __init__(self, rest: Rest, sleep: Callable[[float], None] = time.sleep) -> None:
        self._rest = rest
        self._sleep = sleep

    def start(self, soql: str) -> str:
        """Return the id of a new job, deleted and archived rows included."""
        body = {"operation": "queryAll", "query": soql, "contentType": "CSV",
                "columnDelimiter": "COMMA", "lineEnding": "LF"}  # fmt: skip
        return str(self._rest.ask("POST", "jobs/query", body=body).body["id"])

    def wait(self, job: str) -> Iterator[None]:
        """Yield now and then until all rows are ready.

        Raises:
            Unavailable: Salesforce gave it up.
            CursorExpired: it no longer knows the job.
        """
        waited, turn = 0.0, 0
        while True:
            answer = self._rest.ask("GET", f"jobs/query/{job}", also=(404,))
            if answer.status == 404:
                raise CursorExpired(f"Salesforce no longer knows the bulk query {job}")
            state = answer.body.get("state")
            yield
            if state == "JobComplete":
                return
            if state in _ENDED or waited > HOURS_MAX * 3600:
                why = answer.body.get("errorMessage") or "no reason given"
                raise Unavailable(f"the bulk query {job} ended as {state} ({why})")
            pause = WAIT_SECONDS[min(turn, len(WAIT_SECONDS) - 1)]
            self._sleep(pause)
            waited, turn = waited + pause, turn + 1

    def results(self, job: str, locator: str) -> Results:
        """Return a page of rows, as text.

        Raises:
            CursorExpired: Salesforce no longer knows the job; results are kept for seven days.
        """
        params: Mapping[str, str] = {"maxRecords": str(ROWS_MAX)}
        if locator:
            params = {**params, "locator": locator}
        answer = self._rest.ask("GET", f"jobs/query/{job}/results", params=params, raw=True,
                                headers={"Accept": "text/csv"}, also=(404,))  # fmt: skip
        if answer.status == 404:
            raise CursorExpired(f"Salesforce no longer has the results of the bulk query {job}")
        following = answer.headers.get(
            "sforce-locator", "null"
        )  # the word null behind the last page
        text = answer.body.decode("utf-8-sig")
        rows = list(csv.DictReader(io.StringIO(text, newline="")))
        return Results(rows, "" if following == "null" else following)

    def forget(self, job: str) -> None:
        """Let Salesforce drop a job that was read to its end."""
        self._rest.ask("DELETE", f"jobs/query/{job}", also=(400, 403, 404, 409))
