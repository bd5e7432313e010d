"""What a vendor is to the rest: which requests are its own, what they say, how records are read.

A vendor decides nothing else. The gateway verifies and stores, the runtime hydrates, keeps cursors,
maps and repeats; so each vendor is small, and all of them fail in the same way.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple, Protocol, runtime_checkable

from pydantic import BaseModel

Record = Mapping[str, Any]  # as the vendor's API gives it, JSON already read, numbers as Decimal


class Unsigned(Exception):
    """Nothing proves that the request is the vendor's: it gets 401. Says why, without secrets."""


class Unreadable(Exception):
    """A verified body that makes no sense: it is set aside with its bytes, and can be replayed."""


class Unavailable(Exception):
    """The vendor is away, or asks for patience; the same call may work later.

    Attributes:
        retry_after: seconds the vendor asked for; None: it did not say.
    """

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class Denied(Exception):
    """Credentials or permissions are wrong; somebody must change something.

    Attributes:
        remedy: what to do about it.
    """

    def __init__(self, message: str, remedy: str) -> None:
        super().__init__(message)
        self.remedy = remedy


class CursorExpired(Exception):
    """The vendor no longer knows the cursor: everything changed since has to be listed instead."""


@dataclass(frozen=True, slots=True)
class Request:
    """What came to the gateway.

    Attributes:
        target: path and query exactly as asked for.
        headers: names in lower case.
    """

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Endpoint:
    """How the vendor knows us.

    Attributes:
        url: public address of the hook, with its query, from the configured base; never from Host.
        secrets: any of them is good: two while one is being replaced. Never empty.
    """

    url: str
    secrets: tuple[str, ...]


class Reply(NamedTuple):
    """A handshake's answer; nothing of the request is stored."""

    status: int = 200
    headers: Mapping[str, str] = {}
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Notice:
    """One record changed at the vendor.

    Attributes:
        object: the vendor's name of its kind, such as Opportunity; a key of the mapping.
        record_id: empty: some of the object changed; it is to be listed from `at` on, and without
            `at` from its cursor.
        at: when it changed; None: not told.
        record: all of it, fit to be mapped; None: it has to be read.
        gone: deleted, or merged away.
        merged_into: record_id of the one that lives on.
    """

    object: str
    record_id: str
    at: datetime | None = None
    record: Record | None = None
    gone: bool = False
    merged_into: str | None = None


class Page(NamedTuple):
    """A part of a listing, in ascending order of change.

    Attributes:
        notices: complete records (`record` filled) and deletions (`gone`).
        cursor: goes on behind this page; opaque, of the vendor's making.
        total: how many the vendor says there are in all; None: it does not say.
    """

    notices: tuple[Notice, ...]
    cursor: str
    total: int | None = None


class User(NamedTuple):
    """A person as the vendor knows them, for the identity map. None: the vendor does not tell."""

    user_id: str
    name: str | None = None
    email: str | None = None
    employee_number: str | None = None
    is_active: bool = True


class Finding(NamedTuple):
    """What a check of credentials and permissions found; `remedy` is empty when it is fine."""

    what: str
    ok: bool
    remedy: str = ""


class Quota(NamedTuple):
    """What is left of the vendor's limit, as it last said."""

    left: int
    of: int | None = None


class Client(Protocol):
    """The vendor's API. Blocking calls, one thread at a time.

    All raise Unavailable and Denied; no other exception leaves them for what the vendor answers.
    """

    def check(self) -> tuple[Finding, ...]:
        """Return what a real call finds of credentials and permissions, object by object."""
        ...

    def read(self, object_name: str, record_ids: Sequence[str]) -> Mapping[str, Record | None]:
        """Return each record in full (its children within it), or None where it is gone."""
        ...

    def changed(
        self, object_name: str, since: datetime | None, cursor: str | None
    ) -> Iterator[Page]:
        """Yield what changed, deletions too: from `cursor`, else from `since`, else everything.

        Raises:
            CursorExpired: at the first page only.
        """
        ...

    def users(self) -> Iterator[User]:
        """Yield everybody the vendor knows."""
        ...

    def quota(self) -> Quota | None:
        """Return what is left of the vendor's limit; None: it has not said."""
        ...

    def close(self) -> None:
        """Let go of connections."""
        ...


@runtime_checkable
class Streaming(Protocol):
    """A client that also hears of changes by itself."""

    def listen(self, cursor: str | None) -> Iterator[Page]:
        """Yield pages as changes come, empty ones as a sign of life; the cursor is to be kept.

        Raises:
            CursorExpired: what happened since can only be listed.
        """
        ...


@runtime_checkable
class Subscribing(Protocol):
    """A client that makes its own webhooks, and repairs them."""

    def subscribe(self, url: str, secret: str) -> tuple[str, ...]:
        """Return what was made or renewed, in words; nothing when all is as it should be."""
        ...


class Hook(Protocol):
    """What the vendor pushes. Pure."""

    def verify(self, request: Request, endpoint: Endpoint, now: datetime) -> Reply | None:
        """Return None for a delivery to keep, or the answer of a handshake.

        Raises:
            Unsigned: whatever is wrong with the signature, malformed ones too.
        """
        ...

    def notices(self, request: Request) -> tuple[Notice, ...]:
        """Return what a verified delivery says, in its order.

        Raises:
            Unreadable: it is no delivery as the vendor documents it.
        """
        ...


@dataclass(frozen=True, slots=True)
class Vendor:
    """One registry line.

    Attributes:
        settings: pydantic model; its fields with their descriptions are what `source add` asks for,
            SecretStr fields are kept in files of their own, never in the settings file.
        client: makes a client of settings; None: the vendor only pushes.
        hook: None: it never pushes.
        objects: the vendor's names, in the order in which they are backfilled.
        mapping: file name of the shipped mapping beside the vendor.
        setup: what a person does at the vendor, step by step, `{url}` standing for the hook's.
        answer_seconds_max: the vendor's patience with a webhook.
        secret: what proves a push and where it is found at the vendor; empty: we make one, and
            `subscribe` or a step of `setup` with {secret} gives it to the vendor.
        secret_field: the SecretStr of settings that is also the push's secret; empty: none is.
    """

    name: str
    title: str
    settings: type[BaseModel]
    objects: tuple[str, ...]
    mapping: str
    hook: Hook | None = None
    client: Any = None  # Callable[[settings], Client]
    setup: tuple[str, ...] = ()
    answer_seconds_max: float = 3.0
    notes: Mapping[str, str] = field(default_factory=dict)
    secret: str = ""
    secret_field: str = ""
