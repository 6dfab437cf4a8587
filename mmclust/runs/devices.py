"""Which devices this machine has. Asks torch only where there are signs of a GPU, so most callers never import it."""

import os
import sys
from functools import lru_cache
from pathlib import Path

DRIVERS = ("/dev/nvidiactl", "/dev/dxg", "/dev/kfd")
"""Device files of CUDA, of CUDA under Windows' Linux, and of ROCm."""


@lru_cache(maxsize=1)
def devices() -> tuple[str, ...]:
    """Devices that runs can use, best first: `cuda:0`, `cuda:1` ..., `cpu`."""
    hidden = os.environ.get("CUDA_VISIBLE_DEVICES") in ("", "-1")
    if hidden or (sys.platform == "linux" and not any(Path(driver).exists() for driver in DRIVERS)):
        return ("cpu",)
    import torch

    return (*(f"cuda:{i}" for i in range(torch.cuda.device_count())), "cpu")
