"""Bodies packed and unpacked: HTTP's encodings."""

import bz2
import gzip
import io
import lzma
import zlib
from collections.abc import Callable
from typing import Protocol

import cramjam
import lz4.frame
import zstandard

from infra.local.warehouse.errors import Code, refused

OFFERED = ("lz4", "zstd", "gzip", "deflate")  # ours to choose from, quickest first
_EMPTY = b""


class _Stepwise(Protocol):
    def decompress(self, data: bytes, max_length: int = -1) -> bytes: ...


def unpacked(body: bytes, encoding: str, bytes_max: int) -> bytes:
    """Return a body without its Content-Encoding.

    Raises:
        ClickHouseError: an unknown encoding, damaged bytes, or more than bytes_max behind them.
    """
    if encoding in ("", "identity") or not body:
        return body
    unpack = _UNPACK.get(encoding)
    if unpack is None:
        raise refused(
            Code.UNKNOWN_COMPRESSION_METHOD,
            f"Content-Encoding {encoding} is unknown; use one of {', '.join(sorted(_UNPACK))}",
        )
    try:
        data = unpack(body, bytes_max + 1)
    except (OSError, EOFError, ValueError, RuntimeError, *_DAMAGED) as error:
        raise refused(Code.CANNOT_DECOMPRESS, f"the {encoding} body is damaged: {error}") from error
    if len(data) > bytes_max:
        raise too_large(bytes_max)
    return data


def too_large(bytes_max: int) -> Exception:
    """Return the error of a body beyond its limit."""
    return refused(
        Code.QUERY_IS_TOO_LARGE,
        f"the body holds more than {bytes_max} bytes; send it in several inserts",
    )


def chosen(accept_encoding: str) -> str:
    """Return the encoding of an answer, '' for none."""
    wanted = {part.split(";")[0].strip().lower() for part in accept_encoding.split(",")}
    return next((encoding for encoding in OFFERED if encoding in wanted), "")


def packed(data: bytes | memoryview, encoding: str) -> bytes:
    """Return an answer in one of the encodings offered."""
    match encoding:
        case "lz4":
            return bytes(lz4.frame.compress(data))
        case "zstd":
            return zstandard.ZstdCompressor(level=1).compress(data)
        case "gzip":
            return gzip.compress(data, compresslevel=3)
        case "deflate":
            return zlib.compress(data, level=3)
    raise AssertionError(encoding)


def _stepwise(make: Callable[[], _Stepwise]) -> Callable[[bytes, int], bytes]:
    """Return an unpacker that never makes more than it is allowed to."""

    def unpack(body: bytes, bytes_max: int) -> bytes:
        parts, rest, left = [], body, bytes_max
        while rest and left > 0:  # one body may be several streams end to end
            stream = make()
            parts.append(stream.decompress(rest, max_length=left))
            left -= len(parts[-1])
            if left > 0 and not getattr(stream, "eof", True):
                raise EOFError("it ends too early")
            rest = getattr(stream, "unused_data", _EMPTY) or _EMPTY
        return _EMPTY.join(parts)

    return unpack


def _zlib(body: bytes, bytes_max: int) -> bytes:
    window = zlib.MAX_WBITS | 32 if body[:1] in (b"\x1f", b"\x78") else -zlib.MAX_WBITS
    parts, rest, left = [], body, bytes_max
    while rest and left > 0:
        stream = zlib.decompressobj(window)
        parts.append(stream.decompress(rest, left))
        left -= len(parts[-1])
        if left > 0 and not stream.eof:
            raise EOFError("it ends too early")
        rest = stream.unused_data
    return _EMPTY.join(parts)


def _zstd(body: bytes, bytes_max: int) -> bytes:
    reader = zstandard.ZstdDecompressor().stream_reader(io.BytesIO(body), read_across_frames=True)
    return reader.read(bytes_max)


def _brotli(body: bytes, bytes_max: int) -> bytes:
    room = bytearray(min(bytes_max, 1000 * len(body) + 1024))  # what text packs to at the very best
    return bytes(room[: cramjam.brotli.decompress_into(body, room)])


def _snappy(body: bytes, bytes_max: int) -> bytes:
    if cramjam.snappy.decompress_raw_len(body) > bytes_max:
        raise too_large(bytes_max)
    return bytes(cramjam.snappy.decompress_raw(body))


_DAMAGED = (zlib.error, lzma.LZMAError, zstandard.ZstdError, cramjam.DecompressionError)
_UNPACK: dict[str, Callable[[bytes, int], bytes]] = {
    "gzip": _zlib,
    "x-gzip": _zlib,
    "deflate": _zlib,
    "lz4": _stepwise(lz4.frame.LZ4FrameDecompressor),
    "xz": _stepwise(lzma.LZMADecompressor),
    "bz2": _stepwise(bz2.BZ2Decompressor),
    "zstd": _zstd,
    "br": _brotli,
    "snappy": _snappy,
}
