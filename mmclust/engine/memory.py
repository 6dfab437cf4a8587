"""Memory of the process that trains."""

import ctypes
import logging

_MMAP_THRESHOLD, _TRIM_THRESHOLD = -3, -1
"""Names of glibc's settings in its `mallopt`."""
LARGEST = 32 * 2**20
"""Bytes of the largest piece of memory that is kept; glibc allows no more."""
KEPT = 512 * 2**20

log = logging.getLogger(__name__)


def keep_freed_memory() -> bool:
    """Let this process keep up to half a gibibyte of freed memory for its next tensors; whether the system can.

    A step frees gradients and activations of some MiB, which Linux would take back, clear and map anew in the next
    step: a tenth to a third of the time of a small network.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):  # no glibc
        log.debug("freed memory cannot be kept here")
        return False
    return bool(mallopt(_MMAP_THRESHOLD, LARGEST) and mallopt(_TRIM_THRESHOLD, KEPT))
