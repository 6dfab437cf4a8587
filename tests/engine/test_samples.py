import numpy as np
import pytest
import torch

from mmclust.data.dataset import DataSpec, MultiViewDataset, ViewSpec
from mmclust.engine.samples import Samples

N = 40
CPU = torch.device("cpu")


def dataset(**about: object) -> MultiViewDataset:
    view = ViewSpec(name="numbers", kind="vector", shape=(3,))
    rows = np.arange(N * 3, dtype=np.float32).reshape(N, 3)
    return MultiViewDataset(spec=DataSpec(name="rows", views=(view,), n_clusters=2), views=(rows,), **about)  # pyright: ignore[reportArgumentType]


def test_the_parts_follow_the_split():
    data = dataset(split=np.repeat([0, 1], [30, 10]).astype(np.uint8))
    found = Samples.of(data, device=CPU, train_part="train", eval_part="test")
    assert found.train_index.tolist() == list(range(30)) and found.eval_index.tolist() == list(range(30, N))
    assert torch.equal(found.train_views[0], found.views[0][:30]) and torch.equal(
        found.eval_views[0], found.views[0][30:]
    )


def test_a_study_of_the_number_of_samples_trains_on_the_same_ones_each_time_and_evaluates_all():
    first, again = (Samples.of(dataset(), device=CPU, train_part="all", eval_part="all", n_most=7) for _ in range(2))
    assert len(first.train_index) == 7 and torch.equal(first.train_index, again.train_index)
    assert torch.equal(first.train_views[0], first.views[0][first.train_index]) and len(first.eval_index) == N


def test_classes_of_samples_that_are_not_evaluated_count_as_none():
    labels = np.where(np.arange(N) < 30, 1, -1)
    data = dataset(labels=labels, split=np.repeat([0, 1], [30, 10]).astype(np.uint8))
    assert Samples.of(data, device=CPU, train_part="train", eval_part="test").labels is None
    assert Samples.of(data, device=CPU, train_part="train", eval_part="all").labels is not None


def test_a_batch_is_no_larger_than_what_is_trained_on():
    found = Samples.of(dataset(), device=CPU, train_part="all", eval_part="all")
    assert found.batch_size(0) == N and found.batch_size(8) == 8
    with pytest.raises(ValueError, match="batch_size=41 exceeds the 40 samples to train on; lower batch_size to 40"):
        found.batch_size(41)
