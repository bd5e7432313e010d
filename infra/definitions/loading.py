"""A folder of definitions to validated values, and every problem in it with its line."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path as FilePath

from pydantic import ValidationError

from infra.definitions.nodes import Tree, from_yaml
from infra.definitions.problems import Finding, Place, Problem, did_you_mean, field_of
from infra.definitions.sheets import SHEETS, from_csv, joined
from infra.definitions.wording import words_of
from schemas.defining import Definition
from schemas.definitions import KINDS, People

MODELS: dict[str, type[Definition]] = {**KINDS, "people": People}
FILE_BYTES_MAX = 64 * 1024 * 1024  # far beyond any company; keeps a wrong file from filling memory
_Sources = dict[str, list[FilePath]]


@dataclass(slots=True)
class Loaded:
    """What a folder holds.

    Attributes:
        values: kind -> value, for every file that could be understood.
        found: kinds for which there is a file, understood or not.
    """

    values: dict[str, Definition] = field(default_factory=dict)
    found: set[str] = field(default_factory=set)
    problems: list[Problem] = field(default_factory=list)
    trees: dict[str, Tree] = field(default_factory=dict)

    def placed(self, finding: Finding) -> Problem:
        """Return a finding with its line; what no file holds is already in force."""
        tree = self.trees.get(finding.kind)
        place = tree.place(finding.path) if tree else Place(f"{finding.kind} (in force)", 0)
        return Problem(place, field_of(finding.path), finding.value, finding.problem,
                       finding.remedy, finding.severity)  # fmt: skip


def load(folder: FilePath) -> Loaded:
    """Return everything in a folder of definitions. A kind without a file is not in it."""
    with _without_collecting():
        return _loaded(folder)


def _loaded(folder: FilePath) -> Loaded:
    loaded = Loaded()
    for kind, files in _sources(folder, loaded).items():
        tree = _tree(kind, files, loaded)
        loaded.found.add(kind)
        loaded.trees[kind] = tree
        loaded.problems.extend(tree.problems)
        value = _validated(kind, tree, loaded)
        if value is not None:
            loaded.values[kind] = value
    return loaded


@contextmanager
def _without_collecting() -> Iterator[None]:
    """Millions of small objects that all stay: looking for garbage in them doubles the time."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


def _sources(folder: FilePath, loaded: Loaded) -> _Sources:
    files = sorted(p for p in folder.iterdir() if p.is_file()) if folder.is_dir() else []
    by_kind: _Sources = {}
    for path in files:
        kind = _kind_of(path)
        if kind:
            by_kind.setdefault(kind, []).append(path)
        elif path.suffix in {".yaml", ".yml", ".csv"}:
            names = [*(f"{k}.yaml" for k in MODELS), *SHEETS]
            loaded.problems.append(
                Problem(Place(path.name, 0), "", "", "is no file of definitions",
                        did_you_mean(path.name, names, f"names are {', '.join(names)}"))
            )  # fmt: skip
    if not by_kind and not loaded.problems:
        loaded.problems.append(
            Problem(Place(str(folder), 0), "", "", "holds no definitions",
                    "name the folder with company.yaml, roster.yaml ...; begin one with"
                    " `pacesetter definitions init`")
        )  # fmt: skip
    return by_kind


def _kind_of(path: FilePath) -> str | None:
    if path.name in SHEETS:
        return SHEETS[path.name].kind
    return path.stem if path.suffix in {".yaml", ".yml"} and path.stem in MODELS else None


def _tree(kind: str, files: list[FilePath], loaded: Loaded) -> Tree:
    sheets = [p for p in files if p.name in SHEETS]
    if len(files) > max(1, len(sheets)):
        names = " and ".join(p.name for p in files)
        whole = Tree(files[0].name)
        whole.wrong(Place(files[0].name, 0), "", "", f"{names} all hold {kind}", "keep one form")
        return whole
    trees = []
    for path in files:
        text = _text(path, loaded)
        if text is None:
            trees.append(Tree(path.name))
        elif path.name in SHEETS:
            trees.append(from_csv(path.name, text))
        else:
            trees.append(from_yaml(path.name, text))
    return trees[0] if len(trees) == 1 else joined(files[0].name, trees)


def _text(path: FilePath, loaded: Loaded) -> str | None:
    def refuse(problem: str, remedy: str) -> None:
        loaded.problems.append(Problem(Place(path.name, 0), "", "", problem, remedy))

    try:
        if path.stat().st_size > FILE_BYTES_MAX:
            refuse(
                f"is larger than {FILE_BYTES_MAX // 2**20} MB", "check that it is the right file"
            )
            return None
        return path.read_text("utf-8-sig")
    except UnicodeDecodeError as error:
        refuse(f"is not UTF-8 at byte {error.start}", "save it as UTF-8")
    except OSError as error:
        refuse(f"cannot be read: {error.strerror}", "check its permissions")
    return None


def _validated(kind: str, tree: Tree, loaded: Loaded) -> Definition | None:
    model = MODELS[kind]
    if tree.value is None:
        return None
    try:
        value = model.model_validate(tree.value)
    except ValidationError as error:
        for each in error.errors():
            problem, remedy = words_of(each, model)
            path, given = each["loc"], each["input"]
            shown = given if isinstance(given, str) and each["type"] != "missing" else ""
            name = field_of(path) or kind
            loaded.problems.append(Problem(tree.place(path), name, shown, problem, remedy))
        return None
    return None if tree.problems else value
