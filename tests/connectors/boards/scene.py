"""A floor with something of everything, for tests and pictures. The people do not exist."""

from collections.abc import Collection, Iterable, Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from connectors.boards.about import About
from connectors.boards.contests import Known, Placed, Told, known_of, told_of
from connectors.boards.floor import Floor as People
from connectors.boards.floor import Stint
from connectors.boards.freshness import Progress
from connectors.boards.held import Earned, Held, Plan, Quota
from connectors.boards.periods import Period, span_of
from connectors.boards.scores import Partial
from connectors.boards.seed import Ground
from connectors.boards.server import utc_now
from connectors.boards.ticker import Given, Honour, InARow
from infra.contests.words import in_all_languages
from schemas.contests import Contests
from schemas.definitions import Company
from schemas.positions import position_of
from tests.connectors.boards.contesting import LOCAL, contest, row, step

TEAMS = {"emea": "EMEA", "dach": "DACH", "uki": "UK & Ireland", "amer": "Americas", "apac": "APAC"}
ABOVE = {"dach": "emea", "uki": "emea"}
PEOPLE = {
    "rep-01": ("Ana Souza", "amer"), "rep-02": ("Ben Odegaard", "uki"),
    "rep-03": ("Cleo Marsh", "dach"), "rep-04": ("Daiki Mori", "apac"),
    "rep-05": ("Elif Çelik", "dach"), "rep-06": ("Farid Haddad", "uki"),
    "rep-07": ("Grace Lim", "apac"), "rep-08": ("Hugo Lindqvist", "dach"),
    "rep-09": ("Inês Carvalho", "amer"), "rep-10": ("Jonah Whitfield", "amer"),
    "rep-11": ("Katarzyna Wiśniewska", "dach"), "rep-12": ("Liam Byrne", "uki"),
}  # fmt: skip
BOSS = "rep-90"
EVER, NEVER = date(2020, 1, 1), date(2199, 12, 31)
SIDES = [
    {"side_id": "reds", "name": "Reds", "members": [{"rep_id": "rep-01"}]},
    {"side_id": "blues", "name": "Blues", "members": [{"rep_id": "rep-02"}]},
]


def told(number: int) -> Decimal:
    """Amounts that look like those of a floor, the same each time."""
    return Decimal((number * 7919) % 61_000 + 1_500)


class Scene:
    """A seed that tells of the floor; `currency` is the company's."""

    def __init__(self, currency: str = "EUR") -> None:
        self.now, self.currency = utc_now(), currency
        self._defined = self._contests()

    def ground(self) -> Ground:
        company = Company(name="Meridian", reporting_currency=self.currency, time_zone="UTC")
        stints = {r: (Stint(EVER, NEVER, t, BOSS, "UTC"),) for r, (_, t) in PEOPLE.items()}
        stints[BOSS] = (Stint(EVER, NEVER, "emea", "", "UTC"),)
        names = {**{r: n for r, (n, _) in PEOPLE.items()}, BOSS: "Dana Whitlock"}
        return Ground(People(company, names, stints, TEAMS, ABOVE), 1, self._known())

    def partials(self, generation: int, first_day: date) -> Iterable[Partial]:
        today = self.now.date()
        for n, rep in enumerate(PEOPLE):
            for back in range(0, 12, 2):
                day = today - timedelta(days=back)
                at = position_of(1, 1 + n * 100 + back)
                part = (rep, day)
                amount = told(n * 13 + back)
                yield Partial(
                    *part, "revenue_won_reporting", self.currency, "crm.deals", 1, at, amount
                )
                yield Partial(*part, "deals_won", "", "crm.deals", 1, at, Decimal(1 + n % 2))
                yield Partial(*part, "calls", "", "crm.calls", 1, at, Decimal(18 + (n * 7) % 40))
                yield Partial(*part, "emails_sent", "", "crm.emails", 1, at, Decimal(9 + n))
                yield Partial(*part, "meetings_held", "", "crm.meetings", 1, at, Decimal(n % 4))

    def progress(self) -> list[Progress]:
        return [Progress("salesforce", self.now, self.now), Progress("dialer", self.now, self.now)]

    def contests(self, midnight: datetime) -> tuple[list[Told], dict[tuple[str, str], int]]:
        before = {("blitz", r): n for n, r in enumerate(reversed(list(PEOPLE)), 1)}
        return [told_of(s, r) for s in self._steps() for r in s["rows"]], before

    def cards(
        self, reps: Collection[str], paid: Collection[str], today: date, now: datetime
    ) -> Mapping[str, Held]:
        start, end = today.replace(day=1), today.replace(day=28) + timedelta(days=4)
        money = Quota(
            "revenue_won_reporting", "Revenue won", "MONEY", self.currency, start, end,
            Decimal(180000), Decimal(121400), Decimal(139000), Decimal("0.77"),
            Decimal("0.6744"), Decimal("0.8734"), Decimal(58600), Decimal(5), Decimal(11720),
            Decimal(157000),
        )  # fmt: skip
        met = Quota(
            "meetings_held", "Meetings held", "COUNT", "", start, end, Decimal(24), Decimal(21),
            Decimal(18), Decimal("0.77"), Decimal("0.875"), Decimal("1.1667"), Decimal(3),
            Decimal(5), Decimal("0.6"), Decimal(27),
        )  # fmt: skip
        earned = (
            Earned("ae-2026", "base commission", start, end, self.currency, Decimal("7284.00")),
            Earned("ae-2026", "new logo bonus", start, end, self.currency, Decimal("500.00")),
        )
        return {r: Held((money, met), earned if r in paid else None, now) for r in reps}

    def plans(self, currency: str) -> Mapping[str, tuple[Plan, ...]]:
        span = span_of(Period.MONTH, self.now.date(), self.ground().floor.company)
        return {
            rep: (Plan(*span, Decimal(170_000 + n * 6_000), Decimal(130_000 + n * 5_000)),)
            for n, rep in enumerate(PEOPLE)
            if n % 4 != 3
        }

    def about(self) -> About:
        return About(in_all_languages, self._detail, self._given)

    def _given(self) -> Given:
        """What some have for long: nothing rings."""
        long_ago = self.now - timedelta(days=3)
        of = frozenset({"badge:big", "level:gold", "streak:calls"})
        level = Honour("level:rep-08:gold", "level:gold", "LEVEL", "rep-08", "Gold", 1, long_ago)
        badges = tuple(
            Honour(f"badge:big:rep-08:{n}", "badge:big", "BADGE", "rep-08", "Big deal", 1,
                   long_ago - timedelta(days=n)) for n in range(2)
        )  # fmt: skip
        streaks = (InARow("rep-08", "Ten calls a day", 6), InARow("rep-04", "Ten calls a day", 2))
        return Given(of, (level, *badges), streaks)

    def _known(self) -> Known:
        at = self.now - timedelta(hours=20)
        final = tuple(
            Placed(rep, place, False, Decimal(score), 9, at, Decimal(prize),
                   self.currency if prize else "", thing, at, "Dana")
            for place, (rep, score, prize, thing) in enumerate(
                [("rep-05", 164, 300, "dinner for two"), ("rep-02", 151, 200, ""),
                 ("rep-09", 139, 100, ""), ("rep-01", 120, 0, ""), ("rep-12", 96, 0, "")], 1)
        )  # fmt: skip
        return known_of(Contests(contests=self._defined), {"sprint": final})

    def _contests(self) -> tuple[Any, ...]:
        revenue = [{"kpi": "revenue_won_reporting", "currency": self.currency}]
        money = {"score": "VALUE", "metrics": revenue}
        past = {"starts_at": (self.now - timedelta(days=5)).strftime(LOCAL),
                "ends_at": (self.now - timedelta(days=2)).strftime(LOCAL)}  # fmt: skip
        ahead = {"starts_at": (self.now + timedelta(hours=20)).strftime(LOCAL),
                 "ends_at": (self.now + timedelta(days=3)).strftime(LOCAL)}  # fmt: skip
        prizes = [{"place": 1, "amount": 300, "thing": "dinner for two"},
                  {"place": 2, "amount": 200},
                  {"place": 3, "amount": 100}]  # fmt: skip
        won = {"prizes": prizes, "prize_currency": self.currency}
        two = {"members": [{"rep_id": "rep-03"}, {"rep_id": "rep-08"}]}
        rounds = {"seeding": "DRAWN", "draw_seed": 1, "round_days": 1, **past}
        return (
            contest("blitz", **won, 
                    metrics=[{"kpi": "calls_connected"}, {"kpi": "meetings_held", "points": 5}]),
            contest("race", name="First to quota", format="RACE", score="PERCENT", target=100,
                    metrics=revenue, winners=3),
            contest("duel", name="Marsh against Lindqvist", format="DUEL",
                    participants=two, **money),
            contest("sides", name="Reds against Blues", of="TEAMS", participants={"sides": SIDES}),
            contest("regions", name="Battle of the regions", of="TEAMS", team_score="AVERAGE",
                    participants={"teams": ["emea", "amer", "apac"]}),
            contest("goal", name="A million together", format="GOAL", target=1_000_000, **money,
                    milestones=[{"name": "Base", "amount": 600_000},
                                {"name": "Super", "amount": 800_000}]),
            contest("king", name="King of the hill", format="KING"),
            contest("cup", name="Autumn cup", format="BRACKET", **rounds),
            contest("survivors", name="Last one standing", format="ELIMINATION", **past),
            contest("sprint", name="October sprint", **won, **past),
            contest("next", name="Black Friday dash", **won, **ahead,
                    description="The last push of the quarter."),
            contest("secret", name="Surprise round", hidden=True),
        )  # fmt: skip

    def _steps(self) -> Iterable[dict[str, Any]]:
        reps = list(PEOPLE)
        points = (96, 91, 91, 74, 66, 61, 52, 40, 33, 21, 8, 0)
        yield self._step("blitz", dict(zip(reps, points, strict=True)),
                         passed={"rep-01": ["rep-02", "rep-03"]})  # fmt: skip
        shares = (1.04, 0.93, 0.88, 0.71, 0.64, 0.6, 0.41, 0.22)
        yield self._step(
            "race", {r: Decimal(str(s)) for r, s in zip(reps, shares, strict=False)}, percent=True
        )
        yield self._step("duel", {"rep-03": 48_200, "rep-08": 41_750})
        yield self._step("sides", {"reds": 120, "blues": 134})
        yield self._step("regions", {"emea": 42, "apac": 38, "amer": 31})
        yield self._step("goal", {r: told(n) * 2 for n, r in enumerate(reps)})
        yield self._step("king", dict(zip(reps, (22, 19, 12, 6), strict=False)))
        yield self._step("survivors", dict(zip(reps, (44, 41, 37, 30, 22, 18), strict=False)))
        yield self._step("cup", dict(zip(reps, (9, 8, 7, 6), strict=False)))
        yield self._step("secret", {"rep-01": 3})

    def _step(
        self, name: str, scores: Mapping[str, Any], *, percent: bool = False,
        passed: Mapping[str, list[str]] | None = None,
    ) -> dict[str, Any]:  # fmt: skip
        ordered = sorted(scores.items(), key=lambda s: -Decimal(s[1]))
        values = [Decimal(v) for _, v in ordered]
        rows = {}
        for who, value in ((w, Decimal(v)) for w, v in ordered):
            above = [v for v in values if v > value]
            rows[who] = row(
                len(above) + 1, value, behind=above[-1] - value if above else 0,
                is_tied=values.count(value) > 1, percent=value if percent else None,
                events=0 if not value else 3, passed=(passed or {}).get(who, []),
            )  # fmt: skip
        return step(7, rows, name, at=self.now - timedelta(minutes=2))

    def _detail(self, contest_id: str) -> Mapping[str, Any]:
        found: dict[str, Any] = {
            "matches": [],
            "rounds": [],
            "table": [],
            "reigns": [],
            "goal": [],
            "total": None,
        }
        hours = [(self.now - timedelta(minutes=m)).isoformat() for m in (58, 40, 22)]
        if contest_id == "goal":
            found["total"] = str(sum(told(n) * 2 for n in range(len(PEOPLE))))
        if contest_id == "king":
            found["reigns"] = [
                {"participant": "rep-02", "from": hours[0], "to": hours[1]},
                {"participant": "rep-01", "from": hours[1], "to": hours[2]},
                {"participant": "rep-01", "from": hours[2], "to": self.now.isoformat()},
            ]
        if contest_id == "survivors":
            found["rounds"] = [{"round": 1, "out": ["rep-06"], "is_decided": True}]
        if contest_id == "cup":
            pairs = [
                (1, "rep-01", "rep-04", 9, 6),
                (1, "rep-02", "rep-03", 8, 7),
                (2, "rep-01", "rep-02", 5, 3),
            ]
            found["matches"] = [
                {"round": r, "label": "Final" if r == 2 else "Semifinal", "home": h, "away": a,
                 "home_score": hs,
                 "away_score": as_, "winner": h, "is_decided": True} for r, h, a, hs, as_ in pairs
            ]  # fmt: skip
        return found
