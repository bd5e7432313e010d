"""Merging: a draft of people into definitions that exist. Pure. Nothing that is there is lost.

What is new is added. Who moved gets a new stint from a day on. Where the two contradict each other
otherwise, what is there stays, and the difference is told.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date

from connectors.sources.files.people import Draft
from schemas.defining import Definition
from schemas.definitions import Identities, Identity, People, Person, Rep, Roster, Stint, Team
from schemas.quotas import Quota, Quotas

MERGED = ("roster", "people", "identities", "quotas")
_PLACE = ("team_id", "manager_id", "role", "time_zone", "calendar_id")


@dataclass(slots=True)
class Merged:
    """Definitions with a draft in them.

    Attributes:
        changed: kind -> its whole content, for kinds that changed.
        added: what is new, in words.
        kept: where the draft says otherwise than what is there, which stays.
    """

    changed: dict[str, Definition] = field(default_factory=dict)
    added: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)


def merge(existing: Mapping[str, Definition], draft: Draft, as_of: date | None) -> Merged:
    """Return definitions with a draft merged into them.

    Args:
        existing: kind -> content, as far as there is one.
        as_of: the day from which a move holds; None: moves are told and not made.
    """
    merged = Merged()
    roster = existing.get("roster") or Roster(teams=(), reps=())
    people = existing.get("people") or People(people=())
    identities = existing.get("identities") or Identities(identities=())
    quotas = existing.get("quotas") or Quotas(quotas=())
    assert isinstance(roster, Roster)
    assert isinstance(people, People)
    assert isinstance(identities, Identities)
    assert isinstance(quotas, Quotas)
    after: dict[str, Definition] = {
        "roster": Roster(
            teams=_teams(roster.teams, draft.teams.values(), merged),
            reps=_reps(roster.reps, draft.reps.values(), as_of, merged),
        ),
        "people": People(people=_people(people.people, draft.people.values(), merged)),
        "identities": Identities(
            identities=_identities(identities.identities, draft.identities.values(), merged)
        ),
        "quotas": Quotas(quotas=_quotas(quotas.quotas, draft.quotas.values(), merged)),
    }
    merged.changed = {kind: value for kind, value in after.items() if value != existing.get(kind)}
    return merged


def _teams(there: Iterable[Team], new: Iterable[Team], merged: Merged) -> tuple[Team, ...]:
    by_id = {team.team_id: team for team in there}
    for team in new:
        if team.team_id not in by_id:
            by_id[team.team_id] = team
            merged.added.append(f"team {team.team_id}")
    return tuple(by_id.values())


def _reps(
    there: Iterable[Rep], new: Iterable[Rep], as_of: date | None, merged: Merged
) -> tuple[Rep, ...]:
    by_id = {rep.rep_id: rep for rep in there}
    for rep in new:
        before = by_id.get(rep.rep_id)
        if before is None:
            by_id[rep.rep_id] = rep
            merged.added.append(f"rep {rep.rep_id}")
        else:
            by_id[rep.rep_id] = _moved(before, rep.history[-1], as_of, merged)
    return tuple(by_id.values())


def _moved(rep: Rep, now: Stint, as_of: date | None, merged: Merged) -> Rep:
    last = max(rep.history, key=lambda stint: stint.valid_from)
    differing = [
        name for name in _PLACE if name in now.model_fields_set
        and getattr(now, name) != getattr(last, name)
    ]  # fmt: skip
    if now.valid_to is not None and last.valid_to is None:
        merged.added.append(f"rep {rep.rep_id} leaves on {now.valid_to}")
        left = last.model_copy(update={"valid_to": now.valid_to})
        return _with_last(rep, last, (left,))
    if not differing:
        return rep
    told = ", ".join(f"{n} {getattr(last, n)} -> {getattr(now, n)}" for n in differing)
    if as_of is None or as_of <= last.valid_from or last.valid_to is not None:
        merged.kept.append(f"rep {rep.rep_id}: {told}; pass --as-of DAY to make it a move")
        return rep
    merged.added.append(f"rep {rep.rep_id} from {as_of}: {told}")
    ended = last.model_copy(update={"valid_to": as_of})
    began = last.model_copy(update={"valid_from": as_of, **{n: getattr(now, n) for n in differing}})
    return _with_last(rep, last, (ended, began))


def _with_last(rep: Rep, last: Stint, instead: tuple[Stint, ...]) -> Rep:
    others = tuple(stint for stint in rep.history if stint is not last)
    return Rep(rep_id=rep.rep_id, history=(*others, *instead))


def _people(there: Iterable[Person], new: Iterable[Person], merged: Merged) -> tuple[Person, ...]:
    by_id = {person.rep_id: person for person in there}
    for person in new:
        before = by_id.get(person.rep_id)
        if before is None:
            by_id[person.rep_id] = person
            merged.added.append(f"person {person.rep_id}")
            continue
        filled = {
            name: value for name in ("email", "employee_number")
            if (value := getattr(person, name)) and not getattr(before, name)
        }  # fmt: skip
        by_id[person.rep_id] = before.model_copy(update=filled)
        if person.name != before.name:
            merged.kept.append(f"person {person.rep_id}: name differs; change people.yaml by hand")
    return tuple(by_id.values())


def _identities(
    there: Iterable[Identity], new: Iterable[Identity], merged: Merged
) -> tuple[Identity, ...]:
    by_user = {(i.source, i.user_id): i for i in there}
    for identity in new:
        before = by_user.setdefault((identity.source, identity.user_id), identity)
        told = f"identity {identity.source} {identity.user_id}"
        if before is identity:
            merged.added.append(told)
        elif before.rep_id != identity.rep_id:
            problem = f"{told} is {before.rep_id}, not {identity.rep_id}"
            merged.kept.append(f"{problem}; change identities.yaml by hand")
    return tuple(by_user.values())


def _quotas(there: Iterable[Quota], new: Iterable[Quota], merged: Merged) -> tuple[Quota, ...]:
    def key(quota: Quota) -> tuple[object, ...]:
        return (quota.owner_kind, quota.owner_id, quota.kpi, quota.period_start)

    by_key = {key(quota): quota for quota in there}
    for quota in new:
        before = by_key.setdefault(key(quota), quota)
        if before is quota:
            merged.added.append(f"quota {quota.quota_id}")
        elif before.amount != quota.amount:
            merged.kept.append(f"quota {before.quota_id} is {before.amount}, "
                               f"not {quota.amount}; change quotas.yaml by hand")  # fmt: skip
    return tuple(by_key.values())
