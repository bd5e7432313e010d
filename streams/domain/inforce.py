"""Facts under the definitions in force: who, which day, and what they put into results."""

from functools import partial

import polars as pl

from schemas.definitions import Bundle
from streams.domain import activities, deals
from streams.domain.contest_measures import counters, deciding, parts
from streams.domain.contest_times import Window
from streams.domain.manual_credits import ManualCredits
from streams.domain.measures import More, Rule, contributions
from streams.domain.merging import orders
from streams.domain.overriding import Overriders
from streams.domain.rates import RateTable
from streams.domain.resolving import Resolver
from streams.domain.territories import CreditRules

RULES: dict[str, Rule] = {**activities.RULES, **deals.RULES}


class InForce:
    """One revision of the definitions, made ready for lookups in columns."""

    def __init__(self, bundle: Bundle) -> None:
        unknown = [m.rule for m in bundle.measures.measures if m.rule not in RULES]
        if unknown:
            raise ValueError(
                f"measures name rules {', '.join(unknown)} that this version does not have; "
                f"there are {', '.join(sorted(RULES))}"
            )
        self._decides = (bundle.company, bundle.roster, bundle.identities, bundle.rates)
        self.orders = orders(bundle.company)
        self.measures = bundle.measures.measures
        self.contests = deciding(bundle)
        self._counters = counters(bundle, RULES)
        self.resolver = Resolver(bundle)
        self.rates = RateTable(bundle.rates.rates, bundle.company.reporting_currency)
        self.rules = CreditRules(bundle.territories, self.resolver.index)
        self.manual = ManualCredits(bundle.credits.manual_credits, self.resolver.index)
        self.overriders = Overriders(bundle)
        self._credits = (
            bundle.territories if self.rules else None,
            self.manual.given,
            self.overriders.reach,
        )

    def differs(self, other: "InForce") -> bool:
        """Return whether a fact may resolve differently under the other; quotas decide nothing."""
        mine = (self._decides, self.measures, self.contests)
        return mine != (other._decides, other.measures, other.contests)

    def windows(self, other: "InForce") -> tuple[Window, ...] | None:
        """Return when the facts happened that may resolve differently; None: any may.

        What contests alone decide lies in the windows of those that differ.
        """
        mine = (self._decides, self._credits, self.measures)
        if mine != (other._decides, other._credits, other.measures):
            return None
        changed = set(self.contests) ^ set(other.contests)
        return tuple(sorted({contest.window for contest in changed}))

    def orders_differ(self, other: "InForce") -> bool:
        """Return whether what several sources say may make another activity."""
        return self.orders != other.orders

    def more(self, of: str) -> tuple[list[str], More] | None:
        """Return what contests count of a message; None: nothing."""
        mine = [counter for counter in self._counters if counter.of == of]
        return ([c.measure for c in mine], partial(parts, mine)) if mine else None

    def credits_differ(self, other: "InForce") -> bool:
        """Return whether a deal may resolve differently: more definitions decide there."""
        return self._credits != other._credits or self.differs(other)


def resolved_activities(
    message: str, frame: pl.DataFrame, in_force: InForce
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return rep and day of each call, e-mail or meeting, and what they put in (long form)."""
    view = activities.view_of(message, frame, in_force.resolver)
    columns = pl.DataFrame(
        [
            in_force.resolver.names.gather(view.parties["owner"]),
            pl.Series("day", view.days["occurred"]).cast(pl.Date),
        ]
    )
    put_in = contributions(
        [view],
        message,
        in_force.measures,
        RULES,
        in_force.resolver,
        more=in_force.more(message),
    )
    return columns, put_in


def resolved_deals(frame: pl.DataFrame, in_force: InForce) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return what history says of each deal, and what they put in (long form).

    The day is the one it was won or lost on, of an open deal the one it was created on.
    """
    crediting = deals.Crediting(in_force.rules, in_force.manual, in_force.overriders)
    views, columns = deals.priced(frame, in_force.resolver, in_force.rates, crediting)
    return columns, contributions(
        views,
        "deal",
        in_force.measures,
        RULES,
        in_force.resolver,
        more=in_force.more("deal"),
    )
