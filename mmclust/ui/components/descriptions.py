"""Samples and data sets in words: captions, classes, sizes."""

import numpy as np

from mmclust.data.dataset import MultiViewDataset, ViewSpec
from mmclust.data.entry import Entry
from mmclust.plots.palette import NEUTRAL, cluster_colors


def size(view: ViewSpec) -> str:
    """How large a view is: 28 × 28 for an image, 72 numbers for a vector."""
    return f"{view.shape[2]} × {view.shape[1]}" if view.kind == "image" else f"{view.shape[0]:,} numbers"


def summary(entry: Entry) -> str:
    """A data set in one line: how many samples of what, and how many classes."""
    classes = f"{entry.n_clusters} classes" if entry.n_clusters else "no classes"
    if entry.kind == "image":
        return f"{entry.n_samples:,} images of {size(entry.view_specs[0])} pixels, {classes}"
    views = ", ".join(f"{view.name} {size(view)}" for view in entry.view_specs)
    count = f"{len(entry.views)} views" if len(entry.views) > 1 else "1 view"
    return f"{entry.n_samples:,} samples in {count} ({views}), {classes}"


def caption(data: MultiViewDataset, sample: int, longest: int = 200) -> str:
    """The caption of a sample, cut to so many letters; empty without one."""
    text = "" if data.texts is None else str(data.texts[sample])
    return text if len(text) <= longest else f"{text[: longest - 1].rstrip()}…"


def class_names(data: MultiViewDataset) -> list[str]:
    """Names of all classes."""
    return list(data.spec.classes) or [f"class {label + 1}" for label in range(data.spec.n_clusters)]


def class_name(data: MultiViewDataset, sample: int) -> str:
    """The class of a sample in words; empty without labels."""
    if data.labels is None:
        return ""
    label = int(data.labels[sample])
    if label < 0:
        return "no class"
    return data.spec.classes[label] if data.spec.classes else f"class {label + 1}"


def class_colors(data: MultiViewDataset, samples: np.ndarray) -> list[str] | None:
    """Colours (n,) of the classes of samples (n,), grey for those without one; None without labels."""
    if data.labels is None:
        return None
    colors = cluster_colors(max(1, data.spec.n_clusters))
    return [colors[label] if label >= 0 else NEUTRAL for label in data.labels[samples].tolist()]
