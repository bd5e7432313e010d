"""What a check of an organisation finds: sign-in, objects and fields, change events, limits."""

from collections.abc import Callable, Iterator
from typing import Any

from connectors.sources.vendors.contract import Denied, Finding
from connectors.sources.vendors.salesforce import soql
from connectors.sources.vendors.salesforce.pubsub import PubSub
from connectors.sources.vendors.salesforce.reading import Reading
from connectors.sources.vendors.salesforce.rest import Rest


def findings(rest: Rest, reading: Reading, pubsub: PubSub, channel: str) -> tuple[Finding, ...]:
    """Return what real calls find; without a sign-in there is nothing else to ask.

    Raises:
        Unavailable: Salesforce does not answer.
    """
    limits = _tried("sign in and call the REST API", lambda: rest.ask("GET", "limits").body)
    if not limits[0].ok:
        return (limits[0],)
    return (
        limits[0],
        *_daily(limits[1]),
        *(finding for kind in soql.KINDS for finding in _object(reading, kind)),
        _tried("read User", lambda: rest.count("SELECT COUNT() FROM User"))[0],
        *_channel(pubsub, channel),
    )


def _daily(limits: Any) -> Iterator[Finding]:
    daily = limits.get("DailyApiRequests") if isinstance(limits, dict) else None
    if daily:
        left, most = int(daily["Remaining"]), int(daily["Max"])
        is_ok = left * 10 >= most  # a tenth is a day of polling every minute, and reads of changes
        remedy = "" if is_ok else "wait for the limit of 24 hours, or ask for more calls"
        yield Finding(f"API calls: {left} of {most} left today", is_ok, remedy)


def _object(reading: Reading, kind: soql.Kind) -> Iterator[Finding]:
    finding, described = _tried(f"read {kind.name}", lambda: reading.described(kind))
    if not finding.ok:
        yield finding
        return
    hidden = [field for field in (*soql.ALWAYS, *kind.needed) if field not in described.types]
    if hidden:
        remedy = "make them visible to the user (field-level security)"
        yield Finding(f"read {kind.name}: it hides {', '.join(hidden)}", False, remedy)
        return
    if reading.lacks_currency(kind):
        remedy = "the organisation has one currency; say which: currency, such as EUR"
        yield Finding(f"currency of each {kind.name}", False, remedy)
    parts = reading.child(kind)
    what = f"read {kind.name}" + (f" with {parts.relation}" if parts else "")
    yield _tried(what, lambda: reading.read(kind, ["0" * 18]))[0]
    if kind.child is not None and parts is None:
        yield Finding(f"no {kind.child.object}: the owner has all of each {kind.name}", True)


def _channel(pubsub: PubSub, channel: str) -> Iterator[Finding]:
    finding, topic = _tried(f"subscribe to {channel}", lambda: pubsub.topic(channel))
    if finding.ok and not topic.can_subscribe:
        remedy = "give the user View All Data, or read access to the channel's objects"
        finding = Finding(f"subscribe to {channel}", False, remedy)
    yield finding


def _tried(what: str, call: Callable[[], Any]) -> tuple[Finding, Any]:
    try:
        return Finding(what, True), call()
    except Denied as denied:
        return Finding(f"{what}: {denied}", False, denied.remedy), None
