"""How a process that reads keeps its memory: what a page took is there for the next one."""

import ctypes
import sys
from contextlib import suppress

_TRIM_THRESHOLD, _TOP_PAD, _MMAP_THRESHOLD = -1, -2, -3
"""mallopt(3): from which size on memory is given back, taken in store, and taken from the system piece by piece."""
MEGA = 1 << 20
KEPT = 128 * MEGA
STORE = 16 * MEGA
LARGEST_PIECE = 32 * MEGA


def keep_memory() -> None:
    """Let the C library keep what it has, where that is glibc; it gives each picture back to the system otherwise.

    A page of 9 megapixels would have the system clear some 5,000 pages of memory again, an eighth of all its time.
    """
    if sys.platform != "linux":
        return
    with suppress(OSError, AttributeError):
        library = ctypes.CDLL(None)
        for what, size in ((_MMAP_THRESHOLD, LARGEST_PIECE), (_TRIM_THRESHOLD, KEPT), (_TOP_PAD, STORE)):
            library.mallopt(what, size)
