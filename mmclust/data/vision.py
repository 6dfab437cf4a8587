"""Published image sets: digits of scikit-learn, those that torchvision fetches and reads, and parts of ImageNet.

A download is turned into one `<name>.npz` beside the user's other data, so torchvision (and torch) is needed only
while it is made. A user's own folders in torchvision's layout are read through torchvision once and then cached.
"""

import bz2
import gzip
import hashlib
import importlib.util
import os
import shutil
import urllib.request
import uuid
import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import numpy as np

from mmclust.data import readers
from mmclust.data.dataset import DataSpec, MultiViewDataset
from mmclust.data.progress import Progress
from mmclust.data.readers import cache, npz, tree

# CIFAR-100's table of coarse and fine classes; both orders are alphabetical
SUPERCLASSES: Final[dict[str, str]] = {
    "aquatic mammals": "beaver dolphin otter seal whale",
    "fish": "aquarium_fish flatfish ray shark trout",
    "flowers": "orchid poppy rose sunflower tulip",
    "food containers": "bottle bowl can cup plate",
    "fruit and vegetables": "apple mushroom orange pear sweet_pepper",
    "household electrical devices": "clock keyboard lamp telephone television",
    "household furniture": "bed chair couch table wardrobe",
    "insects": "bee beetle butterfly caterpillar cockroach",
    "large carnivores": "bear leopard lion tiger wolf",
    "large man-made outdoor things": "bridge castle house road skyscraper",
    "large natural outdoor scenes": "cloud forest mountain plain sea",
    "large omnivores and herbivores": "camel cattle chimpanzee elephant kangaroo",
    "medium-sized mammals": "fox porcupine possum raccoon skunk",
    "non-insect invertebrates": "crab lobster snail spider worm",
    "people": "baby boy girl man woman",
    "reptiles": "crocodile dinosaur lizard snake turtle",
    "small mammals": "hamster mouse rabbit shrew squirrel",
    "trees": "maple_tree oak_tree palm_tree pine_tree willow_tree",
    "vehicles 1": "bicycle bus motorcycle pickup_truck train",
    "vehicles 2": "lawn_mower rocket streetcar tank tractor",
}
CIFAR100_CLASSES: Final = tuple(sorted(" ".join(SUPERCLASSES.values()).split()))

# J. Chang et al., Deep Adaptive Image Clustering, 2017
IMAGENET10: Final[dict[str, str]] = {
    "n02056570": "king penguin",
    "n02085936": "Maltese dog",
    "n02128757": "snow leopard",
    "n02690373": "airliner",
    "n02692877": "airship",
    "n03095699": "container ship",
    "n04254680": "soccer ball",
    "n04285008": "sports car",
    "n04467665": "trailer truck",
    "n07747607": "orange",
}

# data set -> class of torchvision.datasets, what is looked for, folders between that and torchvision's root
_TORCHVISION: Final[dict[str, tuple[str, str, int]]] = {
    "mnist": ("MNIST", "MNIST/raw/train-images-idx3-ubyte", 2),
    "fashion-mnist": ("FashionMNIST", "FashionMNIST/raw/train-images-idx3-ubyte", 2),
    "usps": ("USPS", "usps.bz2", 0),
    "cifar10": ("CIFAR10", "cifar-10-batches-py", 0),
    "cifar100": ("CIFAR100", "cifar-100-python", 0),
    "stl10": ("STL10", "stl10_binary", 0),
}


def torchvision_file(name: str) -> str:
    """The file or folder by which torchvision's copy of a data set is recognised."""
    return _TORCHVISION[name][1]


def digits(spec: DataSpec, path: Path | None = None, progress: Progress | None = None) -> MultiViewDataset:
    """The 1,797 handwritten digits bundled with scikit-learn, 8x8 pixels of 17 levels, as bytes 0..16.

    Its file is read without importing scikit-learn, which takes longer than everything else here.
    """
    found = importlib.util.find_spec("sklearn")
    assert found is not None and found.submodule_search_locations
    file = Path(found.submodule_search_locations[0]) / "datasets" / "data" / "digits.csv.gz"
    with gzip.open(file, "rt") as lines:
        table = np.loadtxt(lines, delimiter=",", dtype=np.float32).astype(np.uint8)
    images = np.ascontiguousarray(table[:, :-1]).reshape(-1, *spec.views[0].shape)
    return MultiViewDataset(spec=spec, views=(images,), labels=table[:, -1].astype(np.int64))


def image_set(spec: DataSpec, path: Path | None, progress: Progress | None = None) -> MultiViewDataset:
    """An image set from the place it was found at: an `.npz`, pictures, or torchvision's layout."""
    assert path is not None
    name, marker, depth = _TORCHVISION.get(spec.name, ("", "", 0))
    if not marker or path.name != Path(marker).name:
        return readers.read(path, progress=progress)
    root = path.parents[depth]
    if spec.name == "usps":  # floating point: the cache of pictures keeps bytes, and this takes a second
        return _dataset(spec, *_parsed(name, root))
    files = sorted(file for file in (path if path.is_dir() else path.parent).iterdir() if file.is_file())

    def fill(folder: Path) -> None:
        images, labels, split = _parsed(name, root)
        np.save(folder / "images.npy", images)
        cache.save_dataset(folder, labels=labels, split=split, classes=spec.classes)

    key = cache.key("torchvision", spec.name, *(part for file in files for part in cache.stamp(file)))
    return cache.open_dataset(cache.entry(key, fill), spec.name)


def stl10(spec: DataSpec, path: Path | None, progress: Progress | None = None) -> MultiViewDataset:
    """STL-10 with its unlabelled images, where the file has them."""
    assert path is not None
    dataset = image_set(spec, path, progress)
    more = npz.member(path, "unlabelled") if path.suffix == ".npz" else _stl10_unlabelled(path.parent)
    return dataset if more is None else replace(dataset, unlabelled=(more,))


def _stl10_unlabelled(root: Path) -> np.ndarray | None:
    """Unlabelled images (N, C, H, W) in torchvision's layout, memory-mapped."""
    file = root / "stl10_binary" / "unlabeled_X.bin"
    if not file.is_file():
        return None
    return np.memmap(file, np.uint8, mode="r").reshape(-1, 3, 96, 96).transpose(0, 1, 3, 2)  # columns come first


def cifar20(spec: DataSpec, path: Path | None, progress: Progress | None = None) -> MultiViewDataset:
    """CIFAR-100 under its 20 coarse classes, or a file that has these classes already."""
    fine = image_set(replace(spec, name="cifar100", classes=CIFAR100_CLASSES), path, progress)
    if fine.spec.n_clusters != 100 or fine.labels is None:
        return fine
    coarse_of = {name: coarse for coarse, names in enumerate(SUPERCLASSES.values()) for name in names.split()}
    names = [name.replace(" ", "_") for name in fine.spec.classes]
    if not set(names) <= set(coarse_of):  # numbers: the usual, alphabetical order
        names = list(CIFAR100_CLASSES)
    coarse = np.array([coarse_of[name] for name in names], np.int64)
    found = replace(fine.spec, n_clusters=len(SUPERCLASSES), classes=tuple(SUPERCLASSES))
    return replace(fine, spec=found, labels=coarse[fine.labels])


def imagenet10(spec: DataSpec, path: Path | None, progress: Progress | None = None) -> MultiViewDataset:
    """The ten classes of ImageNet-10, from a local ImageNet or a copy of the ten, resized to 96x96 as published."""
    assert path is not None
    if path.suffix == ".npz":
        return readers.read(path)
    px = spec.views[0].shape[-1]
    if path.name in IMAGENET10:  # within the whole of ImageNet
        pictures = tree.read(path.parent, only=tuple(IMAGENET10), px=px, stretch=True, progress=progress)
    else:
        pictures = tree.read(path, px=px, stretch=True, progress=progress)
    return _renamed(pictures, IMAGENET10)


def tiny_imagenet(spec: DataSpec, path: Path | None, progress: Progress | None = None) -> MultiViewDataset:
    """Tiny-ImageNet from its folder or zip: 100,000 pictures to train on and its 10,000 for validation, as test part.

    Raises:
        ValueError: the classes of the validation pictures are not there.
    """
    assert path is not None
    if path.suffix == ".npz":
        return readers.read(path)
    lines = tree.text(path, "words.txt").splitlines()
    words = {wnid: names.split(",")[0].strip() for wnid, _, names in (line.partition("\t") for line in lines)}
    px = spec.views[0].shape[-1]
    train = tree.read(path, only=("train",), px=px, progress=progress)
    parts = train, _tiny_imagenet_validation(path, train.spec.classes, px, progress)

    def fill(folder: Path) -> None:
        _stack([part.views[0] for part in parts], folder / "images.npy")
        labels = np.concatenate([part.labels for part in parts if part.labels is not None])
        split = np.repeat(np.array([0, 1], np.uint8), [part.n_samples for part in parts])
        cache.save_dataset(folder, labels=labels, split=split, classes=train.spec.classes)

    key = cache.key("tiny-imagenet", px, tree.content_key(path, only=("train", "val")))
    return _renamed(cache.open_dataset(cache.entry(key, fill), spec.name), words)


def _tiny_imagenet_validation(
    path: Path, classes: tuple[str, ...], px: int, progress: Progress | None
) -> MultiViewDataset:
    """The validation pictures; their classes stand in a table of file names."""
    rows = [line.split("\t") for line in tree.text(path, "val/val_annotations.txt").splitlines()]
    wnids = {row[0]: row[1] for row in rows if len(row) > 1}
    names = tree.order(path, only=("val",)) if wnids else []
    known = [wnids.get(name.rsplit("/", 1)[-1], "") for name in names]
    if not known or not set(known) <= set(classes):
        raise ValueError(
            f"{path.name} has no val/val_annotations.txt with the classes of its validation pictures, on which "
            "Tiny-ImageNet is evaluated; put the whole of tiny-imagenet-200.zip there"
        )
    pictures = tree.read(path, only=("val",), px=px, progress=progress)
    return replace(pictures, labels=np.array([classes.index(wnid) for wnid in known], np.int64))


def _stack(parts: list[np.ndarray], file: Path) -> None:
    """Write arrays (n, ...) after each other into one `.npy`, a few at a time."""
    shape = (sum(map(len, parts)), *parts[0].shape[1:])
    images = np.lib.format.open_memmap(file, mode="w+", dtype=parts[0].dtype, shape=shape)
    row = 0
    for part in parts:
        for begin in range(0, len(part), 10_000):
            some = part[begin : begin + 10_000]
            images[row : row + len(some)] = some
            row += len(some)
    images.flush()


def _renamed(dataset: MultiViewDataset, names: dict[str, str]) -> MultiViewDataset:
    classes = tuple(names.get(name, name) for name in dataset.spec.classes)
    return replace(dataset, spec=replace(dataset.spec, classes=classes))


def _dataset(spec: DataSpec, images: np.ndarray, labels: np.ndarray, split: np.ndarray) -> MultiViewDataset:
    return MultiViewDataset(spec=spec, views=(images,), labels=labels, split=split)


def _parsed(name: str, root: Path) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Images (N, C, H, W), labels and split of a data set in torchvision's layout, train before test."""
    parts = [_part(name, root, train) for train in (True, False)]
    images, labels = (np.concatenate([part[i] for part in parts]) for i in (0, 1))
    split = np.repeat(np.array([0, 1], np.uint8), [len(part[1]) for part in parts])
    return np.ascontiguousarray(images), labels.astype(np.int64), split


def _part(name: str, root: Path, train: bool) -> tuple[np.ndarray, np.ndarray]:
    if name == "USPS":  # torchvision rounds the 2,001 levels of the source to 256
        with bz2.open(root / ("usps.bz2" if train else "usps.t.bz2"), "rt") as lines:
            rows = [line.split() for line in lines]
        images = np.array([[pair.split(":")[1] for pair in row[1:]] for row in rows], np.float32)
        return images.reshape(-1, 1, 16, 16), np.array([int(row[0]) - 1 for row in rows])
    source = _torchvision_class(name)
    try:
        with warnings.catch_warnings():  # CIFAR's files were written by a NumPy that new ones complain about
            warnings.simplefilter("ignore", DeprecationWarning)
            warnings.simplefilter("ignore", np.exceptions.VisibleDeprecationWarning)
            part = source(root, split="train" if train else "test") if name == "STL10" else source(root, train=train)
    except (RuntimeError, OSError, ValueError) as error:
        raise ValueError(
            f"the {name} files in {root} are not complete ({error}); remove them and download again"
        ) from None
    images = np.asarray(part.data)
    labels = np.asarray(part.labels if name == "STL10" else part.targets)
    if images.ndim == 3:
        return images[:, None], labels
    return (images if name == "STL10" else images.transpose(0, 3, 1, 2)), labels


def _torchvision_class(name: str) -> Any:
    import torchvision  # the whole first, for the reason that `analysis.gradcam` gives

    return getattr(torchvision.datasets, name)


def fetch(dataset: str, classes: tuple[str, ...], target: Path, progress: Progress | None = None) -> None:
    """Download a data set from where torchvision has it and write it as one `.npz`.

    Files that arrived before an interruption are kept beside `target` and not fetched again.

    Raises:
        OSError: no connection, no space.
        ValueError: what arrived is not what torchvision expects.
    """
    name = _TORCHVISION[dataset][0]
    root = target.with_name(f".{dataset}-download")
    wanted = _wanted(name, root)
    for i, (urls, file, md5) in enumerate(wanted):
        _get(urls, file, md5, progress, i / len(wanted), (i + 1) / len(wanted))
    if progress:
        progress(0.95, "unpacking")
    if name != "USPS":
        _torchvision_class(name)(root, download=True)  # finds the files that are there, checks and unpacks them
    images, labels, split = _parsed(name, root)
    draft = target.with_name(f"{target.name}.{uuid.uuid4().hex[:8]}.tmp")
    try:
        with open(draft, "wb") as file:
            arrays: dict[str, Any] = {"images": images, "labels": labels, "split": split, "classes": np.array(classes)}
            if name == "STL10" and (more := _stl10_unlabelled(root)) is not None:
                arrays["unlabelled"] = more
            np.savez(file, **arrays)
        os.replace(draft, target)
    finally:
        draft.unlink(missing_ok=True)
    shutil.rmtree(root, ignore_errors=True)
    if progress:
        progress(1.0, "done")


def _wanted(name: str, root: Path) -> list[tuple[list[str], Path, str]]:
    """Addresses, place and checksum of every file that torchvision would fetch."""
    source = _torchvision_class(name)
    if name in ("MNIST", "FashionMNIST"):
        raw = root / name / "raw"
        return [([mirror + file for mirror in source.mirrors], raw / file, md5) for file, md5 in source.resources]
    if name == "USPS":
        return [([url], root / file, md5) for url, file, md5 in source.split_list.values()]
    return [([source.url], root / source.filename, source.tgz_md5)]


def _get(urls: list[str], file: Path, md5: str, progress: Progress | None, low: float, high: float) -> None:
    """Fetch one file from the first address that answers; a file with the right checksum stays as it is."""
    if file.is_file() and _md5(file) == md5:
        return
    file.parent.mkdir(parents=True, exist_ok=True)
    failed: OSError | None = None
    for url in urls:
        draft = file.with_name(f"{file.name}.{uuid.uuid4().hex[:8]}.tmp")
        try:
            with urllib.request.urlopen(url, timeout=30) as answer, open(draft, "wb") as target:
                total, done = int(answer.headers.get("Content-Length") or 0), 0
                while chunk := answer.read(1 << 18):
                    target.write(chunk)
                    done += len(chunk)
                    if progress:
                        share = done / total if total else 0.0
                        progress(0.9 * (low + (high - low) * min(1.0, share)), _amount(file.name, done, total))
            if _md5(draft) != md5:
                raise OSError(f"{file.name} arrived damaged")
            os.replace(draft, file)
            return
        except OSError as error:
            failed = error
        finally:
            draft.unlink(missing_ok=True)
    assert failed is not None
    raise failed


def _amount(name: str, done: int, total: int) -> str:
    return f"{name}: {done / 1e6:.1f} of {total / 1e6:.1f} MB" if total else f"{name}: {done / 1e6:.1f} MB"


def _md5(file: Path) -> str:
    with open(file, "rb") as data:
        return hashlib.file_digest(data, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
