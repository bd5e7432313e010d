"""Answers unlike the vendor's documents: they are an outage, told with what was wrong."""

from collections.abc import Iterator
from contextlib import contextmanager

from connectors.sources.vendors.contract import Unavailable


@contextmanager
def understood(vendor: str) -> Iterator[None]:
    """Let what an answer lacks, or has in another form, be Unavailable.

    Wraps a client's public calls: of what a vendor answers nothing but the contract's troubles may
    leave them, and nothing may be guessed.
    """
    try:
        yield
    except (KeyError, IndexError, TypeError, AttributeError, ValueError, ArithmeticError) as error:
        what = f"{type(error).__name__}: {error}"[:200]
        raise Unavailable(f"{vendor} answers unlike its documents ({what})") from error
