"""A statement's syntax tree, read from EXPLAIN AST, which evaluates nothing."""

from collections.abc import Iterator
from dataclasses import dataclass, field


@dataclass(slots=True)
class Node:
    """One node: its kind, what stands behind that, and what lies below it."""

    kind: str
    rest: str
    parent: "Node | None" = None
    below: list["Node"] = field(default_factory=list)

    @property
    def name(self) -> str:
        """What it names, without alias and count of children."""
        return self.rest.split(" (alias ")[0].split(" (children ")[0].strip()

    def all(self) -> Iterator["Node"]:
        """Return this node and all below it."""
        waiting = [self]
        while waiting:
            node = waiting.pop()
            yield node
            waiting += node.below


def tree_of(text: str) -> Node:
    """Return the tree that EXPLAIN AST printed, one node a line, indented by depth.

    A name that holds a line break prints as several lines. That can only add nodes, never take
    one away, so whoever looks for what is not allowed still finds all there is.
    """
    top = Node("", "")
    path = [(-1, top)]
    for line in text.split("\n"):
        bare = line.lstrip(" ")
        depth = len(line) - len(bare)
        kind, _, rest = bare.partition(" ")
        while path[-1][0] >= depth and len(path) > 1:
            path.pop()
        node = Node(kind, rest, path[-1][1])
        path[-1][1].below.append(node)
        path.append((depth, node))
    return top
