"""Verdicts equal those of the plainest reading of the rule, however the log is cut."""

from dataclasses import replace

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.agents.folds import FOLDS
from streams.engine.acceptance import ACCEPTED, DUPLICATE, NONE, STALE, judged

KINDS = {"entity_id": pl.String(), "revision": pl.Int64(), "content_hash": pl.UInt64()}
logs = st.lists(
    st.tuples(st.sampled_from("abc"), st.integers(0, 3), st.integers(0, 2)), max_size=30
)
Log = list[tuple[str, int, int]]


def frame(rows: Log) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=KINDS, orient="row")


def plainly(log: Log) -> tuple[list[int], list[int | None]]:
    """Return verdicts and predecessors, one record after the other."""
    last: dict[str, int] = {}
    verdicts, before = [], []
    for i, (entity, *pair) in enumerate(log):
        greatest = list(log[last[entity]][1:]) if entity in last else None
        is_new = greatest is None or pair > greatest
        verdicts.append(ACCEPTED if is_new else DUPLICATE if pair == greatest else STALE)
        before.append(last.get(entity))
        if is_new:
            last[entity] = i
    return verdicts, before


@settings(deadline=None)
@given(logs)
def test_one_flush_judges_as_record_by_record(log: Log) -> None:
    verdicts, before = plainly(log)
    found = judged(frame(log), frame([]))
    assert found.verdict.tolist() == verdicts
    for i, verdict in enumerate(verdicts):
        if verdict == ACCEPTED:
            assert found.before[i] == (NONE if before[i] is None else before[i])


@settings(deadline=None)
@given(logs, st.integers(0, 30))
def test_two_flushes_judge_as_one(log: Log, cut: int) -> None:
    cut = min(cut, len(log))
    verdicts, before = plainly(log)
    first = judged(frame(log[:cut]), frame([]))
    last: dict[str, int] = {}
    for i, verdict in enumerate(first.verdict):
        if verdict == ACCEPTED:
            last[log[i][0]] = i
    known = sorted(last.values())
    second = judged(frame(log[cut:]), frame([log[i] for i in known]))
    assert [*first.verdict.tolist(), *second.verdict.tolist()] == verdicts
    for i in range(cut, len(log)):
        if verdicts[i] == ACCEPTED and before[i] is not None:
            here, there = second.before[i - cut], second.known[i - cut]
            assert (here + cut if here != NONE else known[there]) == before[i]


told = st.lists(
    st.tuples(st.sampled_from("ab"), st.integers(0, 3), st.integers(0, 1), st.sampled_from("xyz")),
    max_size=30,
)


TELLERS = replace(FOLDS["crm.calls"].tellers, names=("teller",))  # type: ignore[type-var]


def of_tellers(rows: list[tuple[str, int, int, str]]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=KINDS | {"teller": pl.String()}, orient="row")


@settings(deadline=None)
@given(told, st.integers(0, 30))
def test_each_teller_is_judged_by_itself_and_takes_over_from_whoever_spoke_last(
    log: list[tuple[str, int, int, str]], cut: int
) -> None:
    cut = min(cut, len(log))
    last_said: dict[tuple[str, str], int] = {}
    last: dict[str, int] = {}
    verdicts, before = [], []
    known: list[int] = []
    for i, (entity, revision, content, teller) in enumerate(log):
        if i == cut:
            known = sorted(last_said.values())
        mine = last_said.get((entity, teller))
        greatest = None if mine is None else log[mine][1:3]
        pair = (revision, content)
        is_new = greatest is None or pair > greatest
        verdicts.append(ACCEPTED if is_new else DUPLICATE if pair == greatest else STALE)
        before.append(last.get(entity))
        if is_new:
            last_said[entity, teller] = last[entity] = i
    if cut == len(log):
        return
    found = judged(of_tellers(log[cut:]), of_tellers([log[i] for i in known]), TELLERS)
    assert found.verdict.tolist() == verdicts[cut:]
    for i in range(cut, len(log)):
        if verdicts[i] == ACCEPTED:
            here, there = found.before[i - cut], found.known[i - cut]
            at = here + cut if here != NONE else known[there] if there != NONE else None
            assert at == before[i]
    several = {log[i][0] for i in range(len(log)) if _tellers(log, known, cut, log[i][0]) > 1}
    assert {i for i in range(cut, len(log)) if log[i][0] in several} == set(found.shared + cut)


def _tellers(log: list[tuple[str, int, int, str]], known: list[int], cut: int, entity: str) -> int:
    heard = [*known, *range(cut, len(log))]
    return len({log[i][3] for i in heard if log[i][0] == entity})
