"""Native blocks of a newer protocol revision, made from and into those of revision 0.

chDB speaks revision 0 only. From 54454 on a block begins with block info, and each column's type
is followed by a byte that says its serialization is the usual one. clickhouse-go takes both for
granted whatever it is sent. Adding and dropping them needs the length of each column, no more.
"""

from infra.local.warehouse.errors import Code, refused
from infra.local.warehouse.native_types import Column, Cursor, column_of

REVISION_WITH_FLAGS = 54454  # older ones are left at 0: their clients look first what they got
BLOCK_INFO = b"\x01\x00\x02\xff\xff\xff\xff\x00"  # no overflow rows, no bucket


def with_flags(data: memoryview) -> bytes:
    """Return blocks of revision 0 as a newer client expects them."""
    cursor, out = Cursor(data), list[bytes | memoryview]()
    while cursor.at < len(data):
        out.append(BLOCK_INFO)
        out += _block(cursor, flags_in=False)
    return b"".join(out)


def without_flags(data: memoryview) -> bytes:
    """Return blocks of a newer client as revision 0.

    Raises:
        ClickHouseError: a column in a serialization of its own.
    """
    cursor, out = Cursor(data), list[bytes | memoryview]()
    while cursor.at < len(data):
        _skip_info(cursor)
        out += _block(cursor, flags_in=True)
    return b"".join(out)


def _block(cursor: Cursor, *, flags_in: bool) -> list[bytes | memoryview]:
    start = cursor.at
    columns, rows = cursor.varint(), cursor.varint()
    out: list[bytes | memoryview] = [cursor.since(start)]
    for _ in range(columns):
        start = cursor.at
        cursor.text()
        kind = cursor.text()
        out.append(cursor.since(start))
        if flags_in:
            _take_flag(cursor, kind)
        else:
            out.append(b"\x00")
        start = cursor.at
        _skip(cursor, column_of(kind), rows)
        out.append(cursor.since(start))
    return out


def _skip(cursor: Cursor, column: Column, rows: int) -> None:
    if rows:  # nothing at all is written for no rows
        column.prefix(cursor)
        column.body(cursor, rows)


def _take_flag(cursor: Cursor, kind: str) -> None:
    if cursor.byte() != 0:
        raise refused(
            Code.NOT_IMPLEMENTED, f"a {kind} column in sparse form is not read; send it in full"
        )


def _skip_info(cursor: Cursor) -> None:
    while (field := cursor.varint()) != 0:
        if field == 1:
            cursor.byte()
        elif field == 2:
            cursor.skip(4)
        else:
            raise refused(Code.NOT_IMPLEMENTED, f"block info with field {field}")
