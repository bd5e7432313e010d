"""Credit by territory rules, said a second time: as SQL over a deal's columns.

A deal without splits goes by the first rule, in order of priority and id, whose every condition it
meets on the day it counts on. The rule's payees are users of the nameless source: reps themselves.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from connectors.sinks.clickhouse import quoted, texts
from infra.reconcile.arithmetic import SHARE

_LISTS = {
    "segments": "segment",
    "regions": "region",
    "products": "product",
    "deal_types": "deal_type",
    "lead_sources": "lead_source",
    "accounts": "account_id",
}
READ = (*_LISTS.values(),)
_PAYEES = "Array(Tuple(String, String, String, Int256, String, String))"

_DEALS = "toString(territory_id)"  # where a rule names none


def ruled(territories: Mapping[str, Any]) -> str:
    """Return SQL for whom rules credit: user, role, via, share in last digits, source, territory.

    It reads `should_day`, `is_worth`, `split_role`, `owner_id` and `source`.
    """
    rules = sorted(territories.get("rules", ()), key=lambda r: (r["priority"], r["rule_id"]))
    none = f"CAST([], '{_PAYEES}')"
    if not rules:
        return none
    holders = {t["territory_id"]: t.get("holders", ()) for t in territories["territories"]}
    cases = ", ".join(f"{_condition(r)}, CAST({_payees(r, holders)}, '{_PAYEES}')" for r in rules)
    return f"multiIf(NOT is_worth OR notEmpty(split_role), {none}, {cases}, {none})"


def _condition(rule: Mapping[str, Any]) -> str:
    met = [
        f"should_day >= toDate32('{rule['valid_from']}')",
        f"should_day < toDate32('{rule.get('valid_to', '2199-12-31')}')",
        *(f"{column} IN ({texts(rule[name])})" for name, column in _LISTS.items()
          if rule.get(name)),
    ]  # fmt: skip
    if "currency" in rule:
        met.append(f"currency = {quoted(rule['currency'])}")
    amount = "coalesce(amount, 0)"
    if "amount_from" in rule:
        met.append(f"{amount} >= toDecimal128('{rule['amount_from']}', 4)")
    if "amount_to" in rule:
        met.append(f"{amount} < toDecimal128('{rule['amount_to']}', 4)")
    return " AND ".join(met)


def _payees(rule: Mapping[str, Any], holders: Mapping[str, Any]) -> str:
    return (
        f"arrayConcat({', '.join(_share(rule, i, holders) for i in range(len(rule['credits'])))})"
    )


def _share(rule: Mapping[str, Any], place: int, holders: Mapping[str, Any]) -> str:
    """Return SQL for the payees of one share of a rule."""
    share = rule["credits"][place]
    whole = int(Decimal(share.get("share", "1")) * SHARE)
    via = quoted(f"rule:{rule['rule_id']}:{place}")
    common = f"'{share.get('role', 'REVENUE')}', {via}"
    if share.get("to_owner"):
        return f"[(toString(owner_id), {common}, toInt256({whole}), toString(source), {_DEALS})]"
    if "rep_id" in share:
        return f"[({quoted(share['rep_id'])}, {common}, toInt256({whole}), '', {_DEALS})]"
    territory = quoted(share["territory_id"])
    spans = sorted(
        (h["rep_id"], h["valid_from"], h.get("valid_to", "2199-12-31"))
        for h in holders.get(share["territory_id"], ())
    )
    if not spans:
        return f"[('', {common}, toInt256({whole}), '', {territory})]"
    held = ", ".join(f"({quoted(r)}, toDate32('{a}'), toDate32('{b}'))" for r, a, b in spans)
    reps = f"arrayMap(h -> h.1, arrayFilter(h -> h.2 <= should_day AND should_day < h.3, [{held}]))"
    # Equal parts; what is left of the last digits goes to the first of them. Nobody is one, too.
    return (
        f"arrayMap(held -> arrayMap((r, i) -> (r, {common}, toInt256(intDiv({whole}, length(held))"
        f" + (i <= {whole} % length(held))), '', {territory}), held, arrayEnumerate(held)),"
        f" [if(empty({reps}), [''], {reps})])[1]"
    )
