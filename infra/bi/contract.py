"""Whether a contract keeps what an earlier one promised, and which version that makes it.

`git show v1.2.0:infra/bi/dictionary.yaml | python -m infra.bi.contract -` compares what was
released with what stands here. It exits with 1 if the version here does not say what has changed.
"""

import sys
from collections.abc import Iterator
from pathlib import Path

from infra.bi.dictionary import Dictionary, View, dictionary, read


def broken(before: Dictionary, after: Dictionary) -> list[str]:
    """Return what somebody who reads the earlier one would miss or misread."""
    return [told for view in before.views.values() for told in _broken(view, after)]


def _broken(view: View, after: Dictionary) -> Iterator[str]:
    now = after.views.get(view.name)
    if now is None:
        yield f"{view.name} is gone"
        return
    if set(now.key) != set(view.key):
        yield f"{view.name}: a row was {', '.join(view.key)}, is {', '.join(now.key)}"
    columns = {c.name: c for c in now.columns}
    for column in view.columns:
        other = columns.get(column.name)
        if other is None:
            yield f"{view.name}.{column.name} is gone"
        elif other.type != column.type:
            yield f"{view.name}.{column.name} was {column.type}, is {other.type}"
        elif other.unit != column.unit:
            yield f"{view.name}.{column.name} was in {column.unit}, is in {other.unit}"


def added(before: Dictionary, after: Dictionary) -> list[str]:
    """Return views and columns that the earlier one does not have."""
    names = {v.name: {c.name for c in v.columns} for v in before.views.values()}
    new = [view for view in after.views if view not in names]
    return new + [
        f"{view}.{column.name}"
        for view in names.keys() & after.views.keys()
        for column in after.views[view].columns
        if column.name not in names[view]
    ]


def wanted(before: Dictionary, after: Dictionary) -> str:
    """Return the least version that says what has changed."""
    major, minor = map(int, before.version.split("."))
    if broken(before, after):
        return f"{major + 1}.0"
    return f"{major}.{minor + 1}" if added(before, after) else before.version


def main(released: str) -> int:
    """Return 0 if the version says what has changed since, else 1."""
    before = read(sys.stdin.read() if released == "-" else Path(released).read_text("utf-8"))
    after = dictionary()
    for told in broken(before, after):
        print(f"breaks: {told}")
    for told in sorted(added(before, after)):
        print(f"new: {told}")
    least = wanted(before, after)
    print(f"{before.version} was released, here it is {after.version}, at least {least} it must be")
    return int(_number(after.version) < _number(least))


def _number(version: str) -> tuple[int, ...]:
    return tuple(map(int, version.split(".")))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1] if len(sys.argv) > 1 else "-"))
