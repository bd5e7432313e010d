"""Whom news is to be told: put into the events of a tick before they become known."""

from collections.abc import Collection, Iterable, Mapping
from datetime import date, datetime
from typing import Any, NamedTuple

from infra.alerting import events
from infra.alerting.events import Held
from infra.alerting.reading import Warehouse
from infra.alerting.recipients import Recipients
from schemas.alerts import Rule
from schemas.definitions import Bundle
from streams.domain.alert_sending import Place, notices, place_of, routes_of
from streams.domain.alert_states import Key, Transition, Watched


class Look(NamedTuple):
    """One alert looked at: how it stood, how it stands, and the rows that say so."""

    key: Key
    before: Held
    after: Watched
    made: list[Transition]
    rows: list[dict[str, Any]]


def address(
    warehouse: Warehouse,
    bundle: Bundle,
    looks: Iterable[Look],
    today: date,
    usable: Collection[str] | None,
) -> None:
    """Put into the rows of news which story it belongs to, and who is to hear of it."""
    rules = {rule.rule_id: rule for rule in bundle.alerts.rules}
    looks = list(looks)
    people = Recipients(warehouse, bundle, today, usable)
    going_on = _stories(rules, looks)
    for look in looks:
        for one, row in zip(look.made, look.rows, strict=False):
            if one.is_news:
                story = look.before.story or _begun(rules, going_on, one)
                to = people.of(one.key.subject_kind, one.key.subject_id)
                told = notices(routes_of(rules, one), one, to, bundle.alerts)
                for later in look.rows:
                    later["story"] = story
                events.noticed(row, story, told)


def _stories(rules: Mapping[str, Rule], looks: Iterable[Look]) -> dict[Place, datetime]:
    """Return the stories that were being told before, by what they are about."""
    found: dict[Place, datetime] = {}
    for look in looks:
        rule, story = rules.get(look.key.rule_id), look.before.story
        if rule is not None and story is not None:
            place = place_of(rule, look.key)
            found[place] = min(found.get(place, story), story)
    return found


def _begun(
    rules: Mapping[str, Rule], going_on: Mapping[Place, datetime], news: Transition
) -> datetime:
    rule = rules.get(news.key.rule_id)
    return news.at if rule is None else going_on.get(place_of(rule, news.key), news.at)
