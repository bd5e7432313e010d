"""Selling: what a day brings to the pipeline."""

from math import log

import numpy as np

from connectors.sources.simulator import slips
from connectors.sources.simulator.crew import Shift
from connectors.sources.simulator.deals import Deal
from connectors.sources.simulator.market import TOUCHES_EXPECTED
from connectors.sources.simulator.pipeline import Pipeline
from connectors.sources.simulator.stories import MICROS, Story, revised

SOON_MEDIAN_MIN = 25.0  # until a slip of the pen in a deal is noticed; always before its next gate
SOON_MAX_MIN = 180.0


def sell(
    pipeline: Pipeline, shift: Shift, rng: np.random.Generator, *, rehearsal: bool = False
) -> list[Story]:
    """Return the stories of all deals that a day creates or moves.

    Args:
        rehearsal: nobody calls or writes on such a day, so effort is drawn instead.
    """
    stories = []
    ordinal = shift.day.toordinal()
    who = np.repeat(np.arange(len(shift.deals)), rng.poisson(shift.deals))
    for rep, at in zip(who.tolist(), pipeline.crew.times(shift, who, rng).tolist(), strict=True):
        deal = pipeline.create(rep, at, ordinal, rng)
        if rng.random() < pipeline.dials.unknown_owners:
            deal.owner_id = slips.unknown_owner(rng)
        stories.append([deal.record(pipeline.crew.owner_ids)])
    for verb, deal in pipeline.agenda.pop(ordinal, ()):
        if not shift.on_duty[deal.owner] and verb != "cancel":
            _postpone(pipeline, verb, deal, shift, rng)
            continue
        if rehearsal:
            deal.touches = float(rng.exponential(TOUCHES_EXPECTED))
        stories.append(happen(pipeline, verb, deal, moment(pipeline, deal, shift, rng), shift, rng))
    return stories


def moment(pipeline: Pipeline, deal: Deal, shift: Shift, rng: np.random.Generator) -> int:
    """Return an instant of the owner's working day."""
    return int(pipeline.crew.times(shift, np.array([deal.owner]), rng)[0])


def happen(
    pipeline: Pipeline, verb: str, deal: Deal, at: int, shift: Shift, rng: np.random.Generator
) -> Story:
    """Return the records of one thing that happens to a deal; none if it is gone or done with."""
    is_due = verb == "cancel" or (verb == "advance") == (deal.stage_class == "OPEN")
    if deal.deleted or not is_due:
        return []
    if verb == "cancel":
        return _cancelled(pipeline, deal, at, rng)
    if verb == "advance":
        pipeline.advance(deal, at, shift, rng)
    elif verb == "reprice":
        pipeline.reprice(deal, rng)
    elif verb == "hand_over":
        pipeline.hand_over(deal, shift, rng)
    else:
        pipeline.reopen(deal, shift.day.toordinal(), rng)
    if rng.random() < pipeline.dials.lateness:
        at += slips.late_by(rng)
    story = pipeline.story(deal, at, rng)
    return _mistyped(deal, story, rng) if rng.random() < pipeline.dials.corrections else story


def _postpone(
    pipeline: Pipeline, verb: str, deal: Deal, shift: Shift, rng: np.random.Generator
) -> None:
    """Do it on the next day; if the owner has left the company, let a colleague do it."""
    if not shift.roles[deal.owner]:
        pipeline.hand_over(deal, shift, rng)
    pipeline.agenda[shift.day.toordinal() + 1].append((verb, deal))


def _cancelled(pipeline: Pipeline, deal: Deal, at: int, rng: np.random.Generator) -> Story:
    restored = rng.random() < slips.RESTORED
    deal.deleted = True
    gone = pipeline.story(deal, at, rng)
    if not restored:
        pipeline.drop(deal)
        return gone
    deal.deleted = False
    return gone + pipeline.story(deal, at + slips.mended_after(rng), rng)


def _mistyped(deal: Deal, story: Story, rng: np.random.Generator) -> Story:
    """The amount with a digit too many, or the close a month off; then the deal as it is."""
    minutes = min(rng.lognormal(log(SOON_MEDIAN_MIN), 1.0), SOON_MAX_MIN)
    right = revised(story[-1], 1 + int(minutes * 60_000))
    deal.revision = right["revision"]
    if right["amount"] is not None and rng.random() < 0.6:
        return [{**story[-1], "amount": right["amount"] * 10}, right]
    return [{**story[-1], "close_date": right["close_date"] + 30}, right]


def last_touched(deal: Deal) -> int:
    """Return when a deal's record was last changed, ms."""
    return deal.revision // MICROS
