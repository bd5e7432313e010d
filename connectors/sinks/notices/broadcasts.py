"""Good news in words. Each language has each phrase, with the same names in it."""

from collections.abc import Mapping
from decimal import Decimal
from typing import NamedTuple

from connectors.sinks.notices.numbers import Numbers
from connectors.sinks.notices.words import Notice
from schemas.alert_story import Link
from schemas.broadcasts import Occasion

_EN = {
    "CONTEST_STARTED": "{what} has begun",
    "LEAD_TAKEN": "{who} takes the lead in {what}",
    "LEAD_TAKEN_from": "{who} takes the lead in {what}, ahead of {other}",
    "TARGET_REACHED": "{who} reached the target in {what}",
    "TARGET_REACHED_all": "{what}: all together reached {amount}",
    "FINAL_RESULT": "{what} is over: {who} wins",
    "FINAL_RESULT_nobody": "{what} is over",
    "DEAL_WON": "{who} won a deal of {amount}",
    "QUOTA_REACHED": "{who} reached the quota of {amount} in {what}",
    "someone": "A colleague",
    "team": "A team",
    "several": "{count} pieces of good news",
}
_DE = {
    "CONTEST_STARTED": "{what} hat begonnen",
    "LEAD_TAKEN": "{who} übernimmt die Führung bei {what}",
    "LEAD_TAKEN_from": "{who} übernimmt die Führung bei {what}, vor {other}",
    "TARGET_REACHED": "{who} hat das Ziel bei {what} erreicht",
    "TARGET_REACHED_all": "{what}: alle zusammen haben {amount} erreicht",
    "FINAL_RESULT": "{what} ist vorbei: {who} gewinnt",
    "FINAL_RESULT_nobody": "{what} ist vorbei",
    "DEAL_WON": "{who} hat einen Deal über {amount} gewonnen",
    "QUOTA_REACHED": "{who} hat das Ziel von {amount} bei {what} erreicht",
    "someone": "Jemand aus dem Team",
    "team": "Ein Team",
    "several": "{count} gute Nachrichten",
}
_FR = {
    "CONTEST_STARTED": "{what} a commencé",
    "LEAD_TAKEN": "{who} prend la tête de {what}",
    "LEAD_TAKEN_from": "{who} prend la tête de {what}, devant {other}",
    "TARGET_REACHED": "{who} a atteint l'objectif de {what}",
    "TARGET_REACHED_all": "{what} : tous ensemble ont atteint {amount}",
    "FINAL_RESULT": "{what} est terminé : victoire de {who}",
    "FINAL_RESULT_nobody": "{what} est terminé",
    "DEAL_WON": "{who} a remporté une affaire de {amount}",
    "QUOTA_REACHED": "{who} a atteint l'objectif de {amount} pour {what}",
    "someone": "Une personne de l'équipe",
    "team": "Une équipe",
    "several": "{count} bonnes nouvelles",
}
LANGUAGES: Mapping[str, Mapping[str, str]] = {"en": _EN, "de": _DE, "fr": _FR}


class Feat(NamedTuple):
    """Good news before anybody puts it into words.

    Attributes:
        who: name; empty: nobody is named.
        is_team: a team did it.
        is_shared: all did it together.
        what: name of the contest or the KPI.
        others: who was passed; of a final result the places, as "1 Ana"; empty ones are not said.
    """

    notice_key: str
    occasion: Occasion
    who: str
    is_team: bool
    is_shared: bool
    what: str
    amount: Decimal | None
    currency: str
    others: tuple[str, ...] = ()
    links: tuple[Link, ...] = ()


def told(feat: Feat, locale: str) -> Notice:
    """Return good news in words."""
    said, numbers = _said(locale), Numbers(locale, feat.currency)
    who = feat.who or said["team" if feat.is_team else "someone"]
    amount = "" if feat.amount is None else numbers.amount(feat.amount)
    others = [one for one in feat.others if one]
    phrase: str = feat.occasion
    if feat.occasion is Occasion.LEAD_TAKEN and others:
        phrase = "LEAD_TAKEN_from"
    elif feat.occasion is Occasion.TARGET_REACHED and feat.is_shared:
        phrase = "TARGET_REACHED_all"
    elif feat.occasion is Occasion.FINAL_RESULT and not feat.who:
        phrase = "FINAL_RESULT_nobody"
    title = said[phrase].format(who=who, what=feat.what, amount=amount,
                                other=others[0] if others else "")  # fmt: skip
    lines = tuple(others) if feat.occasion is Occasion.FINAL_RESULT else ()
    return Notice(feat.notice_key, title, lines, feat.links)


def together(notice_key: str, some: tuple[Notice, ...], locale: str) -> Notice:
    """Return several as one: their titles, the older first."""
    title = _said(locale)["several"].format(count=len(some))
    links = dict.fromkeys(link for one in some for link in one.links)
    return Notice(notice_key, title, tuple(one.title for one in some), tuple(links)[:5])


def _said(locale: str) -> Mapping[str, str]:
    return LANGUAGES.get(locale.replace("-", "_").split("_")[0], _EN)
