"""Reading the next batch from disk while the present one is trained on."""

import mmap
from collections.abc import Iterator, Sequence

import numpy as np
from torch import Tensor

LARGE = 2**29
"""Bytes of a view from which on it may not fit into the memory that is left; smaller ones soon lie in it anyway."""


class Prefetcher:
    """Asks the system for the rows of a memory-mapped view before they are needed.

    Rows in random order are otherwise read one after the other, each when it is touched: a hundred times slower than
    all rows of a batch asked for at once. And with each the system reads what lies around it, some MiB, for which
    others must leave the memory; here it is told not to. For arrays in memory, small ones, and systems without
    `madvise`, this does nothing.

    Args:
        views: each (N, ...).
    """

    def __init__(self, views: tuple[np.ndarray, ...]) -> None:
        self.rows: list[tuple[mmap.mmap, int, int]] = []
        for view in views:
            mapping = _mapping(view)
            if mapping is not None and view.nbytes >= LARGE and hasattr(mmap, "MADV_WILLNEED"):
                mapping.madvise(mmap.MADV_RANDOM)
                self.rows.append(
                    (mapping, _address(view) - _address(np.frombuffer(mapping, np.uint8)), view.strides[0])
                )

    def through(self, batches: Sequence[Tensor]) -> Iterator[Tensor]:
        """The batches of ids, each (B,) and one after the other, while the rows of the next one are read."""
        for number, ids in enumerate(batches):
            for coming in batches[number + 1 : number + 2]:
                self.ask_for(coming)
            yield ids

    def ask_for(self, ids: Tensor) -> None:
        """Have the rows at `ids` (B,) read; returns at once."""
        for mapping, start, row_bytes in self.rows:
            first = start + ids.numpy() * row_bytes
            page = first - first % mmap.PAGESIZE
            for where, length in zip(page.tolist(), (first - page + row_bytes).tolist(), strict=True):
                mapping.madvise(mmap.MADV_WILLNEED, where, length)


def _mapping(view: np.ndarray) -> mmap.mmap | None:
    """The mapped file below an array."""
    owner = view
    while isinstance(owner, np.ndarray):
        owner = owner.base
    return owner if isinstance(owner, mmap.mmap) else None


def _address(array: np.ndarray) -> int:
    return array.__array_interface__["data"][0]
