"""The finished runs of the lessons: which settings they are of, and what is read of them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from mmclust.data import catalogue
from mmclust.data.dataset import MultiViewDataset
from mmclust.evaluation.annotation import Step, from_json
from mmclust.evaluation.snapshot import Snapshot
from mmclust.runs.record import RunRecord
from mmclust.runs.run import Run
from mmclust.runs.store import RunStore
from mmclust.sweeps.sweep import Cell

AUGMENTED = "augmented.npz"
"""What became of augmented copies of the images; the weights that say so are not shipped."""
FAULTS = "faults.json"
"""Steps that make one merged pair of clusters and a split one."""


@dataclass(frozen=True, kw_only=True)
class Setting:
    """One setting that ships, trained with several seeds."""

    title: str
    dataset: str
    method: str
    changes: Mapping[str, Any] = field(default_factory=dict)
    """Hyper-parameters that differ from the preset's."""
    preset: str = "quick"
    epochs: int | None = None
    """Passes over the data; None for the preset's."""
    limit: int | None = None
    """Samples that are trained on; None for all."""
    seeds: tuple[int, ...]
    spaces: tuple[str, ...] = ()
    """Spaces that are kept of every run."""
    spaces_of_first: tuple[str, ...] = ()
    """Larger ones, kept of the first seed alone."""

    def cell(self, *, epochs: int | None = None) -> Cell:
        """What a sweep needs to train it.

        Args:
            epochs: passes over the data; None for the setting's.
        """
        return Cell(
            dataset=self.dataset,
            method=self.method,
            preset=self.preset,
            changes=self.changes,
            epochs=epochs or self.epochs,
            limit=self.limit,
            label=f"Lesson: {self.title}",
        )

    @property
    def form(self) -> dict[str, str]:
        """The same settings as the Train page takes them in its address."""
        values = {"dataset": self.dataset, "method": self.method, "preset": self.preset, **self.changes}
        values |= {name: value for name in ("epochs", "limit") if (value := getattr(self, name)) is not None}
        return {name: str(value) for name, value in values.items()}


STYLE, NO_STYLE, NO_AUGMENTATION, OVER, NO_OVER = "style", "no-style", "no-augmentation", "over", "no-over"
_CODES = ("z_c", "z_s")
SHORT_DMIM: Mapping[str, Any] = {
    "beta": 0.3,
    "learning_rate": 1e-4,
    "hidden": 256,
    "sinkhorn_rounds": 50,
    "match_views": True,
    "tau": 10.0,
}
"""Of DMIM on digits: a minute of training from random weights, so that a lesson shows the published method alone."""
_LETTERS: Mapping[str, Any] = {
    "dataset": "glyphs",
    "method": "dccs",
    "preset": "quick",
    "epochs": 40,
    "limit": 1000,
    "seeds": (0, 1, 2),
    "spaces": _CODES,
}
SAME_START = "with a seed, both begin with the same clustering of pixels and edges, which needs no labels."
"""What the lessons on letters say of how preset *quick* starts: only what the training makes of it differs."""
SETTINGS = {
    STYLE: Setting(title="DCCS as it is", **_LETTERS),
    NO_STYLE: Setting(title="DCCS without a style code", changes={"style_dim": 0}, **_LETTERS),
    NO_AUGMENTATION: Setting(title="DCCS without the augmentation term", changes={"beta_aug": 0.0}, **_LETTERS),
    OVER: Setting(
        title="DMIM as it is",
        dataset="digits-2view",
        method="dmim",
        preset="paper",
        epochs=100,
        changes=SHORT_DMIM,
        seeds=(0, 1, 2, 3, 4),
        spaces_of_first=("z", "over"),
    ),
    NO_OVER: Setting(
        title="DMIM without over-clustering",
        dataset="digits-2view",
        method="dmim",
        preset="paper",
        epochs=100,
        changes={**SHORT_DMIM, "over_weight": 0.0},
        seeds=(0, 1, 2, 3, 4),
        spaces_of_first=("z",),
    ),
}


def run_id(setting: str, seed: int) -> str:
    """The id under which a run of the lessons is found, e.g. in the address of the Map."""
    return f"lesson-{setting}-{seed}"


@dataclass(frozen=True, kw_only=True)
class Augmented:
    """Augmented copies of the images of a run's data. Shapes: n images, C copies of each, m images that are shown."""

    clusters: np.ndarray
    """(n, C) the cluster that each copy falls into."""
    shown: np.ndarray
    """(m,) places of the images whose copies are kept."""
    copies: np.ndarray
    """(m, C, H, W) uint8."""


def catalogue_data(name: str, limit: int | None) -> MultiViewDataset:
    """A data set of the catalogue as a run with that limit sees it."""
    return catalogue.load(name, limit=limit)


class Shipped:
    """What the lessons read of the shipped runs; every read goes to the files, pages keep what they need."""

    def __init__(self, store: RunStore, read: Callable[[str, int | None], MultiViewDataset] = catalogue_data) -> None:
        """Read from a store.

        Args:
            store: of the shipped runs, see `RunStore.lessons`.
            read: gives a data set by its name and the number of samples, from memory where it is kept there.
        """
        self.store, self._read = store, read

    def run(self, setting: str, seed: int = 0) -> Run:
        """A shipped run.

        Raises:
            UnknownRun: it is not shipped.
        """
        return self.store.get(run_id(setting, seed))

    def seeds(self, setting: str) -> tuple[int, ...]:
        """Seeds of a setting that are shipped, in order."""
        there = {record.run_id for record in self.store.list()}
        return tuple(seed for seed in SETTINGS[setting].seeds if run_id(setting, seed) in there)

    def records(self, setting: str) -> list[RunRecord]:
        """The runs of a setting in the order of their seeds."""
        return [self.run(setting, seed).record() for seed in self.seeds(setting)]

    def scores(self, setting: str, name: str = "acc") -> list[float]:
        """A metric of the last epoch of each run of a setting, in the order of the seeds."""
        return [record.metrics[name] for record in self.records(setting) if record.metrics]

    def snapshot(self, setting: str, seed: int = 0) -> Snapshot:
        """The codes of the last epoch."""
        return self.run(setting, seed).snapshot()

    def data(self, setting: str) -> MultiViewDataset:
        """The data that a setting is trained on."""
        return self._read(SETTINGS[setting].dataset, SETTINGS[setting].limit)

    def labels(self, setting: str) -> np.ndarray:
        """(n,) class of each sample of the snapshots, which hold all samples in order."""
        labels = self.data(setting).labels
        assert labels is not None, "the lessons' data have classes"
        return labels

    def augmented(self, setting: str, seed: int = 0) -> Augmented:
        """Copies of the images under the random augmentation of the training."""
        with np.load(self.run(setting, seed).folder / AUGMENTED, allow_pickle=False) as file:
            return Augmented(**{name: file[name] for name in ("clusters", "shown", "copies")})

    def faults(self) -> tuple[Step, ...]:
        """Steps that merge two clusters of the first run of `STYLE` and split another."""
        import json

        return from_json(json.loads((self.run(STYLE).folder / FAULTS).read_text()))
