"""Whether what plans say about pay makes sense: eligibility and draws."""

from collections.abc import Iterator

from infra.definitions.checking_components import wrong
from infra.definitions.problems import Finding, Path
from schemas.plan_components import Component
from schemas.plan_pay import Draw, DrawKind, EligibleBy
from schemas.plans import Plan


def check(path: Path, plan: Plan) -> Iterator[Finding]:
    """Yield everything wrong with a plan's eligibility and draws; reps are looked at elsewhere."""
    for j, component in enumerate(plan.components):
        yield from _eligible((*path, "components", j, "eligible"), component)
    ids = [part.component_id for part in plan.components]
    ids += [one.guarantee_id for one in plan.guarantees]
    for i, draw in enumerate(plan.draws):
        here: Path = (*path, "draws", i)
        if draw.draw_id in ids:
            yield wrong((*here, "draw_id"), draw.draw_id,
                        "is the id of a component, a guarantee or another draw",
                        "give it its own")  # fmt: skip
        ids.append(draw.draw_id)
        yield from _draw(here, draw)


def _eligible(path: Path, component: Component) -> Iterator[Finding]:
    rule = component.eligible
    if rule.by is not EligibleBy.DATES:
        if rule.parts:
            yield wrong((*path, "parts"), None, f"mean nothing where by is {rule.by}",
                        "leave them out, or say by: DATES")  # fmt: skip
        return
    total = sum(part.share for part in rule.parts)
    if total != 1:
        yield wrong((*path, "parts"), f"{total:f}", "do not add up to 1",
                    "give parts of the earnings, such as 0.5 and 0.5")  # fmt: skip
    days = [part.days for part in rule.parts]
    if len(set(days)) < len(days):
        yield wrong((*path, "parts"), None, "name the same days twice",
                    "give each number of days once")  # fmt: skip


def _draw(path: Path, draw: Draw) -> Iterator[Finding]:
    if draw.valid_to is not None and draw.valid_to <= draw.valid_from:
        yield wrong((*path, "valid_to"), draw.valid_to,
                    f"is not after valid_from {draw.valid_from}",
                    "name the first day it is no longer paid")  # fmt: skip
    if draw.kind is DrawKind.ADVANCE and not draw.recoverable:
        yield wrong((*path, "recoverable"), "false", "is no ADVANCE: nothing would pay it back",
                    "say kind: GUARANTEE, or leave recoverable out")  # fmt: skip
    if not draw.recoverable and (draw.recover_from or draw.limit or draw.forgive_at_end):
        yield wrong((*path, "recoverable"), "false", "leaves no debt to recover, limit or let go",
                    "leave out recover_from, limit and forgive_at_end")  # fmt: skip
    if draw.limit is not None and draw.limit < draw.amount and draw.kind is DrawKind.ADVANCE:
        yield wrong((*path, "limit"), f"{draw.limit:f}", "is less than one advance",
                    "raise it, or lower the amount")  # fmt: skip
