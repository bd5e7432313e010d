"""German."""

PHRASES = {
    "and": " und ",
    "or": " oder ",
    "comma": ", ",
    "then": ", danach ",
    "draft": "Ein Entwurf: Er findet noch nicht statt.",
    "stopped": "Abgesagt: Niemand gewinnt.",
    "hidden": "Nur Führende sehen ihn.",
    "runs": "Er läuft von {start} bis vor {end}, nach den Uhren von {zone}.",
    "who.sides": "Es treten eigens gebildete Teams an: {sides}{out}.",
    "who.members": "Wer teilnimmt: {names}{out}.",
    "who.teams": "Es treten die Teams {teams} an; darin und darunter zählen {ruled}{out}. Was"
    " jemand tut, zählt für das Team an dem Tag.",
    "who.reps": "Wer teilnimmt: {ruled}{of}{out}, ab dem Tag der Zugehörigkeit.",
    "who.of": " aus {teams}",
    "who.out": ", ohne {names}",
    "everybody": "alle",
    "every": "alle mit der Rolle {roles}",
    "points": "Punkte bringen:",
    "metric.POINTS": "  {points} für je 1 {kpi}{money}{only}{cap}.",
    "metric.PERCENT": "Gewertet wird {kpi}{money} als Anteil am eigenen Ziel{only}{cap}.",
    "metric.VALUE": "Gewertet wird {kpi}{money}{only}{cap}.",
    "money": " in {currency}",
    "cap": ", höchstens {amount} am Tag",
    "machines": "Was Maschinen senden oder wählen, zählt nicht, auch nichts Abgesagtes.",
    "verified": "Es zählt nur, woran ein Gegenüber beteiligt war.",
    "only.products": ", nur Produkte {names}",
    "only.segments": ", nur Segmente {names}",
    "only.regions": ", nur Regionen {names}",
    "only.deal_types": ", nur Arten von Abschlüssen {names}",
    "only.lead_sources": ", nur Herkunft {names}",
    "only.sources": ", nur aus {names}",
    "only.INBOUND": ", nur eingehend",
    "only.OUTBOUND": ", nur ausgehend",
    "only.talk.one": ", nur ab {n} Sekunde Gespräch",
    "only.talk.other": ", nur ab {n} Sekunden Gespräch",
    "only.value": ", nur ab {amount}",
    "only.weekdays": ", nur {days}",
    "only.hours": ", nur von {start} bis {end}",
    "won.RANKING": "Wer am Ende den besten Wert hat, gewinnt.",
    "won.DUEL": "Zwei gegeneinander: Der bessere Wert am Ende gewinnt.",
    "won.KING": "Wer am längsten führt, gewinnt. Wer in Führung geht, behält sie, bis jemand mehr"
    " hat.",
    "won.RACE.one": "Wer das Ziel zuerst erreicht, gewinnt; es ist vorbei, wenn jemand da ist.",
    "won.RACE.other": "Wer das Ziel zuerst erreicht, gewinnt; es ist vorbei, wenn die ersten {n} da"
    " sind.",
    "days.one": "einem Tag",
    "days.other": "{n} Tagen",
    "won.ELIMINATION": "Runden von {days}; am Ende jeder scheiden die letzten {drop} nach {score}"
    " aus. Wer sich einen Platz mit jemandem teilt, der bleibt, bleibt auch.",
    "score.all": "dem Wert seit Beginn",
    "score.round": "dem Wert der Runde",
    "won.BRACKET": "Duelle in Runden von {days}: Wer verliert, ist ausgeschieden. Sind beide in"
    " allem gleich, entscheidet der Setzplatz.",
    "won.SEASON": "In jeder Runde von {days} treffen alle auf jemand anderen; ein Sieg zählt 1, ein"
    " Unentschieden ½.",
    "season.ties": "Bei gleich vielen Siegen entscheidet die Summe aller Werte. Wer keinen Gegner"
    " hat, trifft auf den Mittelwert der anderen.",
    "season.playoffs": "Die letzten zwei Runden sind Playoffs der besten vier, 1 gegen 4 und 2"
    " gegen 3.",
    "won.GOAL": "Alle arbeiten gemeinsam auf {target} hin.",
    "milestone": "  {name}: {amount}",
    "drawn": "Die Paarungen werden ausgelost, einmal; das Los bleibt ({seed}).",
    "team.SUM": "Der Wert eines Teams ist die Summe dessen, was seine Leute erreichen.",
    "team.AVERAGE": "Der Wert eines Teams ist die Summe dessen, was seine Leute erreichen, geteilt"
    " durch Köpfe: Alle darin zählen, wer nur einen Teil der Tage dabei ist, als dieser Teil.",
    "team.CONTRIBUTORS": "Der Wert eines Teams ist die Summe dessen, was seine Leute erreichen,"
    " geteilt durch die Zahl derer, die etwas beigetragen haben.",
    "target.quota": "Das eigene Ziel ist die eigene Quote, nach Kalendertagen des Wettbewerbs in"
    " ihrem Zeitraum.",
    "target.all": "Das Ziel ist {amount}.",
    "target.own": "{who} hat das Ziel {amount}.",
    "least.score": "Unter einem Wert von {amount} gibt es weder Platz noch Preis.",
    "least.events.one": "Ganz ohne Ereignis gibt es weder Platz noch Preis.",
    "least.events.other": "Mit weniger als {n} Ereignissen gibt es weder Platz noch Preis.",
    "ties.none": "Gleiche Werte werden nicht getrennt.",
    "ties": "Bei gleichen Werten entscheidet: {steps}.",
    "tie.PERCENT": "der größere Anteil am eigenen Ziel",
    "tie.REACHED": "wer den Endstand zuerst erreicht hat",
    "tie.EVENTS": "wer weniger Ereignisse gebraucht hat",
    "shared": "In all dem gleich: Der Platz wird geteilt, der nächste entfällt (1, 2, 2, 4).",
    "prize": "Platz {place}: {what}.",
    "amount": "{amount} {currency}",
    "prizes.POOL": "Wer sich Plätze teilt, bekommt deren Preise zu gleichen Teilen.",
    "prizes.SHARE": "Bei geteilten Plätzen wird das ganze Geld im Verhältnis der Preise geteilt.",
    "nothing": "Wer nichts getan hat, gewinnt nichts.",
    "late.one": "Es zählt, wann etwas geschah. Was bis {n} Stunde nach dem Ende bekannt wird, zählt"
    " noch; dann ist das Ergebnis endgültig. Spätere Korrekturen werden veröffentlicht und ändern"
    " keinen Platz.",
    "late.other": "Es zählt, wann etwas geschah. Was bis {n} Stunden nach dem Ende bekannt wird,"
    " zählt noch; dann ist das Ergebnis endgültig. Spätere Korrekturen werden veröffentlicht und"
    " ändern keinen Platz.",
}
