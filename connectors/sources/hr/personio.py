"""Personio: all employees, a hundred a page, with the attributes the mapping names.

An attribute's value stands under its name (`hire_date`), that of a related thing under both
(`department.name`, `supervisor.id`), a company's own under `dynamic_<number>`.

Source: developer.personio.de, List Employees, Authentication; the OpenAPI description that Personio
publishes (personio-personnel-data-api-oa3.yaml, personio-auth-api.yaml).
"""

from functools import partial
from typing import Any

from pydantic import BaseModel, Field, SecretStr

from connectors.sources.hr.contract import Call, Moved, Snapshot, System
from connectors.sources.hr.patience import whole
from connectors.sources.hr.rows import as_lines
from connectors.sources.vendors.contract import Denied, Unavailable
from connectors.sources.vendors.http import Api

PAGE = 100  # Personio gives no more at once
AUTH, EMPLOYEES = "/v1/auth", "/v1/company/employees"
MOVED = "Personio: people came or left while the list was read"


class Settings(BaseModel):
    """How to reach Personio."""

    client_id: str = Field(min_length=1, description="Client ID: Settings, API credentials")
    client_secret: SecretStr = Field(description="its secret, shown once when it is made")
    url: str = Field("https://api.personio.de", description="address of the API")


def pull(settings: Settings, names: frozenset[str], call: Call) -> Snapshot:
    """Return everybody.

    Raises:
        Denied: the credentials are not taken, or may not read employees.
        Unavailable: Personio is away for too long.
    """
    door = _Door(settings)
    wanted = sorted({name.partition(".")[0] for name in names} - {"id"})
    try:
        rows = whole(lambda: _rows(door, wanted, call))
    finally:
        door.close()
    return Snapshot(".jsonl", as_lines(rows), len(rows))


class _Door:
    """Personio, with the token it gives for a day."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._open = Api(settings.url)
        self._token = ""
        self.api = Api(settings.url, headers=self._headers, renew=self._forget)

    def close(self) -> None:
        self._open.close()
        self.api.close()

    def _forget(self) -> None:
        self._token = ""

    def _headers(self) -> dict[str, str]:
        if not self._token:
            secret = self._settings.client_secret.get_secret_value()
            body = {"client_id": self._settings.client_id, "client_secret": secret}
            told = _good(self._open.post(AUTH, body))
            self._token = str(told["data"]["token"])
        return {"Authorization": f"Bearer {self._token}"}


def _rows(door: _Door, wanted: list[str], call: Call) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    total = None
    while total is None or len(rows) < total:
        params = {"limit": PAGE, "offset": len(rows), "attributes[]": wanted}
        told = call(partial(_page, door.api, params))
        page, known = told["data"], int(told["metadata"]["total_elements"])
        if total not in (None, known) or (not page and len(rows) < known):
            raise Moved(MOVED)
        total = known
        rows += [row_of(one) for one in page]
    return rows


def _page(api: Api, params: dict[str, Any]) -> Any:
    return _good(api.get(EMPLOYEES, params))


def _good(told: Any) -> Any:
    if not isinstance(told, dict) or "data" not in told:
        error = told.get("error") if isinstance(told, dict) else None
        said = error.get("message") if isinstance(error, dict) else None
        if said:
            raise Denied(f"Personio: {said}", "check the credentials and what they may read")
        raise Unavailable("Personio answered neither data nor an error")
    return told


def row_of(employee: Any) -> dict[str, Any]:
    """Return an employee's attributes by name, without their labels and types."""
    attributes = employee.get("attributes", {}) if isinstance(employee, dict) else {}
    return {name: _plain(told) for name, told in attributes.items()}


def _plain(told: Any) -> Any:
    value = told["value"] if isinstance(told, dict) and "value" in told else told
    if isinstance(value, dict) and "attributes" in value:
        return {name: _plain(inner) for name, inner in value["attributes"].items()}
    return [_plain(one) for one in value] if isinstance(value, list) else value


SYSTEM = System(
    name="personio",
    title="Personio",
    settings=Settings,
    pull=pull,
    mapping="personio_people",
    setup=(
        "Settings, API credentials: make some that may read employees, and choose the attributes",
        "that the mapping names as readable; what is not readable is empty.",
    ),
)
