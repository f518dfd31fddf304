"""The memory allocator of the C library: large blocks go back to the system when they are freed."""

import ctypes

M_MMAP_THRESHOLD = -3
"""The option's number in glibc's malloc.h."""

LARGE = 4_194_304
"""Bytes from which on a block is mapped alone, and so goes back when it is freed."""


def return_large_blocks() -> None:
    """Fix the size from which on blocks are mapped alone; does nothing where the C library is not glibc.

    By default glibc raises it to 32 MB when such blocks are freed, and after that keeps the memory of large answers, in
    an arena for each thread: 150 MB after a few large pictures.

    Source: mallopt(3), M_MMAP_THRESHOLD.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(M_MMAP_THRESHOLD, LARGE)
