"""Errors as ClickHouse tells them: a number, a name, a sentence; and their HTTP status."""

import re
from enum import IntEnum


class Code(IntEnum):
    """ClickHouse's numbers of the errors that this server raises itself."""

    BAD_ARGUMENTS = 36
    CHECKSUM_DOESNT_MATCH = 40
    NOT_IMPLEMENTED = 48
    SYNTAX_ERROR = 62
    UNKNOWN_FORMAT = 73
    UNKNOWN_DATABASE = 81
    UNKNOWN_COMPRESSION_METHOD = 89
    UNKNOWN_SETTING = 115
    READONLY = 164
    TOO_MANY_SIMULTANEOUS_QUERIES = 202
    REQUIRED_PASSWORD = 194
    CANNOT_DECOMPRESS = 271
    QUERY_IS_TOO_LARGE = 229
    SESSION_NOT_FOUND = 372
    SESSION_IS_LOCKED = 373
    FUNCTION_THROW_IF_VALUE_IS_NON_ZERO = 395
    TOO_MANY_ROWS_OR_BYTES = 396
    ACCESS_DENIED = 497
    AUTHENTICATION_FAILED = 516
    UNKNOWN_EXCEPTION = 1002


# Which status ClickHouse answers with; all other errors are 500.
STATUSES = {
    400: (
        *(6, 8, 15, 25, 26, 27, 36, 37, 38, 41, 44, 53, 62, 72, 117, 123, 167, 168, 223, 321),
        *(376, 427, 441, 675, 676),
    ),
    401: (194,),
    403: (192, 193, 497, 512, 516),
    404: (46, 47, 50, 56, 60, 63, 73, 78, 81, 115, 152, 336, 511),
    408: (159,),
    411: (381,),
    413: (229,),
    415: (779,),
    501: (48,),
    503: (76, 209, 439),
}
_STATUS = {code: status for status, codes in STATUSES.items() for code in codes}
_SAID = re.compile(
    r"^(?:.*?)Code: (\d+)\. DB::Exception: (.*?)\s*\((?!version )([A-Z0-9_]+)\)", re.S
)
_NESTED = re.compile(r"^(?:Code: \d+\. DB::Exception: )+")
_VERSION = re.compile(r" \(version [^)]*\)")


class ClickHouseError(Exception):
    """One error of ClickHouse's numbering."""

    def __init__(self, code: int, name: str, message: str) -> None:
        self.code, self.name, self.message = code, name, message
        super().__init__(f"Code: {code}. DB::Exception: {message} ({name})")

    @property
    def status(self) -> int:
        """The HTTP status that goes with it."""
        return _STATUS.get(self.code, 500)

    def text(self, version: str) -> str:
        """Return the body of the response, as ClickHouse writes it."""
        return f"{self} (version {version} (official build))\n"


def refused(code: Code, message: str) -> ClickHouseError:
    """Return an error that this server raises itself."""
    return ClickHouseError(int(code), code.name, message)


def error_of(text: str) -> ClickHouseError:
    """Return what the engine's text says; one without a number is UNKNOWN_EXCEPTION."""
    said = _SAID.match(_VERSION.sub("", text))
    if said is None:
        return refused(Code.UNKNOWN_EXCEPTION, text.strip() or "the engine failed without a word")
    return ClickHouseError(int(said[1]), said[3], _NESTED.sub("", said[2]))
