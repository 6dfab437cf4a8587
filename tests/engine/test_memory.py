import platform

import pytest
import torch

from mmclust.engine.memory import keep_freed_memory


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
