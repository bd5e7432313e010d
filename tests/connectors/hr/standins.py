"""HR systems on loopback, each with as many people as one likes, written from their documents."""

import csv
import io
import json
from base64 import b64encode
from typing import Any

from tests.connectors.vendors.loopback import Asked, Loopback, Told

KEY, SECRET, PASSWORD = "bamboo-key-7f3a", "papi-secret-9c1d", "isu-password-2b"


def basic(user: str, password: str) -> str:
    return "Basic " + b64encode(f"{user}:{password}".encode()).decode()


class Hr(Loopback):
    """What they have in common.

    Attributes:
        people: rows in the system's own words.
        joins: people who come while the list is read: one with each request, as long as there are.
        asked_for: names the last request asked for.
    """

    def __init__(self, people: list[dict[str, Any]] | None = None) -> None:
        super().__init__()
        self.people = people or []
        self.joins: list[dict[str, Any]] = []
        self.asked_for: list[str] = []

    def _come(self) -> None:
        if self.joins:
            self.people.append(self.joins.pop())


class BambooHR(Hr):
    """Documented: Get Data from Dataset (v2), and 429 with Retry-After since September 2026."""

    @property
    def settings(self) -> dict[str, str]:
        return {"company": "acme", "api_key": KEY, "url": self.base_url}

    def answer(self, asked: Asked) -> Told:
        if asked.headers.get("authorization") != basic(KEY, "x"):
            return Told(401, None, {"X-BambooHR-Error-Message": "Invalid API key"})
        if (asked.method, asked.path) != ("POST", "/api/v2/datasets/employee/data"):
            return Told(404, {"title": "Not Found"})
        body = json.loads(asked.body)
        page, size = body.get("page", 1), body.get("pageSize", 500)
        if size > 1000:
            return Told(400, {"title": "pageSize is at most 1000"})
        self.asked_for = body["fields"]
        start = (page - 1) * size
        rows = [{name: one.get(name) for name in body["fields"]} for one in self.people]
        total = len(rows)
        self._come()
        return Told(
            200,
            {
                "data": [{"fields": row} for row in rows[start : start + size]],
                "links": {},
                "meta": {
                    "page": page, "pageSize": size, "totalItems": total,
                    "totalPages": max(1, -(-total // size)),
                },
            },
        )  # fmt: skip


class Personio(Hr):
    """Published: personio-personnel-data-api-oa3.yaml; pages of 100 since January 2025."""

    tokens = 0

    @property
    def settings(self) -> dict[str, str]:
        return {"client_id": "papi-1", "client_secret": SECRET, "url": self.base_url}

    def forget_tokens(self) -> None:
        self.tokens += 1

    def answer(self, asked: Asked) -> Told:
        if (asked.method, asked.path) == ("POST", "/v1/auth"):
            if json.loads(asked.body) != {"client_id": "papi-1", "client_secret": SECRET}:
                error = {"code": 0, "message": "Wrong credentials"}
                return Told(403, {"success": False, "error": error})
            return Told(200, {"success": True, "data": {"token": f"papi-{self.tokens}"}})
        if asked.headers.get("authorization") != f"Bearer papi-{self.tokens}":
            error = {"code": 0, "message": "The token is not valid"}
            return Told(401, {"success": False, "error": error})
        if asked.path != "/v1/company/employees":
            return Told(404, {"success": False})
        limit, offset = int(asked.query.get("limit", 50)), int(asked.query.get("offset", 0))
        if limit > 100:
            return Told(400, {"success": False, "error": {"code": 1, "message": "limit"}})
        total, page = len(self.people), self.people[offset : offset + limit]
        self.asked_for = [asked.query.get("attributes[]", "")]
        self._come()
        return Told(
            200,
            {
                "success": True,
                "metadata": {
                    "total_elements": total, "current_page": offset // limit,
                    "total_pages": -(-total // limit),
                },
                "offset": offset, "limit": limit,
                "data": [{"type": "Employee", "attributes": one} for one in page],
            },
        )  # fmt: skip


class Workday(Hr):
    """Documented: a custom report enabled as a web service, in JSON or CSV."""

    path = "/ccx/service/customreport2/acme/isu_sales/Sales_People"

    @property
    def settings(self) -> dict[str, str]:
        return {"report_url": f"{self.base_url}{self.path}", "user": "isu_sales",
                "password": PASSWORD}  # fmt: skip

    def answer(self, asked: Asked) -> Told:
        if asked.headers.get("authorization") != basic("isu_sales", PASSWORD):
            return Told(401, {"error": "invalid username or password"})
        if asked.path != self.path:
            return Told(404, {"error": "not found"})
        if asked.query.get("format") == "json":
            return Told(200, {"Report_Entry": self.people})
        out = io.StringIO()
        written = csv.DictWriter(out, list(self.people[0]))
        written.writeheader()
        written.writerows(self.people)
        return Told(200, out.getvalue().encode(), {"Content-Type": "text/csv"})


def bamboo(number: int, **said: Any) -> dict[str, Any]:
    return {
        "employeeNumber": str(number), "firstName": "Rep", "lastName": f"No{number}",
        "workEmail": f"rep{number}@acme.example", "jobInformationDepartment": "Sales",
        "jobInformationReportsTo": None, "jobInformationJobTitle": "AE",
        "hireDate": "2026-01-01", "terminationDate": None, "homePhone": "555", **said,
    }  # fmt: skip


def personio(number: int, **said: Any) -> dict[str, Any]:
    plain = {
        "id": number, "first_name": "Rep", "last_name": f"No{number}",
        "email": f"rep{number}@acme.example", "position": "AE",
        "hire_date": "2026-01-01T00:00:00+01:00", "termination_date": None,
        "supervisor": None, "department": {
            "type": "Department", "attributes": {"id": 281521, "name": "Sales"}}, **said,
    }  # fmt: skip
    return {
        name: {"label": name, "value": value, "type": "standard", "universal_id": name}
        for name, value in plain.items()
    }


def workday(number: int, **said: Any) -> dict[str, Any]:
    return {
        "Employee_ID": str(number), "Full_Name": f"Rep No{number}",
        "Email": f"rep{number}@acme.example", "Team_Name": "Sales", "Job_Title": "AE",
        "Start_Date": "2026-01-01", **said,
    }  # fmt: skip
