"""What a small sales floor does in one seed: facts, their corrections, and changing definitions."""

import copy
import random
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from schemas.codec import CatalogueIds, encode
from tests.load import SINCE, Event, Floor, definitions
from tests.simulation.truth import Sent

REPS = 4
USERS = REPS + 1  # one of them nobody maps at first
LONG_AGO = timedelta(days=800)
OTHERS = ("hubspot", "aircall", "ics", "aircall")  # who may tell of a thing besides sim
KINDS = {"crm.calls": "call", "crm.emails": "email", "crm.meetings": "meeting", "crm.deals": "deal"}
_IDS = CatalogueIds()


class Crm(Floor):
    """A floor whose entities are corrected often: amended, reassigned, deleted, restored, late."""

    def __init__(self, choice: random.Random, topics: list[str]) -> None:
        super().__init__(0, reps=USERS, days=3, again=0.55)
        self.random = choice
        self.kinds = [KINDS[topic] for topic in topics]
        self.words: dict[str, list[Event]] = {}
        self.dice = random.Random(f"bills {choice.getstate()[1][0]}")
        self.waiting: list[Event] = []

    def next(self) -> Sent:
        """Return the next record of the log."""
        message, record = self.waiting.pop(0) if self._is_due() else self._fact()
        if not record.get("bill_id"):
            self.words.setdefault(record["entity_id"], []).append(Event(message, record))
        value = encode(message, record, _IDS)
        return Sent(message, _filled(message, record), value)

    def _is_due(self) -> bool:
        return bool(self.waiting) and self.dice.random() < 0.6

    def _fact(self) -> Event:
        event = self._again() if self.words and self._chance(self.again) else self._new()
        if event.message != "deal" or self.dice.random() < 0.4:
            return event
        both = [event, Event("deal", self._bill(event.record))]
        if self.dice.random() < 0.4:  # the bill comes first, of a deal that may not be there yet
            both.reverse()
        self.waiting.append(both[1])
        return both[0]

    def _bill(self, deal: dict[str, Any]) -> dict[str, Any]:
        """Return what billing says of a deal's invoice, by a clock of its own."""
        dice, number = self.dice, self.dice.randrange(2)
        gone = dice.random() < 0.1
        return {
            **self._blank_bill(deal), "source": "billing", "source_id": f"in-{number}",
            "revision": dice.randrange(6) * 100, "bill_id": f"INV-{number}",
            "op": "CANCELLED" if dice.random() < 0.15 else "SET",
            "currency": deal["currency"] if dice.random() < 0.85 else "JPY",
            "invoiced_amount": dice.choice([None, *[Decimal(dice.randrange(10**8)) / 10_000] * 4]),
            "paid_amount": dice.choice([None, Decimal(dice.randrange(10**8)) / 10_000]),
            "credit_note_amount": dice.choice([None, None, Decimal("0.0001")]),
            "cancelled_on": date(2026, 4, dice.randrange(1, 9)) if gone else None,
            "cancel_reason": "REFUND" if gone else "NONE",
        }  # fmt: skip

    def _blank_bill(self, deal: dict[str, Any]) -> dict[str, Any]:
        at = {name: deal[name] for name in ("created_at", "occurred_at")}
        return {"entity_id": deal["entity_id"], "owner_id": None, "stage_id": "",
                "stage_class": "UNKNOWN", "splits": [], **at}  # fmt: skip

    def _new(self) -> Event:
        self.made += 1
        message = self.random.choice(self.kinds)
        record = {**self._common(message), **getattr(self, f"_{message}")()}
        if self._chance(0.15):  # told of years late
            for name in ("created_at", "occurred_at", "won_at", "booked_at", "start_at"):
                if isinstance(record.get(name), datetime):
                    record[name] -= LONG_AGO
        return Event(message, record)

    def _again(self) -> Event:
        known = list(self.words)
        words = self.words[self.random.choice(known[-3:] if self._chance(0.3) else known)]
        kind = self.random.random()
        if kind < 0.2:
            return self.random.choice(words)  # a duplicate, or stale by now
        message, record = self.random.choice(words[-2:])
        record = copy.deepcopy(record)
        if message != "deal" and self._chance(0.3):
            return Event(message, self._told_by_another(message, record))
        greatest = max(word.record["revision"] for word in words)
        record["revision"] = greatest + self.random.choice([-1, 0, 1, 1, 2, 3]) * 100
        record.pop("merged_into", None)
        if kind < 0.23 and message != "deal":
            record |= {"op": "CANCELLED", "merged_into": self.random.choice(known) + "'"}
        elif kind < 0.35:
            record["op"] = "CANCELLED" if record["op"] == "SET" else "SET"
        elif kind < 0.6:
            record["owner_id"] = self._user()
        elif kind < 0.8:
            record["occurred_at"] = self._instant()
            record |= {"start_at": self._instant()} if message == "meeting" else {}
        elif message == "deal":
            record |= self._stage() | {"splits": self._splits()}
            is_gone = record["revision"] // 100 % 3 == 0
            record["cancelled_on"] = date(2026, 4, 20) if is_gone else None
            record["cancel_reason"] = "REFUND" if is_gone else "NONE"
        return Event(message, record)

    def _told_by_another(self, message: str, record: dict[str, Any]) -> dict[str, Any]:
        """Return what another source says of a thing, by a clock of its own."""
        source, at = self.random.choice(OTHERS), self._instant()
        said = {**record, **getattr(self, f"_{message}")(), "owner_id": self._user()}
        said |= {"source": source, "source_id": f"{source}-{self.random.randrange(2)}",
                 "revision": self.random.randrange(5) * 100, "op": "SET", "merged_into": None,
                 "created_at": at, "occurred_at": at}  # fmt: skip
        return said

    def _splits(self) -> list[dict[str, Any]]:
        shares = self.random.choice([(), (), ("0.6", "0.4"), ("0.333333", "0.333333", "0.333334")])
        roles = ["REVENUE"] * len(shares)
        if shares and self._chance(0.4):
            shares, roles = (*shares, "0.5"), [*roles, "OVERLAY"]
        users = self.random.sample(range(USERS), len(shares))
        return [
            {"owner_id": f"u{user}", "role": role, "share": Decimal(share)}
            for user, role, share in zip(users, roles, shares, strict=True)
        ]

    def _stage(self) -> dict[str, Any]:
        day = date(2026, 3, 1) + timedelta(days=self.random.randrange(5))
        return {
            **super()._stage(),
            "amount": self.random.choice(
                [None, *[Decimal(self.random.randrange(10**7)) / 100] * 6]
            ),
            "close_date": self.random.choice([None, day]),
            "won_at": self.random.choice([None, self._instant(), self._instant()]),
        }


def _filled(message: str, record: dict[str, Any]) -> dict[str, Any]:
    blank = {"close_date": None, "lost_at": None, "won_at": None, "amount": None, "splits": []}
    return {**blank, **record} if message == "deal" else record


def first_definitions() -> dict[str, Any]:
    """Return what holds before any change: one user unmapped, one measure missing."""
    made = definitions(REPS)
    made["measures"]["measures"] = [
        m for m in made["measures"]["measures"] if m["measure"] != "talk_seconds"
    ]
    made["plans"] = {
        "plans": [_plan("p", "QUARTER"), _plan("q", "MONTH", reps=["r0", "r1"]), _GENERAL]
    }
    made["contests"] = {"contests": [_contest("w", SINCE, "Europe/Berlin")]}
    made["identities"]["identities"] += [  # u1 of one source is not u1 of another
        {"source": source, "user_id": f"u{user}", "rep_id": f"r{(user + shift) % REPS}"}
        for shift, source in enumerate(OTHERS[:3], start=1) for user in range(USERS)
    ]  # fmt: skip
    for rep, boss in (("r1", "r0"), ("r2", "r1"), ("r3", "r0")):
        made["roster"]["reps"][int(rep[1:])]["history"][0]["manager_id"] = boss
    made["credits"] = {"manual_credits": [_by_hand(n) for n in range(1, 120)]}
    return made


def _contest(name: str, since: datetime, zone: str) -> dict[str, Any]:
    """Return a contest of a day and a half: outbound calls of some hours, and all else."""
    starts, ends = (f"{since + timedelta(hours=h):%Y-%m-%dT%H:%M}" for h in (9, 45))
    return {
        "contest_id": name, "name": name, "score": "POINTS", "time_zone": zone,
        "starts_at": starts, "ends_at": ends,
        "metrics": [
            {"kpi": "calls", "only": {"direction": "OUTBOUND", "hours_from": "10:00",
                                      "hours_to": "21:30"}},
            {"kpi": "meetings_booked", "cap_per_day": "2"}, {"kpi": "meetings_held"},
            {"kpi": "emails_sent"}, {"kpi": "deals_created"},
            {"kpi": "revenue_won", "currency": "USD", "only": {"value_min": "20000"}},
        ],
    }  # fmt: skip


def _by_hand(number: int) -> dict[str, Any]:
    """Return a credit that people gave of a deal, which may come, and may be somebody else's."""
    said = {"credit_id": f"m{number}", "deal_id": f"sim:deal:{number // 2:08d}", "reason": "agreed",
            "author": "ann", "approver": "ben", "rep_id": f"r{number % REPS}"}  # fmt: skip
    if number % 5 == 0:
        return {**said, "role": "OVERLAY", "share": "0.123457"}
    share = ("0.333333", "0.5", "1")[number % 3]
    return {**said, "share": share, "from_rep": f"r{(number + 1) % REPS}"}


def _plan(name: str, period: str, **fields: Any) -> dict[str, Any]:
    tiers = [{"since": "0", "rate": "0.071"}, {"since": "90000", "rate": "0.1"},
             {"since": "250000.5", "rate": "0.1333"}]  # fmt: skip
    return {
        "plan_id": name, "name": name, "currency": "EUR", "period": period,
        "valid_from": "2023-12-23",
        "components": [{"component_id": "c", "tiers": tiers}, _RETROACTIVE], **fields,
    }  # fmt: skip


# What needs the credits themselves: each deal alone, units, what reports sell, cancelled deals.
_GENERAL = {
    "plan_id": "g", "name": "G", "currency": "EUR", "period": "QUARTER", "payout": "MONTH",
    "valid_from": "2023-12-23", "rounding": "HALF_UP",
    "clawback": {"mode": "FULL", "attainment": "REDUCED"},
    "components": [
        {"component_id": "t", "scope": "TRANSACTION",
         "tiers": [{"since": "0", "rate": "0.031"}, {"since": "20000", "rate": "0.0555"}],
         "cap": {"amount": "4000", "per": "TRANSACTION"}},
        {"component_id": "u", "kind": "FLAT", "rate": "1.75", "counts": {"measure": "UNITS"}},
        {"component_id": "o", "tiers": [{"since": "0", "rate": "0.011"},
                                        {"since": "100000", "rate": "0.02"}],
         "counts": {"whose": "ALL_REPORTS"}},
        {"component_id": "y", "kind": "BONUS", "tiers": [{"since": "60000", "amount": "500"}],
         "gates": [{"component_id": "t", "since": "30000", "bounds": "AMOUNT",
                    "basis": "YEAR_TO_DATE"}]},
    ],
}  # fmt: skip
# Crossing the quota pays more for all that was sold before; below the gate nothing is paid.
_RETROACTIVE = {
    "component_id": "r", "kind": "RETROACTIVE", "counts": {"roles": ["REVENUE", "OVERLAY"]},
    "bounds": "ATTAINMENT", "pays": "VARIABLE", "quota": "70000", "variable": "3000",
    "gates": [{"since": "0.4"}], "cap": {"amount": "9000"},
    "tiers": [{"since": "0", "rate": "0.8"}, {"since": "1", "rate": "1.25"}],
}  # fmt: skip


def changed(before: dict[str, Any], choice: random.Random) -> tuple[str, dict[str, Any]]:
    """Return the next revision of the definitions, and what is new in it."""
    after = copy.deepcopy(before)
    change = choice.choice(
        [_map, _map, _zone, _zone, _home, _measure, _rate, _won_day, _plans, _plans, _nothing,
         _words]
    )  # fmt: skip
    return change(after, choice), after


def _map(made: dict[str, Any], choice: random.Random) -> str:
    user, rep = f"u{choice.randrange(USERS)}", f"r{choice.randrange(REPS)}"
    known = [
        i for i in made["identities"]["identities"] if (i["source"], i["user_id"]) != ("sim", user)
    ]
    made["identities"]["identities"] = [
        *known, {"source": "sim", "user_id": user, "rep_id": rep},
    ]  # fmt: skip
    return f"{user} is {rep}"


def _zone(made: dict[str, Any], choice: random.Random) -> str:
    rep = choice.choice(made["roster"]["reps"])
    zone = choice.choice(["Pacific/Auckland", "America/Los_Angeles", "Europe/Berlin"])
    rep["history"][0]["time_zone"] = zone
    return f"{rep['rep_id']} works in {zone}"


def _home(made: dict[str, Any], choice: random.Random) -> str:
    made["company"]["time_zone"] = choice.choice(["UTC", "Asia/Kolkata", "America/Los_Angeles"])
    made["contests"]["contests"][0]["time_zone"] = made["company"]["time_zone"]
    return f"the company, and its contest, is in {made['company']['time_zone']}"


def _measure(made: dict[str, Any], choice: random.Random) -> str:
    made["measures"]["measures"] = definitions(REPS)["measures"]["measures"]
    late = _contest("x", SINCE + timedelta(days=1), "Asia/Kolkata")
    made["contests"]["contests"] = [made["contests"]["contests"][0], late]
    return "talk_seconds is measured, and there is another contest"


def _rate(made: dict[str, Any], choice: random.Random) -> str:
    day = (SINCE + timedelta(days=choice.randrange(3))).date().isoformat()
    rate = {"base": "USD", "quote": "EUR", "on": day, "rate": f"0.{choice.randrange(80, 99)}37"}
    rates = [r for r in made["rates"]["rates"] if r["on"] != day]
    made["rates"]["rates"] = [*rates, rate]
    return f"a dollar is {rate['rate']} from {day} on"


def _won_day(made: dict[str, Any], choice: random.Random) -> str:
    made["company"]["won_day"] = choice.choice(["WON_AT", "CLOSE_DATE"])
    return f"won deals count by {made['company']['won_day']}"


def _plans(made: dict[str, Any], choice: random.Random) -> str:
    plan = choice.choice(made["plans"]["plans"][:2])
    plan["components"][0]["tiers"][0]["rate"] = f"0.0{choice.randrange(10, 99)}"
    plan["valid_from"] = choice.choice(["2023-12-23", "2026-03-02"])
    plan["period"] = choice.choice(["MONTH", "QUARTER", "YEAR"])
    return f"plan {plan['plan_id']} pays {plan['components'][0]['tiers'][0]['rate']}"


def _words(made: dict[str, Any], choice: random.Random) -> str:
    of, field = choice.choice(
        [("call", "owner_id"), ("call", "talk_seconds"), ("email", "status"),
         ("meeting", "outcome"), ("meeting", "start_at")]
    )  # fmt: skip
    best = choice.choice([["sim"], ["CALENDAR", "sim"], ["aircall"], ["OTHER", "hubspot"]])
    made["company"]["precedence"] = [{"of": of, "field": field, "sources": best}]
    return f"{field} of a {of} is taken from {best[0]}"


def _nothing(made: dict[str, Any], choice: random.Random) -> str:
    made["company"]["name"] = f"Test {choice.randrange(1000)}"
    return "the company has another name"
