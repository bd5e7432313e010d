"""Packing: events compressed once for all viewers, to be sent in any order within any stream.

A gzip stream is a header and blocks. A block that was flushed fully refers to nothing before it, so
the same block continues every stream. No stream is ever finished, as none of the viewers' is.
"""

import zlib

HEADER = bytes((0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 0xFF))  # gzip, deflated, no time, no system
LEVEL = 4  # a tenth of the size; higher takes twice as long for another tenth of that


def packed(event: bytes) -> bytes:
    """Return an event as a block of a gzip stream.

    >>> opened = zlib.decompressobj(wbits=31)
    >>> opened.decompress(HEADER + packed(b"one") + packed(b"two") + packed(b"one"))
    b'onetwoone'
    """
    made = zlib.compressobj(LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS)
    return made.compress(event) + made.flush(zlib.Z_FULL_FLUSH)


def is_wanted(accepts: str) -> bool:
    """Return whether an Accept-Encoding header takes gzip.

    >>> is_wanted("gzip, deflate, br"), is_wanted("br"), is_wanted("gzip;q=0, br"), is_wanted("")
    (True, False, False, False)
    """
    for each in accepts.split(","):
        name, _, weight = each.partition(";")
        if name.strip().lower() == "gzip":
            return weight.replace(" ", "") not in ("q=0", "q=0.0", "q=0.00", "q=0.000")
    return False
