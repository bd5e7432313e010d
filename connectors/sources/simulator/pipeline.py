"""The pipeline: every deal's way from creation to a close, and what happens to it afterwards."""

from collections import defaultdict, deque
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from random import Random
from zlib import crc32

from connectors.sources.simulator import market
from connectors.sources.simulator.billing import Bills
from connectors.sources.simulator.crew import MINUTE_MS, Contact, Crew, Shift
from connectors.sources.simulator.deals import Deal
from connectors.sources.simulator.dials import Dials
from connectors.sources.simulator.habits import role_of
from connectors.sources.simulator.splits import SELLERS, payees_of
from connectors.sources.simulator.stories import MICROS, Names, Story

EPOCH_ORDINAL = 719_163  # date(1970, 1, 1).toordinal()
CLOSED_KEPT = 500  # recently closed deals that an improvising floor may amend
NOTHING = Decimal(0)
FOREIGN = 0.08  # deals in another currency of the floor than the rep's own
AMENDMENTS = (*["reprice"] * 5, *["hand_over"] * 2, *["reopen"] * 3)  # after winning, by odds
REOPENED_LOSSES = 0.3  # of the share of won deals that are amended
HANDED_OVER = 0.15  # the same, for each move of an open deal
CANCEL_DAYS_MAX, AMEND_DAYS_MAX = 60, 25
REGIONS = {"Europe": "EMEA", "Africa": "EMEA", "America": "AMER", "Asia": "APAC"}


@dataclass(slots=True)
class Pipeline:
    """All deals that something may still happen to.

    Attributes:
        open: deals worked on, by place of their rep on the floor.
        agenda: what falls due on a day (proleptic ordinal): a verb and a deal.
        closed: the newest closed deals.
        bills: what won deals are invoiced and paid.
    """

    crew: Crew
    names: Names
    dials: Dials
    open: list[list[Deal]] = field(init=False)
    agenda: dict[int, list[tuple[str, Deal]]] = field(default_factory=lambda: defaultdict(list))
    closed: deque[Deal] = field(default_factory=lambda: deque(maxlen=CLOSED_KEPT))
    currencies: tuple[str, ...] = field(init=False)
    bills: Bills = field(default_factory=Bills)

    def __post_init__(self) -> None:
        self.open = [[] for _ in range(self.crew.size)]
        self.currencies = tuple(sorted({rep.currency for rep in self.crew.floor.reps}))

    def create(self, rep: int, at: int, day: int, dice: Random) -> Deal:
        """Return a new deal of a rep, with its way to the first gate planned."""
        floor_rep, source_id = self.crew.floor.reps[rep], self.names.next_id()
        segment = market.segment_of(float(self.crew.big_game[rep]), dice)
        currency = floor_rep.currency
        if dice.random() < FOREIGN:
            currency = dice.choice(self.currencies)
        number = crc32(source_id.encode())
        spell = floor_rep.spells[-1]
        renewal = dice.random() < (0.55 if role_of(spell.role) == "AM" else 0.08)
        deal = Deal(
            entity_id=f"{self.names.source}:deal:{source_id}",
            source_id=source_id,
            source=self.names.source,
            owner=rep,
            owner_id=self.crew.owner_ids[rep],
            contact=Contact(f"acc-{number:08x}", f"con-{number:08x}-1", f"{number:016x}"),
            account=market.account_name(dice),
            segment=segment,
            deal_type=dice.choice(("RENEWAL", "EXPANSION")) if renewal else "NEW",
            product=dice.choice(market.PRODUCTS),
            lead_source=dice.choice(market.LEAD_SOURCES),
            region=REGIONS.get(spell.time_zone.split("/")[0], "Other"),
            currency=currency,
            price=market.list_price(segment, currency, dice),
            priced=dice.random() < 0.92,
            years=dice.choice((1, 1, 1, 2, 3)),
            created_at=at,
            close_day=day - EPOCH_ORDINAL + round(segment.cycle_days),
            revision=at * MICROS + dice.randrange(MICROS),
        )
        self.open[rep].append(deal)
        self._plan(deal, day, dice)
        if dice.random() < self.dials.cancellations:
            self.agenda[day + 1 + dice.randrange(CANCEL_DAYS_MAX)].append(("cancel", deal))
        return deal

    def advance(self, deal: Deal, at: int, shift: Shift, dice: Random) -> None:
        """Decide at a gate: forwards, won or lost."""
        day, skill = shift.day.toordinal(), float(self.crew.skill[deal.owner])
        onwards = dice.random() < market.gate_odds(deal.stage, deal.segment, skill, deal.touches)
        deal.touches = 0.0
        deal.owner_id = deal.owner_id or self.crew.owner_ids[deal.owner]
        if not onwards:
            self._close(deal, "LOST", at, day, dice)
        elif deal.stage == market.LAST:
            self._close(deal, "WON", at, day, dice)
        else:
            deal.stage += 1
            deal.priced = True
            self._negotiate(deal, shift, dice)
            if dice.random() < self.dials.amendments * HANDED_OVER:
                self.hand_over(deal, shift, dice)
            self._plan(deal, day, dice)

    def hand_over(self, deal: Deal, shift: Shift, dice: Random) -> None:
        """Give a deal to somebody else, of the same team if there is one."""
        heirs = shift.near(deal.owner, SELLERS)
        if not heirs:
            return
        heir = dice.choice(heirs)
        if deal in self.open[deal.owner]:
            self.open[deal.owner].remove(deal)
            self.open[heir].append(deal)
        deal.owner, deal.owner_id, deal.payees = heir, self.crew.owner_ids[heir], ()

    def reopen(self, deal: Deal, day: int, dice: Random) -> None:
        """Take a closed deal back into negotiation."""
        deal.stage, deal.stage_class, deal.priced = market.LAST, "OPEN", True
        deal.won_at = deal.lost_at = deal.lost_reason = None
        if deal.invoiced is not None:  # credited, and paid back
            deal.invoiced = deal.paid = NOTHING
        deal.close_day = day - EPOCH_ORDINAL + 14
        self.open[deal.owner].append(deal)
        self._plan(deal, day, dice)

    def reprice(self, deal: Deal, dice: Random) -> None:
        """Change the amount by a tenth or so, to the cent."""
        factor = Decimal(str(round(dice.gauss(1.0, 0.1), 4)))
        price = market.in_minor_units(deal.price * max(factor, Decimal("0.3")), deal.currency)
        deal.price = max(price, Decimal(1))

    def drop(self, deal: Deal) -> None:
        """Forget a deal that was deleted."""
        deal.deleted = True
        if deal in self.open[deal.owner]:
            self.open[deal.owner].remove(deal)

    def story(self, deal: Deal, at: int, dice: Random) -> Story:
        """Return the deal as it now stands, entered in the CRM at an instant or just after."""
        entered = max(at, deal.revision // MICROS + MINUTE_MS)
        deal.revision = entered * MICROS + dice.randrange(MICROS)
        return [deal.record(self.crew.owner_ids)]

    def _negotiate(self, deal: Deal, shift: Shift, dice: Random) -> None:
        """Prices move when an offer is written and once more when it is haggled over."""
        if deal.stage == 2:
            self.reprice(deal, dice)
            deal.payees = payees_of(deal, shift, dice)
        elif deal.stage == market.LAST and dice.random() < 0.6:
            discount = Decimal(str(round(dice.uniform(0.85, 1.0), 4)))
            deal.price = market.in_minor_units(deal.price * discount, deal.currency)

    def _close(self, deal: Deal, how: str, at: int, day: int, dice: Random) -> None:
        deal.stage_class, deal.close_day = how, day - EPOCH_ORDINAL
        if how == "WON":
            deal.won_at, odds = at, self.dials.amendments
            self.bills.plan(deal, day, self.dials)
        else:
            deal.lost_at, odds = at, self.dials.amendments * REOPENED_LOSSES
            deal.lost_reason = dice.choice(market.LOST_REASONS)
        self.open[deal.owner].remove(deal)
        self.closed.append(deal)
        if dice.random() < odds:
            verb = dice.choice(AMENDMENTS)
            when = day + 1 + dice.randrange(AMEND_DAYS_MAX)
            self.agenda[when].append((verb if how == "WON" else "reopen", deal))

    def _plan(self, deal: Deal, day: int, dice: Random) -> None:
        """Set the day of the next gate; what would close early next month is pulled into this."""
        skill = float(self.crew.skill[deal.owner])
        due = day + market.stage_days(deal.stage, deal.segment, skill, dice)
        deal.close_day = max(deal.close_day, due - EPOCH_ORDINAL)
        if deal.stage == market.LAST and dice.random() < 0.5:
            due = max(day + 1, _month_end_before(due))
        self.agenda[due].append(("advance", deal))


def _month_end_before(ordinal: int) -> int:
    """Return the last weekday of the month before if a day is among the first five of a month."""
    day = date.fromordinal(ordinal)
    if day.day > 5:
        return ordinal
    last = ordinal - day.day
    return last - max(0, date.fromordinal(last).isoweekday() - 5)
