"""A data set in memory: one array per view, in the type it came in, and a spec that networks are built from.

Shapes: N samples, C channels, H x W pixels, D columns.
"""

from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np


@dataclass(frozen=True, kw_only=True)
class ViewSpec:
    """One modality of a sample."""

    name: str
    kind: Literal["image", "vector"]
    shape: tuple[int, ...]
    """(C, H, W) for images, (D,) for vectors."""
    low: float = 0.0
    """Smallest value a pixel may have (0 for bytes, -1 for USPS); unused for vectors."""
    high: float = 255.0
    """Largest value a pixel may have."""
    image_shape: tuple[int, int, int] | None = None
    """(C, H, W) of a vector whose columns are the pixels of an image."""


@dataclass(frozen=True, kw_only=True)
class DataSpec:
    """What a network has to know of a data set; no layer holds a size that belongs to a data set."""

    name: str
    views: tuple[ViewSpec, ...]
    n_clusters: int
    classes: tuple[str, ...] = ()
    """Names of the classes, `classes[label]`; empty without labels."""


@dataclass(frozen=True, kw_only=True)
class PartialSamples:
    """Samples that lack a view or more: no method is trained on them, each is clustered by the views that it has."""

    views: tuple[np.ndarray, ...]
    """Each (M, ...); where a sample lacks the view, the values of another sample stand in."""
    present: np.ndarray
    """(M, V) whether a sample has a view; each has one or more."""
    rows: np.ndarray
    """(M,) int64 places among the source's samples, from 0."""
    labels: np.ndarray | None = None
    """(M,) as those of complete samples, or None."""

    @property
    def n_samples(self) -> int:
        """Number of samples M."""
        return len(self.rows)

    def first(self, n: int) -> "PartialSamples":
        """The first n of them."""
        return replace(
            self,
            views=tuple(view[:n] for view in self.views),
            present=self.present[:n],
            rows=self.rows[:n],
            labels=None if self.labels is None else self.labels[:n],
        )


@dataclass(frozen=True, kw_only=True)
class WordSpace:
    """Pictures as a network describes them that can describe phrases too: what is near is alike."""

    codes: np.ndarray
    """(N, D) float16, each of length 1."""
    extractor: str
    """What describes phrases in the same space, e.g. cliptext:ViT-B-32/laion2b_s34b_b79k."""
    weights: str
    """Of the network, as extractors take them."""


@dataclass(frozen=True, kw_only=True)
class MultiViewDataset:
    """Samples seen through one view or more; an image set is the case of one view.

    Labels feed evaluation only: training batches never carry them.
    """

    spec: DataSpec
    views: tuple[np.ndarray, ...]
    """Each (N, C, H, W) or (N, D), in its source type (images uint8 where the source is)."""
    labels: np.ndarray | None = None
    """(N,) int64 from 0, -1 for samples without a class, or None."""
    split: np.ndarray | None = None
    """(N,) uint8, 0 = train, 1 = test, or None where the source has no parts."""
    factors: dict[str, np.ndarray] = field(default_factory=dict)
    """Known style factors, each (N,): only drawn data has them. Whole numbers are categories, others are quantities."""
    factor_names: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """Of factors that are categories: what each number stands for."""
    columns: dict[str, np.ndarray] = field(default_factory=dict)
    """What else came with the samples, each (N,): numbers, dates, or Python strings, empty where a sample has none.

    Neither methods nor evaluation see them.
    """
    unlabelled: tuple[np.ndarray, ...] = ()
    """More samples of each view, without labels, that some methods also train on; never shown nor evaluated."""
    periods: dict[str, np.ndarray] = field(default_factory=dict)
    """Of factors that go round, such as angles: (N,) after which a sample looks the same, 0 where it always does."""
    texts: np.ndarray | None = None
    """(N,) captions as Python strings, empty where a sample has none; None where the source has no text."""
    pictures: np.ndarray | None = None
    """(N, C, H, W) uint8 to show where the views are features of pictures; methods never see them."""
    partial: PartialSamples | None = None
    """Further samples, which lack a view; None where all are complete."""
    word_space: WordSpace | None = None
    """Where samples are found by words; None where no such network described them. Methods never see it."""

    def __post_init__(self) -> None:
        lengths = [len(view) for view in self.views]
        if len(set(lengths)) != 1:
            raise ValueError(f"the views have {lengths} samples; every view needs the same samples in the same order")
        if self.labels is not None and len(self.labels) != lengths[0]:
            raise ValueError(f"{len(self.labels)} labels came with {lengths[0]} samples; one label a sample is needed")
        assert self.word_space is None or len(self.word_space.codes) == lengths[0], len(self.word_space.codes)
        assert self.texts is None or len(self.texts) == lengths[0], (len(self.texts), lengths[0])
        for name, values in self.columns.items():
            assert len(values) == lengths[0], (name, len(values), lengths[0])
        for spec, view in zip(self.spec.views, self.views, strict=True):
            assert view.shape[1:] == spec.shape, (view.shape, spec.shape)

    @property
    def n_samples(self) -> int:
        """Number of samples N."""
        return len(self.views[0])

    @property
    def has_parts(self) -> bool:
        """Whether the source has a part to train on and one to test; a split that is the same everywhere is none."""
        return self.split is not None and bool((self.split != self.split[0]).any())

    def take(self, index: np.ndarray) -> "MultiViewDataset":
        """The samples at `index` (n,), in that order, as large a share of unlabelled and partial ones."""
        share = len(index) / self.n_samples
        return replace(
            self,
            views=tuple(view[index] for view in self.views),
            labels=None if self.labels is None else self.labels[index],
            split=None if self.split is None else self.split[index],
            factors={name: values[index] for name, values in self.factors.items()},
            columns={name: values[index] for name, values in self.columns.items()},
            unlabelled=tuple(view[: round(share * len(view))] for view in self.unlabelled),
            periods={name: values[index] for name, values in self.periods.items()},
            texts=None if self.texts is None else self.texts[index],
            pictures=None if self.pictures is None else self.pictures[index],
            word_space=self.word_space and replace(self.word_space, codes=self.word_space.codes[index]),
            partial=None if self.partial is None else self.partial.first(round(share * self.partial.n_samples)),
        )

    def part(self, name: Literal["all", "train", "test", "train+unlabelled"]) -> np.ndarray:
        """Sample ids (n,) of a part of the source; all samples where the source has no two parts.

        Unlabelled samples are counted on from the others.
        """
        if name == "train+unlabelled":
            n_more = len(self.unlabelled[0]) if self.unlabelled else 0
            return np.concatenate((self.part("train"), self.n_samples + np.arange(n_more)))
        if name == "all" or self.split is None or not self.has_parts:
            return np.arange(self.n_samples)
        return np.flatnonzero(self.split == (0 if name == "train" else 1))
