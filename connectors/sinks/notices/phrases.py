"""Phrases of notices by language. Each language has each phrase, with the same names in it.

`rep_` phrases are for the person themselves: private, and about what to do next.
"""

from collections.abc import Mapping

Phrases = Mapping[str, str]

_EN: Phrases = {
    "behind": "{who} is {gap} behind plan in {kpi}, {period}",
    "over_RECOVERED": "{who} is back on plan in {kpi}, {period}",
    "over_CORRECTED": "{who}: the alert about {kpi}, {period}, rested on data since corrected",
    "over_OVER": "{who}: {period} is over; the alert about {kpi} ends with it",
    "unlikely": "{who} has a {probability} chance of reaching quota in {kpi}, {period}",
    "watched": "{who}: {kpi} needs a look, {period}",
    "stands": "Pace {pace}; attainment {attainment} with {elapsed} of the plan due",
    "rank": "rank {rank} of {of}",
    "needs": "Needs {required} per business day for {days} days",
    "recent": "recently {recent}, {times} times that is needed",
    "range": "Likely to end between {low} and {high} of quota",
    "chance": "{probability} chance of quota",
    "why": "Why: {name} at {actual}, usually {usual}",
    "suggested": "Suggested: {suggestion}",
    "rep_behind": "{gap} to catch up in {kpi}, {period}",
    "rep_unlikely": "{kpi}, {period}: worth planning the rest together",
    "rep_watched": "{kpi}, {period}: worth a look",
    "rep_needs": "{required} on each of the {days} business days left gets you there",
    "rep_suggested": "One idea: {suggestion}",
    "rep_help": "Your manager can help: ask early.",
    "someone": "One rep",
    "team": "A team",
    "digest": "{count} notices",
    "digest_one": "1 notice",
    "more": "and {count} more; `pacesetter alerts list` shows all",
    "trial": "Pacesetter reaches channel {channel}",
    "trial_line": "This is a test. Alerts that this channel is named for arrive like this.",
}
_DE: Phrases = {
    "behind": "{who} liegt bei {kpi}, {period}, {gap} hinter dem Plan",
    "over_RECOVERED": "{who} liegt bei {kpi}, {period}, wieder im Plan",
    "over_CORRECTED": "{who}: Die Warnung zu {kpi}, {period}, galt Daten, die korrigiert sind",
    "over_OVER": "{who}: {period} ist vorbei; damit endet die Warnung zu {kpi}",
    "unlikely": "{who} erreicht das Ziel bei {kpi}, {period}, mit einer Chance von {probability}",
    "watched": "{who}: {kpi}, {period}, verdient einen Blick",
    "stands": "Tempo {pace}; Zielerreichung {attainment} bei {elapsed} fälligem Plan",
    "rank": "Rang {rank} von {of}",
    "needs": "Nötig sind {required} je Arbeitstag, {days} Tage lang",
    "recent": "zuletzt {recent}, nötig ist das {times}-Fache",
    "range": "Endet voraussichtlich zwischen {low} und {high} des Ziels",
    "chance": "Chance auf das Ziel {probability}",
    "why": "Warum: {name} bei {actual}, sonst {usual}",
    "suggested": "Vorschlag: {suggestion}",
    "rep_behind": "{gap} aufzuholen bei {kpi}, {period}",
    "rep_unlikely": "{kpi}, {period}: Es lohnt sich, den Rest gemeinsam zu planen",
    "rep_watched": "{kpi}, {period}: einen Blick wert",
    "rep_needs": "{required} an jedem der {days} verbleibenden Arbeitstage reichen",
    "rep_suggested": "Eine Idee: {suggestion}",
    "rep_help": "Deine Führungskraft kann helfen: frag früh.",
    "someone": "Jemand im Team",
    "team": "Ein Team",
    "digest": "{count} Hinweise",
    "digest_one": "1 Hinweis",
    "more": "und {count} weitere; `pacesetter alerts list` zeigt alle",
    "trial": "Pacesetter erreicht den Kanal {channel}",
    "trial_line": "Das ist ein Test. So kommen die Warnungen an, für die dieser Kanal genannt ist.",
}
_FR: Phrases = {
    "behind": "{who} a {gap} de retard sur le plan pour {kpi}, {period}",
    "over_RECOVERED": "{who} est de nouveau dans le plan pour {kpi}, {period}",
    "over_CORRECTED": "{who} : l'alerte sur {kpi}, {period}, reposait sur des données corrigées",
    "over_OVER": "{who} : {period} est terminé ; l'alerte sur {kpi} prend fin",
    "unlikely": "{who} a {probability} de chances d'atteindre l'objectif de {kpi}, {period}",
    "watched": "{who} : {kpi}, {period}, mérite un coup d'œil",
    "stands": "Rythme {pace} ; objectif atteint à {attainment} avec {elapsed} du plan échu",
    "rank": "rang {rank} sur {of}",
    "needs": "Il faut {required} par jour ouvré pendant {days} jours",
    "recent": "récemment {recent}, il faut {times} fois plus",
    "range": "Devrait finir entre {low} et {high} de l'objectif",
    "chance": "{probability} de chances d'atteindre l'objectif",
    "why": "Pourquoi : {name} à {actual}, d'habitude {usual}",
    "suggested": "Suggestion : {suggestion}",
    "rep_behind": "{gap} à rattraper pour {kpi}, {period}",
    "rep_unlikely": "{kpi}, {period} : la suite mérite d'être planifiée ensemble",
    "rep_watched": "{kpi}, {period} : à regarder",
    "rep_needs": "{required} chacun des {days} jours ouvrés restants suffisent",
    "rep_suggested": "Une idée : {suggestion}",
    "rep_help": "Votre manager peut aider : parlez-en tôt.",
    "someone": "Une personne",
    "team": "Une équipe",
    "digest": "{count} avis",
    "digest_one": "1 avis",
    "more": "et {count} de plus ; `pacesetter alerts list` les montre tous",
    "trial": "Pacesetter atteint le canal {channel}",
    "trial_line": "Ceci est un essai. Les alertes destinées à ce canal arrivent ainsi.",
}
LANGUAGES: Mapping[str, Phrases] = {"en": _EN, "de": _DE, "fr": _FR}
DEFAULT = "en"


def phrases(locale: str) -> Phrases:
    """Return the phrases of a locale, such as de or de_AT; English where there are none."""
    return LANGUAGES.get(locale.replace("-", "_").split("_")[0], LANGUAGES[DEFAULT])
