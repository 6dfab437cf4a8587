"""The data sets that are known by name, and the one way to load any data set, by name or by path.

Files are looked for in MMCLUST_DATA, then among the downloads in `home()/data`. Nothing here imports torch before a
data set needs it.
"""

import difflib
import importlib
import os
from dataclasses import replace
from pathlib import Path

import numpy as np

from mmclust import settings
from mmclust.data import answered, hub, memory, readers, uploads, vision
from mmclust.data.dataset import DataSpec, MultiViewDataset
from mmclust.data.entry import Entry
from mmclust.data.image_entries import IMAGES
from mmclust.data.multiview_entries import MULTI_VIEW
from mmclust.data.progress import Progress
from mmclust.data.readers.reading import Reading


class UnknownDataset(ValueError):
    """Neither a name in the catalogue nor a file."""


class DataUnavailable(ValueError):
    """A known data set whose files are not here; the message says how to get them."""


DATASETS: dict[str, Entry] = {entry.name: entry for entry in (*IMAGES, *MULTI_VIEW)}


def find(name: str) -> Entry | None:
    """The entry of that name, or None; case, hyphens and underscores do not matter.

    A user's own data set has a name of `mmclust.data.uploads`, of which one's own may be left to its last part. The
    path of an index file, which is nothing without the pictures it points to, stands for the data set it makes.
    """
    if known := _BY_PLAIN_NAME.get(_plain(name)):
        return known
    path = Path(name)
    index = next((e for e in DATASETS.values() if e.needs and path.name in e.files and os.path.isfile(name)), None)
    return (
        replace(index, name=str(path.resolve()), place=path, needs=())
        if index
        else memory.find(name) or uploads.find(name)
    )


def _plain(name: str) -> str:
    return name.strip().lower().replace("_", "").replace("-", "").replace(" ", "")


_BY_PLAIN_NAME = {_plain(entry.name): entry for entry in DATASETS.values()}


def load(
    name_or_path: str,
    *,
    limit: int | None = None,
    progress: Progress | None = None,
    download: bool = False,
    reading: Reading | None = None,
) -> MultiViewDataset:
    """Load a data set by catalogue name or by path.

    Args:
        name_or_path: a name in `DATASETS`, or a file or folder that `mmclust.data.readers` knows, perhaps with the
            answers to what it leaves open (see `mmclust.data.answered`).
        limit: take a random sample of this many, in source order; None takes all. The sample is always the same, so
            that runs of several seeds share their data.
        progress: called with a fraction 0..1 and what is being done.
        download: fetch a known data set that is not here.
        reading: is told what was understood of a file, what it leaves open and what was left out.

    Raises:
        UnknownDataset: no such name and no such file.
        DataUnavailable: a known data set that is not here.
        ValueError: the file cannot be used, or the limit is below 1.
    """
    if limit is not None and limit < 1:
        raise ValueError(f"limit={limit} leaves no samples; give 1 or more, or no limit")
    entry = find(name_or_path)
    if hub.is_name(name_or_path):
        if download:
            _fetch_from_hub(name_or_path)
        dataset = _load_from_hub(name_or_path)
    elif entry is None:
        path, answers = answered.split(name_or_path)
        reading = reading or Reading()
        reading.answers |= answers
        dataset = readers.read(_existing(path), reading, progress=progress)
    else:
        if download and not entry.available():
            _fetch(entry, progress)
        dataset = _load_entry(entry, progress)
    if limit is None or limit >= dataset.n_samples:
        return dataset
    chosen = np.random.default_rng(0).choice(dataset.n_samples, limit, replace=False)
    return dataset.take(np.sort(chosen))


def download(name: str, progress: Progress | None = None) -> None:
    """Fetch a data set of the catalogue, or of `mmclust.data.hub`, into `home()/data`, unless it is here already.

    Raises:
        UnknownDataset: no such name.
        DataUnavailable: it has no download, or the download failed; the message says what to do.
    """
    if hub.is_name(name):
        return _fetch_from_hub(name)
    entry = find(name)
    if entry is None:
        raise UnknownDataset(_unknown(name))
    if not entry.available():
        _fetch(entry, progress)


def describe(name_or_path: str) -> DataSpec:
    """What a data set holds, reading as little as that takes.

    Raises:
        UnknownDataset: no such name and no such file.
        ValueError: the file cannot be used.
    """
    entry = find(name_or_path)
    if entry is None:
        return sized(name_or_path)[0]
    return _load_entry(entry, None).spec if entry.as_found and entry.available() else entry.spec


def sized(path: str) -> tuple[DataSpec, int]:
    """What a file or folder holds, and how many samples.

    Raises:
        UnknownDataset: no such file.
        ValueError: it cannot be used.
    """
    if hub.is_name(path):
        found = _load_from_hub(path)
        return found.spec, found.n_samples
    path, answers = answered.split(path)
    return readers.describe(_existing(path), answers)


def _fetch(entry: Entry, progress: Progress | None) -> None:
    if not entry.downloads:
        raise DataUnavailable(f"{entry.title} has no download here: {_lower(entry.how_to_get)}")
    source = DATASETS["cifar100"] if entry.name == "cifar20" else entry
    target = settings.home() / "data" / f"{source.name}.npz"
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        vision.fetch(source.name, source.classes, target, progress)
    except OSError as error:
        reason = getattr(error, "reason", None) or error.strerror or error
        raise DataUnavailable(
            f"{entry.title} could not be downloaded ({reason}); check the connection and the space in {target.parent}, "
            "or put its file into the folder that MMCLUST_DATA names"
        ) from None


def _load_from_hub(name: str) -> MultiViewDataset:
    if not hub.available(name):
        raise DataUnavailable(f"{name} is not here yet; fetch it once with `mmclust train --dataset {name} --download`")
    return hub.load(name)


def _fetch_from_hub(name: str) -> None:
    try:
        if not hub.available(name):
            hub.fetch(name)
    except OSError as error:
        raise DataUnavailable(
            f"{name} could not be kept ({error.strerror or error}); check the space in {settings.home()}"
        ) from None


def _load_entry(entry: Entry, progress: Progress | None) -> MultiViewDataset:
    path = entry.found_at()
    if path is None and not entry.bundled:
        raise DataUnavailable(f"{entry.title} is not here yet: {_lower(entry.how_to_get)}")
    module, function = entry.loader.split(":")
    dataset = getattr(importlib.import_module(module), function)(entry.spec, path, progress)
    return _as_listed(entry, dataset, path)


def _as_listed(entry: Entry, dataset: MultiViewDataset, path: Path | None) -> MultiViewDataset:
    """The data set under the catalogue's name, checked against what the catalogue says of it."""
    if path is None:
        return dataset
    found = dataset.spec
    if entry.as_found:
        return replace(dataset, spec=replace(found, name=entry.name))
    shapes, listed = [view.shape for view in found.views], [view.shape for view in entry.view_specs]
    if shapes != listed or found.n_clusters > entry.n_clusters:
        what = "images of " if entry.kind == "image" else ""
        raise ValueError(
            f"{path} holds {what}{_by(shapes)} in {found.n_clusters} classes, but {entry.title} has "
            f"{_by(listed)} in {entry.n_clusters}; rename the file and give its path instead"
        )
    # names that are mere numbers say less than the catalogue's
    named = found.classes if any(not name.isdigit() for name in found.classes) else entry.classes
    spec = replace(found, name=entry.name, n_clusters=entry.n_clusters, classes=named)
    return replace(dataset, spec=spec)


def _lower(sentence: str) -> str:
    return sentence[0].lower() + sentence[1:]


def _by(shapes: list[tuple[int, ...]]) -> str:
    return " and ".join("x".join(str(size) for size in shape) for shape in shapes)


def _existing(name_or_path: str) -> Path:
    path = os.path.expanduser(name_or_path)
    if name_or_path.strip() and os.path.exists(path):  # not Path.exists: it raises where a name is too long
        return Path(path)
    raise UnknownDataset(_unknown(name_or_path))


def _unknown(name: str) -> str:
    close = difflib.get_close_matches(name.lower(), DATASETS, n=1, cutoff=0.5)
    hint = f"; did you mean {close[0]}?" if close else ""
    return f"{name!r} is neither a known data set nor a file; known are {', '.join(DATASETS)}{hint}"
