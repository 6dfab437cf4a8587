"""From pictures and captions to views of numbers: each is computed once, kept in the cache, scaled and reduced.

Shapes: N samples, D columns.
"""

import hashlib
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numpy as np

from mmclust.data import preprocessing
from mmclust.data.dataset import DataSpec, MultiViewDataset, ViewSpec
from mmclust.data.progress import Progress
from mmclust.data.readers import cache
from mmclust.features import phrases
from mmclust.features.extractors import CAPTIONS, Extractor, Options, find

_VERSION = 1  # of what is cached: raise it when an extractor changes
_BLOCK = 4096
TIMED = (2, 10)
"""Samples by which an extractor is timed: what starts up once is in both and goes out of the difference."""


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """One view to make."""

    extractor: str
    source: str = ""
    """Name of an image view, or captions; empty takes the first that fits."""
    steps: tuple[str, ...] = ()
    """Preparation afterwards, such as ("minmax", "pca-100")."""
    weights: str = ""
    """Of this network alone, as `Options.weights`; empty for those of the options."""


@dataclass(frozen=True, kw_only=True)
class Made:
    """What became of one view."""

    name: str
    n_raw: int
    """Columns before the reduction."""
    n_columns: int
    explained: float
    """Share of the variance that the reduction kept; 1 without one."""


def sources(dataset: MultiViewDataset, of: str) -> list[str]:
    """Names of what an extractor of images or texts can be applied to."""
    if of == "text":
        return [] if dataset.texts is None else [CAPTIONS]
    return [view.name for view in dataset.spec.views if view.kind == "image"]


def extract(
    dataset: MultiViewDataset,
    wanted: Sequence[Wanted],
    options: Options | None = None,
    progress: Progress | None = None,
) -> tuple[MultiViewDataset, list[Made]]:
    """A data set whose views are features of another one; classes and captions stay.

    Methods need complete views: samples without a caption are left out where captions are described.

    Args:
        dataset: pictures, captions or both.
        wanted: the views to make, in order.
        options: of the extractors.
        progress: called with a fraction 0..1 and what is being done.

    Raises:
        ValueError: nothing is wanted, or what is wanted cannot be had, in one sentence.
    """
    if not wanted:
        raise ValueError("no features are chosen; choose one or more")
    options = options or Options()
    if any(find(one.extractor).of == "text" for one in wanted):
        dataset = _captioned(dataset)
    specs, views, made, word_space = [], [], [], None
    for number, one in enumerate(wanted):
        extractor = find(one.extractor)
        source = _source(dataset, extractor, one.source)
        told = replace(options, weights=one.weights or options.weights)
        raw = _cached(dataset, extractor, source, told, _share(progress, number, len(wanted)))
        word_space = word_space or phrases.space_of(extractor, told.weights, raw)
        name = f"{source} {extractor.title}" if len(sources(dataset, extractor.of)) > 1 else extractor.title
        spec = ViewSpec(name=name, kind="vector", shape=raw.shape[1:])
        single = MultiViewDataset(spec=DataSpec(name=name, views=(spec,), n_clusters=0), views=(raw,))
        reduced = preprocessing.prepare(single, one.steps)
        scaled = preprocessing.prepare(single, tuple(step for step in one.steps if not step.startswith("pca")))
        made.append(
            Made(
                name=name,
                n_raw=raw.shape[1],
                n_columns=reduced.views[0].shape[1],
                explained=_variance(reduced.views[0]) / max(_variance(scaled.views[0]), 1e-30),
            )
        )
        specs.append(replace(reduced.spec.views[0], name=name))
        views.append(reduced.views[0])
    names = [spec.name for spec in specs]
    specs = [
        replace(spec, name=f"{name} {i + 1}") if names.count(name) > 1 else spec
        for i, (spec, name) in enumerate(zip(specs, names, strict=True))
    ]
    spec = replace(dataset.spec, views=tuple(specs))
    found = replace(dataset, spec=spec, views=tuple(views), pictures=_pictures(dataset))
    return replace(found, word_space=word_space or dataset.word_space), made


def estimate(dataset: MultiViewDataset, wanted: Sequence[Wanted], options: Options) -> list[float | None]:
    """Seconds that each view would take on this machine, by a few samples; networks are timed with random weights.

    None for the sentence encoder, which is not known before it is here.

    Nothing is fetched. What starts up once, such as a network that is read from the disk, is left out.

    Args:
        dataset: pictures, captions or both.
        wanted: the views.
        options: of the extractors.

    Raises:
        ValueError: an extractor that has no samples, or whose package is not here.
    """
    found: list[float | None] = []
    for one in wanted:
        extractor = find(one.extractor)
        source = _source(dataset, extractor, one.source)
        if extractor.of == "text" and extractor.has_weights and not extractor.package:
            found.append(None)
            continue
        spec = None if source == CAPTIONS else next(view for view in dataset.spec.views if view.name == source)
        samples = dataset.texts if spec is None else dataset.views[dataset.spec.views.index(spec)]
        assert samples is not None
        told = replace(options, weights="random" if extractor.has_weights else "")
        # The first call loads libraries, which would make few samples look slower than more.
        _, few, more = (_timed(extractor, samples[:n], spec, told) for n in (TIMED[0], *TIMED))
        n_few, n_more = (min(n, len(samples)) for n in TIMED)
        per_sample = (more - few) / (n_more - n_few) if more > few and n_more > n_few else more / n_more
        found.append(per_sample * len(samples))
    return found


def _timed(extractor: Extractor, samples: np.ndarray, spec: ViewSpec | None, options: Options) -> float:
    began = time.perf_counter()
    extractor.run(samples, spec, options)
    return time.perf_counter() - began


def _captioned(dataset: MultiViewDataset) -> MultiViewDataset:
    """The samples that have a caption."""
    if dataset.texts is None or all(dataset.texts):
        return dataset
    return dataset.take(np.flatnonzero(dataset.texts != ""))


def left_out(before: MultiViewDataset, after: MultiViewDataset) -> str:
    """A sentence on the samples that features could not be computed of; empty where there are none."""
    n_lost = before.n_samples - after.n_samples
    if not n_lost:
        return ""
    lost = f"{n_lost:,} of {before.n_samples:,}"
    return f"{lost} samples have no caption and are left out, for methods need complete views."


def _pictures(dataset: MultiViewDataset) -> np.ndarray | None:
    """Pictures (N, C, H, W) uint8 of the samples, to show beside their features; None without any."""
    for spec, view in zip(dataset.spec.views, dataset.views, strict=True):
        if dataset.pictures is None and spec.kind == "image":
            if view.dtype == np.uint8 and (spec.low, spec.high) == (0, 255):
                return view
            scale = 255 / (spec.high - spec.low)
            return np.stack([((picture - spec.low) * scale).round().clip(0, 255).astype(np.uint8) for picture in view])
    return dataset.pictures


def _source(dataset: MultiViewDataset, extractor: Extractor, source: str) -> str:
    known = sources(dataset, extractor.of)
    if not known:
        what = "captions" if extractor.of == "text" else "pictures"
        raise ValueError(f"{extractor.title} describes {what}, and {dataset.spec.name} has none; choose other features")
    if source and source not in known:
        raise ValueError(f"{extractor.title} cannot describe {source!r}; choose one of {', '.join(known)}")
    return source or known[0]


def _share(progress: Progress | None, number: int, count: int) -> Progress:
    return lambda fraction, message: progress((number + fraction) / count, message) if progress else None


def _cached(
    dataset: MultiViewDataset, extractor: Extractor, source: str, options: Options, progress: Progress
) -> np.ndarray:
    """Raw features (N, D), memory-mapped from the cache, where they are put when they are first asked for."""
    if source == CAPTIONS:
        spec, samples = None, dataset.texts
        assert samples is not None
        content = hashlib.blake2b("\0".join(samples.tolist()).encode(), digest_size=16).hexdigest()
    else:
        number = [view.name for view in dataset.spec.views].index(source)
        spec, samples = dataset.spec.views[number], dataset.views[number]
        content = _content(samples)

    def fill(folder: Path) -> None:
        np.save(folder / "features.npy", extractor.run(samples, spec, options, progress))

    weights = _stamp(options.weights)
    told = (weights, options.px) if extractor.has_weights else (options.n_columns,) if extractor.of == "text" else ()
    key = cache.key(
        "features", _VERSION, extractor.name, content, spec and (spec.low, spec.high), told, _library(extractor)
    )
    return np.load(cache.entry(key, fill) / "features.npy", mmap_mode="r").view(np.ndarray)


def _stamp(weights: str) -> str:
    """What weights are recognised by: a file or folder of them also by its sizes and times of change."""
    if weights in ("", "download", "random"):
        return weights or "download"
    place = Path(weights).expanduser()
    return str([cache.stamp(file) for file in sorted((place, *place.rglob("*"))) if file.is_file()] or weights)


def _library(extractor: Extractor) -> str:
    """The version of what computes the features: another one may give other numbers."""
    names = {
        ("image", True): "torchvision",
        ("image", False): "scikit-image",
        ("text", True): "sentence-transformers",
        ("text", False): "scikit-learn",
    }
    package = {"": names[extractor.of, extractor.has_weights], "open_clip": "open_clip_torch"}
    try:
        return version(package.get(extractor.package, extractor.package))
    except PackageNotFoundError:  # the extractor says what is missing
        return ""


def _content(samples: np.ndarray) -> str:
    """Digest of an array, read block by block."""
    digest = hashlib.blake2b(f"{samples.shape} {samples.dtype}".encode(), digest_size=16)
    for start in range(0, len(samples), _BLOCK):
        digest.update(np.ascontiguousarray(samples[start : start + _BLOCK]).data)
    return digest.hexdigest()


def _variance(view: np.ndarray) -> float:
    """Sum of the variances of all columns."""
    return float(view.var(axis=0, dtype=np.float64).sum())
