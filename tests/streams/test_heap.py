"""Memory that nobody uses goes back to the system; what stays is not looked at again."""

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


LASTS = """
import gc, weakref
from streams import heap
class Linked:
    pass
def linked():
    one = Linked()
    one.itself = one
    return one
def looked_at(one):
    return any(one is other for other in gc.get_objects())
before = linked()
gone = weakref.ref(linked())
with heap.lasting():
    made = [Linked() for _ in range(50_000)]
    counts = gc.get_count()
after = linked()
print(gone() is None, counts[1:] == (0, 0), gc.isenabled())
print(looked_at(before), looked_at(made[-1]), looked_at(after))
freed, collected = weakref.ref(made[0]), weakref.ref(after)
del made, after
print(freed() is None, collected() is None, gc.collect() > 0 and collected() is None)
"""


def test_the_collector_does_not_look_at_what_stays_and_goes_on_with_the_rest() -> None:
    done = subprocess.run([sys.executable, "-c", LASTS], capture_output=True, check=True, text=True)
    garbage_went, alone, others = done.stdout.splitlines()
    assert garbage_went == "True True True"
    assert alone == "False False True"
    assert others == "True False True"
