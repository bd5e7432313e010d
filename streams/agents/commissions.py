"""Commission agent: credits become entries of the ledger, by the plans in force."""

import polars as pl

from schemas import topics
from streams.domain import commissions, credits
from streams.domain.plan_credits import Credit
from streams.domain.plan_terms import Terms
from streams.engine.postings import Posting, Upstream

_AMOUNT = pl.Decimal(38, 4)
COMMISSIONS = Posting(
    message="credit",
    topic=topics.CREDITS.name,
    table="spm.credit",
    ledger="spm.commission_ledger",
    upstream=Upstream("spm.deal_credit", ("rep_id", "deal_id", "role", "via")),
    faults=credits.faults(),
    prepare=Terms,
    differs=Terms.differs,
    stored=credits.stored,
    counts_by=("deleted", "stage_class", *Credit._fields[1:]),
    counted=commissions.counted,
    accrued=commissions.accrued,
    adjusted=commissions.adjusted,
    named=Terms.named,
    entry={
        "plan_id": pl.String(),
        "component_id": pl.String(),
        "origin_start": pl.Date(),
        "origin_end": pl.Date(),
        "payout_start": pl.Date(),
        "payout_end": pl.Date(),
        "posted_start": pl.Date(),
        "posted_end": pl.Date(),
        "state": pl.String(),
        "kind": pl.String(),
        "currency": pl.String(),
        "amount": _AMOUNT,
        "deal_id": pl.String(),
        "role": pl.String(),
        "via": pl.String(),
        "before": _AMOUNT,
        "after": _AMOUNT,
        "trace": pl.String(),
        "reason": pl.String(),
        "author": pl.String(),
        "approver": pl.String(),
    },
    identity=(
        "plan_id", "component_id", "origin_start", "origin_end", "payout_start", "payout_end",
        "currency", "state", "kind",
    ),
)  # fmt: skip
