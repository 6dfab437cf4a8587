"""The samples of a training on its device: all views, which samples are trained on, and which are evaluated."""

import warnings
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from mmclust.data.dataset import MultiViewDataset
from mmclust.evaluation.metrics import NO_CLASS

TrainPart = Literal["all", "train", "train+unlabelled"]
EvalPart = Literal["all", "train", "test"]


@dataclass(frozen=True, kw_only=True)
class Samples:
    """The views of a data set as tensors, and its parts."""

    views: tuple[Tensor, ...]
    """Each with all samples on the first axis, those without a label behind the others."""
    train_index: Tensor
    """(n_train,) samples to draw batches from."""
    eval_index: np.ndarray
    """(n_eval,) samples to evaluate on, in ascending order."""
    labels: np.ndarray | None
    """(N,) classes of the samples; None where none that is evaluated has one."""
    train_views: tuple[Tensor, ...]
    """The labelled part of those to train on, from which stages start and statistics are measured."""
    eval_views: tuple[Tensor, ...]
    n_labelled: int | None
    """How many samples stand before those without a label; None where a method does not tell them apart."""

    @classmethod
    def of(
        cls,
        dataset: MultiViewDataset,
        *,
        device: torch.device,
        train_part: TrainPart,
        eval_part: EvalPart,
        n_most: int = 0,
    ) -> "Samples":
        """The samples of a data set.

        Args:
            dataset: labels are used for evaluation only.
            device: where to train.
            train_part: part of the data to train on.
            eval_part: part to evaluate on.
            n_most: train on at most so many, what is evaluated stays the same; 0 for all.
        """
        train_index = torch.from_numpy(_some(dataset.part(train_part), n_most)).to(device)
        eval_index = dataset.part(eval_part)
        has_classes = dataset.labels is not None and bool((dataset.labels[eval_index] != NO_CLASS).any())
        views = tuple(_on_device(view, device) for view in dataset.views)
        n_labelled: int | None = None
        if train_part == "train+unlabelled" and dataset.unlabelled:
            n_labelled = dataset.n_samples
            more = (_on_device(view, device) for view in dataset.unlabelled)
            views = tuple(torch.cat(both) for both in zip(views, more, strict=True))
        # The samples without a label would be copied for this, and may be many.
        labelled = _some(dataset.part("train" if n_labelled else train_part), n_most)
        return cls(
            views=views,
            train_index=train_index,
            eval_index=eval_index,
            labels=dataset.labels if has_classes else None,
            train_views=_part(views, torch.from_numpy(labelled).to(device)),
            eval_views=_part(views, torch.from_numpy(eval_index).to(device)),
            n_labelled=n_labelled,
        )

    def batch_size(self, asked: int) -> int:
        """The batch size, where 0 stands for all samples at once.

        Raises:
            ValueError: there are not so many to train on.
        """
        n_samples = len(self.train_index)
        if asked == 0:
            return n_samples
        if asked > n_samples:
            raise ValueError(
                f"batch_size={asked} exceeds the {n_samples} samples to train on; "
                f"lower batch_size to {n_samples} or less, or use more data"
            )
        return asked


def _on_device(view: np.ndarray, device: torch.device) -> Tensor:
    """A view as a tensor on the device, in its source type; on the CPU a memory-mapped file stays one."""
    with warnings.catch_warnings():  # torch warns of read-only memory; nothing here writes to samples
        warnings.filterwarnings("ignore", "The given NumPy array is not writable", UserWarning)
        return torch.from_numpy(view).to(device)


def _some(index: np.ndarray, n_most: int) -> np.ndarray:
    """All samples, or at most so many of them (not 0), always the same random ones, in their order."""
    if not n_most or len(index) <= n_most:
        return index
    return np.sort(np.random.default_rng(0).choice(index, n_most, replace=False))


def _part(views: tuple[Tensor, ...], index: Tensor) -> tuple[Tensor, ...]:
    """The samples at `index` (n,), in ascending order; without a copy where they follow each other."""
    first, last = int(index[0]), int(index[-1])
    if last - first + 1 == len(index):
        return tuple(view[first : last + 1] for view in views)
    return tuple(view[index] for view in views)
