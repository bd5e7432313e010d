"""An import: read, map, check, send, and account for every row.

Rows are sent in the order of the file; what Kafka acknowledged stays, whatever happens later. To
import again changes nothing, since identity, revision and content of a row follow from the row.
"""

from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from connectors.sources.files.mapper import Maker, Skipped
from connectors.sources.files.refused import RefusedFile
from connectors.sources.files.repeats import Repeat, Repeats
from connectors.sources.files.rows import Problem, Rows
from connectors.sources.producing import Acknowledged, Delivery, Event, Unacknowledged

BATCH = 500  # rows handed to Kafka at once
UNDER_WAY_MAX = 20  # batches not yet acknowledged: 10,000 rows, some 10 MB
PROBLEMS_MAX = 1000  # kept for the report; all of them are in the file of refused rows
CONTRADICTIONS_MAX = 100

Publish = Callable[[Sequence[Event]], Delivery]
Watch = Callable[["Account", tuple[int, int]], None]


class Stopped(RuntimeError):
    """Kafka did not take the rows; str() says what to do."""

    def __init__(self, cause: Unacknowledged, account: "Account") -> None:
        self.cause, self.account = cause, account
        super().__init__(
            f"{cause.reason}; {cause.remedy}. {account.sent_count} rows are in Kafka; importing "
            "the same file again sends the rest and changes nothing about those"
        )


@dataclass(slots=True)
class Account:
    """What became of the rows of a file.

    Attributes:
        sent: acknowledged by Kafka, or with a dry run: what would be sent; by message.
        cancelled: how many of those say CANCELLED.
        summary: how often each problem was met, by column, field and problem.
        contradicting: how many identities stand twice with one revision and different content.
    """

    read: int = 0
    skipped: int = 0
    refused: int = 0
    cancelled: int = 0
    sent: Counter[str] = field(default_factory=Counter)
    problems: list[Problem] = field(default_factory=list)
    summary: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    contradicting: int = 0
    contradictions: tuple[Repeat, ...] = ()

    @property
    def sent_count(self) -> int:
        """Return how many rows were sent."""
        return self.sent.total()


def run(
    rows: Rows,
    make: Maker,
    publish: Publish | None,
    refused: RefusedFile | None,
    watch: Watch = lambda account, progress: None,
) -> Account:
    """Return the account of a whole file.

    Args:
        publish: hands events to Kafka; None: a dry run, nothing is sent.
        refused: takes the rows that are refused; None: they are only counted and told.
        watch: called after each batch.

    Raises:
        Stopped: Kafka did not acknowledge; its account says how far it came.
        BadFile: the file broke off.
    """
    account, repeats = Account(), Repeats()
    sending = _Sending(publish, account)
    try:
        for row in rows:
            account.read += 1
            made = make(row)
            if isinstance(made, Event):
                record = made.record
                repeats.note(row.number, record["entity_id"], record["revision"], _content(record))
                sending.add(made)
            elif isinstance(made, Skipped):
                account.skipped += 1
            else:
                _refuse(account, made)
                if refused is not None:
                    refused.add(row, made)
            if account.read % BATCH == 0:
                watch(account, rows.progress())
        sending.finish()
        watch(account, rows.progress())
        account.contradicting, account.contradictions = repeats.contradictions(CONTRADICTIONS_MAX)
        return account
    finally:
        repeats.close()


class _Sending:
    """Keeps a bounded number of batches under way and counts what is acknowledged."""

    def __init__(self, publish: Publish | None, account: Account) -> None:
        self._publish = publish
        self._account = account
        self._batch: list[Event] = []
        self._under_way: deque[tuple[list[Event], Delivery]] = deque()

    def add(self, event: Event) -> None:
        if self._publish is None:
            self._count(event)
            return
        self._batch.append(event)
        if len(self._batch) == BATCH:
            self._hand_over(self._publish)

    def finish(self) -> None:
        if self._publish is not None and self._batch:
            self._hand_over(self._publish)
        while self._under_way:
            self._settle_oldest()

    def _hand_over(self, publish: Publish) -> None:
        while len(self._under_way) >= UNDER_WAY_MAX:
            self._settle_oldest()
        self._under_way.append((self._batch, publish(self._batch)))
        self._batch = []

    def _settle_oldest(self) -> None:
        failed = self._counted(*self._under_way.popleft())
        if failed is None:
            return
        while self._under_way:  # so that the account says all that is in Kafka
            self._counted(*self._under_way.popleft())
        raise Stopped(failed, self._account)

    def _counted(self, batch: list[Event], delivery: Delivery) -> Unacknowledged | None:
        failed: Unacknowledged | None = None
        for event, outcome in zip(batch, delivery.wait(), strict=True):
            if isinstance(outcome, Acknowledged):
                self._count(event)
            else:
                failed = failed or outcome
        return failed

    def _count(self, event: Event) -> None:
        self._account.sent[event.message] += 1
        self._account.cancelled += event.record["op"] == "CANCELLED"


def _content(record: Mapping[str, Any]) -> int:
    """Return a hash of what a record says, good within this process."""
    return hash(tuple(repr(v) if isinstance(v, list) else v for v in record.values()))


def _refuse(account: Account, problems: tuple[Problem, ...]) -> None:
    account.refused += 1
    room = PROBLEMS_MAX - len(account.problems)
    account.problems.extend(problems[: max(room, 0)])
    account.summary.update((p.column, p.field, p.problem) for p in problems)
