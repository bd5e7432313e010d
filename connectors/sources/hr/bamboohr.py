"""BambooHR: rows of its dataset `employee`, a thousand a page.

Fields have the names of that dataset (jobInformationDepartment), which differ between companies;
`GET /api/v1/datasets/employee/fields` lists them. Those the mapping reads are asked for.

Source: documentation.bamboohr.com, Get Data from Dataset (v2), Technical Overview, Planned Changes
to the API.
"""

from base64 import b64encode
from functools import partial
from typing import Any

from pydantic import BaseModel, Field, SecretStr

from connectors.sources.hr.contract import Call, Moved, Snapshot, System
from connectors.sources.hr.patience import whole
from connectors.sources.hr.rows import as_lines
from connectors.sources.vendors.contract import Denied, Unavailable
from connectors.sources.vendors.http import Api

PAGE = 1000  # BambooHR gives no more at once
PATH = "/api/v2/datasets/employee/data"
NO_DAY = "0000-00-00"  # how its older fields write that there is none
MOVED = "BambooHR: people came or left while the list was read"


class Settings(BaseModel):
    """How to reach BambooHR."""

    company: str = Field(
        pattern=r"^[A-Za-z0-9-]+$", description="what stands before .bamboohr.com in the address"
    )
    api_key: SecretStr = Field(description="API key: your name at the top right, API Keys")
    url: str = Field("", description="address of the API; empty: https://COMPANY.bamboohr.com")


def pull(settings: Settings, names: frozenset[str], call: Call) -> Snapshot:
    """Return everybody.

    Raises:
        Denied: the key is not taken, or a field is not known or not allowed.
        Unavailable: BambooHR is away for too long.
    """
    key = b64encode(f"{settings.api_key.get_secret_value()}:x".encode()).decode()
    api = Api(
        settings.url or f"https://{settings.company}.bamboohr.com",
        headers=lambda: {"Authorization": f"Basic {key}"},
    )
    try:
        rows = whole(lambda: _rows(api, sorted(names), call))
    finally:
        api.close()
    return Snapshot(".jsonl", as_lines(rows), len(rows))


def _rows(api: Api, names: list[str], call: Call) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    page, pages, total = 1, 1, None
    while page <= pages:
        body = {"fields": names, "page": page, "pageSize": PAGE}
        told = call(partial(_page, api, body))
        data, meta = told["data"], told["meta"]
        if total not in (None, meta["totalItems"]):
            raise Moved(MOVED)
        pages, total = int(meta["totalPages"]), meta["totalItems"]
        rows += [_row(one["fields"]) for one in data]
        page += 1
    if len(rows) != total:
        raise Moved(MOVED)
    return rows


def _page(api: Api, body: dict[str, Any]) -> Any:
    told = api.post(PATH, body)
    if not isinstance(told, dict) or not {"data", "meta"} <= told.keys():
        raise Unavailable("BambooHR answered no rows")
    if not all(
        isinstance(one, dict) and isinstance(one.get("fields"), dict) for one in told["data"]
    ):
        raise Denied("BambooHR's rows have no fields", "is the address that of its API?")
    return told


def _row(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: None if value == NO_DAY else value for name, value in fields.items()}


SYSTEM = System(
    name="bamboohr",
    title="BambooHR",
    settings=Settings,
    pull=pull,
    mapping="bamboohr_people",
    setup=(
        "Make an API key of a user who may see all employees: what the user may not see is empty.",
        "Names of fields: https://COMPANY.bamboohr.com/api/v1/datasets/employee/fields",
    ),
)
