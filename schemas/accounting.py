"""What becomes of commissions in the books: accounting policies as data, and terms of contracts.

Source: ASC 340-40-25 and -35; IFRS 15.91-94, 99-104.
"""

from decimal import Decimal
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from schemas.defining import Day, Definition, Id, Label

MONTHS_MAX = 600  # fifty years: longer is a slip of the pen
Months = Annotated[int, Field(ge=1, le=MONTHS_MAX)]
Part = Annotated[Decimal, Field(ge=0, le=1, max_digits=9, decimal_places=6)]


class Treats(StrEnum):
    """What a cost is when it arises."""

    CAPITALISE = "CAPITALISE"  # an asset: incremental costs of obtaining a contract
    EXPENSE = "EXPENSE"  # draws, salaries, discretionary bonuses: owed without the contract, too


class Renewals(StrEnum):
    """What renewing a contract pays, next to what obtaining it paid."""

    COMMENSURATE = "COMMENSURATE"  # as much of the contract's value: amortised over the term
    LESS = "LESS"  # by renewal_rate against rate: over the customer's expected life
    NOTHING = "NOTHING"  # renewals are expected and pay nothing: over the expected life
    NOT_EXPECTED = "NOT_EXPECTED"  # over the term


class Proration(StrEnum):
    """How much of a month that service does not fill counts."""

    FULL_MONTH = "FULL_MONTH"  # the month service starts in is whole, the one it ends in nothing
    PART_MONTH = "PART_MONTH"  # its days over the days of that month; whole months are equal
    DAILY = "DAILY"  # every day of the term counts the same, so months differ with their length


class Accounts(Definition):
    """Accounts of the general ledger, as its chart numbers them."""

    asset: Id = Field(description="deferred commissions: costs to obtain contracts")
    payable: Id = Field(description="commissions owed: what the ledger accrues")
    expense: Id = Field(description="commissions that are not capitalised")
    amortisation: Id = Field(description="amortisation of deferred commissions")
    write_off: Annotated[
        Id | None, Field(description="what churn leaves over; absent: as amortisation")
    ] = None


class Treatment(Definition):
    """What is done with costs that meet every condition; none named: with all of them."""

    order: Annotated[int, Field(ge=1, le=10_000, description="the lowest that is met applies")]
    treats: Treats = Field(description="CAPITALISE or EXPENSE")
    because: Label = Field(description="why, as auditors will read it")
    plans: Annotated[tuple[Id, ...], Field(description="plan_ids; none: every plan")] = ()
    components: Annotated[tuple[Id, ...], Field(description="component_ids; none: every one")] = ()
    kinds: Annotated[
        tuple[Id, ...], Field(description="kinds of entries: ACCRUAL, DRAW ...; none: every kind")
    ] = ()
    deal_types: Annotated[
        tuple[Id, ...], Field(description="NEW, RENEWAL, EXPANSION, OTHER; none: every type")
    ] = ()
    renewals: Annotated[
        Renewals, Field(description="COMMENSURATE, LESS, NOTHING or NOT_EXPECTED")
    ] = Renewals.COMMENSURATE
    rate: Annotated[
        Part | None, Field(description="LESS: part of a new contract's value that is paid")
    ] = None
    renewal_rate: Annotated[
        Part | None, Field(description="LESS: part of a renewed contract's value that is paid")
    ] = None
    life_months: Annotated[
        Months | None,
        Field(description="expected life of a customer, renewals included; for LESS and NOTHING"),
    ] = None


class Policy(Definition):
    """How commissions are accounted for; a cost keeps the policy of the day it first arose."""

    policy_id: Id = Field(description="short name for life")
    name: Label = Field(description="for people")
    valid_from: Day = Field(description="costs that first arise on this day or later")
    valid_to: Annotated[
        Day | None, Field(description="first day it no longer applies; absent: no end")
    ] = None
    practical_expedient: Annotated[
        bool,
        Field(
            description="whether costs amortised over a year or less are expensed at once"
            " (340-40-25-4); an election, so it is said"
        ),
    ] = False
    proration: Annotated[
        Proration, Field(description="FULL_MONTH, PART_MONTH or DAILY: months in part")
    ] = Proration.FULL_MONTH
    term_months: Annotated[
        Months | None,
        Field(description="term of a deal that no row of contracts names; absent: it is asked for"),
    ] = None
    pooled: Annotated[
        tuple[Id, ...],
        Field(
            description="component_ids whose earnings belong to all deals of their period by"
            " credit, not to the deal that crossed a bound: threshold bonuses, retroactive tiers"
        ),
    ] = ()
    accounts: Accounts
    treatments: Annotated[tuple[Treatment, ...], Field(min_length=1)]


class Accounting(Definition):
    """All accounting policies. Without one in force a cost is expensed as it arises."""

    policies: tuple[Policy, ...] = ()


class ContractTerms(Definition):
    """What is known of a contract from a day on; rows of one deal follow each other."""

    deal_id: Id = Field(description="the deal's entity id, as the ledger names it")
    revised_on: Annotated[
        Day | None, Field(description="day this was estimated anew; absent: from the beginning")
    ] = None
    service_start: Day = Field(description="first day of service")
    term_months: Months = Field(description="term of the contract")
    life_months: Annotated[
        Months | None, Field(description="expected life; absent: that of the policy")
    ] = None
    ended_on: Annotated[
        Day | None, Field(description="first day no longer served, where it ended early")
    ] = None
