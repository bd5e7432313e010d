"""Plans by themselves: from a folder of definitions or one file, with all that is wrong."""

import shutil
import tempfile
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import cast

from infra.definitions import checking_plans, checking_territories, plan_lints
from infra.definitions.loading import Loaded, load
from infra.definitions.problems import Finding, Problem, Severity
from schemas.definitions import KINDS, Bundle
from schemas.plans import Plan, Plans

SHOWN = ("plans.yaml", "territories.yaml")


def loaded_from(path: Path) -> Loaded:
    """Return the definitions of a folder, or one file of plans with nothing beside it."""
    if path.is_dir():
        return load(path)
    with tempfile.TemporaryDirectory() as folder:
        shutil.copyfile(path, Path(folder) / "plans.yaml")
        loaded = load(Path(folder))
    loaded.problems = [_in_file(p, path.name) for p in loaded.problems]
    for tree in loaded.trees.values():
        tree.file = path.name
        tree.places = {at: place._replace(file=path.name) for at, place in tree.places.items()}
    return loaded


def plans_of(loaded: Loaded) -> tuple[Plan, ...]:
    """Return the plans that could be understood."""
    found = cast(Plans | None, loaded.values.get("plans"))
    return found.plans if found else ()


def sensible(
    loaded: Loaded, bundle: Bundle, *, only: bool
) -> tuple[Plans | None, tuple[Problem, ...]]:
    """Return all plans there would be beside what is in force, and what is wrong with them.

    Args:
        only: plans in force that the file does not name stay, and scores it says nothing of.
    """
    found = cast(Plans | None, loaded.values.get("plans"))
    mine = tuple(p for p in loaded.problems if p.place.file in (*SHOWN, _file_of(loaded)))
    if found is None:
        return None, mine
    named = {plan.plan_id for plan in found.plans}
    values = {name: getattr(bundle, name) for name in KINDS} | {"plans": found}
    stay = tuple(p for p in bundle.plans.plans if only and p.plan_id not in named)
    findings = list(checking_plans.sense(values))
    scores = (*(s for s in bundle.plans.scores if only and not found.scores), *found.scores)
    return Plans(plans=(*stay, *found.plans), scores=scores), (
        *mine, *map(loaded.placed, findings))  # fmt: skip


def checked(loaded: Loaded, on: date) -> tuple[Problem, ...]:
    """Return everything wrong with plans and the splits they rest on, errors first."""
    findings: list[Finding] = []
    if "plans" in loaded.values:
        findings += checking_plans.sense(loaded.values)
        if not findings:  # what makes no sense yet is not worth a second look
            findings += plan_lints.lint(loaded.values, on)
        findings += (
            replace(f, severity=Severity.WARNING) for f in checking_plans.live(loaded.values)
        )
    if "territories" in loaded.values:
        findings += checking_territories.check(loaded.values)
    if "plans" not in loaded.found:
        findings.append(
            Finding("plans", (), "", "there are no plans", "write plans.yaml, as in the sample")
        )
    mine = [p for p in loaded.problems if p.place.file in (*SHOWN, _file_of(loaded))]
    every = [*mine, *map(loaded.placed, findings)]
    return tuple(sorted(every, key=lambda p: p.severity is Severity.WARNING))


def _file_of(loaded: Loaded) -> str:
    tree = loaded.trees.get("plans")
    return tree.file if tree else ""


def _in_file(problem: Problem, name: str) -> Problem:
    return replace(problem, place=problem.place._replace(file=name))
