"""Results are kept by identity, and go with what they were worked out of."""

import gc

from mmclust.runs.memo import Memo
from mmclust.runs.spec import RunSpec


def spec(seed: int) -> RunSpec:
    return RunSpec(dataset="digits", method="dccs", config={}, epochs=1, seed=seed)


def test_work_is_done_once_for_each_object():
    asked: list[int] = []
    memo = Memo[RunSpec, int](lambda one: asked.append(one.seed) or one.seed)
    first, second = spec(1), spec(2)
    assert [memo(first), memo(second), memo(first), memo(spec(1))] == [1, 2, 1, 1]
    assert asked == [1, 2, 1]


def test_nothing_is_kept_of_what_is_gone():
    memo = Memo[RunSpec, int](lambda one: one.seed)
    for seed in range(50):
        assert memo(spec(seed)) == seed  # many of them at the same place in memory
    gc.collect()
    assert not memo._kept
