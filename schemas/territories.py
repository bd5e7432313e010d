"""Territories: what part of the market is whose, and since when."""

from typing import Annotated

from pydantic import Field

from schemas.defining import Day, Definition, Id, Label


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


class Territories(Definition):
    """Territories and who holds them."""

    territories: tuple[Territory, ...] = ()
