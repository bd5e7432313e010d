"""Every topic once: its key, its messages, how long it is kept, who writes and who reads it."""

from dataclasses import dataclass

DAY_MS = 86_400_000
FOREVER = -1


@dataclass(frozen=True, slots=True)
class Topic:
    """One Kafka topic.

    Attributes:
        messages: names of the Avro messages that stand in it.
        partitions: count when it is made; None means the installation's `partitions` setting.
        retention_ms: -1 keeps all of it.
        carries_markers: definitions take effect in it by marker records in every partition.
    """

    name: str
    key: str
    messages: tuple[str, ...]
    written_by: str
    read_by: str
    partitions: int | None = None
    retention_ms: int = FOREVER
    compacted: bool = False
    carries_markers: bool = False
    message_bytes_max: int = 1_048_576


def _facts(name: str, message: str) -> Topic:
    return Topic(
        name,
        key="entity_id",
        messages=(message, "marker"),
        written_by="sources: intake, import, simulator; markers by definitions",
        read_by=f"{'deal' if message == 'deal' else 'activity'} agent",
        carries_markers=True,
    )


CALLS = _facts("crm.calls", "call")
EMAILS = _facts("crm.emails", "email")
MEETINGS = _facts("crm.meetings", "meeting")
DEALS = _facts("crm.deals", "deal")
PROGRESS = Topic(
    "crm.progress", "source", ("progress",), "sources", "freshness agent, boards", 1, compacted=True
)
DEAD_LETTER = Topic("crm.dead-letter", "key of the record", ("dead_letter",), "agents", "people", 1)
DEFINITIONS = Topic(
    "spm.definitions",
    "kind",
    ("definitions",),
    "pacesetter definitions",
    "agents",
    1,
    message_bytes_max=8_388_608,
)
REP_DAYS = Topic(
    "spm.rep-days",
    "rep_id",
    ("rep_days",),
    "activity and deal agents",
    "boards, pacesetter contest follow",
    retention_ms=7 * DAY_MS,
)
CREDITS = Topic(
    "spm.credits",
    "rep_id",
    ("credit", "marker"),
    "deal agent",
    "commission agent",
    carries_markers=True,
)
CONTEST_SCORES = Topic(
    "spm.contest-scores",
    "contest_id",
    ("contest_scores",),
    "pacesetter contest follow",
    "boards",
    retention_ms=7 * DAY_MS,
)
ALERTS = Topic(
    "spm.alerts",
    "subject, such as REP:rep-07",
    ("alert",),
    "alerts run, from its outbox",
    "whoever wants to act on alerts",
    retention_ms=30 * DAY_MS,
)
RAW_PREFIX = "raw."


def raw(source: str) -> Topic:
    """Return the topic of what a vendor said, one for each source; it is made when one is added.

    One partition, so that deliveries and reads of a record stand in one order; a vendor's limits
    stay far below what one takes. 30 days: longer than vendors repeat (a week at most) and than a
    month takes to be closed, so that a mistake in a mapping found there is mended without asking
    the vendor; no longer, for it holds names of customers. What is older is asked for again.
    """
    return Topic(
        f"{RAW_PREFIX}{source}",
        "object:record_id, else the source",
        ("raw",),
        "gateway, source run",
        "source run",
        partitions=1,
        retention_ms=30 * DAY_MS,
        message_bytes_max=4_194_304,  # a record with all its texts; a delivery is a quarter at most
    )


TOPICS: tuple[Topic, ...] = (
    CALLS,
    EMAILS,
    MEETINGS,
    DEALS,
    PROGRESS,
    DEAD_LETTER,
    DEFINITIONS,
    REP_DAYS,
    CREDITS,
    CONTEST_SCORES,
    ALERTS,
)
FACTS: tuple[Topic, ...] = (CALLS, EMAILS, MEETINGS, DEALS)
BY_NAME = {topic.name: topic for topic in TOPICS}
BY_FACT = {topic.messages[0]: topic for topic in FACTS}


def named(name: str) -> Topic:
    """Return a topic by its name, that of a source too.

    Raises:
        KeyError: there is no such topic.
    """
    return raw(name.removeprefix(RAW_PREFIX)) if name.startswith(RAW_PREFIX) else BY_NAME[name]
