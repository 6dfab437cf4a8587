import torch

from mmclust.engine.averages import Averages
from mmclust.engine.steps import Values

CPU = torch.device("cpu")


def test_means_are_of_each_name_over_all_turns_that_told_it() -> None:
    averages = Averages()
    averages.add(Values(("a", "b"), torch.tensor([1.0, 10.0])))
    averages.add(Values(("a", "b"), torch.tensor([3.0, 20.0])))
    averages.add(Values(("a",), torch.tensor([5.0])))
    assert averages.read() == {"a": 3.0, "b": 15.0}
    assert averages.read() == {}


def test_means_go_on_from_a_checkpoint() -> None:
    first, second = Averages(), Averages()
    first.add(Values(("a", "b"), torch.tensor([1.0, 2.0])))
    second.restore(first.state(), CPU)
    second.add(Values(("a", "b"), torch.tensor([3.0, 6.0])))
    assert second.read() == {"a": 2.0, "b": 4.0}


def test_means_go_on_from_a_checkpoint_of_an_earlier_version() -> None:
    averages = Averages()
    averages.restore({"sums": {"a": torch.tensor(1.0), "b": torch.tensor(2.0)}, "counts": {"a": 1, "b": 1}}, CPU)
    averages.add(Values(("a", "b"), torch.tensor([3.0, 6.0])))
    assert averages.read() == {"a": 2.0, "b": 4.0}
