"""Memory that nobody uses goes back to the system."""

import platform
import subprocess
import sys

import pytest

PROGRAM = """
from streams import heap
heap.share_one()
def mb():
    with open("/proc/self/statm") as told:
        return int(told.read().split()[1]) * 4096 // 1_000_000
kept = [bytearray(4000) for _ in range(50_000)]
last = bytearray(4000)  # what stands behind it keeps a heap from getting shorter
del kept
before = mb()
heap.give_back()
print(before, mb())
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="NOT RUN: the C library is no glibc")
def test_pages_in_the_middle_of_the_heap_are_given_back() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, check=True)
    before, after = map(int, done.stdout.split())
    assert after < before - 150
