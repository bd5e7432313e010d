"""Territories: what part of the market is whose, since when, and which deals credit whom."""

from decimal import Decimal
from enum import StrEnum
from typing import Annotated

from pydantic import Field, model_validator

from schemas.defining import Currency, Day, Definition, Id, Label


class Holder(Definition):
    """A rep who holds a territory from one day up to, not including, another."""

    rep_id: Id = Field(description="a rep of the roster")
    valid_from: Day = Field(description="first day")
    valid_to: Annotated[
        Day | None, Field(description="first day no longer; absent: still holds it")
    ] = None


class Territory(Definition):
    """A part of the market; territories nest."""

    territory_id: Id = Field(description="short name for life, such as dach-enterprise")
    name: Label = Field(description="as boards show it")
    parent_territory_id: Annotated[Id | None, Field(description="the territory above")] = None
    region: Annotated[
        Id | None, Field(description="region it belongs to; absent: that of the territory above")
    ] = None
    holders: Annotated[
        tuple[Holder, ...], Field(description="who holds it when; several may at once")
    ] = ()


class CreditRole(StrEnum):
    """What a credit is of a deal."""

    REVENUE = "REVENUE"  # a part of it; such parts replace the owner and add up to the deal
    OVERLAY = "OVERLAY"  # beside it, for who helped


class CreditShare(Definition):
    """Who gets which part of a deal: exactly one of owner, rep and territory is named."""

    to_owner: Annotated[bool, Field(description="true: the deal's owner")] = False
    rep_id: Annotated[Id | None, Field(description="this rep")] = None
    territory_id: Annotated[
        Id | None,
        Field(description="who holds it on the deal's day, in equal parts; nobody: unassigned"),
    ] = None
    role: Annotated[CreditRole, Field(description="REVENUE or OVERLAY")] = CreditRole.REVENUE
    share: Annotated[
        Decimal,
        Field(gt=0, le=1, max_digits=9, decimal_places=6, description="1 is all of the deal"),
    ] = Decimal(1)

    @model_validator(mode="after")
    def _names_one(self) -> "CreditShare":
        named = sum((self.to_owner, self.rep_id is not None, self.territory_id is not None))
        if named != 1:
            raise ValueError("name exactly one of to_owner: true, rep_id and territory_id")
        return self


_Text = Annotated[str, Field(min_length=1, max_length=200)]
_Texts = Annotated[tuple[_Text, ...], Field(description="any of these; none: any value, or none")]


class CreditRule(Definition):
    """Which deals are credited to whom, by what they say. A deal must meet every condition given.

    Splits on the deal itself go before every rule. Of the rules that match, the one of the
    smallest priority counts, and no other; without one, the owner has it all.
    """

    rule_id: Id = Field(description="short name for life")
    priority: Annotated[int, Field(ge=0, le=1_000_000, description="the smallest counts first")]
    valid_from: Day = Field(description="first day; a deal's day is fct_deal's")
    valid_to: Annotated[Day | None, Field(description="first day no longer; absent: no end")] = None
    segments: _Texts = ()
    regions: _Texts = ()
    products: _Texts = ()
    deal_types: _Texts = ()
    lead_sources: _Texts = ()
    accounts: Annotated[
        tuple[_Text, ...], Field(description="account ids; none: any account, or none")
    ] = ()
    currency: Annotated[
        Currency | None, Field(description="of the deal; needed with an amount")
    ] = None
    amount_from: Annotated[
        Decimal | None,
        Field(max_digits=18, decimal_places=4, description="least amount, in currency"),
    ] = None
    amount_to: Annotated[
        Decimal | None,
        Field(max_digits=18, decimal_places=4, description="amount it stays below, in currency"),
    ] = None
    credits: Annotated[tuple[CreditShare, ...], Field(min_length=1, description="who gets what")]


class Territories(Definition):
    """Territories, who holds them, and the rules by which deals are credited."""

    territories: tuple[Territory, ...] = ()
    rules: tuple[CreditRule, ...] = ()
