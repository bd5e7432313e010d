"""What a reader's statement may hold: an allow-list over its syntax tree.

The engine's read-only seal is no sandbox: under it a scalar file() still reads files, INTO OUTFILE
still writes them, and merge() goes round row filters. So everything in a statement must be on a
list: kinds of nodes, functions, tables. What a later engine adds is refused until listed.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from infra.local.warehouse.engine import Handle
from infra.local.warehouse.errors import ClickHouseError, Code, refused
from infra.local.warehouse.lexer import identifier, tokens
from infra.local.warehouse.outward import check_outward
from infra.local.warehouse.statements import Statement
from infra.local.warehouse.syntax_tree import Node, tree_of

# Not listed on purpose: ColumnsApplyTransformer, whose function the tree does not show.
NODES = frozenset({
    "ArrayJoin", "Asterisk", "ColumnsExceptTransformer", "ColumnsListMatcher",
    "ColumnsRegexpMatcher", "ColumnsReplaceTransformer", "ColumnsReplaceTransformer::Replacement",
    "ColumnsTransformerList", "DescribeQuery", "ExistsDatabaseQuery", "ExistsTableQuery",
    "ExistsViewQuery", "Explain", "ExpressionList", "Function", "Identifier", "InterpolateElement",
    "Literal", "OrderByElement", "QualifiedAsterisk", "QualifiedColumnsListMatcher",
    "QualifiedColumnsRegexpMatcher", "SampleRatio", "SelectIntersectExceptQuery", "SelectQuery",
    "SelectWithUnionQuery", "Set", "ShowColumns", "ShowCreateTableQuery", "ShowCreateViewQuery",
    "ShowFunctions", "ShowIndexes", "ShowTables", "Subquery", "TableExpression", "TableIdentifier",
    "TableJoin", "TablesInSelectQuery", "TablesInSelectQueryElement", "WindowDefinition",
    "WindowListElement", "WithElement",
})  # fmt: skip
EXPLAINS = frozenset({
    "EXPLAIN", "EXPLAIN AST", "EXPLAIN SYNTAX", "EXPLAIN PLAN", "EXPLAIN PIPELINE",
    "EXPLAIN ESTIMATE", "EXPLAIN QUERY TREE",
})  # fmt: skip
SHOWS = frozenset({"ShowTables", "ShowColumns", "ShowIndexes", "ShowFunctions"})
NAMED_IN_TWO = frozenset({
    "ExistsTableQuery", "ExistsViewQuery", "ShowCreateTableQuery", "ShowCreateViewQuery"
})  # fmt: skip
TABLE_FUNCTIONS = frozenset({
    "numbers", "numbers_mt", "zeros", "zeros_mt", "values", "generate_series", "generateseries",
})  # fmt: skip
FUNCTIONS = frozenset((Path(__file__).parent / "functions.txt").read_text("utf-8").split())
COMBINATORS = (
    "if", "array", "map", "simplestate", "state", "merge", "foreach", "distinct", "ordefault",
    "ornull", "resample", "argmin", "argmax", "tuple", "null",
)  # fmt: skip
# What clients read to find their way about. Filters on them hide other databases (rows.py).
SYSTEM = frozenset({
    "aggregate_function_combinators", "build_options", "collations", "columns", "contributors",
    "data_type_families", "databases", "dictionaries", "formats", "functions", "keywords",
    "licenses", "numbers", "numbers_mt", "one", "settings", "table_engines", "table_functions",
    "tables", "time_zones", "zeros", "zeros_mt",
})  # fmt: skip
INFORMATION = frozenset({
    "tables", "columns", "schemata", "views", "key_column_usage", "referential_constraints",
    "statistics", "engines", "character_sets", "collations", "table_constraints",
})  # fmt: skip
PUBLIC = "spm_bi"  # the database of readers
_VISIBLE = {PUBLIC, "system", "information_schema"}


@dataclass(frozen=True, slots=True)
class Guard:
    """What one reader may name, on a handle of theirs.

    Attributes:
        views: views of spm_bi that are theirs, whole or by filter.
        databases: all databases there are.
        database: the one that unqualified names are of.
    """

    handle: Handle
    views: Collection[str]
    databases: Collection[str]
    database: str = PUBLIC

    def check(self, sql: str, params: Mapping[str, str]) -> None:
        """Let a statement pass.

        Raises:
            ClickHouseError: it is damaged, or holds something a reader may not use.
        """
        kind = self.handle.kind_of_one(sql, self.database)
        if not kind.is_read:
            raise refused(Code.READONLY, "Cannot execute query in readonly mode")
        check_outward(Statement(sql))
        top = tree_of(self.handle.text(f"EXPLAIN AST {sql}", params))
        for node in top.all():
            if node is not top:
                self._check(node)
        if any(node.kind in SHOWS for node in top.all()):
            _check_show(sql)

    def _check(self, node: Node) -> None:
        if node.kind not in NODES:
            raise _denied(f"{node.kind or 'this'} in a statement")
        if node.kind == "Set" and node.parent is not None and node.parent.kind != "Explain":
            raise refused(Code.READONLY, "Cannot modify settings in a statement in readonly mode")
        if node.kind == "Explain" and node.name not in EXPLAINS:
            raise _denied(node.name)
        if node.kind == "Function":
            self._check_function(node)
        elif node.kind == "TableIdentifier":
            self.check_table(node.name)
        elif node.kind == "Identifier":
            self._check_identifier(node.name)
        elif node.kind in NAMED_IN_TWO:
            self.check_table(
                ".".join(part.name for part in node.below if part.kind == "Identifier")
            )

    def _check_function(self, node: Node) -> None:
        name = node.name.lower()
        if node.parent is not None and node.parent.kind == "TableExpression":
            if name not in TABLE_FUNCTIONS:
                raise _denied(f"table function {node.name}")
            return
        if not is_listed(name):
            raise _denied(f"function {node.name}")
        if name.lower().endswith(("in", "inignoreset")) and len(node.below) == 1:
            right = node.below[0].below[1:2]
            if right and right[0].kind == "Identifier":  # x IN table
                self._check_table_in(right[0].name)

    def _check_table_in(self, name: str) -> None:
        """Check what stands right of IN: a table, or a column of arrays."""
        if "." not in name or name.split(".", maxsplit=1)[0].lower() in _VISIBLE:
            self.check_table(name)

    def check_table(self, name: str) -> None:
        """Let a table's name pass.

        Raises:
            ClickHouseError: it is not the reader's.
        """
        database, _, table = name.rpartition(".") if "." in name else (self.database, "", name)
        known: Collection[str] = ()
        if database == PUBLIC:
            known = self.views
            if "." not in name and table not in known and not self._exists(table):
                return  # a CTE, or a table that came along
        elif database == "system":
            known = SYSTEM
        elif database.lower() == "information_schema":
            known, table = INFORMATION, table.lower()
        if table not in known:
            raise _denied(f"table {name}")

    def _exists(self, table: str) -> bool:
        """Ask the engine itself: `views` may be a moment old."""
        return self.handle.text(f"EXISTS TABLE {PUBLIC}.{identifier(table)}") == "1"

    def _check_identifier(self, name: str) -> None:
        database, dot, _ = name.partition(".")
        if dot and database in self.databases and database.lower() not in _VISIBLE:
            raise _denied(f"table {name}")


def is_listed(function: str) -> bool:
    """Return whether a reader may call a function, given in lower case.

    >>> is_listed("sumif"), is_listed("file"), is_listed("fileif")
    (True, False, False)
    """
    if function in FUNCTIONS:
        return True
    return any(
        function.endswith(ending) and is_listed(function.removesuffix(ending))
        for ending in COMBINATORS
        if len(function) > len(ending)
    )


def _check_show(sql: str) -> None:
    """Refuse what SHOW takes but its tree does not show: WHERE and all it may call."""
    for token in tokens(sql):
        if token.text == "(" or token.says("WHERE"):
            raise _denied("WHERE in SHOW (use LIKE, or select from system tables)")


def _denied(what: str) -> ClickHouseError:
    return refused(
        Code.ACCESS_DENIED,
        f"Not enough privileges: {what} is not open to readers; they read the views of {PUBLIC}"
        " with ClickHouse's own functions",
    )
