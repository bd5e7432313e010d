"""A statement in every format: the same figures, nothing a page or sheet would run."""

import csv
import io
import json
import re
from base64 import b64encode
from datetime import UTC, date, datetime
from decimal import Decimal
from hashlib import sha256
from html.parser import HTMLParser
from pathlib import Path

import openpyxl
import pytest

from infra.statements import printing
from infra.statements.making import Format, file_name, instant_of, written
from infra.statements.page import page
from infra.statements.plain import COLUMNS, Shown, plain
from infra.statements.sheets import csv_of, xlsx_of
from schemas.definitions import Company
from streams.domain.pay_periods import Status
from streams.domain.statement_parts import Dispute, Terms
from streams.domain.statements import Evidence, statement
from tests.streams.domain.test_statements import credited, entry, span

NOW = datetime(2026, 4, 2, 8, tzinfo=UTC)
EVIL = ('=HYPERLINK("http://x")', "+1+1", "-2", "@SUM(A1)", "<script>alert(1)</script>", "a&b\"'")
AMOUNTS = ("1234.5", "-0.01", "99999999999999.9999", "0.045", "-7", "12")


def shown(lines: int = 6) -> Shown:
    ledger, credits = [], {}
    for n in range(lines):
        name, amount = EVIL[n % len(EVIL)], AMOUNTS[n % len(AMOUNTS)]
        ledger.append(entry(f"{n:032x}", amount, position=n + 1, deal_id=f"d{n}", via="owner",
                            role="REVENUE", currency="JPY" if n == 5 else "EUR"))  # fmt: skip
        credits["spm.credits", 0, n + 1] = credited(
            n + 1, date(2026, 1, 1 + n % 28), deal_id=f"d{n}", deal_name=name, account_name=name,
            currency="EUR", reporting_currency="EUR", reporting_amount=Decimal(1),
            stage_class="WON", rate_on=None, rate=None,
        )  # fmt: skip
    ledger.append(entry("p" * 32, "10", state="PAID", kind="PAYOUT", reason="</td>=cmd|' /C'!A0"))
    terms = [Terms(0, "p", "=Plan", "f" * 64, "<i>author</i>", "note", NOW, "{}")]
    dispute = Dispute("d1", "0" * 32, "r", "OPEN", "<b>", NOW, "<img src=x>", "", None, "", "")
    evidence = Evidence(credits, terms, {"0" * 32: [dispute]}, {})
    made = statement(("r", "=Dana <b>"), span(3, 0), ledger, evidence)
    return Shown(made, "Halden & Pine", "2026-Q1", None, NOW)


class Page(HTMLParser):
    """What stands in a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


def test_a_page_runs_nothing_and_asks_nobody() -> None:
    text = page(shown())
    found = Page(text)
    names = {tag for tag, _ in found.tags}
    assert not names & {"script", "img", "link", "iframe", "object", "form", "a", "b", "i"}
    assert not [a for _, attrs in found.tags for a in attrs if a in ("src", "href", "style")]
    assert not [a for _, attrs in found.tags for a in attrs if a.startswith("on")]
    (policy,) = [m["content"] for m in found.all("meta") if m.get("http-equiv")]
    style = re.search(r"<style>(.*)</style>", text, re.DOTALL)
    assert style is not None
    digest = b64encode(sha256(style[1].encode()).digest()).decode()
    assert policy == (
        f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    )
    assert "url(" not in style[1]
    assert "<script>alert(1)</script>" in found.texts
    assert "Halden & Pine \u00b7 Commission statement" in found.texts


def test_tables_of_a_page_are_told_to_those_who_hear_them() -> None:
    found = Page(page(shown()))
    assert len(found.all("caption")) == len(found.all("table")) > 1
    assert all(th.get("scope") for th in found.all("th"))
    assert found.all("html") == [{"lang": "en"}]


def test_all_formats_tell_the_same_amounts(tmp_path: Path) -> None:
    made = shown()
    values = plain(made)
    lines = [line for part in (*values["earned"], *values["moved"]) for line in part["lines"]]
    amounts = [Decimal(line["amount"]) for line in lines]
    assert sorted(amounts) == sorted(map(Decimal, (*AMOUNTS, "10")))
    assert json.loads(written(made, Format.JSON)) == values
    for part in values["earned"]:
        assert Decimal(part["subtotal"]) == sum(Decimal(one["amount"]) for one in part["lines"])

    rows = list(csv.DictReader(io.StringIO(csv_of([made]))))
    assert [Decimal(row["amount"]) for row in rows] == amounts
    assert [row["entry_id"] for row in rows] == [line["entry_id"] for line in lines]

    file = tmp_path / "s.xlsx"
    file.write_bytes(xlsx_of([made]))
    sheet = openpyxl.load_workbook(file).active
    assert sheet is not None
    head, *cells = sheet.iter_rows()
    assert tuple(cell.value for cell in head) == COLUMNS
    at = COLUMNS.index("amount")
    assert [Decimal(str(row[at].value)) for row in cells] == amounts
    by_amount = {str(row[at].value): row[at] for row in cells}
    assert by_amount["1234.5"].number_format == "#,##0.00"
    assert by_amount["12"].number_format == "#,##0"  # yen
    assert by_amount["0.045"].number_format == "#,##0.000"
    assert by_amount["99999999999999.9999"].data_type == "s"  # a sheet's number has 15 digits


def test_no_sheet_takes_a_name_for_a_formula(tmp_path: Path) -> None:
    rows = list(csv.DictReader(io.StringIO(csv_of([shown()]))))
    texts = [value for row in rows for name, value in row.items()]
    numeric = re.compile(r"-?\d+(\.\d+)?")
    assert not [t for t in texts if t.startswith(("=", "+", "-", "@")) and not numeric.fullmatch(t)]
    assert '\'=HYPERLINK("http://x")' in texts
    file = tmp_path / "s.xlsx"
    file.write_bytes(xlsx_of([shown()]))
    sheet = openpyxl.load_workbook(file).active
    assert sheet is not None
    cells = [cell for row in sheet.iter_rows() for cell in row]
    assert not [cell for cell in cells if cell.data_type == "f"]
    assert EVIL[0] in [cell.value for cell in cells]


@pytest.mark.parametrize(
    ("steps", "told"),
    [
        ({}, "open: amounts may still change"),
        ({0: Status.CLOSED}, "2026-01 closed, the rest open: amounts may still change"),
        ({0: Status.PAID, 1: Status.CLOSED, 2: Status.PROVISIONAL},
         "2026-01 paid, 2026-02 closed, 2026-03 provisional"),
    ],
)  # fmt: skip
def test_a_statement_says_how_final_it_is(steps: dict[int, Status], told: str) -> None:
    made = shown()._replace(stands={span(1, month): status for month, status in steps.items()})
    assert told in Page(page(made)).texts
    assert told in written(made, Format.TEXT).decode().replace("\n", " ")
    assert [one["status"] for one in plain(made)["payroll_periods"]] == list(steps.values())


def test_in_the_terminal_every_line_stands() -> None:
    text = written(shown(), Format.TEXT).decode()
    for words in ("1,234.50", "\u22120.01", "alert(1)", "dispute d1", "EUR: earned"):
        assert words in text


def test_without_a_browser_there_is_a_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.delenv(printing.CHOSEN, raising=False)
    with pytest.raises(printing.CannotPrint, match=r"chromium.*PATH.*--format html"):
        printing.pdf_of("<p>")


def test_as_of_is_the_end_of_a_day_or_an_instant() -> None:
    berlin = Company(name="A", reporting_currency="EUR", time_zone="Europe/Berlin")
    assert instant_of("2026-03-31", berlin) == datetime(2026, 3, 31, 22, tzinfo=UTC)
    assert instant_of("2026-03-31T18:00+00:00", berlin) == datetime(2026, 3, 31, 18, tzinfo=UTC)
    with pytest.raises(ValueError, match="write 2026-03-31"):
        instant_of("yesterday", berlin)


def test_names_of_files_are_names_and_no_paths() -> None:
    made = shown()
    there = made._replace(statement=made.statement._replace(rep_id="../../etc/x"))
    assert file_name(there, Format.PDF) == Path("statement-2026-Q1-.._.._etc_x.pdf")


@pytest.mark.external
@pytest.mark.slow
def test_it_fits_screens_and_prints(tmp_path: Path) -> None:
    playwright = pytest.importorskip("playwright.sync_api")
    browser_path = printing.chromium()
    made = shown(60)
    file = tmp_path / "s.html"
    file.write_text(page(made), "utf-8")
    with playwright.sync_playwright() as player:
        browser = player.chromium.launch(executable_path=browser_path, args=["--no-sandbox"])
        for width, scheme in ((390, "light"), (1280, "dark")):
            tab = browser.new_page(viewport={"width": width, "height": 844}, color_scheme=scheme)
            asked: list[str] = []
            said: list[str] = []
            tab.on("request", lambda r, asked=asked: asked.append(r.url))
            tab.on("console", lambda m, said=said: said.append(m.text))
            tab.goto(file.as_uri())
            assert asked == [file.as_uri()]
            assert said == []
            assert tab.evaluate("document.documentElement.scrollWidth") == width
            body = tab.evaluate("getComputedStyle(document.body).backgroundColor")
            assert body == ("rgb(255, 255, 255)" if scheme == "light" else "rgb(18, 24, 31)")
        browser.close()
    pdf = printing.pdf_of(page(made))
    assert pdf.startswith(b"%PDF-")
    assert len(re.findall(rb"/Type /Page\b", pdf)) >= 2
