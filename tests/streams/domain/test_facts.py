"""A fact survives its history: what is stored and recalled resolves as the record did."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.agents.folds import FOLDS
from streams.engine import columns
from tests.streams.engine.records import records

TOPICS = sorted(FOLDS)
# What the warehouse keeps as empty text and recalls as null: an id of no characters is none.
BLANK = ("", None)


@pytest.mark.parametrize("topic", TOPICS)
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_recalled_is_what_was_stored(topic: str, data: Any) -> None:
    fold = FOLDS[topic]
    some = data.draw(st.lists(records(fold.message), min_size=1, max_size=4))
    before = columns.from_records(some, fold.message)
    # Who was merged into another, and what a bill says by itself, stand in what was said.
    before = before.drop("merged_into", "bill_id", "credit_note_amount", strict=False)
    after = fold.recalled(fold.stored(before)).select(before.columns)
    assert after.schema == before.schema
    for was, became in zip(before.to_dicts(), after.to_dicts(), strict=True):
        assert {n: None if v in BLANK else v for n, v in became.items()} == {
            n: None if v in BLANK else v for n, v in was.items()
        }
