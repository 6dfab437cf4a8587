"""Which devices this machine has. Asks torch only where there are signs of a GPU, so most callers never import it."""

import os
import sys
from functools import lru_cache
from pathlib import Path

DRIVERS = ("/dev/nvidiactl", "/dev/dxg", "/dev/kfd")
"""Device files of CUDA, of CUDA under Windows' Linux, and of ROCm."""
BF16_FLAGS = {"avx512_bf16", "amx_bf16", "bf16"}
"""Names of bfloat16 arithmetic among the features of x86 and Arm processors."""


@lru_cache(maxsize=1)
def devices() -> tuple[str, ...]:
    """Devices that runs can use, best first: `cuda:0`, `cuda:1` ..., `cpu`."""
    hidden = os.environ.get("CUDA_VISIBLE_DEVICES") in ("", "-1")
    if hidden or (sys.platform == "linux" and not any(Path(driver).exists() for driver in DRIVERS)):
        return ("cpu",)
    import torch

    return (*(f"cuda:{i}" for i in range(torch.cuda.device_count())), "cpu")


@lru_cache(maxsize=4)
def computes_bf16(device: str) -> bool:
    """Whether a device (auto, cpu or cuda) calculates in bfloat16 itself; processors that do not are slow at it.

    A GPU counts as one that does until a run starts there.
    """
    if device == "cuda" or (device == "auto" and devices()[0] != "cpu"):
        return True
    about = Path("/proc/cpuinfo")
    lines = about.read_text().splitlines() if about.exists() else []
    return any(BF16_FLAGS & set(line.split()) for line in lines if line.lower().startswith(("flags", "features")))
