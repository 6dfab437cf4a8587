import mmap
from pathlib import Path

import numpy as np
import pytest
import torch

from mmclust.engine import prefetch
from mmclust.engine.prefetch import Prefetcher

ROWS = 64


@pytest.fixture
def mapped(tmp_path: Path) -> np.ndarray:
    path = tmp_path / "images.npy"
    np.save(path, np.arange(ROWS * 3 * 40 * 40, dtype=np.uint16).view(np.uint8).reshape(ROWS, 2, 3, 40, 40)[:, 0])
    return np.load(path, mmap_mode="r").view(np.ndarray)


class Heard:
    """A mapping that writes down what it is asked for."""

    def __init__(self) -> None:
        self.asked: list[tuple[int, int, int]] = []

    def madvise(self, *advice: int) -> None:
        self.asked.append(advice)  # type: ignore[arg-type]


def test_all_bytes_of_the_wanted_rows_are_asked_for(mapped: np.ndarray, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prefetch, "LARGE", 1)
    ahead = Prefetcher((mapped,))
    ((mapping, start, row_bytes),) = ahead.rows
    assert row_bytes == 4800 and mapping[start + 5 * row_bytes : start + 6 * row_bytes] == mapped[5].tobytes()

    heard = Heard()
    ahead.rows = [(heard, start, row_bytes)]  # type: ignore[list-item]
    ahead.ask_for(torch.tensor([5, ROWS - 1]))
    for row, (advice, where, length) in zip((5, ROWS - 1), heard.asked, strict=True):
        first = start + row * row_bytes
        assert advice == mmap.MADV_WILLNEED and where % mmap.PAGESIZE == 0
        assert where <= first and where + length == first + row_bytes


def test_each_batch_is_asked_for_before_the_one_ahead_of_it_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    batches, heard = list(torch.arange(6).split(2)), []
    ahead = Prefetcher(())
    monkeypatch.setattr(ahead, "ask_for", lambda ids: heard.append(ids.tolist()))
    used = []
    for ids in ahead.through(batches):
        used.append((ids.tolist(), list(heard)))
    assert used == [([0, 1], [[2, 3]]), ([2, 3], [[2, 3], [4, 5]]), ([4, 5], [[2, 3], [4, 5]])]


def test_the_system_takes_the_advice(mapped: np.ndarray, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where it could not, it would say so; and rows of a part of the file are those of the part."""
    monkeypatch.setattr(prefetch, "LARGE", 1)
    ahead = Prefetcher((mapped[8:],))
    ((mapping, start, row_bytes),) = ahead.rows
    assert mapping[start : start + row_bytes] == mapped[8].tobytes()
    ahead.ask_for(torch.arange(ROWS - 8))
    with pytest.raises((OSError, ValueError)):
        ahead.ask_for(torch.tensor([10**6]))


def test_small_views_and_arrays_in_memory_need_no_advice(mapped: np.ndarray) -> None:
    assert not Prefetcher((mapped, np.zeros((4, 3)), np.zeros((4, 3))[1:])).rows
