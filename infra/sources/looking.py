"""What a look at a source finds: its mapping on real records, its settings, its permissions."""

import itertools
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from typing import Any, NamedTuple, TypeVar

from connectors.sources.files.jsonl_rows import flattened
from connectors.sources.files.mapper import Given
from connectors.sources.files.reading_mapping import BadMapping
from connectors.sources.producing import Event
from connectors.sources.runtime.folder import BadSource, Source, Sources, vendor_named
from connectors.sources.vendors.contract import Denied, Finding, Notice, Unavailable
from connectors.sources.vendors.mapping import SourceMapping, columns_of, load, mapper, needed_of

SEEN_MAX = 50  # records of an object a check looks at
PAGES_MAX = 5  # some pages hold deletions alone
PATIENCE_SECONDS_MAX = 10.0  # a limit of seconds is waited for, one of a day is told
T = TypeVar("T")
_VALUE_MAX = 48


class Preview(NamedTuple):
    """One record before and after.

    Attributes:
        before: fields of the vendor, names joined by dots; those that are mapped come first.
        unmapped: how many fields no rule reads.
        after: fields of the message; empty when there is none.
        problems: why it could not be mapped; "skipped" when the mapping says it is of no kind.
    """

    object: str
    record_id: str
    before: dict[str, Any]
    unmapped: int
    message: str
    after: dict[str, Any]
    problems: tuple[str, ...]


def findings(sources: Sources, source: Source) -> tuple[Finding, ...]:
    """Return what is right and wrong with a source."""
    return tuple(_findings(sources, source))


def _findings(sources: Sources, source: Source) -> Iterator[Finding]:
    vendor = vendor_named(source)
    if vendor.hook is not None:
        has = bool(sources.hook_secrets(source.name))
        yield Finding("secret of its pushes", has, f"pacesetter source secret {source.name}")
    try:
        mapping = load(sources.mapping_path(source.name), source.name)
    except BadMapping as error:
        yield Finding("mapping.yaml", False, str(error))
        return
    strangers = sorted(set(mapping.objects) - set(vendor.objects))
    remedy = f"{', '.join(strangers)}: {vendor.title} has {', '.join(vendor.objects)}"
    yield Finding("mapping.yaml", not strangers, remedy)
    if vendor.client is None:
        return
    try:
        with closing(vendor.client(sources.settings(source))) as client:
            yield from client.check()
            for thing in mapping.objects:
                if thing in vendor.objects:
                    yield _columns(client, mapping, thing)
    except BadSource as error:
        yield Finding("settings", False, str(error))
    except Denied as error:
        yield Finding("permissions", False, f"{error}; {error.remedy}")
    except Unavailable as error:
        yield Finding(f"{vendor.title} answers", False, f"{error}; try again")


def _columns(client: Any, mapping: SourceMapping, thing: str) -> Finding:
    """Return whether the fields a mapping reads are there in real records."""
    seen: set[str] = set()
    notices = patiently(lambda: _records(client, thing, SEEN_MAX))
    for notice in notices:
        seen |= {name for name, _ in flattened(notice.record or {})}
    lacking = sorted(needed_of(mapping, thing) - seen) if notices else []
    remedy = f"no record shown has {', '.join(lacking)}; is a name misspelt?"
    return Finding(f"fields of {thing}, in {len(notices)} records", not lacking, remedy)


def previews(sources: Sources, source: Source, thing: str, count: int) -> list[Preview]:
    """Return real records before and after mapping.

    Raises:
        BadMapping, BadSource, Denied, Unavailable: as they are met.
    """
    vendor = vendor_named(source)
    mapping = load(sources.mapping_path(source.name), source.name)
    thing = thing or next(iter(mapping.objects))
    if thing not in mapping.objects:
        raise BadSource(f"mapping.yaml has no {thing}; there are {', '.join(mapping.objects)}")
    if vendor.client is None:
        raise BadSource(f"{vendor.title} cannot be asked; see what it pushes in raw.{source.name}")
    with closing(vendor.client(sources.settings(source))) as client:
        found = patiently(lambda: _records(client, thing, count))
    return [_preview(mapping, one) for one in found]


def patiently(ask: Callable[[], T], sleep: Callable[[float], None] = time.sleep) -> T:
    """Return what a vendor answers; asked too often it is asked once more, when it says so.

    Raises:
        Unavailable: it wants more than a few seconds of patience, or did not answer at all.
    """
    try:
        return ask()
    except Unavailable as error:
        if error.retry_after is None or error.retry_after > PATIENCE_SECONDS_MAX:
            raise
        sleep(error.retry_after)
        return ask()


def shown(one: Preview) -> list[str]:
    """Return a preview for people: the vendor's fields on the left, ours on the right."""
    left = [f"{name}: {_short(value)}" for name, value in one.before.items()]
    if one.unmapped:
        left.append(f"... and {one.unmapped} fields that are not mapped")
    right = [f"{name}: {_short(value)}" for name, value in one.after.items()]
    right += [f"REFUSED {problem}" for problem in one.problems]
    width = max([len(line) for line in left], default=0)
    pairs = itertools.zip_longest(left, right, fillvalue="")
    title = f"{one.object} {one.record_id} -> {one.message or 'nothing'}"
    return [title, *(f"  {a:<{width}}  | {b}".rstrip() for a, b in pairs)]


def _records(client: Any, thing: str, count: int) -> list[Notice]:
    pages = itertools.islice(client.changed(thing, None, None), PAGES_MAX)
    every = (n for page in pages for n in page.notices if n.record is not None)
    return list(itertools.islice(every, count))


def _preview(mapping: SourceMapping, notice: Notice) -> Preview:
    assert notice.record is not None
    made = mapper(mapping, notice.object)(notice.record, Given(notice.at, datetime.now(UTC)))
    cells = dict(flattened(notice.record))
    read = columns_of(mapping, notice.object)
    before = {name: cells[name] for name in sorted(cells) if name in read}
    head = (notice.object, notice.record_id, before, len(cells) - len(before))
    if isinstance(made, Event):
        after = {k: v for k, v in made.record.items() if v not in (None, [], "")}
        return Preview(*head, made.message, after, ())
    if made:
        return Preview(*head, "", {}, tuple(str(p).removeprefix("row 0: ") for p in made))
    return Preview(*head, "", {}, ("skipped: the mapping says it is of no kind",))


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) <= _VALUE_MAX else text[: _VALUE_MAX - 3] + "..."
