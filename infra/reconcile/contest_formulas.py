"""Contests by a KPI with a formula, said a second time: Python's own grammar over totals.

Formulas over sums of measures alone are said again. Medians, quotas, pipelines and comparisons with
the period before are not: what of a contest that leaves out is told.
"""

import ast
from collections.abc import Callable, Mapping
from fractions import Fraction
from operator import add, mul, sub, truediv
from typing import Any

from connectors.sinks.clickhouse import quoted, texts
from infra.reconcile.asking import Warehouse, ask
from infra.reconcile.contest_courses import SCORE, Made
from infra.reconcile.contest_rules import Formula, Spec

_OF: Mapping[type[ast.operator], Callable[[Fraction, Fraction], Fraction]] = {
    ast.Add: add, ast.Sub: sub, ast.Mult: mul, ast.Div: truediv,
}  # fmt: skip
_FOUR, _READ = 10**4, 10**10
_LIVE = "generation = (SELECT generation FROM spm.warehouse FINAL)"
_SPAN = "day >= toDate32('{0}') AND day < toDate32('{1}')"


def parsed(kpi: str, kpis: Mapping[str, Mapping[str, Any]], measures: set[str]) -> Formula | None:
    """Return the formula of a KPI; None: it is not said a second time.

    Args:
        kpis: by name, as they were written.
        measures: there are.
    """
    try:
        tree = _written_out(kpi, kpis)
    except SyntaxError:  # a measure may be called as a word of Python is
        return None
    names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    if not names <= measures or any(isinstance(node, ast.Call) for node in ast.walk(tree)):
        return None
    return Formula(tree, frozenset(names), kpis[kpi].get("when_empty") == "ZERO")


def made(warehouse: Warehouse, one: Spec, formula: Formula) -> dict[str, Made | None]:
    """Return everybody's value as a score; None: there is none."""
    sums: dict[str, dict[str, Fraction]] = {name: {} for name in one.participants}
    rows = ask(
        warehouse,
        "SELECT participant_id, toString(measure) AS name, toString(sum(value)) AS total FROM ("
        f"{_facts(one, formula)}) AS fact GROUP BY participant_id, name",
    )
    for name, measure, total in rows.iter_rows():
        if name in sums:
            sums[name][measure] = Fraction(total)
    return {name: _made(one, name, formula, mine) for name, mine in sums.items()}


def moving(warehouse: Warehouse, one: Spec, formula: Formula, since: str) -> set[str]:
    """Return whose totals changed of late.

    Args:
        since: SQL for which positions are that late.
    """
    rows = ask(
        warehouse,
        f"SELECT DISTINCT participant_id FROM ({_facts(one, formula)}) WHERE {since}",
    )
    return {str(name) for name in rows["participant_id"]}


def _facts(one: Spec, formula: Formula) -> str:
    """Return SQL for totals of days with the participant they belong to."""
    days = _SPAN.format(*one.span)
    totals = (
        "SELECT rep_id, day, measure, value, topic, partition, position FROM spm.kpi_rep_day FINAL"
        f" WHERE {_LIVE} AND {days} AND measure IN ({texts(sorted(formula.measures))})"
    )
    if one.contest.get("of") != "TEAMS":
        return f"SELECT *, rep_id AS participant_id FROM ({totals})"
    there = "bridge.rep_id = fact.rep_id"
    teams = ", ".join(map(quoted, one.participants)) or "''"
    return (
        f"SELECT fact.*, bridge.team_id AS participant_id FROM ({totals}) AS fact INNER JOIN"
        " (SELECT rep_id, team_id, valid_from, valid_to FROM spm_bi.bridge_rep_team"
        f" WHERE team_id IN ({teams})) AS bridge ON {there}"
        " WHERE day >= bridge.valid_from AND day < bridge.valid_to"
    )


def _made(one: Spec, name: str, formula: Formula, sums: Mapping[str, Fraction]) -> Made | None:
    value = _value(formula.tree, sums)
    if value is None and formula.is_zero:
        value = Fraction(0)
    if value is None:
        return None
    value = Fraction(round(value * _READ), _READ)  # as a KPI is read wherever it is read
    if one.is_percent:
        target = one.targets.get(name, 0)
        # Targets are whole ten-thousandths, and so are parts of them.
        return Made(round(value * _FOUR * _FOUR / target) * _FOUR if target else 0)
    return Made(round(value * SCORE))


def _written_out(kpi: str, kpis: Mapping[str, Mapping[str, Any]]) -> ast.expr:
    """Return a formula with those of the KPIs that it names put in their place."""
    written = kpis[kpi]["formula"].strip()

    class Named(ast.NodeTransformer):
        def visit_Name(self, node: ast.Name) -> ast.AST:
            return _written_out(node.id, kpis) if node.id in kpis else node

        def visit_Constant(self, node: ast.Constant) -> ast.AST:
            # As it is written: Python reads a float, which has seventeen digits.
            return ast.Constant(ast.get_source_segment(written, node))

    tree = ast.parse(written, mode="eval").body
    found: ast.expr = Named().visit(tree)
    return found


def _value(node: ast.expr, sums: Mapping[str, Fraction]) -> Fraction | None:
    """Return what a formula comes to; None: it divides by nothing."""
    if isinstance(node, ast.Name):
        return sums.get(node.id, Fraction(0))
    if isinstance(node, ast.Constant):
        return Fraction(str(node.value))
    if isinstance(node, ast.UnaryOp):
        found = _value(node.operand, sums)
        return -found if found and isinstance(node.op, ast.USub) else found
    assert isinstance(node, ast.BinOp), "the grammar has no more"
    one, other = _value(node.left, sums), _value(node.right, sums)
    if one is None or other is None or (isinstance(node.op, ast.Div) and not other):
        return None
    return _OF[type(node.op)](one, other)
