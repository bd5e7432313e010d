"""Own targets of participants: written down, the same for all, or from their quotas. Pure."""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from fractions import Fraction

from schemas.contest_choices import Of
from schemas.contests import Contest
from schemas.definitions import Bundle
from schemas.quotas import Quota, QuotaOwner
from streams.domain.contest_field import Field
from streams.domain.contest_scores import PLACES
from streams.domain.expected import Expectations
from streams.domain.periods import Span


def targets(contest: Contest, field: Field, bundle: Bundle) -> dict[str, Decimal]:
    """Return the target of each participant; who has none is not in it.

    A quota asks for its part of the window: amount x days in common / days of its period, every
    calendar day alike, to the ten-thousandth, half-even.
    """
    found = dict.fromkeys(field.participants, contest.target) if contest.target else {}
    if contest.quota_target:
        found |= _from_quotas(contest, field, bundle)
    known = set(field.participants)
    found |= {t.participant: t.amount for t in contest.targets if t.participant in known}
    return {name: amount for name, amount in found.items() if amount is not None}


def _from_quotas(contest: Contest, field: Field, bundle: Bundle) -> Mapping[str, Decimal]:
    metric = contest.metrics[0]
    kind = QuotaOwner.TEAM if contest.of is Of.TEAMS else QuotaOwner.REP
    names, expectations = set(field.participants), Expectations(bundle)
    by_owner: dict[str, list[tuple[Quota, Decimal]]] = {}
    for quota in bundle.quotas.quotas:
        wanted = (kind, metric.kpi, metric.currency)
        if (quota.owner_kind, quota.kpi, quota.currency) == wanted and quota.owner_id in names:
            amount = expectations.of(quota).effective.amount
            by_owner.setdefault(quota.owner_id, []).append((quota, amount))
    sums = {name: _part(each, field.span) for name, each in by_owner.items()}
    return {name: amount for name, amount in sums.items() if amount > 0}


def _part(asked: Iterable[tuple[Quota, Decimal]], window: Span) -> Decimal:
    total = Fraction(0)
    for quota, amount in asked:
        period = Span(quota.period_start, quota.period_end)
        total += Fraction(amount) * period.within(window).days / period.days
    return Decimal(round(total / Fraction(PLACES))).scaleb(-4)
