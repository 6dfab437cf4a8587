import platform
from typing import Any

import pytest
import torch

from mmclust.engine.memory import Peak, keep_freed_memory


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="a setting of glibc")
def test_a_freed_tensor_of_a_few_mib_is_used_again_without_a_page_fault():
    import resource

    assert keep_freed_memory()
    for _ in range(20):  # the heap grows at first
        torch.empty(2**22).fill_(1.0)  # 16 MiB
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(20):
        torch.empty(2**22).fill_(1.0)
    n_pages = 2**24 // resource.getpagesize()
    assert resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before < n_pages


@pytest.mark.skipif(platform.system() != "Linux", reason="told by Linux")
def test_the_peak_is_that_since_it_was_watched():
    large = torch.ones(2**26)  # 256 MiB
    del large
    peak = Peak(torch.device("cpu"))
    before = peak.mib()
    assert before is not None and before > 50, "the process itself"
    large = torch.ones(2**26)
    del large
    after = peak.mib()
    assert after is not None and 240 < after - before < 300


def test_on_a_gpu_the_peak_is_that_of_its_tensors(monkeypatch: pytest.MonkeyPatch):
    anew: list[Any] = []
    monkeypatch.setattr(torch.cuda, "init", lambda: anew.append("a GPU"))
    monkeypatch.setattr(torch.cuda, "reset_peak_memory_stats", anew.append)
    monkeypatch.setattr(torch.cuda, "max_memory_allocated", lambda device: 3 * 2**20)
    device = torch.device("cuda:1")
    assert Peak(device).mib() == 3 and anew == ["a GPU", device]
