"""What a rebuild did: sentences for people, values for programs."""

from typing import Any

from infra.rebuild.comparing import Comparison, Difference
from infra.rebuild.rebuilding import Outcome


def told(outcome: Outcome) -> str:
    """Return what a run did, for people."""
    lines = [_compared(one) for one in outcome.comparisons]
    for one in outcome.comparisons:
        lines += [f"  {_different(example)}" for example in one.examples]
    if outcome.paused_seconds is None:
        lines.append(f"computed and compared in {outcome.seconds:.1f} s; nothing was changed")
    else:
        lines.append(
            f"generation {outcome.generation} is live, generation {outcome.before} is kept until "
            f"the next rebuild or `pacesetter rebuild --prune`; {outcome.seconds:.1f} s, workers "
            f"paused for {outcome.paused_seconds:.1f} s of them"
        )
    return "\n".join(lines)


def as_json(outcome: Outcome) -> dict[str, Any]:
    """Return what a run did, for programs."""
    return {
        "generation": outcome.generation,
        "before": outcome.before,
        "is_live": outcome.paused_seconds is not None,
        "seconds": round(outcome.seconds, 3),
        "paused_seconds": outcome.paused_seconds and round(outcome.paused_seconds, 3),
        "slices": outcome.slices,
        "compared": [
            {
                "table": one.table, "same": one.same, "ahead": one.ahead,
                "different": one.different, "moved": one.moved,
                "examples": [_example(example) for example in one.examples],
            }
            for one in outcome.comparisons
        ],
    }  # fmt: skip


def _compared(one: Comparison) -> str:
    text = f"{one.table}: {one.same:,} rows agree with history"
    if one.different:
        text += f", {one.different:,} DIFFER"
    if one.moved:
        text += f", {one.moved:,} stand at another position"
    if one.ahead:
        text += f", {one.ahead:,} were touched meanwhile and not compared"
    return text


def _different(one: Difference) -> str:
    key = " ".join(str(part) for part in one.key if str(part))
    return f"{key}: live {_or_none(one.live)}, by history {_or_none(one.computed)}"


def _or_none(value: Any) -> str:
    return "no row" if value is None else str(value)


def _example(one: Difference) -> dict[str, Any]:
    return {
        "key": [str(part) for part in one.key],
        "live": None if one.live is None else str(one.live),
        "computed": None if one.computed is None else str(one.computed),
    }
