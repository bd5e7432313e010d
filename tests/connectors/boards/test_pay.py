"""A board tells what was sold, and never what anybody is paid."""

import re

from connectors.boards import seed
from connectors.boards.stream import HEARD
from schemas.topics import CREDITS

PAY = re.compile(r"commission|credit|dispute|payroll|payout|draw|plan", re.IGNORECASE)


def test_a_board_reads_no_pay() -> None:
    texts = {name: text for name, text in vars(seed).items() if isinstance(text, str)}
    asked = {name: sql for name, sql in texts.items() if "FROM" in sql}
    assert {"PARTIALS", "PEOPLE", "ROSTER"} <= asked.keys()
    tables = {t for sql in asked.values() for t in re.findall(r"FROM (spm[.\w]*)", sql)}
    assert tables == {
        "spm.kpi_rep_day", "spm.warehouse", "spm.definition", "spm.person", "spm.team",
        "spm.roster", "spm.source_progress",
    }  # fmt: skip
    assert not [table for table in tables if PAY.search(table)]
    assert "kind = 'company'" in seed.COMPANY  # the one kind of definitions it reads
    assert CREDITS.name not in HEARD
