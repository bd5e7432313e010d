"""ClickHouse's own compressed blocks: `compress=1` and `decompress=1`.

A block is a CityHash128 (of the kind in CityHash 1.0.2) over all that follows it: a method byte,
the packed size with these nine bytes, the size unpacked, the packed bytes. Drivers verify it.
"""

import struct

import lz4.block
import zstandard
from clickhouse_cityhash.cityhash import CityHash128

from infra.local.warehouse.compression import too_large
from infra.local.warehouse.errors import Code, refused

LZ4, ZSTD, PLAIN = 0x82, 0x90, 0x02
BLOCK_BYTES = 1 << 20  # ClickHouse's own block size
_HEADER = struct.Struct("<BII")
_CHECKSUM = struct.Struct("<QQ")
_LOW = (1 << 64) - 1


def framed(data: bytes | memoryview) -> bytes:
    """Return data as compressed blocks."""
    view = memoryview(data)
    return b"".join(
        _block(bytes(view[at : at + BLOCK_BYTES])) for at in range(0, len(view), BLOCK_BYTES)
    )


def unframed(data: bytes, bytes_max: int) -> bytes:
    """Return what compressed blocks hold.

    Raises:
        ClickHouseError: a block is damaged, of an unknown method, or too large.
    """
    parts, at, left = [], 0, bytes_max
    while at < len(data):
        block, at, size = _next(data, at)
        if size > left:
            raise too_large(bytes_max)
        left -= size
        parts.append(block)
    return b"".join(parts)


def _block(data: bytes) -> bytes:
    packed = bytes(lz4.block.compress(data, store_size=False))
    body: bytes = _HEADER.pack(LZ4, len(packed) + _HEADER.size, len(data)) + packed
    return _checksum(body) + body


def _checksum(body: bytes) -> bytes:
    number = int(CityHash128(body))
    return _CHECKSUM.pack(number >> 64, number & _LOW)


def _next(data: bytes, at: int) -> tuple[bytes, int, int]:
    """Return one block unpacked, where the next begins, and its size."""
    start = at + _CHECKSUM.size
    if len(data) < start + _HEADER.size:
        raise refused(Code.CANNOT_DECOMPRESS, f"a compressed block ends at byte {len(data)}")
    method, packed_size, size = _HEADER.unpack_from(data, start)
    body = data[start : start + packed_size]
    if len(body) < packed_size or packed_size < _HEADER.size or size > 1 << 30:
        raise refused(Code.CANNOT_DECOMPRESS, f"the compressed block at byte {at} is cut short")
    if _checksum(body) != data[at:start]:
        raise refused(Code.CHECKSUM_DOESNT_MATCH, f"the compressed block at byte {at} is damaged")
    return _unpack(method, body[_HEADER.size :], size), start + packed_size, size


def _unpack(method: int, packed: bytes, size: int) -> bytes:
    try:
        if method == LZ4:
            return bytes(lz4.block.decompress(packed, uncompressed_size=size))
        if method == ZSTD:
            return bytes(zstandard.ZstdDecompressor().decompress(packed, max_output_size=size))
    except (lz4.block.LZ4BlockError, zstandard.ZstdError) as error:
        raise refused(Code.CANNOT_DECOMPRESS, f"a compressed block is damaged: {error}") from error
    if method == PLAIN:
        return packed
    raise refused(Code.UNKNOWN_COMPRESSION_METHOD, f"block method {method:#x}; use LZ4 or ZSTD")
