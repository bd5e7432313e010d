"""What statements say in words and figures, the same in every format."""

from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction

from pydantic import ValidationError

from infra.definitions.plan_words import component_words
from schemas.money import minor_units
from schemas.plans import Plan
from streams.domain.pay_periods import Status
from streams.domain.periods import DAY, Span
from streams.domain.statement_parts import EARNED, Credited, Entry, Terms
from streams.domain.statements import Line
from streams.domain.tier_splits import TierPart

MINUS = "\u2212"
TIMES = "\u00d7"
NARROW = "\u2013"  # from - to
KINDS = {
    "ACCRUAL": "Commission",
    "ADJUSTMENT": "Adjustment",
    "CLAWBACK": "Clawback",
    "ELIGIBLE": "Became eligible",
    "RELEASE": "Released for pay",
    "DRAW": "Draw",
    "RECOVERY": "Draw recovered",
    "FORGIVENESS": "Draw forgiven",
    "MANUAL": "Entered by hand",
    "OPENING": "Taken over",
    "PAYOUT": "Paid out",
}
STATES = {
    "EARNED": "earned",
    "ELIGIBLE": "eligible",
    "RELEASED": "released",
    "PAID": "paid",
}
SHORT = 12  # of ids in hex: 48 bits, not to be met twice in a ledger
_PLACES = 6  # of what has endlessly many


def money(amount: Decimal | Fraction, currency: str) -> str:
    """Return an amount in the minor unit of its currency; more places where it has more.

    >>> money(Decimal("-1234.5"), "EUR"), money(Fraction(1, 8), "EUR")
    ('\u22121,234.50', '0.125')
    """
    places = max(minor_units(currency), 0)
    return _signed(Fraction(amount), places)


def added(amount: Fraction, currency: str) -> str:
    """Return an amount that is added or taken off, with its sign.

    >>> added(Fraction(1, 8), "EUR")
    '+0.125'
    """
    return f"{'+' if amount > 0 else ''}{money(amount, currency)}"


def number(value: Fraction | Decimal, places: int = 0) -> str:
    """Return a number with thousands apart, exact up to six places and then marked as not.

    >>> number(Fraction(1, 3)), number(Fraction(20000))
    ('\u22480.333333', '20,000')
    """
    return _signed(Fraction(value), places)


def percent(rate: Fraction) -> str:
    """Return a rate as percent.

    >>> percent(Fraction(7, 100)), percent(Fraction(1, 6))
    ('7%', '\u224816.666667%')
    """
    return f"{_signed(rate * 100, 0)}%"


def _signed(value: Fraction, places: int) -> str:
    scale = 10**_PLACES
    whole = round(abs(value) * scale)
    digits = f"{whole:0{_PLACES + 1}d}"
    front, back = digits[:-_PLACES], digits[-_PLACES:].rstrip("0")
    back = back.ljust(places, "0")
    text = f"{int(front):,}" + (f".{back}" if back else "")
    exact = "" if Fraction(whole, scale) == abs(value) else "\u2248"
    return f"{exact}{MINUS if value < 0 and whole else ''}{text}"


def period_words(span: Span) -> str:
    """Return a period by its first and last day.

    >>> from datetime import date
    >>> period_words(Span(date(2026, 1, 1), date(2026, 4, 1)))
    '2026-01-01 to 2026-03-31'
    """
    return f"{span.start} to {span.end - DAY}"


def stands_words(period: Span, stands: Mapping[Span, Status]) -> str:
    """Return how final a statement is: where the payroll periods it holds stand."""
    told = [f"{label_of(span)} {status}" for span, status in stands.items()]
    reached = period.start
    for span in stands:
        reached = span.end if span.start <= reached < span.end else reached
    if not told:
        return "open: amounts may still change"
    if reached < period.end:
        told.append("the rest open: amounts may still change")
    return ", ".join(told)


def label_of(span: Span) -> str:
    """Return the short name of a calendar month, quarter or year, else its days.

    >>> from datetime import date
    >>> label_of(Span(date(2026, 1, 1), date(2026, 4, 1)))
    '2026-Q1'
    """
    start, end = span
    months = (end.year - start.year) * 12 + end.month - start.month
    if start.day == 1 and end.day == 1:
        if months == 1:
            return f"{start:%Y-%m}"
        if months == 3 and start.month % 3 == 1:
            return f"{start.year}-Q{start.month // 3 + 1}"
        if months == 12 and start.month == 1:
            return f"{start.year}"
    return f"{start}..{end - DAY}"


def what(line: Line) -> str:
    """Return what a line is about: the deal by name, else what was done."""
    entry = line.entry
    if entry.deal_id:
        return line.deal_name or entry.deal_id
    if entry.kind == "ADJUSTMENT":
        return "Definitions were revised"
    return kind_words(entry)


def cause_words(line: Line) -> str:
    """Return what a line follows from: a credit by its role and way, else what was done."""
    entry = line.entry
    if entry.deal_id and entry.state == EARNED and entry.role and entry.via:
        return f"{entry.role.lower()}, {via_words(entry)}"
    return kind_words(entry) if entry.deal_id and entry.kind != "ADJUSTMENT" else ""


def kind_words(entry: Entry) -> str:
    """Return what kind of entry it is, as people say it."""
    return KINDS.get(entry.kind, entry.kind.capitalize())


def via_words(entry: Entry) -> str:
    """Return what a credit comes through.

    >>> from infra.statements.wording import via_text
    >>> via_text("owner"), via_text("0"), via_text("rule:west:1")
    ('owner of the deal', 'split 1 of the deal', 'territory rule west')
    """
    return via_text(entry.via)


def via_text(via: str) -> str:
    """Return what the column `via` means."""
    if via == "owner":
        return "owner of the deal"
    if via.isdigit():
        return f"split {int(via) + 1} of the deal"
    if via.startswith("rule:"):
        return f"territory rule {via.split(':')[1]}"
    if via.startswith("manual:"):
        return f"credit {via.removeprefix('manual:')}, given by hand"
    return via


def credit_words(credit: Credited) -> str:
    """Return a credit: its amount, share and exchange rate."""
    if credit.deleted:
        return "no longer credited"
    share = "" if credit.share == 1 else f" ({percent(Fraction(credit.share))} of the deal)"
    text = f"{money(credit.amount, credit.currency)} {credit.currency}{share}"
    if credit.stage_class != "WON":
        return f"{text}, not won any more"
    if credit.reporting_amount is None:
        return f"{text}, no exchange rate known"
    if credit.reporting_currency != credit.currency:
        reported = money(credit.reporting_amount, credit.reporting_currency)
        text += (
            f" {TIMES} {number(credit.rate or Decimal(0))} = {reported} {credit.reporting_currency}"
            f" (rate of {credit.rate_on})"
        )
    return text


def tier_words(one: TierPart, currency: str) -> str:
    """Return what a line adds in a tier: the part in it, the rate, its bounds and the result."""
    if one.up_to is not None:
        tier = f" (tier {number(one.since)} {NARROW} {number(one.up_to)})"
    else:
        tier = f" (tier from {number(one.since)})" if one.since else ""
    deal = f"{one.deal_id}: " if one.deal_id else ""
    earns = money(one.earns, currency)
    if one.part == 0:
        return f"{deal}{earns}{tier}"
    more = f" + {money(one.amount, currency)}" if one.amount else ""
    return f"{deal}{number(one.part)} {TIMES} {percent(one.rate)}{more}{tier} = {earns}"


def formula(line: Line) -> tuple[str, ...]:
    """Return how a line's amount came about, step by step."""
    split, currency = line.split, line.entry.currency
    found = [tier_words(one, currency) for one in split.tiers]
    if not found and not split.then and not split.exchange:
        found += split.steps
    if split.then:
        steps = "; ".join(split.steps) or "gates, factors, floor or cap"
        found.append(f"{steps}: {added(split.then, currency)}")
    elif split.exchange:
        found.append("; ".join(split.steps))
    if split.exchange:
        found.append(f"in the pay currency: {added(split.exchange, currency)}")
    if abs(split.rounding) > Fraction(1, 10 ** minor_units(currency)):
        found.append(f"earned before attainment was reduced: {added(split.rounding, currency)}")
    elif split.rounding:
        found.append(f"rounding of the total: {added(split.rounding, currency)}")
    if split.elsewhere:
        found.append(f"in entries of their own: {added(split.elsewhere, currency)}")
    found += [f"taken back of {text}" for text in split.taken_back]
    return tuple(found)


def terms_words(line: Line) -> str:
    """Return which revision of the plan a line follows."""
    terms = line.terms
    return f"plan revision {short(terms.revision_id)}" if terms else ""


def plan_of(terms: Terms) -> Plan | None:
    """Return a revision of a plan; None: another version of this program wrote it."""
    try:
        return Plan.model_validate_json(terms.content)
    except ValidationError:
        return None


def plan_words(terms: Terms, component_id: str) -> tuple[str, ...]:
    """Return what a revision of a plan says of a component, sentence by sentence."""
    plan = plan_of(terms)
    if plan is None:
        return ("this revision was written by another version of Pacesetter",)
    own = (c for c in plan.components if c.component_id == component_id)
    return tuple(sentence for component in own for sentence in component_words(plan, component))


def short(text: str) -> str:
    """Return the beginning of an id that tells it apart; commands take it for the whole."""
    return text[:SHORT]


def carried_words(line: Line) -> str:
    """Return which earlier period a line changes; empty for none."""
    return f"changes {label_of(line.entry.origin)}" if line.is_carried else ""
