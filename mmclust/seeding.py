"""Random starts of networks that depend on a seed alone."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

_LOCK = threading.RLock()


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Within this, layers begin with the numbers of the seed, whatever other threads do; afterwards all is as before.

    Layers draw from torch's one generator, so one thread makes networks at a time.
    """
    import torch

    with _LOCK, torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        yield
