"""Credits that people give, said a second time: as SQL over a deal's payees.

Each REVENUE one takes its share of what from_rep has by the deal itself, by rules or as its
owner, in order of ids, and no more than that; lines of from_rep shrink in order. OVERLAY ones stand
beside.
"""

from infra.reconcile.arithmetic import SHARE, whole
from infra.reconcile.definitions import InForce

_SHAPE = (
    "Array(Tuple(credit_id String, deal_id String, rep_id String, role String, share String, "
    "from_rep String, valid_from String, valid_to String, withdrawn_by String))"
)
_HIS = "arrayExists(u -> u.1 = {line}.5 AND u.2 = {line}.1, g.6)"  # a line is of g's from_rep
# What an entry is given: REVENUE no more than is left once those before it have taken theirs.
_PART = (
    "if(g.2 != 'REVENUE', g.3, least(g.3, greatest(toInt256(0), "
    f"arraySum(arrayMap(p -> if({_HIS.format(line='p')}, p.4, toInt256(0)), stated_revenue)) - "
    "arraySum(arrayMap((b, j) -> if(j < i AND b.5 = g.5 AND b.2 = 'REVENUE', b.3, toInt256(0)), "
    "given, arrayEnumerate(given))))))"
)
# What is taken from a line of the deal: what its rep gives, less what lines before it gave.
_GONE = (
    "arraySum(arrayMap((g, part) -> "
    f"if(g.2 = 'REVENUE' AND {_HIS.format(line='p')}, part, toInt256(0)), given, given_parts)) - "
    "arraySum(arrayMap((q, k) -> if(k < j AND arrayExists(g -> g.2 = 'REVENUE' AND "
    f"{_HIS.format(line='p')} AND {_HIS.format(line='q')}, given), q.4, toInt256(0)), "
    "stated_revenue, arrayEnumerate(stated_revenue)))"
)


def joined(deals: str, now: InForce) -> str:
    """Return SQL for deals with `all_given`: via, role, share, rep, giver, giver's users, span."""
    if not now.has_manual_credits:
        return deals
    share = whole("toDecimal256(one.5, 6)", SHARE)
    return f"""
        SELECT deals.*, all_given FROM ({deals}) AS deals ANY LEFT JOIN (
            SELECT one.2 AS of_deal, groupArray((concat('manual:', one.1),
                if(one.4 = '', 'REVENUE', one.4), {share}, one.3, one.6, users,
                toDate32(if(one.7 = '', '1970-01-01', one.7)),
                toDate32(if(one.8 = '', '2199-12-31', one.8)))) AS all_given
            FROM (SELECT one, one.6 AS giver
                FROM {now.listed("credits", "manual_credits", _SHAPE)}) AS every
            ANY LEFT JOIN (SELECT whose, groupArray((of_source, user_id)) AS users
                FROM ({now.people()}) GROUP BY whose) AS theirs ON giver = whose
            WHERE one.9 = ''
            GROUP BY of_deal) AS given_to ON deals.entity_id = of_deal"""


def steps(now: InForce) -> tuple[str, ...]:
    """Return SQL that makes `revenue` and `overlay` of `stated_revenue` and `stated_overlay`."""
    if not now.has_manual_credits:
        return ("stated_revenue AS revenue, stated_overlay AS overlay",)
    line = "(g.4, g.2, g.1, part, '', toString(territory_id))"
    return (
        "arraySort(g -> g.1, arrayFilter(g -> is_worth AND g.7 <= should_day AND should_day < g.8,"
        " all_given)) AS given",
        f"arrayMap((g, i) -> {_PART}, given, arrayEnumerate(given)) AS given_parts",
        f"arrayMap((p, j) -> least(p.4, greatest(toInt256(0), {_GONE})), stated_revenue, "
        "arrayEnumerate(stated_revenue)) AS gone, "
        f"arrayFilter(s -> s.4 > 0, arrayMap((g, part) -> {line}, given, given_parts)) AS by_hand",
        "arrayConcat(arrayMap((p, less) -> (p.1, p.2, p.3, p.4 - less, p.5, p.6), "
        "arrayFilter((p, less) -> less = 0 OR less < p.4, stated_revenue, gone), "
        "arrayFilter((less, p) -> less = 0 OR less < p.4, gone, stated_revenue)), "
        "arrayFilter(s -> s.2 = 'REVENUE', by_hand)) AS revenue, "
        "arrayConcat(stated_overlay, arrayFilter(s -> s.2 = 'OVERLAY', by_hand)) AS overlay",
    )
