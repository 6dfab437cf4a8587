"""The data sets that are known by name, and the one way to load any data set, by name or by path.

Files are looked for in MMCLUST_DATA, then among the downloads in `home()/data`. Nothing here imports torch before a
data set needs it.
"""

import difflib
import importlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np

from mmclust import settings
from mmclust.data import readers
from mmclust.data.dataset import DataSpec, MultiViewDataset, ViewSpec

Progress = Callable[[float, str], None]

ENDINGS = (".npz", ".tar.gz", ".tgz", ".tar", ".zip", "")
"""How the file of a data set may end; the last one is a folder."""


class UnknownDataset(ValueError):
    """Neither a name in the catalogue nor a file."""


class DataUnavailable(ValueError):
    """A known data set whose files are not here; the message says how to get them."""


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A data set in the catalogue, as a person meets it before it is loaded."""

    name: str
    title: str
    about: str
    """What is on the pictures, in a sentence or two."""
    kind: Literal["image", "multi-view"] = "image"
    views: tuple[str, ...] = ("image",)
    shape: tuple[int, ...]
    """(C, H, W) of an image."""
    pixels: tuple[float, float] = (0.0, 255.0)
    """Smallest and largest value of a pixel."""
    n_samples: int
    n_clusters: int
    classes: tuple[str, ...] = ()
    source: str
    licence: str
    citation: str
    how_to_get: str = ""
    """One sentence; empty where nothing is to be got."""
    bundled: bool = False
    """Needs no file and no download."""
    downloads: bool = False
    """`download` can fetch it."""
    files: tuple[str, ...] = ()
    """Names it is found under besides its own, such as torchvision's folders."""
    loader: str = "mmclust.data.vision:image_set"
    """"module:function", called as `function(spec, path, progress)`."""

    @property
    def spec(self) -> DataSpec:
        """What networks are built from."""
        view = ViewSpec(name=self.views[0], kind="image", shape=self.shape, low=self.pixels[0], high=self.pixels[1])
        return DataSpec(name=self.name, views=(view,), n_clusters=self.n_clusters, classes=self.classes)

    def found_at(self) -> Path | None:
        """The file or folder it would be read from, or None; bundled sets have none."""
        if self.bundled:
            return None
        return next((path for root in _folders() for path in self._places(root) if path.exists()), None)

    def available(self) -> bool:
        """Whether `load` needs no download."""
        return self.bundled or self.found_at() is not None

    def _places(self, root: Path) -> Iterator[Path]:
        stems = dict.fromkeys(self.name.replace("-", other) for other in "-_") | {self.name.replace("-", ""): None}
        yield from (root / name for name in self.files)
        for stem in stems:
            yield from (root / f"{stem}{ending}" for ending in ENDINGS)
            yield from (root / f"{stem}_jpeg{ending}" for ending in ENDINGS)


def _folders() -> Iterator[Path]:
    if folder := settings.data_folder():
        yield folder
    yield settings.home() / "data"


_TORCHVISION = "Press Download (or give --download), or put {file} into the folder that MMCLUST_DATA names."

_DIGITS = tuple("0123456789")

_ENTRIES = (
    Entry(
        name="digits",
        title="Digits 8x8",
        about="Handwritten digits at 8x8 pixels and 17 grey levels: small enough to train on in two minutes.",
        shape=(1, 8, 8),
        pixels=(0.0, 16.0),
        n_samples=1797,
        n_clusters=10,
        classes=_DIGITS,
        source="UCI Optical Recognition of Handwritten Digits (test part), bundled with scikit-learn",
        licence="CC BY 4.0",
        citation="E. Alpaydin, C. Kaynak, Optical Recognition of Handwritten Digits, UCI Machine Learning Repository, 1998",
        bundled=True,
        loader="mmclust.data.vision:digits",
    ),
    Entry(
        name="mnist",
        title="MNIST",
        about="Handwritten digits, 28x28 pixels: 60,000 to train on and 10,000 to test.",
        shape=(1, 28, 28),
        n_samples=70000,
        n_clusters=10,
        classes=_DIGITS,
        source="http://yann.lecun.com/exdb/mnist/",
        licence="CC BY-SA 3.0",
        citation="Y. LeCun, L. Bottou, Y. Bengio, P. Haffner, Gradient-Based Learning Applied to Document Recognition, 1998",
        how_to_get=_TORCHVISION.format(file="mnist.npz"),
        downloads=True,
        files=("MNIST/raw/train-images-idx3-ubyte",),
    ),
)

DATASETS: dict[str, Entry] = {entry.name: entry for entry in _ENTRIES}


def load(
    name_or_path: str,
    *,
    limit: int | None = None,
    seed: int = 0,
    progress: Progress | None = None,
    download: bool = False,
) -> MultiViewDataset:
    """Load a data set by catalogue name or by path.

    Args:
        name_or_path: a name in `DATASETS`, an `.npz`, or a folder, tar or zip of images.
        limit: take a random sample of this many, drawn with `seed` and kept in source order; None takes all.
        seed: of the sample.
        progress: called with a fraction 0..1 and what is being done.
        download: fetch a known data set that is not here.

    Raises:
        UnknownDataset: no such name and no such file.
        DataUnavailable: a known data set that is not here.
        ValueError: the file cannot be used, or the limit is below 1.
    """
    if limit is not None and limit < 1:
        raise ValueError(f"limit={limit} leaves no samples; give 1 or more, or no limit")
    entry = DATASETS.get(_plain(name_or_path))
    if entry is None:
        dataset = readers.read(_existing(name_or_path), progress=progress)
    else:
        if download and not entry.available():
            globals()["download"](entry.name, progress)
        dataset = _load_entry(entry, progress)
    if limit is None or limit >= dataset.n_samples:
        return dataset
    chosen = np.random.default_rng(seed).choice(dataset.n_samples, limit, replace=False)
    return dataset.take(np.sort(chosen))


def describe(name_or_path: str) -> DataSpec:
    """What a data set holds, reading as little as that takes.

    Raises:
        UnknownDataset: no such name and no such file.
        ValueError: the file cannot be used.
    """
    entry = DATASETS.get(_plain(name_or_path))
    return entry.spec if entry else readers.describe(_existing(name_or_path))


def _load_entry(entry: Entry, progress: Progress | None) -> MultiViewDataset:
    path = entry.found_at()
    if path is None and not entry.bundled:
        raise DataUnavailable(f"{entry.title} is not here yet: {entry.how_to_get[0].lower()}{entry.how_to_get[1:]}")
    module, function = entry.loader.split(":")
    dataset = getattr(importlib.import_module(module), function)(entry.spec, path, progress)
    return _as_listed(entry, dataset, path)


def _as_listed(entry: Entry, dataset: MultiViewDataset, path: Path | None) -> MultiViewDataset:
    """The data set under the catalogue's name, checked against what the catalogue says of it."""
    if path is None:
        return dataset
    found = dataset.spec
    if found.views[0].shape != entry.shape or found.n_clusters > entry.n_clusters:
        raise ValueError(
            f"{path} holds images of {_by(found.views[0].shape)} in {found.n_clusters} classes, but {entry.title} has "
            f"{_by(entry.shape)} in {entry.n_clusters}; rename the file and give its path instead"
        )
    # names that are mere numbers say less than the catalogue's
    named = found.classes if any(not name.isdigit() for name in found.classes) else entry.classes
    spec = replace(found, name=entry.name, n_clusters=entry.n_clusters, classes=named)
    return replace(dataset, spec=spec)


def _by(shape: tuple[int, ...]) -> str:
    return "x".join(str(size) for size in shape)


def _plain(name: str) -> str:
    return name.strip().lower().replace("_", "-")


def _existing(name_or_path: str) -> Path:
    path = Path(name_or_path).expanduser()
    if name_or_path.strip() and path.exists():
        return path
    close = difflib.get_close_matches(_plain(name_or_path), DATASETS, n=1, cutoff=0.5)
    hint = f"; did you mean {close[0]}?" if close else ""
    raise UnknownDataset(
        f"{name_or_path!r} is neither a known data set nor a file; known are {', '.join(DATASETS)}{hint}"
    )
