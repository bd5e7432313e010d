"""The rules of the house, held by a test: arrows, the purity of the domain, sizes."""

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
ROOMS = ("schemas", "streams", "connectors", "infra")
MODULE_LINES_MAX = 300
FUNCTION_LINES_MAX = 40
OUR = set(ROOMS)

# room -> prefixes of ours it may import. The longest matching room wins.
ARROWS = {
    "schemas": ("schemas",),
    "streams.domain": ("streams.domain", "schemas"),
    "streams.engine": ("streams.engine", "schemas"),
    "streams.agents": ("streams", "connectors.sinks", "schemas"),
    "streams": ("streams", "connectors.sinks", "schemas"),
    "connectors": ("connectors", "schemas"),
    "infra": ("infra", "streams", "connectors", "schemas"),
    # The proof shares no rule and no machine with what it proves.
    "infra.reconcile": ("infra.reconcile", "connectors.sinks", "schemas"),
    # But for what is not said in SQL: the pure rules over freshly read history, listed as such.
    "infra.reconcile.forecasts": (
        "infra.reconcile",
        "infra.definitions.stored",
        "infra.forecasting",
        "schemas",
    ),
    "infra.reconcile.pay_runs": (
        "infra.reconcile",
        "infra.definitions.stored",
        "infra.payroll",
        "schemas",
    ),
    "infra.reconcile.recomputed": (
        "infra.reconcile",
        "infra.definitions.canonical",
        "streams.domain",
        "schemas",
    ),
}
# What a pure function over values never needs.
IMPURE = {
    "faust", "mode", "aiokafka", "confluent_kafka", "clickhouse_connect", "asyncio", "logging",
    "structlog", "time", "random", "os", "pathlib", "socket", "requests", "httpx", "threading",
    "subprocess", "prometheus_client", "uuid", "secrets", "io", "sys",
}  # fmt: skip
CLOCKS = {"now", "today", "utcnow"}


def _modules() -> Iterator[tuple[str, Path]]:
    for room in ROOMS:
        for path in sorted((ROOT / room).rglob("*.py")):
            name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
            yield name.removesuffix(".__init__"), path


MODULES = list(_modules())
IDS = [name for name, _ in MODULES]


def _imports(tree: ast.Module, name: str) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{name}: imports are absolute here"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _room_of(name: str) -> str:
    return max((r for r in ARROWS if f"{name}.".startswith(f"{r}.")), key=len)


@pytest.mark.parametrize(("name", "path"), MODULES, ids=IDS)
def test_imports_follow_the_arrows(name: str, path: Path) -> None:
    allowed = ARROWS[_room_of(name)]
    wrong = [
        target
        for target in _imports(ast.parse(path.read_text()), name)
        if target.split(".")[0] in OUR
        and not any(f"{target}.".startswith(f"{prefix}.") for prefix in allowed)
    ]
    assert not wrong, f"{name} may import {allowed} only"


@pytest.mark.parametrize(
    ("name", "path"), [m for m in MODULES if m[0].startswith("streams.domain")]
)
def test_the_domain_is_pure(name: str, path: Path) -> None:
    tree = ast.parse(path.read_text())
    outside = {target.split(".")[0] for target in _imports(tree, name)} & IMPURE
    clocks = [
        node.lineno
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and node.attr in CLOCKS
    ]
    assert not outside, f"{name} reaches outside"
    assert not clocks, f"{name} reads a clock on lines {clocks}; time is an argument"


@pytest.mark.parametrize(("name", "path"), MODULES, ids=IDS)
def test_sizes(name: str, path: Path) -> None:
    text = path.read_text()
    assert len(text.splitlines()) <= MODULE_LINES_MAX, f"{name} wants splitting"
    long = [
        f"{node.name} ({length} lines)"
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (length := _body_lines(node)) > FUNCTION_LINES_MAX
    ]
    assert not long, f"{name}: {long} want splitting"


def _body_lines(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    body = node.body[1:] if ast.get_docstring(node) and len(node.body) > 1 else node.body
    return (body[-1].end_lineno or 0) - body[0].lineno + 1


def test_top_level_holds_only_what_is_agreed() -> None:
    agreed = {*ROOMS, "tests", "pyproject.toml", "README.md", "LICENSE", "CHANGELOG.md", "Makefile"}
    found = {p.name for p in ROOT.iterdir() if not p.name.startswith(".")}
    assert found - {"build", "dist", "__pycache__"} <= agreed


def test_what_is_imported_is_declared() -> None:
    """A package that only a developer's machine happens to have breaks everybody else's."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"].values()
    lines = [*project["dependencies"], *(line for extra in extras for line in extra)]
    declared = {re.split(r"[\[<>=~! ]", line)[0].lower().replace("_", "-") for line in lines}
    owners = packages_distributions()
    undeclared = {
        f"{name}: {top}"
        for name, path in MODULES
        for target in _imports(ast.parse(path.read_text()), name)
        if (top := target.split(".")[0]) not in OUR | sys.stdlib_module_names
        and not {o.lower().replace("_", "-") for o in owners.get(top, [])} & declared
    }
    assert not undeclared
