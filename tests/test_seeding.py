import threading
import time

import torch
from torch import nn

from mmclust.seeding import seeded


def _network(seed: int, *, pause: float = 0.0) -> list[torch.Tensor]:
    with seeded(seed):
        first = nn.Linear(3, 4)
        time.sleep(pause)
        return [*first.parameters(), *nn.Linear(4, 2).parameters()]


def test_a_network_made_beside_another_one_is_the_same_as_alone() -> None:
    alone, found = _network(1), dict[int, list[torch.Tensor]]()
    threads = [threading.Thread(target=lambda s=s: found.update({s: _network(s, pause=0.05)})) for s in (1, 2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(torch.equal(mine, theirs) for mine, theirs in zip(found[1], alone, strict=True))
    assert not torch.equal(found[1][0], found[2][0])


def test_random_numbers_of_others_go_on_as_if_nothing_had_been() -> None:
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    _network(1)
    assert torch.equal(torch.rand(3), expected)
