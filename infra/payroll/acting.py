"""Adding an act to payroll: what is in force, with the act, as a revision of its own."""

import tempfile
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from infra.definitions.applying import Applied, apply_folder
from infra.definitions.log import DefinitionLog
from infra.definitions.stored import Stored
from schemas.payroll import Payroll, PeriodAct, PeriodStep
from schemas.quotas import PeriodKind
from streams.domain.pay_periods import refused
from streams.domain.periods import Span, period_of


class Wrong(ValueError):
    """What somebody wants to do is not possible; str() says why, and what is."""


def apply(
    client: Any,
    log: DefinitionLog,
    change: Callable[[Payroll], Payroll],
    author: str,
    note: str,
) -> Applied:
    """Return what was put in force: payroll as it is, changed.

    Raises:
        Refused: the act makes no sense, or somebody else acted in between.
        LogError, MovedOn, Lost: as `apply_folder`.
    """
    payroll = Stored(client).in_force().bundle().payroll
    with tempfile.TemporaryDirectory(prefix="payroll-") as folder:
        text = change(payroll).model_dump_json(exclude_none=True)
        Path(folder, "payroll.yaml").write_text(text, "utf-8")
        return apply_folder(
            Path(folder), author=author, note=note, client=client, log=log, now=datetime.now(UTC)
        )


def step(period: Span, what: PeriodStep, by: str, reason: str) -> Callable[[Payroll], Payroll]:
    """Return the change that a step of a period is.

    Raises:
        Wrong: when it is made, if the period cannot take that step.
    """

    def changed(payroll: Payroll) -> Payroll:
        act = PeriodAct(
            at=datetime.now(UTC), period_start=period.start, period_end=period.end,
            step=what, by=by, reason=reason,
        )  # fmt: skip
        if why := refused(payroll.periods, act):
            raise Wrong(f"{period.start} to {period.end}: {why.problem}; {why.remedy}")
        return payroll.model_copy(update={"periods": (*payroll.periods, act)})

    return changed


def period_named(client: Any, name: str) -> Span:
    """Return the payroll period of a month (2026-06) or a day in it (2026-06-15).

    Raises:
        ValueError: it is neither.
    """
    bundle = Stored(client).in_force().bundle()
    # The middle of a month lies in the fiscal month that is called after it, of whole weeks, too.
    day = date.fromisoformat(name if name.count("-") == 2 else f"{name}-15")
    return period_of(day, PeriodKind(bundle.payroll.period.value), bundle.company)
