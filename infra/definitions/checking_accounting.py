"""Whether accounting policies make sense: what they name exists, and every cost has one answer."""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import cast

from infra.definitions.problems import Finding, Path, Severity, did_you_mean
from schemas.accounting import Accounting, Policy, Renewals, Treatment, Treats
from schemas.defining import Definition
from schemas.definitions import NO_END
from schemas.plans import Plans

Values = Mapping[str, Definition]
KIND = "accounting"
DEAL_TYPES = ("NEW", "RENEWAL", "EXPANSION", "OTHER")
_LIVES = (Renewals.LESS, Renewals.NOTHING)


def check(values: Values) -> Iterator[Finding]:
    """Yield everything wrong with the accounting policies among the values."""
    policies = cast(Accounting, values[KIND]).policies
    plans = cast(Plans | None, values.get("plans"))
    twice = Counter(p.policy_id for p in policies)
    for i, policy in enumerate(policies):
        path: Path = ("policies", i)
        if twice[policy.policy_id] > 1:
            yield Finding(KIND, (*path, "policy_id"), policy.policy_id,
                          "stands on more than one policy", "give each its own")  # fmt: skip
        yield from _dates(path, policy, policies[:i])
        yield from _components((*path, "pooled"), policy.pooled, plans)
        orders = Counter(t.order for t in policy.treatments)
        for j, treatment in enumerate(policy.treatments):
            here: Path = (*path, "treatments", j)
            if orders[treatment.order] > 1:
                yield Finding(KIND, (*here, "order"), str(treatment.order), "stands twice",
                              "number treatments; the lowest that is met applies")  # fmt: skip
            yield from _named(here, treatment, plans)
            yield from _renewals(here, treatment)
        yield from _unreached(path, policy)


def _dates(path: Path, policy: Policy, earlier: tuple[Policy, ...]) -> Iterator[Finding]:
    if policy.valid_to is not None and policy.valid_to <= policy.valid_from:
        yield Finding(KIND, (*path, "valid_to"), str(policy.valid_to),
                      f"is not after valid_from {policy.valid_from}",
                      "name the first day it no longer applies, or leave it out")  # fmt: skip
    for other in earlier:
        starts_in = other.valid_from < (policy.valid_to or NO_END)
        if starts_in and policy.valid_from < (other.valid_to or NO_END):
            yield Finding(KIND, (*path, "valid_from"), str(policy.valid_from),
                          f"lies in the time of {other.policy_id}",
                          f"give {other.policy_id} a valid_to, so that one policy holds on each"
                          " day")  # fmt: skip


def _named(path: Path, one: Treatment, plans: Plans | None) -> Iterator[Finding]:
    known = {p.plan_id for p in plans.plans} if plans else set(one.plans)
    for j, plan in enumerate(one.plans):
        if plan not in known:
            yield Finding(KIND, (*path, "plans", j), plan, "is no plan that exists",
                          did_you_mean(plan, known, "write a plan_id of plans.yaml"))  # fmt: skip
    yield from _components((*path, "components"), one.components, plans)
    for j, kind in enumerate(one.deal_types):
        if kind not in DEAL_TYPES:
            yield Finding(KIND, (*path, "deal_types", j), kind, "is no type of deal",
                          did_you_mean(kind, DEAL_TYPES,
                                       f"types are {', '.join(DEAL_TYPES)}"))  # fmt: skip


def _components(path: Path, named: tuple[str, ...], plans: Plans | None) -> Iterator[Finding]:
    known = {c.component_id for p in plans.plans for c in p.components} if plans else set(named)
    for j, component in enumerate(named):
        if component not in known:
            yield Finding(KIND, (*path, j), component, "is no component of a plan",
                          did_you_mean(component, known,
                                       "write a component_id of plans.yaml"))  # fmt: skip


def _renewals(path: Path, one: Treatment) -> Iterator[Finding]:
    if one.treats is Treats.EXPENSE:
        return
    if one.renewals in _LIVES and one.life_months is None:
        yield Finding(KIND, (*path, "life_months"), "",
                      f"is missing where renewals are {one.renewals}",
                      "add the expected life of a customer in months, or say"
                      " COMMENSURATE")  # fmt: skip
    if one.renewals not in _LIVES and one.life_months is not None:
        yield Finding(KIND, (*path, "life_months"), str(one.life_months),
                      f"is not used where renewals are {one.renewals}",
                      "leave it out, or say LESS or NOTHING", Severity.WARNING)  # fmt: skip
    if one.renewals is not Renewals.LESS:
        return
    if one.rate is None or one.renewal_rate is None:
        missing = "rate" if one.rate is None else "renewal_rate"
        yield Finding(KIND, (*path, missing), "", "is missing where renewals pay LESS",
                      "add what a new and a renewed contract pay of their value, as 0.06 and"
                      " 0.02")  # fmt: skip
    elif one.renewal_rate >= one.rate:
        yield Finding(KIND, (*path, "renewal_rate"), f"{one.renewal_rate:f}",
                      f"is not less than rate {one.rate:f}",
                      "say COMMENSURATE: the cost is amortised over the term")  # fmt: skip


def _unreached(path: Path, policy: Policy) -> Iterator[Finding]:
    """Yield treatments that are never reached, and a policy that leaves costs to chance."""
    ordered = sorted(enumerate(policy.treatments), key=lambda each: each[1].order)
    takes_all = [k for k, (_, t) in enumerate(ordered) if _is_open(t)]
    for j, treatment in ordered[takes_all[0] + 1 :] if takes_all else ():
        yield Finding(KIND, (*path, "treatments", j, "order"), str(treatment.order),
                      "is never reached", "an earlier one has no conditions: put it last",
                      Severity.WARNING)  # fmt: skip
    if not takes_all:
        yield Finding(KIND, (*path, "treatments"), "", "leave out some costs",
                      "those are expensed; end with a treatment without conditions that says so",
                      Severity.WARNING)  # fmt: skip


def _is_open(one: Treatment) -> bool:
    return not (one.plans or one.components or one.kinds or one.deal_types)
