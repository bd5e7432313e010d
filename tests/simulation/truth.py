"""What the results must be, computed the plain way: the last word on each entity, counted afresh.

No code of streams is used. Of two records the later revision counts; of two contents of one
revision the one with the greater hash, as the format says. Everything resolves under the newest
definitions, since markers bring all of history under them.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, time
from decimal import ROUND_FLOOR, ROUND_HALF_EVEN, Decimal
from fractions import Fraction
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from xxhash import xxh64_intdigest

CENT = Decimal("0.0001")  # what decimal(18, 4) stores
Sums = dict[tuple[str, date, str, str], Decimal]
Record = Mapping[str, Any]


class Sent(NamedTuple):
    """One record as it was sent."""

    message: str
    record: dict[str, Any]
    value: bytes


class Company:
    """A revision of the definitions as plain data."""

    def __init__(self, raw: Mapping[str, Any]) -> None:
        self.home = raw["company"]["time_zone"]
        self.reporting = raw["company"]["reporting_currency"]
        self.by_close_date = raw["company"].get("won_day") == "CLOSE_DATE"
        self.zones = {rep["rep_id"]: rep["history"] for rep in raw["roster"]["reps"]}
        self.reps = {
            (i["source"], i["user_id"]): i["rep_id"] for i in raw["identities"]["identities"]
        }
        self.rates = sorted(raw["rates"]["rates"], key=lambda r: r["on"])
        self.by_hand: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
        for one in sorted(raw["credits"]["manual_credits"], key=lambda c: c["credit_id"]):
            self.by_hand[one["deal_id"]].append(one)
        self.first: dict[tuple[str, str], list[str]] = {
            (one["of"], one["field"]): one["sources"]
            for one in raw["company"].get("precedence", ())
        }
        self.contests = raw.get("contests", {}).get("contests", [])
        self.rule_of = {m["measure"]: m["rule"] for m in raw["measures"]["measures"]}
        self.rules: dict[str, list[str]] = defaultdict(list)
        for measure in raw["measures"]["measures"]:
            self.rules[measure["rule"]].append(measure["measure"])

    def rep(self, source: str, user: str | None) -> str:
        return self.reps.get((source, user or ""), "unassigned")

    def day(self, rep: str, at: datetime) -> date:
        """Return the day of an instant where a rep worked then."""
        for stint in reversed(self.zones.get(rep, [])):
            local = at.astimezone(ZoneInfo(stint["time_zone"])).date()
            if stint["valid_from"] <= local.isoformat() < stint.get("valid_to", "2199-12-31"):
                return local
        return at.astimezone(ZoneInfo(self.home)).date()

    def rate(self, currency: str, day: date) -> Decimal | None:
        """Return the newest rate dated on or before a day."""
        if currency == self.reporting:
            return Decimal(1)
        found = [r for r in self.rates if r["base"] == currency and r["on"] <= day.isoformat()]
        return Decimal(found[-1]["rate"]) if found else None


def last_words(sent: Iterable[Sent], company: Company) -> dict[str, Sent]:
    """Return each entity as it is by what every source said of it last."""
    found: dict[tuple[str, str, str], tuple[tuple[int, int], Sent]] = {}
    for one in sent:
        rank = (one.record["revision"], xxh64_intdigest(one.value[5:].rstrip(b"\0")))
        entity, *teller = (one.record[name] for name in ("entity_id", "source", "source_id"))
        is_deal = one.message == "deal" and not one.record.get("bill_id")
        key = (entity, "", "") if is_deal else (entity, *teller)
        if key not in found or rank > found[key][0]:
            found[key] = rank, one
    words: dict[str, list[Sent]] = defaultdict(list)
    for (entity, *_), (_, one) in found.items():
        words[entity].append(one)
    return {entity: made_one(some, company) for entity, some in words.items()}


_KIND = {"hubspot": "CRM", "aircall": "DIALER", "ics": "CALENDAR", "sim": "OTHER"}
_USUAL = ["CRM", "DIALER", "CALENDAR", "OTHER"]
_BY_DIALER = ["DIALER", "CRM", "CALENDAR", "OTHER"]
_BY_CALENDAR = ["CALENDAR", "CRM", "DIALER", "OTHER"]
# Best source first, and fields taken together; the first of them decides. Others: _USUAL, alone.
_TOGETHER: dict[tuple[str, str], tuple[str, ...]] = {
    ("call", "owner_id"): ("owner_id", "source", "source_id"),
    ("email", "owner_id"): ("owner_id", "source", "source_id"),
    ("meeting", "owner_id"): ("owner_id", "source", "source_id", "booked_by_id"),
    ("meeting", "start_at"): ("start_at", "end_at", "occurred_at"),
}
_FIELDS = {
    "call": {
        **dict.fromkeys(("owner_id", "disposition", "deal_id", "account_id"), _USUAL),
        **dict.fromkeys(("occurred_at", "direction", "status", "connected"), _BY_DIALER),
        **dict.fromkeys(("talk_seconds", "is_automated"), _BY_DIALER),
    },
    "email": dict.fromkeys(
        ("owner_id", "occurred_at", "direction", "status", "is_reply", "is_automated"), _USUAL
    ),
    "meeting": {
        **dict.fromkeys(("owner_id", "outcome"), _USUAL),
        **dict.fromkeys(("start_at", "booked_at"), _BY_CALENDAR),
    },
}
_LITTLE = {"IN_PROGRESS", "SCHEDULED", "RESCHEDULED", False}


def made_one(words: Sequence[Sent], company: Company) -> Sent:
    """Return what several statements make, each field from the best that says anything of it."""
    if words[0].message == "deal":
        return billed(words)
    if len(words) == 1:
        return words[0]
    if any(w.record.get("merged_into") for w in words):
        return words[0]._replace(record=words[0].record | {"op": "CANCELLED"})
    message = words[0].message
    heard = [w.record for w in words if w.record["op"] == "SET"] or [w.record for w in words]
    made = dict(heard[0]) | {"created_at": min(r["created_at"] for r in heard)}
    for field, usual in _FIELDS[message].items():
        together = _TOGETHER.get((message, field), (field,))
        orders = [*(company.first.get((message, field), ())), *usual]

        def place(r: Record, field: str = field, orders: list[str] = orders) -> tuple[Any, ...]:
            said = r.get(field)
            weak = field in ("status", "outcome", "is_automated") and said in _LITTLE
            weight = 2 if said in (None, "", "UNKNOWN") else int(weak)
            rank = min(orders.index(n) for n in (r["source"], _KIND[r["source"]]) if n in orders)
            return weight, rank, -r["revision"], r["source"], r["source_id"]

        best = min(heard, key=place)
        made |= {name: best[name] for name in together if name in best}
    return words[0]._replace(record=made)


def billed(words: Sequence[Sent]) -> Sent:
    """Return a deal with what its bills say of it; without the deal they say nothing."""
    bills = [w.record for w in words if w.record.get("bill_id") and w.record["op"] == "SET"]
    deals = [w for w in words if not w.record.get("bill_id")]
    if not deals:
        return words[0]._replace(record=words[0].record | {"op": "CANCELLED"})
    made = dict(deals[0].record)
    for field in ("invoiced_amount", "paid_amount"):
        told = [b for b in bills if b["currency"] == made["currency"] and b[field] is not None]
        if told:
            made[field] = sum(b[field] for b in told)
        if told and field == "invoiced_amount":
            made[field] -= sum(b["credit_note_amount"] or 0 for b in told)
    ends = [(b["cancelled_on"], b["source_id"], b) for b in bills if b["cancelled_on"]]
    if ends:
        made["cancelled_on"] = min(ends)[0]
    return deals[0]._replace(record=made)


def sums(sent: Iterable[Sent], definitions: Mapping[str, Any]) -> Sums:
    """Return every total that is not nothing."""
    company = Company(definitions)
    found: Sums = defaultdict(Decimal)
    for one in last_words(sent, company).values():
        if one.record["op"] != "SET":
            continue
        for rule, rep, day, currency, value in worth(one.message, one.record, company):
            for measure in company.rules[rule]:
                found[rep, day, measure, currency] += value
            for measure, theirs in entered(rule, one.record, currency, value, company):
                found[rep, theirs, measure, currency] += value
    return {key: value for key, value in found.items() if value}


def entered(
    rule: str, record: Record, currency: str, value: Decimal, company: Company
) -> Iterator[tuple[str, date]]:
    """Yield the contests a line counts in, by their measures, each with the day of its clocks."""
    for contest in company.contests:
        zone = ZoneInfo(contest["time_zone"])
        at = _counts_at(rule, record, company, zone).astimezone(zone)
        begins, ends = (
            datetime.fromisoformat(contest[name]).replace(tzinfo=at.tzinfo)
            for name in ("starts_at", "ends_at")
        )
        if contest.get("state") == "DRAFT" or not begins.timestamp() <= at.timestamp() < (
            ends.timestamp()
        ):
            continue
        for metric in contest["metrics"]:
            only = metric.get("only", {})
            if (
                company.rule_of.get(metric["kpi"]) == rule
                and metric.get("currency", "") == currency
                and only.get("hours_from", "") <= f"{at:%H:%M}" < only.get("hours_to", "99")
                and value >= Decimal(only.get("value_min", -(10**18)))
                and only.get("direction") in (None, record.get("direction"))
            ):
                yield f"contest/{contest['contest_id']}/{metric['kpi']}", at.date()


def _counts_at(rule: str, r: Record, company: Company, zone: ZoneInfo) -> datetime:
    """Return when a fact counts by a rule; the first instant of a date in the contest's zone."""
    if rule in ("meetings_held", "no_shows"):
        return r["start_at"]
    if rule == "meetings_booked":
        return r["booked_at"] or r["created_at"]
    if rule == "deals_created":
        return r["created_at"]
    if rule.startswith(("revenue", "won", "deals_won", "cycle")):
        if r["close_date"] and (company.by_close_date or not r["won_at"]):
            return datetime.combine(r["close_date"], time(), zone)
        return r["won_at"] or r["occurred_at"]
    return r["occurred_at"]


Line = tuple[str, str, date, str, Decimal]


def worth(message: str, record: Record, company: Company) -> Iterator[Line]:
    """Yield what one entity is worth: rule, rep, day, currency, value."""
    yield from _WORTH[message](record, company, company.rep(record["source"], record["owner_id"]))


def _call(r: Record, company: Company, owner: str) -> Iterator[Line]:
    if r["is_automated"] or r["status"] == "IN_PROGRESS":
        return
    talked = r["status"] == "COMPLETED" and (r["talk_seconds"] or 0) > 0
    answered = talked if r["connected"] is None else r["connected"]
    day = company.day(owner, r["occurred_at"])
    if r["direction"] == "OUTBOUND" or (r["direction"] == "INBOUND" and answered):
        yield "calls", owner, day, "", Decimal(1)
        if answered:
            yield "calls_connected", owner, day, "", Decimal(1)
            yield "talk_seconds", owner, day, "", Decimal(r["talk_seconds"] or 0)


def _email(r: Record, company: Company, owner: str) -> Iterator[Line]:
    if r["direction"] == "OUTBOUND" and r["status"] == "SENT" and not r["is_automated"]:
        yield "emails_sent", owner, company.day(owner, r["occurred_at"]), "", Decimal(1)
    if r["direction"] == "INBOUND" and r["is_reply"] and not r["is_automated"]:
        yield "replies", owner, company.day(owner, r["occurred_at"]), "", Decimal(1)


def _meeting(r: Record, company: Company, owner: str) -> Iterator[Line]:
    booker = company.rep(r["source"], r["booked_by_id"] or r["owner_id"])
    booked = company.day(booker, r["booked_at"] or r["created_at"])
    yield "meetings_booked", booker, booked, "", Decimal(1)
    if r["outcome"] == "COMPLETED":
        yield "meetings_held", owner, company.day(owner, r["start_at"]), "", Decimal(1)
    if r["outcome"] == "NO_SHOW":
        yield "no_shows", owner, company.day(owner, r["start_at"]), "", Decimal(1)


def _deal(r: Record, company: Company, owner: str) -> Iterator[Line]:
    created = company.day(owner, r["created_at"])
    yield "deals_created", owner, created, "", Decimal(1)
    if r["stage_class"] == "LOST":
        lost = lost_day(r, company, owner)
        yield "deals_lost", owner, lost, "", Decimal(1)
        if (whole := _worth(r, company, lost)) is not None:
            yield "lost_amount", owner, lost, company.reporting, whole
    if r["stage_class"] == "WON":
        won = won_day(r, company, owner)
        yield "deals_won", owner, won, "", Decimal(1)
        yield "cycle_days", owner, won, "", Decimal(max((won - created).days, 0))
        if (whole := _worth(r, company, won)) is not None:
            yield "won_valued", owner, won, "", Decimal(1)
            yield "won_amount", owner, won, company.reporting, whole
        for credit in credits_of(r, company):
            if credit.role == "REVENUE":
                yield "revenue_won", credit.rep_id, credit.day, r["currency"], credit.amount
                if credit.reporting is not None:
                    yield "revenue_won_reporting", credit.rep_id, credit.day, company.reporting, \
                        credit.reporting  # fmt: skip


def _worth(r: Record, company: Company, day: date) -> Decimal | None:
    """Return a deal's whole amount in the reporting currency; None without an amount or a rate."""
    rate = company.rate(r["currency"], day)
    if r["amount"] is None or rate is None:
        return None
    return Decimal(r["amount"] * rate).quantize(CENT, ROUND_HALF_EVEN)


class Credit(NamedTuple):
    """What one payee is credited for one deal through one split, or as its owner."""

    rep_id: str
    role: str
    via: str
    day: date
    amount: Decimal
    reporting: Decimal | None
    units: Decimal | None
    invoiced: Decimal | None
    paid: Decimal | None
    cancelled_on: date | None


def credits(sent: Iterable[Sent], definitions: Mapping[str, Any]) -> dict[Any, Any]:
    """Return every credit: payee, deal, role, via -> stage, day, amount, reporting amount ..."""
    company = Company(definitions)
    found = {
        (credit.rep_id, r["entity_id"], credit.role, credit.via): (r["stage_class"], *credit[3:])
        for message, r, _ in last_words(sent, company).values()
        if message == "deal" and r["op"] == "SET"
        for credit in credits_of(r, company)
    }
    bosses = {r["rep_id"]: r["history"][0].get("manager_id") for r in definitions["roster"]["reps"]}
    for (rep, deal, role, via), said in list(found.items()):
        boss = bosses.get(rep)
        while boss is not None and said[0] == "WON":  # each of them is on the plan that counts it
            found[boss, deal, "OVERRIDE", f"{rep}:{role}:{via}"] = said
            boss = bosses[boss]
    return found


def commissions(sent: Iterable[Sent], raw: Mapping[str, Any]) -> dict[Any, Decimal]:
    """Return what is owed: payee, plan, component, first day of the period, currency -> amount."""
    counted: dict[Any, Decimal] = defaultdict(Decimal)
    for (rep, _, role, _), (stage, day, _, reporting, *_, gone) in credits(sent, raw).items():
        if rep == "unassigned" or gone is not None:
            continue  # nobody is paid before the identity map knows who
        for plan in raw["plans"]["plans"][:2]:
            is_on = not plan.get("reps") or rep in plan["reps"]
            is_paid = plan["valid_from"] <= day.isoformat() < plan.get("valid_to", "2199-12-31")
            if stage != "WON" or reporting is None or not is_on or not is_paid:
                continue
            for component in plan["components"]:
                roles = component.get("counts", {}).get("roles", ["REVENUE"])
                if role in roles and plan["currency"] == raw["company"]["reporting_currency"]:
                    start = _first_day(day, plan["period"])
                    counted[rep, plan["plan_id"], component["component_id"], start] += reporting
    plans = {plan["plan_id"]: plan for plan in raw["plans"]["plans"]}
    found = {
        (rep, plan, component["component_id"], start, plans[plan]["currency"]): _PAID[
            component.get("kind", "MARGINAL")
        ](credited, component)
        for (rep, plan, component_id, start), credited in counted.items()
        for component in plans[plan]["components"]
        if component["component_id"] == component_id
    }
    return {key: amount for key, amount in found.items() if amount}


def _first_day(day: date, period: str) -> date:
    months = {"MONTH": 1, "QUARTER": 3, "YEAR": 12}[period]
    return date(day.year, (day.month - 1) // months * months + 1, 1)


def _marginal(credited: Decimal, component: Mapping[str, Any]) -> Decimal:
    """Return each tier's rate on what lies in it, rounded once."""
    tiers = component["tiers"]
    bounds = [Decimal(tier["since"]) for tier in tiers]
    ends = [*bounds[1:], Decimal("Infinity")]
    exact = sum(
        ((min(credited, end) - since) * Decimal(tier["rate"])
         for tier, since, end in zip(tiers, bounds, ends, strict=True) if credited > since),
        Decimal(0),
    )  # fmt: skip
    return exact.quantize(Decimal("0.01"), ROUND_HALF_EVEN)


def _retroactive(credited: Decimal, component: Mapping[str, Any]) -> Decimal:
    """Return the rate of the tier reached on all of it: a multiple of variable over quota."""
    quota, variable = Fraction(component["quota"]), Fraction(component["variable"])
    reached = Fraction(credited) / quota
    if reached < Fraction(component["gates"][0]["since"]):
        return Decimal(0)
    rate = [t["rate"] for t in component["tiers"] if Fraction(t["since"]) <= reached][-1]
    exact = min(reached * Fraction(rate) * variable, Fraction(component["cap"]["amount"]))
    return Decimal(round(exact * 100)) / 100  # half to the even one


_PAID = {"MARGINAL": _marginal, "RETROACTIVE": _retroactive}


def credits_of(r: Record, company: Company) -> list[Credit]:
    """Return who is credited with what of a deal."""
    if r["amount"] is None:
        return []
    splits = [(s["owner_id"], s["role"], str(i), s["share"]) for i, s in enumerate(r["splits"])]
    revenue = [s for s in splits if s[1] == "REVENUE"]
    revenue = revenue or [(r["owner_id"], "REVENUE", "owner", Decimal(1))]
    stated = [
        (company.rep(r["source"], user), *rest)
        for user, *rest in revenue + [s for s in splits if s[1] == "OVERLAY"]
    ]
    every = with_hands(stated, company.by_hand[r["entity_id"]])
    reps = [rep for rep, *_ in every]
    parts = divided(r["amount"], every)
    rate = None
    if r["stage_class"] == "WON":
        day = won_day(r, company, company.rep(r["source"], r["owner_id"]))
        rate = company.rate(r["currency"], day)
    whole = rate and (r["amount"] * rate).quantize(CENT, ROUND_HALF_EVEN)
    reporting = [None] * len(every) if whole is None else divided(whole, every)
    gone = r.get("cancelled_on")
    more = [
        [None] * len(every) if r.get(name) is None else divided(r[name], every)
        for name in ("units", "invoiced_amount", "paid_amount")
    ]
    return [
        Credit(rep, role, via, main_day(r, company, rep), *each, gone)
        for rep, (_, role, via, _), *each in zip(reps, every, parts, reporting, *more, strict=True)
    ]


def with_hands(stated: Sequence[Any], given: Sequence[Mapping[str, Any]]) -> list[Any]:
    """Return payees, REVENUE first, with what people gave: taken from stated parts in order."""
    left = {via: share for _, _, via, share in stated}
    made = []
    for one in given:
        wanted = Decimal(one["share"])
        if one.get("role") != "OVERLAY":
            for rep, role, via, _ in stated:
                if (rep, role) == (one["from_rep"], "REVENUE"):
                    part = min(left[via], wanted)
                    left[via], wanted = left[via] - part, wanted - part
            wanted = Decimal(one["share"]) - wanted
        if wanted:
            role = one.get("role", "REVENUE")
            made.append((one["rep_id"], role, f"manual:{one['credit_id']}", wanted))
    kept = [(rep, role, via, left[via]) for rep, role, via, _ in stated if left[via]]
    return sorted(kept + made, key=lambda line: line[1] != "REVENUE")


def divided(amount: Decimal, splits: Sequence[Any]) -> list[Any]:
    """Return REVENUE parts, which add up, then OVERLAY parts, each by itself."""
    parts = cut(amount, [share for _, role, _, share in splits if role == "REVENUE"])
    return parts + [
        (amount * share).quantize(CENT, ROUND_HALF_EVEN)
        for _, role, _, share in splits
        if role == "OVERLAY"
    ]


def main_day(r: Record, company: Company, rep: str) -> date:
    """Return the day a deal was won or lost on, of an open one the day it was created on."""
    if r["stage_class"] == "WON":
        return won_day(r, company, rep)
    if r["stage_class"] == "LOST":
        return lost_day(r, company, rep)
    return company.day(rep, r["created_at"])


def lost_day(r: Record, company: Company, rep: str) -> date:
    day: date | None = None if r["lost_at"] else r["close_date"]
    return day or company.day(rep, r["lost_at"] or r["occurred_at"])


def won_day(r: Record, company: Company, rep: str) -> date:
    by_date = r["close_date"] and (company.by_close_date or not r["won_at"])
    day: date = r["close_date"] if by_date else company.day(rep, r["won_at"] or r["occurred_at"])
    return day


def cut(amount: Decimal, shares: Sequence[Decimal]) -> list[Decimal]:
    """Return an amount in parts that add up to it; what rounding leaves goes to the most cut."""
    exact = [amount * share for share in shares]
    parts = [one.quantize(CENT, ROUND_FLOOR) for one in exact]
    order = sorted(range(len(parts)), key=lambda i: (parts[i] - exact[i], i))
    for i in order[: int((amount - sum(parts)) / CENT)]:
        parts[i] += CENT
    return parts


_WORTH = {"call": _call, "email": _email, "meeting": _meeting, "deal": _deal}
