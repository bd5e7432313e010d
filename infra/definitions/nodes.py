"""Text to a tree of plain values in which every number is still text and every node has its line.

YAML's own reading of scalars loses money (10.10 becomes a float), user ids (0123 becomes 83) and
Norway (NO becomes false). So scalars stay as written; the models say what they mean.
"""

from dataclasses import dataclass, field
from typing import Any

import yaml

from infra.definitions.problems import Path, Place, Problem, field_of

REPEATS_MAX = (
    100_000  # entries that aliases (*name) may repeat; a bomb of aliases of aliases is refused
)
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the C one is ten times as fast
_NULLS = frozenset({"", "~", "null", "Null", "NULL"})


@dataclass(slots=True)
class Tree:
    """Plain values of one file, the place of each, and what was wrong on the way."""

    file: str
    value: Any = None
    places: dict[Path, Place] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def place(self, path: Path) -> Place:
        """Return the line of a path, or of the nearest thing around it."""
        for end in range(len(path), -1, -1):
            if path[:end] in self.places:
                return self.places[path[:end]]
        return Place(self.file, 0)

    def wrong(self, place: Place, name: str, value: str, problem: str, remedy: str) -> None:
        """Take note of a problem."""
        self.problems.append(Problem(place, name, value, problem, remedy))


class _TooMuch(Exception):
    """An alias contains itself, or aliases multiply beyond the limit."""


def from_yaml(file: str, text: str) -> Tree:
    """Return the tree of a YAML file; its value is None if the text is no YAML."""
    tree = Tree(file)
    try:
        root = yaml.compose(text, Loader=_LOADER)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = Place(file, mark.line + 1, mark.column + 1) if mark else Place(file, 0)
        what = " ".join(filter(None, (error.context, error.problem)))
        tree.wrong(place, "", "", f"is no YAML: {what}", _yaml_remedy(what, _line(text, place)))
        return tree
    except yaml.YAMLError as error:
        tree.wrong(Place(file, 0), "", "", f"is no YAML: {error}", "save it as UTF-8 text")
        return tree
    if root is None:
        tree.wrong(Place(file, 1), "", "", "is empty", "fill it in or remove it")
        return tree
    try:
        tree.value = _Walk(tree).value(root, (), ())
    except _TooMuch as error:
        tree.wrong(Place(file, 1), "", "", str(error), "write the entries out")
        tree.value = None
    return tree


class _Walk:
    def __init__(self, tree: Tree) -> None:
        self._tree, self._repeats = tree, 0
        self._seen: set[int] = set()

    def value(self, node: yaml.Node, path: Path, above: tuple[int, ...]) -> Any:
        self._repeats += id(node) in self._seen
        self._seen.add(id(node))
        if self._repeats > REPEATS_MAX or id(node) in above:
            raise _TooMuch("its aliases (*name) repeat without end")
        self._tree.places.setdefault(path, self._place(node))
        if not node.tag.startswith("tag:yaml.org,2002:") or "python" in node.tag:
            self._wrong(node, path, node.tag, "is a YAML tag", "leave the tag out")
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, path, (*above, id(node)))
        if isinstance(node, yaml.SequenceNode):
            inside = (*above, id(node))
            return [self.value(item, (*path, i), inside) for i, item in enumerate(node.value)]
        assert isinstance(node, yaml.ScalarNode)
        return None if not node.style and node.value in _NULLS else node.value

    def _mapping(self, node: yaml.MappingNode, path: Path, above: tuple[int, ...]) -> Any:
        out: dict[str, Any] = {}
        for key, item in node.value:
            if not isinstance(key, yaml.ScalarNode):
                self._wrong(key, path, "", "a field's name is no text", "write name: value")
                continue
            name = key.value
            if name in out:
                first = self._tree.places[(*path, name)].line
                self._wrong(key, (*path, name), "", f"stands twice, first on line {first}",
                            "keep one of them")  # fmt: skip
                continue
            self._tree.places[(*path, name)] = self._place(key)
            out[name] = self.value(item, (*path, name), above)
        return out

    def _place(self, node: yaml.Node) -> Place:
        mark = node.start_mark
        return Place(self._tree.file, mark.line + 1, mark.column + 1)

    def _wrong(self, node: yaml.Node, path: Path, value: str, problem: str, remedy: str) -> None:
        self._tree.wrong(self._place(node), field_of(path), value, problem, remedy)


def _line(text: str, place: Place) -> str:
    lines = text.splitlines()
    return lines[place.line - 1] if 0 < place.line <= len(lines) else ""


def _yaml_remedy(what: str, line: str) -> str:
    if line.lstrip(" ").startswith("\t"):
        return "indent with spaces, never with tabs"
    if "mapping values are not allowed" in what:
        return "put text that contains ': ' in quotes"
    if "single document" in what:
        return "keep one document per file: remove the second ---"
    return "look at indentation, colons and quotes on this line and the one above"
