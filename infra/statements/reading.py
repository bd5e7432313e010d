"""The ledger as statements read it: through the public views alone.

So whoever asks, the warehouse itself decides what they see: with a rep's token these questions tell
of that rep, with a manager's of their tree, with finance's of everybody.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from clickhouse_connect.driver.exceptions import ClickHouseError

from infra.definitions.problems import did_you_mean
from schemas.definitions import Company
from schemas.payroll import PeriodAct
from streams.domain.pay_periods import Status, life_of, span_of
from streams.domain.periods import Span
from streams.domain.statement_parts import Credited, CreditKey, Dispute, Entry, Terms
from streams.domain.statements import Evidence, Statement, Sums, statement

DEALS_AT_ONCE = 1_000  # names of one question; its text stays below the server's limit
OPEN = "OPEN"
# Columns of spm_bi.commission_ledger in the order of Entry's fields, spans as two.
_ENTRY = (
    "entry_id, rep_id, plan_id, component_id, origin_start, origin_end, payout_start, payout_end,"
    " posted_start, posted_end, kind, state, currency, amount, deal_id, role, via,"
    " credited_before, credited_after, trace, topic, partition, position, sequence, reason, author,"
    " approver"
)
_CREDIT = (
    "topic, partition, position, deal_id, role, via, day, amount, currency, reporting_amount,"
    " reporting_currency, rate, rate_on, share, is_deleted, stage_class, deal_name, account_name,"
    " deal_source, deal_source_id, deal_topic, deal_partition, deal_position, deal_revised_at"
)
_TERMS = "sequence, plan_id, plan_name, revision_id, author, note, written_at, definition"
_DISPUTE = (
    "dispute_id, entry_id, rep_id, state, opened_by, opened_at, question, answered_by,"
    " answered_at, answer, resulting_entry_id"
)
_POSTED = (
    " AND entry_id IN (SELECT entry_id FROM spm_bi.commission_posting"
    " WHERE rep_id = {rep:String} AND posted_at <= {until:DateTime64(3, 'UTC')})"
)


class Ledger:
    """Questions to the ledger, through a clickhouse-connect client of whoever asks."""

    def __init__(self, client: Any, as_of: datetime | None = None) -> None:
        """Ask now, or as of an instant: only what was posted by then is there."""
        self._client, self._as_of = client, as_of

    def company(self) -> Company:
        """Return the company.

        Raises:
            LookupError: no definitions are in force.
        """
        rows = self._rows("SELECT definition FROM spm_bi.dim_company")
        if not rows:
            raise LookupError("no definitions are in force; run `pacesetter definitions apply`")
        return Company.model_validate_json(rows[0][0])

    def stands(self, period: Span) -> dict[Span, Status]:
        """Return where payroll periods within a period stand; one that is not told is open."""
        rows = self._rows(
            "SELECT period_start, period_end, step, at, by, reason FROM spm_bi.pay_period"
            " WHERE period_end > {start:Date32} AND period_start < {end:Date32}",
            start=period.start, end=period.end,
        )  # fmt: skip
        acts = [
            PeriodAct(period_start=start, period_end=end, step=step, at=_utc(at), by=by,
                      reason=reason)
            for start, end, step, at, by, reason in rows
            if self._as_of is None or _utc(at) <= self._as_of
        ]  # fmt: skip
        return {span: life_of(acts, span).status for span in sorted({span_of(a) for a in acts})}

    def find(self, wanted: str) -> tuple[str, str]:
        """Return rep_id and name of somebody one may read, by rep_id, name or a part of it.

        Raises:
            LookupError: nobody or several are meant; the message says who.
        """
        names = self._names()
        low = wanted.casefold()
        exact = [r for r, n in names.items() if wanted == r or n.casefold() == low]
        near = exact or [r for r, n in names.items() if low in n.casefold() or low in r.casefold()]
        if len(near) == 1:
            return near[0], names[near[0]]
        if near:
            raise LookupError(f"{wanted!r} may be {', '.join(sorted(near))}; write the rep_id")
        known = [*names, *filter(None, names.values())]
        hint = did_you_mean(wanted, known, "see `pacesetter definitions show roster`")
        raise LookupError(f"nobody whose pay you may read is {wanted!r}; {hint}")

    def payees(self, period: Span) -> dict[str, str]:
        """Return everybody with entries in a period, and their names."""
        rows = self._rows(
            "SELECT rep_id, any(rep_name) FROM spm_bi.commission_ledger"
            " WHERE posted_end > {start:Date32} AND posted_start < {end:Date32}"
            " GROUP BY rep_id ORDER BY rep_id",
            start=period.start, end=period.end,
        )  # fmt: skip
        return {str(rep): str(name) for rep, name in rows}

    def statement(self, rep_id: str, name: str, period: Span) -> Statement:
        """Return somebody's statement of a period."""
        entries = self._entries(
            "posted_end > {start:Date32} AND posted_start < {end:Date32}",
            rep_id, start=period.start, end=period.end,
        )  # fmt: skip
        evidence = self.evidence(rep_id, entries)
        return statement((rep_id, name), period, entries, evidence, self._before(rep_id, period))

    def entry(self, entry_id: str) -> Entry:
        """Return one entry by its id, or by the unmistakable beginning of it.

        Raises:
            LookupError: there is none that one may read, or there are several.
        """
        rows = self._rows(
            f"SELECT {_ENTRY} FROM spm_bi.commission_ledger"
            " WHERE startsWith(entry_id, {entry:String}) LIMIT 2",
            entry=entry_id,
        )
        if len(rows) == 1:
            return _entry(rows[0])
        if rows:
            raise LookupError(f"several entries begin with {entry_id!r}; write more of the id")
        raise LookupError(f"no entry that you may read is {entry_id!r}; statements show their ids")

    def evidence(self, rep_id: str, entries: Iterable[Entry]) -> Evidence:
        """Return what explains some of a payee's entries."""
        some = list(entries)
        terms = [Terms(*row) for row in self._of("plan_revision", _TERMS, rep_id)]
        terms = [t._replace(written_at=_utc(t.written_at)) for t in terms]
        deals = sorted({entry.deal_id for entry in some if entry.deal_id})
        credits = self._credits(rep_id, deals)
        uncaused = (e for e in some if (e.topic, e.partition, e.position) not in credits)
        posted = self.instants(rep_id, [e.entry_id for e in uncaused])
        in_order = sorted(credits.values(), key=lambda credit: credit.position)
        names = {credit.deal_id: credit.deal_name for credit in in_order}
        return Evidence(credits, terms, _by_entry(self.disputes(rep_id)), posted, names)

    def instants(self, rep_id: str, entries: Sequence[str]) -> dict[str, datetime]:
        """Return when entries were posted, of those whose flush is known to be through."""
        if not entries:
            return {}
        rows = self._rows(
            "SELECT entry_id, posted_at FROM spm_bi.commission_posting WHERE rep_id = {rep:String}"
            " AND entry_id IN {entries:Array(String)} AND posted_at IS NOT NULL",
            rep=rep_id, entries=list(entries),
        )  # fmt: skip
        return {str(entry): _utc(at) for entry, at in rows}

    def _entries(self, where: str, rep_id: str, **parameters: Any) -> list[Entry]:
        rows = self._rows(
            f"SELECT {_ENTRY} FROM spm_bi.commission_ledger"
            f" WHERE rep_id = {{rep:String}} AND {where}{self._posted()}",
            rep=rep_id, **parameters, **self._until(),
        )  # fmt: skip
        return [_entry(row) for row in rows]

    def _before(self, rep_id: str, period: Span) -> Sums:
        rows = self._rows(
            f"SELECT currency, state, sum(amount) FROM spm_bi.commission_ledger"
            f" WHERE rep_id = {{rep:String}} AND posted_end <= {{start:Date32}}{self._posted()}"
            " GROUP BY currency, state",
            rep=rep_id, start=period.start, **self._until(),
        )  # fmt: skip
        return {(str(currency), str(state)): Decimal(amount) for currency, state, amount in rows}

    def _credits(self, rep_id: str, deals: Sequence[str]) -> dict[CreditKey, Credited]:
        found = {}
        for first in range(0, len(deals), DEALS_AT_ONCE):
            rows = self._rows(
                f"SELECT {_CREDIT} FROM spm_bi.fct_credit_version WHERE rep_id = {{rep:String}}"
                " AND deal_id IN {deals:Array(String)}",
                rep=rep_id, deals=list(deals[first : first + DEALS_AT_ONCE]),
            )  # fmt: skip
            for row in rows:
                one = Credited(*row)
                at = _utc(one.revised_at) if one.revised_at else None
                found[one.topic, one.partition, one.position] = one._replace(revised_at=at)
        return found

    def disputes(self, rep_id: str = "") -> list[Dispute]:
        """Return disputes of a payee, or of everybody one may read, by when they were opened."""
        whose = " WHERE rep_id = {rep:String}" if rep_id else ""
        rows = self._rows(
            f"SELECT {_DISPUTE} FROM spm_bi.dispute{whose} ORDER BY opened_at, dispute_id",
            rep=rep_id,
        )
        found = []
        for row in rows:
            one = Dispute(*row)
            at, answered = _utc(one.opened_at), one.answered_at and _utc(one.answered_at)
            one = one._replace(opened_at=at, answered_at=answered)
            if self._as_of is None or at <= self._as_of:
                found.append(_known(one, self._as_of))
        return found

    def _names(self) -> dict[str, str]:
        rows = self._rows(
            "SELECT rep_id, any(rep_name) FROM (SELECT rep_id, rep_name FROM"
            " spm_bi.dim_rep_history UNION ALL SELECT DISTINCT rep_id, rep_name FROM"
            " spm_bi.commission_ledger) GROUP BY rep_id"
        )
        return {str(rep): str(name) for rep, name in rows}

    def _of(self, view: str, columns: str, rep_id: str) -> list[Any]:
        order = columns.split(",", maxsplit=1)[0]
        return self._rows(
            f"SELECT {columns} FROM spm_bi.{view} WHERE rep_id = {{rep:String}} ORDER BY {order}",
            rep=rep_id,
        )

    def _posted(self) -> str:
        return "" if self._as_of is None else _POSTED

    def _until(self) -> dict[str, Any]:
        return {} if self._as_of is None else {"until": self._as_of}

    def _rows(self, sql: str, **parameters: Any) -> list[Any]:
        try:
            return list(self._client.query(sql, parameters=parameters).result_rows)
        except ClickHouseError as error:
            if "ACCESS_DENIED" in str(error):
                raise LookupError(
                    "this token reads nobody's pay; use that of a rep, a manager or finance"
                    " (pacesetter token create NAME --role finance)"
                ) from error
            raise


def _known(one: Dispute, as_of: datetime | None) -> Dispute:
    """Return a dispute as it was known: an answer that came later is none."""
    if as_of is None or one.answered_at is None or one.answered_at <= as_of:
        return one
    return one._replace(
        state=OPEN, answered_by="", answered_at=None, answer="", resulting_entry_id=""
    )


def _by_entry(disputes: Iterable[Dispute]) -> dict[str, list[Dispute]]:
    found = defaultdict(list)
    for one in disputes:
        found[one.entry_id].append(one)
    return found


def _entry(row: Sequence[Any]) -> Entry:
    ids, spans, rest = row[:4], row[4:10], row[10:]
    made = [Span(*spans[n : n + 2]) for n in (0, 2, 4)]
    return Entry(*ids, *made, *rest)


def _utc(at: datetime) -> datetime:
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
