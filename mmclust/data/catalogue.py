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
from mmclust.data import readers, uploads, vision
from mmclust.data.dataset import DataSpec, MultiViewDataset
from mmclust.data.entry import Entry, Progress
from mmclust.data.multiview_entries import MULTI_VIEW
from mmclust.data.shapes import CLASSES as SHAPES


class UnknownDataset(ValueError):
    """Neither a name in the catalogue nor a file."""


class DataUnavailable(ValueError):
    """A known data set whose files are not here; the message says how to get them."""


_KRIZHEVSKY = "A. Krizhevsky: Learning Multiple Layers of Features from Tiny Images. Technical report, 2009"


_DOWNLOAD = "Download it (it is about {size}), or put {file} into the folder that MMCLUST_DATA names."

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
        citation="E. Alpaydin, C. Kaynak: Optical Recognition of Handwritten Digits. UCI Repository, 1998",
        bundled=True,
        loader="mmclust.data.vision:digits",
    ),
    Entry(
        name="shapes",
        title="Shapes",
        about="Eight shapes drawn by this program. The class is the shape; position, size, colour and rotation are "
        "style, and are known, so what a method puts where can be checked.",
        shape=(3, 32, 32),
        n_samples=8000,
        n_clusters=len(SHAPES),
        classes=SHAPES,
        source="drawn by this program, the same at every start",
        licence="that of this program",
        citation="mmclust",
        bundled=True,
        loader="mmclust.data.shapes:shapes",
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
        citation="Y. LeCun, L. Bottou, Y. Bengio, P. Haffner: Gradient-Based Learning Applied to Document Recognition. "
        "Proceedings of the IEEE, 1998",
        how_to_get=_DOWNLOAD.format(size="12 MB", file="mnist.npz"),
        downloads=True,
        files=(vision.torchvision_file("mnist"),),
    ),
    Entry(
        name="fashion-mnist",
        title="Fashion-MNIST",
        about="Articles of clothing, 28x28 pixels, harder than MNIST: 60,000 to train on and 10,000 to test.",
        shape=(1, 28, 28),
        n_samples=70000,
        n_clusters=10,
        classes=(
            *("T-shirt/top", "Trouser", "Pullover", "Dress", "Coat"),
            *("Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"),
        ),
        source="https://github.com/zalandoresearch/fashion-mnist",
        licence="MIT",
        citation="H. Xiao, K. Rasul, R. Vollgraf: Fashion-MNIST: a Novel Image Dataset for Benchmarking Machine "
        "Learning Algorithms. arXiv:1708.07747, 2017",
        how_to_get=_DOWNLOAD.format(size="31 MB", file="fashion_mnist.npz"),
        downloads=True,
        files=(vision.torchvision_file("fashion-mnist"),),
    ),
    Entry(
        name="usps",
        title="USPS",
        about="Digits from envelopes, 16x16 pixels in floating point: 7,291 to train on and 2,007 to test.",
        shape=(1, 16, 16),
        pixels=(-1.0, 1.0),
        n_samples=9298,
        n_clusters=10,
        classes=_DIGITS,
        source="https://www.csie.ntu.edu.tw/~cjlin/libsvmtools/datasets/multiclass.html#usps",
        licence="not stated",
        citation="J. J. Hull: A Database for Handwritten Text Recognition Research. IEEE TPAMI, 1994",
        how_to_get=_DOWNLOAD.format(size="9 MB", file="usps.npz"),
        downloads=True,
        files=(vision.torchvision_file("usps"),),
    ),
    Entry(
        name="cifar10",
        title="CIFAR-10",
        about="Small colour photographs of animals and vehicles, 32x32 pixels: 50,000 to train on and 10,000 to test.",
        shape=(3, 32, 32),
        n_samples=60000,
        n_clusters=10,
        classes=("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"),
        source="https://www.cs.toronto.edu/~kriz/cifar.html",
        licence="not stated",
        citation=_KRIZHEVSKY,
        how_to_get=_DOWNLOAD.format(size="170 MB", file="cifar10.npz or a tree of its pictures (cifar10_jpeg.tar.gz)"),
        downloads=True,
        files=(vision.torchvision_file("cifar10"), "CIFAR-10-images"),
    ),
    Entry(
        name="cifar20",
        title="CIFAR-20",
        about="CIFAR-100 with its 20 coarse classes, as clustering papers use it: 60,000 photographs, 32x32 pixels.",
        shape=(3, 32, 32),
        n_samples=60000,
        n_clusters=20,
        classes=tuple(vision.SUPERCLASSES),
        source="https://www.cs.toronto.edu/~kriz/cifar.html",
        licence="not stated",
        citation=_KRIZHEVSKY,
        how_to_get=_DOWNLOAD.format(size="170 MB", file="cifar20.npz or cifar100.npz"),
        downloads=True,
        files=("cifar20.npz", vision.torchvision_file("cifar100"), "cifar100.npz", "cifar-100.npz"),
        loader="mmclust.data.vision:cifar20",
    ),
    Entry(
        name="cifar100",
        title="CIFAR-100",
        about="60,000 small colour photographs in 100 classes, 32x32 pixels: 50,000 to train on and 10,000 to test.",
        shape=(3, 32, 32),
        n_samples=60000,
        n_clusters=100,
        classes=vision.CIFAR100_CLASSES,
        source="https://www.cs.toronto.edu/~kriz/cifar.html",
        licence="not stated",
        citation=_KRIZHEVSKY,
        how_to_get=_DOWNLOAD.format(size="170 MB", file="cifar100.npz"),
        downloads=True,
        files=(vision.torchvision_file("cifar100"),),
    ),
    Entry(
        name="stl10",
        title="STL-10",
        about="Colour photographs of animals and vehicles, 96x96 pixels: 5,000 to train on and 8,000 to test; "
        "IMC-SwAV also trains on the 100,000 without labels.",
        shape=(3, 96, 96),
        n_samples=13000,
        n_clusters=10,
        classes=("airplane", "bird", "car", "cat", "deer", "dog", "horse", "monkey", "ship", "truck"),
        source="https://cs.stanford.edu/~acoates/stl10/",
        licence="not stated",
        citation="A. Coates, H. Lee, A. Y. Ng: An Analysis of Single Layer Networks in Unsupervised Feature Learning. "
        "AISTATS, 2011",
        how_to_get=_DOWNLOAD.format(size="2.6 GB", file="stl10.npz"),
        downloads=True,
        files=(vision.torchvision_file("stl10"),),
        loader="mmclust.data.vision:stl10",
    ),
    Entry(
        name="imagenet10",
        title="ImageNet-10",
        about="Ten classes of ImageNet that clustering papers agreed on: 13,000 photographs, cut to 96x96 pixels.",
        shape=(3, 96, 96),
        n_samples=13000,
        n_clusters=10,
        classes=tuple(vision.IMAGENET10.values()),
        source="https://www.image-net.org/",
        licence="ImageNet's terms of access: non-commercial research and education",
        citation="J. Chang, L. Wang, G. Meng, S. Xiang, C. Pan: Deep Adaptive Image Clustering. ICCV, 2017",
        how_to_get="Get ILSVRC-2012 from image-net.org and put it, or its ten classes as imagenet10.tar, into the "
        "folder that MMCLUST_DATA names (imagenet/train/n02056570/...).",
        files=tuple(
            f"{folder}train/n02056570"
            for folder in ("", "imagenet/", "ImageNet/", "ILSVRC2012/", "ILSVRC/Data/CLS-LOC/")
        )
        + ("imagenet-10", "ImageNet-10"),
        loader="mmclust.data.vision:imagenet10",
    ),
    Entry(
        name="tiny-imagenet",
        title="Tiny-ImageNet",
        about="100,000 photographs of 200 ImageNet classes, 64x64 pixels: its training part, as papers use it.",
        shape=(3, 64, 64),
        n_samples=100000,
        n_clusters=200,
        source="http://cs231n.stanford.edu/tiny-imagenet-200.zip",
        licence="ImageNet's terms of access: non-commercial research and education",
        citation="Y. Le, X. Yang: Tiny ImageNet Visual Recognition Challenge. Stanford CS 231N, 2015",
        how_to_get="Get tiny-imagenet-200.zip from cs231n.stanford.edu and put it into the folder that MMCLUST_DATA "
        "names.",
        files=("tiny-imagenet-200", "tiny-imagenet-200.zip"),
        loader="mmclust.data.vision:tiny_imagenet",
    ),
)

DATASETS: dict[str, Entry] = {entry.name: entry for entry in (*_ENTRIES, *MULTI_VIEW)}


def find(name: str) -> Entry | None:
    """The entry of that name, or None; case, hyphens and underscores do not matter.

    A user's own data set has a name of `mmclust.data.uploads`, of which one's own may be left to its last part. The
    path of an index file, which is nothing without the pictures it points to, stands for the data set it makes.
    """
    if known := _BY_PLAIN_NAME.get(_plain(name)):
        return known
    path = Path(name)
    index = next((e for e in DATASETS.values() if e.needs and path.name in e.files and os.path.isfile(name)), None)
    return replace(index, name=str(path.resolve()), place=path, needs=()) if index else uploads.find(name)


def _plain(name: str) -> str:
    return name.strip().lower().replace("_", "").replace("-", "").replace(" ", "")


_BY_PLAIN_NAME = {_plain(entry.name): entry for entry in DATASETS.values()}


def load(
    name_or_path: str,
    *,
    limit: int | None = None,
    progress: Progress | None = None,
    download: bool = False,
) -> MultiViewDataset:
    """Load a data set by catalogue name or by path.

    Args:
        name_or_path: a name in `DATASETS`, or a file or folder that `mmclust.data.readers` knows.
        limit: take a random sample of this many, in source order; None takes all. The sample is always the same, so
            that runs of several seeds share their data.
        progress: called with a fraction 0..1 and what is being done.
        download: fetch a known data set that is not here.

    Raises:
        UnknownDataset: no such name and no such file.
        DataUnavailable: a known data set that is not here.
        ValueError: the file cannot be used, or the limit is below 1.
    """
    if limit is not None and limit < 1:
        raise ValueError(f"limit={limit} leaves no samples; give 1 or more, or no limit")
    entry = find(name_or_path)
    if entry is None:
        dataset = readers.read(_existing(name_or_path), progress=progress)
    else:
        if download and not entry.available():
            _fetch(entry, progress)
        dataset = _load_entry(entry, progress)
    if limit is None or limit >= dataset.n_samples:
        return dataset
    chosen = np.random.default_rng(0).choice(dataset.n_samples, limit, replace=False)
    return dataset.take(np.sort(chosen))


def download(name: str, progress: Progress | None = None) -> None:
    """Fetch a data set of the catalogue into `home()/data`; nothing happens where it is here already.

    Raises:
        UnknownDataset: no such name.
        DataUnavailable: it has no download, or the download failed; the message says what to do.
    """
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
    return readers.describe(_existing(path))


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
