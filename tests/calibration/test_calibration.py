"""A small form of `make calibrate`: forecasts are about as true as they say."""

from dataclasses import replace
from datetime import date

import pytest

from tests.calibration.asking import Asked, asked, quarters
from tests.calibration.drawing import curve
from tests.calibration.floors import KINDS, STEADY, story
from tests.calibration.judging import judged, page


@pytest.fixture(scope="module")
def steady() -> list[Asked]:
    periods = quarters(date(2025, 10, 1), 1, 3)
    return [a for seed in range(2) for a in asked(story(STEADY, seed), periods, 500)]


def test_forecasts_come_true_as_often_as_they_say(steady: list[Asked]) -> None:
    """Half of a thousand forecasts, not independent: a bucket of 40 is known to 15 points or so."""
    verdict = judged([a for a in steady if a.who == "rep"])
    assert verdict.number > 250
    for bucket in verdict.buckets:
        if bucket.number >= 40:
            assert abs(bucket.predicted - bucket.observed) < 0.16, bucket
    assert verdict.skill > 0.3
    assert 0.74 < verdict.covered < 0.92
    assert abs(verdict.bias - 1) < 0.08


def test_what_the_crm_overstates_is_seen_through() -> None:
    optimistic = next(k for k in KINDS if k.name == "optimistic")
    told = replace(optimistic, reps=16)
    some = list(asked(story(told, 1), quarters(date(2025, 10, 1), 1, 3), 400))
    assert abs(judged(some).bias - 1) < 0.15  # the CRM itself says almost twice as much


def test_the_page_tells_every_floor(steady: list[Asked]) -> None:
    told, drawn = page({"steady": steady}), curve({"steady": steady})
    assert "| steady | reps |" in told
    assert drawn.count("<circle") == len(judged([a for a in steady if a.who == "rep"]).buckets)
