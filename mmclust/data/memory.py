"""Data sets that exist in this process alone, such as the arrays of a notebook; a run knows them by a name."""

import itertools
from pathlib import Path

from mmclust.data.dataset import DataSpec, MultiViewDataset
from mmclust.data.entry import Entry
from mmclust.data.progress import Progress

PREFIX = "memory/"
_held: dict[str, MultiViewDataset] = {}
_numbers = itertools.count(1)


def hold(dataset: MultiViewDataset) -> str:
    """Keep a data set until it is released; the name that it is found under."""
    name = f"{PREFIX}{next(_numbers)}"
    _held[name] = dataset
    return name


def release(name: str) -> None:
    """Let go of a data set; nothing happens where it is not held."""
    _held.pop(name, None)


def find(name: str) -> Entry | None:
    """The entry of a data set that is held, or None."""
    if (dataset := _held.get(name)) is None:
        return None
    return Entry(
        name=name,
        title=dataset.spec.name,
        about="Arrays of this process.",
        several=dataset.spec.views,
        n_samples=dataset.n_samples,
        n_clusters=dataset.spec.n_clusters,
        source="",
        licence="",
        citation="",
        bundled=True,
        loader=f"{__name__}:load",
    )


def load(spec: DataSpec, path: Path | None, progress: Progress | None = None) -> MultiViewDataset:
    """The data set of that name, as it was given."""
    return _held[spec.name]
