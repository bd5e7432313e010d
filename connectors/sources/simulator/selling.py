"""Selling: what a day brings to the pipeline."""

from collections.abc import Iterator
from math import log
from random import Random

import numpy as np

from connectors.sources.simulator import slips
from connectors.sources.simulator.billing import dice_of
from connectors.sources.simulator.deals import Deal
from connectors.sources.simulator.market import TOUCHES_EXPECTED
from connectors.sources.simulator.pipeline import Pipeline
from connectors.sources.simulator.stories import Story, revised
from connectors.sources.simulator.today import Today

SOON_MEDIAN_MIN = 25.0  # until a slip of the pen in a deal is noticed; always before its next gate
SOON_MAX_MIN = 180.0
DAY_MS = 86_400_000


def sell(pipeline: Pipeline, today: Today) -> list[Story]:
    """Return the stories of all deals that a day creates or moves."""
    stories = [[deal.record(pipeline.crew.owner_ids)] for deal in _created(pipeline, today)]
    for verb, deal, at in _due(pipeline, today):
        stories.append(happen(pipeline, verb, deal, at, today))
    return stories


def bill(pipeline: Pipeline, ordinal: int, midnight: int) -> list[Story]:
    """Return the stories of deals that are invoiced or paid on a day, whatever the hour.

    Args:
        midnight: that begins the day, ms.
    """
    stories = []
    for deal in pipeline.bills.take(ordinal):
        dice = dice_of(deal, ordinal)
        stories.append(pipeline.story(deal, midnight + dice.randrange(DAY_MS), dice))
    return stories


def rehearse(pipeline: Pipeline, today: Today) -> None:
    """Move the pipeline by a day that nobody hears of; effort is drawn, as there are no calls."""
    for _ in _created(pipeline, today):
        pass
    for verb, deal, at in _due(pipeline, today):
        deal.touches = today.dice.expovariate(1 / TOUCHES_EXPECTED)
        happen(pipeline, verb, deal, at, today)


def happen(pipeline: Pipeline, verb: str, deal: Deal, at: int, today: Today) -> Story:
    """Return the records of one thing that happens to a deal; none if it is gone or done with."""
    shift, dice = today.shift, today.dice
    is_due = verb == "cancel" or (verb == "advance") == (deal.stage_class == "OPEN")
    if deal.deleted or not is_due:
        return []
    if verb == "cancel":
        return _cancelled(pipeline, deal, at, dice)
    if verb == "advance":
        pipeline.advance(deal, at, shift, dice)
    elif verb == "reprice":
        pipeline.reprice(deal, dice)
    elif verb == "hand_over":
        pipeline.hand_over(deal, shift, dice)
    else:
        pipeline.reopen(deal, shift.day.toordinal(), dice)
    if dice.random() < pipeline.dials.lateness:
        at += slips.late_by(dice)
    story = pipeline.story(deal, at, dice)
    return _mistyped(deal, story, dice) if dice.random() < pipeline.dials.corrections else story


def _created(pipeline: Pipeline, today: Today) -> Iterator[Deal]:
    shift, dice = today.shift, today.dice
    who = np.repeat(np.arange(pipeline.crew.size), today.rng.poisson(shift.deals))
    times = pipeline.crew.times(shift, who, today.rng).tolist()
    for rep, at in zip(who.tolist(), times, strict=True):
        deal = pipeline.create(rep, at, shift.day.toordinal(), dice)
        if dice.random() < pipeline.dials.unknown_owners:
            deal.owner_id = slips.unknown_owner(dice)
        yield deal


def _due(pipeline: Pipeline, today: Today) -> Iterator[tuple[str, Deal, int]]:
    """Yield what falls due today with its instant in the owner's day; put off what cannot be."""
    shift, ordinal = today.shift, today.shift.day.toordinal()
    due = []
    for verb, deal in pipeline.agenda.pop(ordinal, ()):
        if shift.on_duty[deal.owner] or verb == "cancel":
            due.append((verb, deal))
            continue
        if not shift.roles[deal.owner]:  # the owner has left the company
            pipeline.hand_over(deal, shift, today.dice)
        pipeline.agenda[ordinal + 1].append((verb, deal))
    owners = np.array([deal.owner for _, deal in due], np.int64)
    times = pipeline.crew.times(shift, owners, today.rng).tolist()
    for (verb, deal), at in zip(due, times, strict=True):
        yield verb, deal, at


def _cancelled(pipeline: Pipeline, deal: Deal, at: int, dice: Random) -> Story:
    restored = dice.random() < slips.RESTORED
    deal.deleted = True
    gone = pipeline.story(deal, at, dice)
    if not restored:
        pipeline.drop(deal)
        return gone
    deal.deleted = False
    return gone + pipeline.story(deal, at + slips.mended_after(dice), dice)


def _mistyped(deal: Deal, story: Story, dice: Random) -> Story:
    """The amount with a digit too many, or the close a month off; then the deal as it is."""
    minutes = min(dice.lognormvariate(log(SOON_MEDIAN_MIN), 1.0), SOON_MAX_MIN)
    wrong = story[-1]
    right = revised(wrong, 1 + int(minutes * 60_000))
    deal.revision = right.revision
    if right.amount is not None and dice.random() < 0.6:
        return [wrong._replace(amount=right.amount * 10), right]
    return [wrong._replace(close_date=right.close_date + 30), right]
