"""Arrays that are costly to make are made once, kept as `.npy` under the cache folder and memory-mapped afterwards.

An entry is a folder named by a key of path, size and time of change, so a changed file is read anew. It is filled under
another name and renamed when complete: a killed process leaves nothing half done.
"""

import errno
import hashlib
import json
import logging
import shutil
import uuid
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np

from mmclust import settings
from mmclust.data import checksums
from mmclust.data.dataset import DataSpec, MultiViewDataset, ViewSpec
from mmclust.data.readers import looked_up

log = logging.getLogger(__name__)


def key(*parts: object) -> str:
    """A name for what was made from `parts`."""
    return hashlib.sha256(json.dumps([str(part) for part in parts]).encode()).hexdigest()[:24]


def stamp(path: Path) -> tuple[str, int, int]:
    """Path, size and time of change of a file: what its content is recognised by."""
    stat = path.stat()
    return str(path.resolve()), stat.st_size, stat.st_mtime_ns


def find(name: str) -> Path | None:
    """The folder of a cache entry, or None where it was not made yet, or where its files are damaged.

    Raises:
        ValueError: it is damaged and cannot be removed.
    """
    folder = settings.home() / "cache" / name
    if not folder.is_dir():
        return None
    if not (damage := checksums.damaged(folder)):
        return folder
    log.warning("%s is made again, %s in it is damaged", folder, ", ".join(damage))
    shutil.rmtree(folder, ignore_errors=True)
    if folder.is_dir():
        raise ValueError(f"{folder} is damaged and cannot be removed; delete it, it is made again")
    return None


def entry(name: str, fill: Callable[[Path], None]) -> Path:
    """The folder of a cache entry; `fill(folder)` makes it where it does not exist yet.

    Raises:
        ValueError: no space or no permission to write it.
    """
    if found := find(name):
        return found
    folder = settings.home() / "cache" / name
    draft = folder.with_name(f"{name}.{uuid.uuid4().hex[:8]}.tmp")
    try:
        draft.mkdir(parents=True)
        fill(draft)
        checksums.write(draft)
        if not folder.is_dir():  # another process may have been faster
            draft.rename(folder)
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise ValueError(
                f"the disk with {folder.parent} is full; free some space or set MMCLUST_HOME elsewhere"
            ) from None
        if error.errno in (errno.EACCES, errno.EROFS, errno.EPERM, errno.ENOTDIR, errno.EEXIST):
            raise ValueError(f"{folder.parent} cannot be written; set MMCLUST_HOME to a folder of yours") from None
        if not folder.is_dir():
            raise
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return folder


def unpacked(path: Path, archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> np.ndarray:
    """A large `.npy` member of a zip, memory-mapped from the cache."""

    def fill(folder: Path) -> None:
        with archive.open(info) as source, open(folder / "array.npy", "wb") as target:
            shutil.copyfileobj(source, target, 1 << 20)

    return np.load(entry(key("member", *stamp(path), info.filename), fill) / "array.npy", mmap_mode="r")


def images_name(view: int) -> str:
    """What the file of a view's pictures is called in an entry."""
    return "images.npy" if view == 0 else f"images-{view}.npy"


def save_dataset(
    folder: Path,
    *,
    labels: np.ndarray | None,
    split: np.ndarray | None,
    classes: tuple[str, ...],
    texts: np.ndarray | None = None,
    views: tuple[str, ...] = ("image",),
    columns: Mapping[str, np.ndarray] | None = None,
) -> None:
    """Put beside the pictures what else is known of the samples."""
    for name, values in (("labels", labels), ("split", split)):
        if values is not None:
            np.save(folder / f"{name}.npy", values)
    (folder / "classes.json").write_text(json.dumps(classes))
    (folder / "views.json").write_text(json.dumps(views))
    if texts is not None:
        (folder / "texts.json").write_text(json.dumps(texts.tolist()))
    if columns:
        looked_up.save(folder, columns)


def open_dataset(folder: Path, name: str) -> MultiViewDataset:
    """The data set in a cache entry, its images memory-mapped.

    Read-only: a private copy that could be written to would count as memory, and Linux refuses one beyond the RAM.
    """
    names = json.loads((folder / "views.json").read_text())
    images = [np.load(folder / images_name(view), mmap_mode="r") for view in range(len(names))]
    labels, split = (
        np.load(file) if (file := folder / f"{part}.npy").is_file() else None for part in ("labels", "split")
    )
    classes = tuple(json.loads((folder / "classes.json").read_text()))
    texts = np.array(json.loads(file.read_text()), object) if (file := folder / "texts.json").is_file() else None
    views = tuple(
        ViewSpec(name=view, kind="image", shape=one.shape[1:]) for view, one in zip(names, images, strict=True)
    )
    spec = DataSpec(name=name, views=views, n_clusters=len(classes), classes=classes)
    arrays = tuple(one.view(np.ndarray) for one in images)
    return MultiViewDataset(
        spec=spec, views=arrays, labels=labels, split=split, texts=texts, columns=looked_up.load(folder)
    )
