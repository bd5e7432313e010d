"""Credits that people give: a split of one deal, or an overlay beside it, with who and why."""

from decimal import Decimal
from typing import Annotated

from pydantic import Field, model_validator

from schemas.defining import Day, Definition, Id
from schemas.territories import CreditRole

Somebody = Annotated[str, Field(min_length=1, max_length=128)]


class ManualCredit(Definition):
    """A part of one deal for a rep, whatever the CRM and territory rules say of it, now or later.

    It is laid over what splits, rules or the owner give, each time the deal is looked at: a later
    revision of the deal does not undo it. It is never taken out of this list; what is taken back
    stays here with who did it and why.
    """

    credit_id: Id = Field(description="short name for life")
    deal_id: Id = Field(description="the deal's entity id, such as hubspot:deal:1234")
    rep_id: Id = Field(description="who gets it, a rep of the roster")
    role: Annotated[
        CreditRole, Field(description="REVENUE: taken from from_rep. OVERLAY: beside the deal")
    ] = CreditRole.REVENUE
    share: Annotated[
        Decimal,
        Field(gt=0, le=1, max_digits=9, decimal_places=6, description="1 is all of the deal"),
    ]
    from_rep: Annotated[
        Id | None,
        Field(description="of REVENUE: whose part it is taken from, as far as that part goes"),
    ] = None
    valid_from: Annotated[
        Day | None, Field(description="only if the deal's day is not before it")
    ] = None
    valid_to: Annotated[Day | None, Field(description="only if the deal's day is before it")] = None
    reason: Annotated[str, Field(min_length=1, max_length=500, description="why, for auditors")]
    author: Annotated[Somebody, Field(description="who wrote it")]
    approver: Annotated[Somebody, Field(description="who approved it: somebody else")]
    withdrawn_by: Annotated[
        str, Field(max_length=128, description="who took it back; absent: it counts")
    ] = ""
    withdrawn_reason: Annotated[str, Field(max_length=500, description="why it was taken back")] = (
        ""
    )

    @model_validator(mode="after")
    def _takes_or_adds(self) -> "ManualCredit":
        if (self.role is CreditRole.REVENUE) != (self.from_rep is not None):
            raise ValueError(
                "REVENUE needs from_rep, whose part it is taken from; OVERLAY has none"
            )
        if bool(self.withdrawn_by) != bool(self.withdrawn_reason):
            raise ValueError("withdrawn_by and withdrawn_reason go together")
        return self


class Credits(Definition):
    """All credits that people gave."""

    manual_credits: tuple[ManualCredit, ...] = ()
