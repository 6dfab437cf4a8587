"""Memory of the process that trains: what it keeps, and the most it took."""

import ctypes
import logging
from pathlib import Path

import torch

_MMAP_THRESHOLD, _TRIM_THRESHOLD = -3, -1
"""Names of glibc's settings in its `mallopt`."""
LARGEST = 32 * 2**20
"""Bytes of the largest piece of memory that is kept; glibc allows no more."""
KEPT = 512 * 2**20

_STATUS, _RESET = Path("/proc/self/status"), Path("/proc/self/clear_refs")
"""Where Linux tells the most memory that this process had, and takes a 5 to begin anew."""

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


class Peak:
    """The most memory from now on: tensors on a GPU; on a CPU all of this process, mapped files among it."""

    def __init__(self, device: torch.device) -> None:
        self.device, self.is_known = device, True
        try:
            if device.type == "cuda":
                torch.cuda.init()  # else there is no allocator yet to begin anew
                torch.cuda.reset_peak_memory_stats(device)
            else:
                _RESET.write_text("5")
        except OSError:  # not Linux, or not allowed
            self.is_known = False

    def mib(self) -> int | None:
        """MiB; None where the system does not tell."""
        if not self.is_known:
            return None
        if self.device.type == "cuda":
            return round(torch.cuda.max_memory_allocated(self.device) / 2**20)
        held = next(line for line in _STATUS.read_text().splitlines() if line.startswith("VmHWM:"))
        return round(int(held.split()[1]) / 2**10)
