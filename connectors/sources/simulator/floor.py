"""The floor: the people the simulator moves, where they work and when.

It is an input. A company's own definitions make one (`Floor.of_bundle`); load tests make one of any
size (`Floor.synthetic`).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cache, lru_cache
from zoneinfo import ZoneInfo

from schemas.calendars import Calendar
from schemas.definitions import NO_END, Bundle, Identity, Rep, Stint
from schemas.quotas import QuotaOwner

SOURCE = "simulator"
REPS_MAX = 5_000  # a day of them is about 300,000 events, held in memory while it is made
CURRENCY_OF_ZONE = {
    "Europe/London": "GBP",
    "Europe/Zurich": "CHF",
    "Europe/": "EUR",
    "America/": "USD",
    "Asia/Tokyo": "JPY",
    "Australia/": "AUD",
}
# Zone, country of its public holidays and currency of the places a synthetic floor is spread over.
PLACES = (
    ("Europe/Berlin", "DE", "EUR"),
    ("America/New_York", "US", "USD"),
    ("Europe/London", "GB-ENG", "GBP"),
    ("America/Chicago", "US", "USD"),
    ("Asia/Tokyo", "JP", "JPY"),
)
TEAM_ROLES = ("AE", "AE", "SDR", "AE", "AE", "AM", "AE", "SE")
NEIGHBOURS = 4  # reps in a row who live in one place
HOLIDAY_YEARS = range(2020, 2036)  # what a synthetic floor knows; beyond them weekends alone


@dataclass(frozen=True, slots=True)
class Spell:
    """Where a rep works from one day up to, not including, another."""

    valid_from: date
    valid_to: date
    time_zone: str
    team_id: str
    role: str
    working_days: tuple[int, ...] = (1, 2, 3, 4, 5)  # ISO weekdays
    holidays: tuple[date, ...] = ()


@dataclass(frozen=True, slots=True)
class FloorRep:
    """One user of the simulated CRM.

    Attributes:
        owner_id: the user's id in the source, which the identity map turns into rep_id.
        currency: what the rep's customers mostly pay in.
        spells: in order of time.
        day_starts, day_ends: minutes of the local day between which the rep works.
    """

    owner_id: str
    rep_id: str
    currency: str
    spells: tuple[Spell, ...]
    day_starts: int = 8 * 60 + 30
    day_ends: int = 17 * 60 + 30

    def spell_on(self, day: date) -> Spell | None:
        """Return where the rep works on a day; None: not employed."""
        for spell in self.spells:
            if spell.valid_from <= day < spell.valid_to:
                return spell
        return None


@dataclass(frozen=True, slots=True)
class Floor:
    """Everybody, and the zone of facts that belong to nobody."""

    reps: tuple[FloorRep, ...]
    time_zone: str = "UTC"
    currency: str = "EUR"
    source: str = SOURCE

    def __post_init__(self) -> None:
        if not self.reps:
            raise ValueError("the floor has no reps; give at least one")
        if len(self.reps) > REPS_MAX:
            raise ValueError(f"the floor has {len(self.reps)} reps; at most {REPS_MAX} fit")
        if len({rep.owner_id for rep in self.reps}) < len(self.reps):
            raise ValueError("two reps of the floor share an owner_id; owner ids are unique")

    @classmethod
    def of_bundle(cls, bundle: Bundle, source: str = SOURCE) -> "Floor":
        """Return the floor of a company: every user of `source` in its identity map.

        Raises:
            ValueError: the identity map has no user of the source that the roster knows.
        """
        reps = {rep.rep_id: rep for rep in bundle.roster.reps}
        users = [i for i in bundle.identities.identities if i.source == source]
        found = tuple(_rep_of(bundle, u, reps[u.rep_id]) for u in users if u.rep_id in reps)
        if not found:
            raise ValueError(
                f"identities: nobody of source {source!r} is in the roster; "
                f"map at least one user of {source!r} to a rep"
            )
        company = bundle.company
        return cls(found, company.time_zone, company.reporting_currency, source)

    @classmethod
    def synthetic(cls, reps: int, seed: int = 1, source: str = SOURCE) -> "Floor":
        """Return a floor of any size in teams of eight, spread over five time zones."""
        return cls(tuple(_synthetic_reps(reps, seed)), "UTC", "EUR", source)


def _rep_of(bundle: Bundle, user: Identity, rep: Rep) -> FloorRep:
    calendars = {c.calendar_id: c for c in bundle.calendars.calendars}
    stints = sorted(rep.history, key=lambda stint: stint.valid_from)
    spells = tuple(_spell(stint, calendars.get(stint.calendar_id or "")) for stint in stints)
    return FloorRep(user.user_id, rep.rep_id, _currency(bundle, rep, spells[-1]), spells)


def _spell(stint: Stint, calendar: Calendar | None) -> Spell:
    until = stint.valid_to or NO_END
    place = (stint.valid_from, until, stint.time_zone, stint.team_id, stint.role)
    if calendar is None:
        return Spell(*place)
    holidays = tuple(sorted(h.on for h in calendar.holidays))
    return Spell(*place, calendar.working_days, holidays)


def _currency(bundle: Bundle, rep: Rep, spell: Spell) -> str:
    """Return the currency of the zone if a rate converts it, else that of the rep's own quota."""
    local = next((c for z, c in CURRENCY_OF_ZONE.items() if spell.time_zone.startswith(z)), "")
    if local in {code for rate in bundle.rates.rates for code in (rate.base, rate.quote)}:
        return local
    for quota in bundle.quotas.quotas:
        if quota.owner_kind is QuotaOwner.REP and quota.owner_id == rep.rep_id and quota.currency:
            return quota.currency
    return bundle.company.reporting_currency


def _synthetic_reps(reps: int, seed: int) -> Iterator[FloorRep]:
    for i in range(reps):
        zone, country, currency = PLACES[(i // NEIGHBOURS + seed) % len(PLACES)]
        role = TEAM_ROLES[i % len(TEAM_ROLES)]
        team = f"team-{i // len(TEAM_ROLES) + 1}"
        spell = Spell(
            date(1970, 1, 1), NO_END, zone, team, role, holidays=_public_holidays(country)
        )
        yield FloorRep(f"user-{i + 1}", f"rep-{i + 1}", currency, (spell,))


@cache
def _public_holidays(country: str) -> tuple[date, ...]:
    from holidays import country_holidays  # noqa: PLC0415 - its tables load slowly; few need them

    code, _, part = country.partition("-")
    return tuple(sorted(country_holidays(code, part or None, years=HOLIDAY_YEARS)))


@lru_cache(maxsize=8192)  # zones x days looked at; an endless run must not grow
def midnight_ms(day: date, time_zone: str) -> int:
    """Return the instant twelve hours before a local noon, in ms: working hours count from it.

    Noon, because clocks change at night: so office hours are right on those days as well.
    """
    noon = datetime(day.year, day.month, day.day, 12, tzinfo=ZoneInfo(time_zone))
    return int(noon.astimezone(UTC).timestamp() * 1000) - 12 * 3_600_000
