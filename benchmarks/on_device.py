"""The device that is measured: which one, its clock, its memory.

Work is sent to a GPU and done later, so its clock is read once everything is done; the processor's time says nothing
about it.
"""

import gc
import logging
import time
from collections.abc import Callable
from typing import Any

import torch

from benchmarks.parts import peak_memory_mib

NAMES = ("cpu", "cuda", "auto")

log = logging.getLogger(__name__)


def chosen(name: str) -> torch.device:
    """The device of a name; `auto` is the GPU where there is one.

    Raises:
        ValueError: there is no GPU, and one was asked for.
    """
    if name == "cpu" or (name == "auto" and not torch.cuda.is_available()):
        return torch.device("cpu")
    if not torch.cuda.is_available():
        raise ValueError("device=cuda was asked for and torch sees no GPU here; take --device cpu, or ask doctor why")
    return torch.device("cuda:0")


def now(device: torch.device) -> float:
    """Seconds of a clock, read when the device has done all that this thread sent to it.

    Not torch's `synchronize`, which waits for all threads and would spoil what another one records there.
    """
    if device.type == "cuda":
        torch.cuda.current_stream(device).synchronize()
    return time.perf_counter()


def has_bf16(device: torch.device) -> bool:
    """Whether the device multiplies bfloat16 in hardware; elsewhere bf16 is emulated and slow."""
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    return torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()


def forget(device: torch.device) -> None:
    """Free what is not used any more, and count the peak of memory anew."""
    gc.collect()
    if device.type == "cuda":
        torch.cuda.init()  # the peak is known once CUDA is up
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats(device)


def memory(device: torch.device) -> dict[str, int]:
    """MiB held at most: by tensors on a GPU since `forget`; on a CPU by the whole process since its start."""
    if device.type == "cuda":
        return {
            "peak_allocated_mib": round(torch.cuda.max_memory_allocated(device) / 2**20),
            "peak_reserved_mib": round(torch.cuda.max_memory_reserved(device) / 2**20),
        }
    return {"peak_of_the_process_mib": round(peak_memory_mib())}


def describe(device: torch.device) -> dict[str, Any]:
    """Name, memory and number formats of the device, ready for JSON."""
    if device.type == "cpu":
        return {"name": "cpu"}
    about = torch.cuda.get_device_properties(device)
    return {
        "name": about.name,
        "memory_gib": round(about.total_memory / 2**30, 1),
        "compute_capability": f"{about.major}.{about.minor}",
        "cuda": torch.version.cuda,
        "cudnn": torch.backends.cudnn.version(),
        "tf32_in_convolutions": torch.backends.cudnn.allow_tf32,
        "tf32_in_products": torch.get_float32_matmul_precision() != "highest",
    }


def attempt(work: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """What the work finds, or why it failed: the parts of a long measurement do not lose each other's figures."""
    try:
        return work()
    except Exception as problem:
        log.warning("a part failed: %s", problem, exc_info=None if isinstance(problem, ValueError) else problem)
        first = str(problem).strip().partition("\n")[0][:200]
        return {"failed": f"{type(problem).__name__}: {first}"}
