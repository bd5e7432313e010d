"""Whether what rules want to tell can reach anybody, with the channels of this installation."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from connectors.sinks.notices.outcomes import Sender
from connectors.sinks.notices.senders import Broken
from infra.alerting.recipients import PERSONAL, Recipients
from schemas.alerts import READERS, Route
from schemas.channels import Channel, Email, is_shared
from schemas.definitions import Bundle


class Flaw(NamedTuple):
    """Something that keeps messages from people.

    Attributes:
        is_error: messages will not be sent; else somebody may miss one.
    """

    is_error: bool
    what: str
    remedy: str

    def __str__(self) -> str:
        return f"{'error' if self.is_error else 'warning'}: {self.what}; {self.remedy}"


def flaws(
    bundle: Bundle, channels: Mapping[str, Channel], senders: Mapping[str, Sender],
    people: Recipients,
) -> Iterator[Flaw]:  # fmt: skip
    """Yield what keeps messages from people."""
    yield from _routes(bundle)
    for way in bundle.alerts.ways:
        for name in way.channels:
            channel = channels.get(name)
            if channel is None:
                yield Flaw(True, f"way {way.route}: channel {name} is not described here",
                           f"add [channels.{name}] to pacesetter.toml")  # fmt: skip
            elif way.route in PERSONAL and is_shared(channel):
                yield Flaw(True, f"way {way.route}: others may read channel {name}, and its "
                           "messages name people", "set private = true for it if they do not, or "
                           "choose an email channel without `to`")  # fmt: skip
    for name, sender in senders.items():
        if isinstance(sender, Broken):
            yield Flaw(True, f"channel {name} {sender.reason}",
                       f"then try it: pacesetter alerts test --channel {name}")  # fmt: skip
    yield from _people(bundle, channels, people)


def _routes(bundle: Bundle) -> Iterator[Flaw]:
    reached = {way.route for way in bundle.alerts.ways}
    wanted: dict[Route, list[str]] = {}
    for rule in bundle.alerts.rules:
        for route in rule.routes:
            if route not in reached and READERS.get(route, route) not in reached:
                wanted.setdefault(route, []).append(rule.rule_id)
    if bundle.alerts.broadcasts and Route.BROADCAST not in reached:
        wanted[Route.BROADCAST] = [one.broadcast_id for one in bundle.alerts.broadcasts]
    for route, rules in wanted.items():
        yield Flaw(False, f"route {route} of {', '.join(rules)} leads nowhere",
                   f"add {{route: {route}, channels: [...]}} to ways in alerts.yaml")  # fmt: skip


def _people(bundle: Bundle, channels: Mapping[str, Channel], people: Recipients) -> Iterator[Flaw]:
    """Yield who would be told by e-mail and has no address, and reps whom nobody manages."""
    routes = {route for rule in bundle.alerts.rules for route in rule.routes}
    silent: set[str] = set()
    alone: set[str] = set()
    for rep in bundle.roster.reps:
        told = people.of("REP", rep.rep_id)
        for route in routes & set(PERSONAL):
            for one in told[route]:
                channel = channels.get(one.channel)
                is_own = isinstance(channel, Email) and not channel.to
                if is_own and not people.contact(one.recipient_id).email:
                    silent.add(one.recipient_id)
        if Route.MANAGER in routes and people.is_alone(rep.rep_id):
            alone.add(rep.rep_id)
    if silent:
        yield Flaw(False, f"no e-mail address is known of {', '.join(sorted(silent))}",
                   "add email in people.yaml")  # fmt: skip
    if alone:
        yield Flaw(False, f"nobody manages {', '.join(sorted(alone))}",
                   "add manager_id in roster.yaml, or nobody hears of them")  # fmt: skip
