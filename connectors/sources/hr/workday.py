"""Workday: a report of the company's own, as a service (RaaS), in JSON or CSV.

The report decides which columns there are; the mapping names them. It comes in one answer, which
takes Workday minutes to make. Source: Workday, Reports-as-a-Service, as read in the documents of
Workato and ServiceNow.
"""

from base64 import b64encode
from typing import Any

import httpx
from pydantic import BaseModel, Field, SecretStr, field_validator

from connectors.sources.hr.contract import Call, Snapshot, System
from connectors.sources.hr.rows import as_lines
from connectors.sources.vendors.contract import Denied
from connectors.sources.vendors.http import Api, parsed_json

ENTRIES = "Report_Entry"
REPORT_SECONDS_MAX = 900.0  # large reports are made when they are asked for


class Settings(BaseModel):
    """How to reach a report."""

    report_url: str = Field(
        description="the report's address: its actions, Web Service, View URLs, JSON (or CSV)"
    )
    user: str = Field(min_length=1, description="name of the integration system user")
    password: SecretStr = Field(description="its password")

    @field_validator("report_url")
    @classmethod
    def _is_safe(cls, url: str) -> str:
        told = httpx.URL(url)
        if told.scheme != "https" and told.host not in ("127.0.0.1", "localhost"):
            raise ValueError("must begin with https://: a password goes with it")
        if told.params.get("format", "json") not in ("json", "csv"):
            raise ValueError("must ask for format=json or format=csv")
        return str(told if "format" in told.params else told.copy_add_param("format", "json"))


def pull(settings: Settings, names: frozenset[str], call: Call) -> Snapshot:
    """Return everybody the report lists.

    Raises:
        Denied: the user is not let in, or the address is no report.
        Unavailable: Workday is away for too long.
    """
    key = f"{settings.user}:{settings.password.get_secret_value()}"
    headers = {"Authorization": f"Basic {b64encode(key.encode()).decode()}"}
    url = httpx.URL(settings.report_url)
    api = Api(f"{url.scheme}://{url.netloc.decode()}", headers=lambda: headers,
              read_seconds=REPORT_SECONDS_MAX)  # fmt: skip
    try:
        data = call(lambda: api.ask("GET", settings.report_url, raw=True).body)
    finally:
        api.close()
    if url.params.get("format") == "csv":
        return Snapshot(".csv", data or b"")
    entries = _entries(data or b"")
    return Snapshot(".jsonl", as_lines(entries), len(entries))


def _entries(data: bytes) -> list[dict[str, Any]]:
    try:
        told = parsed_json(data)
    except ValueError:
        told = None
    entries = told.get(ENTRIES) if isinstance(told, dict) else None
    if not isinstance(entries, list) or not all(isinstance(one, dict) for one in entries):
        raise Denied(
            f"the answer has no {ENTRIES}",
            "copy the JSON address of an advanced report that is enabled as a web service",
        )
    return entries


SYSTEM = System(
    name="workday",
    title="Workday",
    settings=Settings,
    pull=pull,
    mapping="workday_people",
    setup=(
        "Make an advanced custom report of all workers, leavers too; enable it as a web service.",
        "Share it with an integration system user that may see all of its columns.",
        "Its columns' XML aliases are the names in the mapping.",
    ),
)
