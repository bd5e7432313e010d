"""Plans of every kind, for laws."""

from datetime import date
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from schemas.plans import Plan

DAYS = st.dates(date(2025, 11, 20), date(2026, 4, 10))
AMOUNTS = st.decimals(-2_000, 60_000, places=4)
_RATES = st.decimals(0, 1, places=6)
_MONEY = st.decimals("0.01", 5_000, places=2)
PERIODS = st.sampled_from(["MONTH", "QUARTER", "YEAR"])


@st.composite
def tiers(draw: Any, name: str, by_quota: bool, from_zero: bool, rising: bool) -> list[Any]:
    """Return tiers with a rate or an amount each."""
    bounds = st.just(Decimal(0)) | (
        st.decimals("0.01", 3, places=4) if by_quota else st.decimals(1, 50_000, places=4)
    )
    some = draw(st.lists(bounds, max_size=3, min_size=0 if from_zero else 1, unique=True))
    since = sorted({*([Decimal(0)] if from_zero else []), *some})
    values = _RATES if name == "rate" else _MONEY
    paid = draw(st.lists(values, min_size=len(since), max_size=len(since)))
    paid = sorted(paid) if rising else paid
    return [{"since": s, name: p} for s, p in zip(since, paid, strict=True)]


@st.composite
def components(draw: Any, component_id: str = "c", rising: bool = False) -> dict[str, Any]:
    """Return a component whose F is a function of sums: one that accrues live."""
    kind = draw(st.sampled_from(["FLAT", "MARGINAL", "RETROACTIVE", "INTERPOLATED", "BONUS"]))
    made: dict[str, Any] = {
        "component_id": component_id, "kind": kind,
        "bounds": draw(st.sampled_from(["AMOUNT", "ATTAINMENT"])),
        "pays": draw(st.sampled_from(["CREDITED", "VARIABLE"])),
        "boundary": draw(st.sampled_from(["LOWER", "UPPER", None])),
        "quota": draw(st.decimals(1, 60_000, places=4)), "variable": draw(_MONEY),
        "period": draw(PERIODS | st.none()),
        "bonus_pays": draw(st.sampled_from(["HIGHEST", "EACH"])),
    }  # fmt: skip
    if kind == "FLAT":
        made["rate"] = draw(_RATES)
    else:
        name = "amount" if kind in ("INTERPOLATED", "BONUS") else "rate"
        by_quota = made["bounds"] == "ATTAINMENT"
        made["tiers"] = draw(tiers(name, by_quota, name == "rate", rising))
    if kind == "INTERPOLATED" and len(made["tiers"]) > 1:
        made["beyond"] = draw(st.sampled_from(["LEVEL", "EXTENDED"]))
    if draw(st.booleans()):
        made["floor"] = draw(_MONEY)
    if draw(st.booleans()):
        made["cap"] = {"amount": draw(_MONEY)} if rising else draw(
            st.sampled_from([{"amount": "12.3456"}, {"of_variable": "2.5"}])
        )  # fmt: skip
    if draw(st.booleans()):
        is_line = kind in ("FLAT", "MARGINAL")
        made["gates"] = [{
            "since": draw(st.decimals("0.1", 2, places=2)),
            "bounds": draw(st.sampled_from(["AMOUNT", "ATTAINMENT"])),
            "pays": draw(st.sampled_from(["FROM_FIRST", "ABOVE"] if is_line else ["FROM_FIRST"])),
        }]  # fmt: skip
    if draw(st.booleans()):
        made["multipliers_combine"] = draw(st.sampled_from(["MULTIPLY", "ADD"]))
        factors = draw(st.lists(st.decimals(1, 3, places=2), min_size=2, max_size=2))
        at = draw(st.decimals("0.1", 1, places=2))
        made["multipliers"] = [{"multiplier_id": "m", "steps": [
            {"since": at, "factor": min(factors)}, {"since": at + 1, "factor": max(factors)},
        ]}]  # fmt: skip
    if draw(st.booleans()):
        made["counts"] = draw(st.sampled_from(
            [{"roles": ["REVENUE", "OVERLAY"]}, {"products": ["x", "y"]}, {"deal_types": ["NEW"]},
             {"regions": ["emea"], "segments": ["smb"], "roles": ["OVERLAY"]}]
        ))  # fmt: skip
    return made


@st.composite
def live_plans(draw: Any, plan_id: str = "p") -> Plan:
    """Return a plan that accrues live."""
    several = draw(st.integers(1, 2))
    made = {
        "plan_id": plan_id, "name": "P", "currency": "EUR", "period": draw(PERIODS),
        "boundary": draw(st.sampled_from(["LOWER", "UPPER"])),
        "valid_from": draw(st.sampled_from([date(2020, 1, 1), date(2026, 1, 17)])),
        "components": [draw(components(f"c{n}")) for n in range(several)],
    }  # fmt: skip
    return Plan.model_validate(made)


@st.composite
def plans(draw: Any) -> Plan:
    """Return a plan of any kind, those included that need the credits themselves."""
    made = draw(components())
    made["counts"] = {**made.get("counts", {}), "measure": draw(
        st.sampled_from(["AMOUNT", "AMOUNT", "ACV", "MARGIN", "UNITS", "DEALS"])
    )}  # fmt: skip
    if draw(st.booleans()) and not made.get("gates"):
        made["scope"] = "TRANSACTION"
        if draw(st.booleans()):
            made["cap"] = {"amount": "50", "per": "TRANSACTION"}
    if draw(st.booleans()):
        made.setdefault("multipliers", []).append(
            {"multiplier_id": "f", "factor": "1.5", "when": {"products": ["x"]}}
        )
    for gate in made.get("gates", ()):
        if gate["pays"] == "FROM_FIRST":
            gate["basis"] = draw(st.sampled_from(["PERIOD", "YEAR_TO_DATE", "FULL_YEAR"]))
    return Plan.model_validate({
        "plan_id": "p", "name": "P", "currency": draw(st.sampled_from(["EUR", "USD"])),
        "period": draw(PERIODS), "payout": draw(PERIODS | st.none()),
        "pay_currency": draw(st.sampled_from([None, "JPY", "EUR"])),
        "credit_rate_on": draw(st.sampled_from(["EVENT", "PERIOD_START", "PERIOD_END"])),
        "pay_rate_on": draw(st.sampled_from(["PERIOD_START", "PERIOD_END"])),
        "rounding": draw(st.sampled_from(["HALF_EVEN", "HALF_UP"])),
        "valid_from": date(2020, 1, 1), "components": [made],
    })  # fmt: skip
