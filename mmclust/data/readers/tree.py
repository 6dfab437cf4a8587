"""A folder, tar or zip of image files: a class per sub-folder or flat, also `train/class` and `test/class`.

Captions may stand beside the pictures: `cat.txt` beside `cat.jpg`, or in one table of picture names and captions.

Pictures are decoded once into bytes (N, C, H, W) in the cache and memory-mapped afterwards.
"""

import contextlib
import io
import json
import os
import shutil
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

import numpy as np
from PIL import Image

from mmclust.data.dataset import DataSpec, MultiViewDataset, ViewSpec
from mmclust.data.readers import archives, cache, table
from mmclust.data.readers.pictures import Form, Sizes, decode
from mmclust.data.readers.reading import Reading
from mmclust.data.readers.samples import class_ids

Progress = Callable[[float, str], None]

_PARTS = {"train": 0, "training": 0, "test": 1, "testing": 1, "val": 1, "valid": 1, "validation": 1}

MAX_CAPTION_BYTES = 2**16
"""A text file beside a picture is its caption up to this size, and a table above."""

_NOTES = "notes.json"
_VERSION = 3  # of what is cached: raise it when decoding changes


@dataclass(frozen=True)
class _Picture:
    """Where a picture goes: its row in the arrays comes from the order of these fields."""

    part: int
    label: int
    name: str


@dataclass(frozen=True)
class _Plan:
    """What a look at the headers of all pictures told."""

    pictures: list[_Picture]
    classes: tuple[str, ...]
    has_parts: bool
    form: Form

    @property
    def spec(self) -> DataSpec:
        view = ViewSpec(name="image", kind="image", shape=self.form.shape)
        return DataSpec(name="", views=(view,), n_clusters=len(self.classes), classes=self.classes)


def is_tree(path: Path) -> bool:
    """Whether the path is a folder or ends like an archive."""
    return path.is_dir() or path.name.lower().endswith(archives.ARCHIVES)


def read(
    path: Path,
    reading: Reading | None = None,
    *,
    only: Sequence[str] = (),
    px: int | None = None,
    listed: Path | None = None,
    progress: Progress | None = None,
) -> MultiViewDataset:
    """Read the pictures of a folder or archive.

    Args:
        path: folder or archive.
        reading: takes down which samples lack a picture or a caption.
        only: take what is in folders of these names alone; of a folder on disk, the top ones.
        px: resize to squares of this side; None finds a size (see `NATIVE_PX`, `SQUARES_PX`).
        listed: a table in the folder that names the pictures to take; None takes all.
        progress: called with a fraction 0..1 and what is being done.

    Raises:
        ValueError: what is wrong with the pictures, in one sentence.
    """

    def fill(folder: Path) -> None:
        beside = _beside(path, listed)
        plan = _look(path, only, px, _scaled(progress, 0.0, 0.35), beside if listed else None)
        _decode(path, only, plan, folder, _scaled(progress, 0.35, 1.0), beside)

    name = listed.stem if listed else _name(path)
    with archives.readable(path):
        folder = cache.entry(_key(_stamp(path, only), only, px, listed), fill)
    if reading:
        for note in json.loads((folder / _NOTES).read_text()):
            reading.tell(note)
    return cache.open_dataset(folder, name)


def describe(path: Path) -> tuple[DataSpec, int]:
    """What a folder or archive of pictures holds, and how many, from their headers alone.

    Raises:
        ValueError: what is wrong with the pictures, in one sentence.
    """
    with archives.readable(path):
        if folder := cache.find(_key(_stamp(path, ()), (), None, None)):
            found = cache.open_dataset(folder, _name(path))
            return found.spec, found.n_samples
        plan = _look(path, (), None, None)
        return replace(plan.spec, name=_name(path)), len(plan.pictures)


def forget(path: Path) -> None:
    """Remove the decoded pictures of a folder or archive from the cache."""
    if folder := cache.find(_key(_stamp(path, ()), (), None, None)):
        shutil.rmtree(folder, ignore_errors=True)


def _key(stamp: list[object], only: Sequence[str], px: int | None, listed: Path | None) -> str:
    return cache.key("tree", _VERSION, only, px, *([listed.name] if listed else []), *stamp)


def text(path: Path, name: str) -> str:
    """A small text file of that name beside the pictures; empty where there is none."""
    with archives.readable(path):
        if path.is_dir():
            return (path / name).read_text() if (path / name).is_file() else ""
        for member, data in archives.each(path, lambda found: PurePosixPath(found).name == name, None):
            assert member.endswith(name)
            return data.decode(errors="replace")
    return ""


def _name(path: Path) -> str:
    name = path.resolve().name
    endings = [end for end in archives.ARCHIVES if name.lower().endswith(end) and not path.is_dir()]
    return name[: -len(endings[0])] if endings else name


def _scaled(progress: Progress | None, low: float, high: float) -> Progress | None:
    return progress and (lambda fraction, message: progress(low + (high - low) * fraction, message))


def _stamp(path: Path, only: Sequence[str]) -> list[object]:
    """What the content is recognised by: for a folder, the stamps of all its pictures."""
    if not path.is_dir():
        return list(cache.stamp(path))
    found = [
        (name, info.st_size, info.st_mtime_ns) for name, info in archives.walk(path, only, archives.is_picture_or_text)
    ]
    return [path.resolve(), cache.key(*sorted(found))]


@dataclass(frozen=True)
class _Beside:
    """What text files in the folder or archive say of the pictures."""

    tables: dict[str, table.Table]
    captions: dict[str, str]
    """Contents of small text files by their name without its ending."""

    def rows(self, names: list[str]) -> tuple[table.Table, dict[str, list[int]]] | None:
        """The table that names these pictures, and the rows of each; the first of them counts."""
        found = ((one, table.of_pictures(one, names)) for one in self.tables.values())
        return next(((one, rows) for one, rows in found if rows), None)

    def texts(self, names: list[str]) -> np.ndarray | None:
        """(N,) captions of pictures, empty where there is none; None without any."""
        texts = [self.captions.get(os.path.splitext(name)[0], "") for name in names]
        if (found := self.rows(names)) and found[0].texts is not None:
            told = found[0].texts
            texts = [
                str(told[found[1][name][0]]) if name in found[1] else text
                for name, text in zip(names, texts, strict=True)
            ]
        return np.array(texts, object) if any(texts) else None


def _beside(path: Path, listed: Path | None) -> _Beside:
    """Read the text files among the pictures; what is no table of pictures is of no use here."""
    tables, captions = {}, {}
    if listed:
        return _Beside({listed.name: table.read(listed)}, {})
    for name, data in archives.each(path, archives.is_text, None):
        if name.lower().endswith(".txt") and len(data) <= MAX_CAPTION_BYTES:
            captions[os.path.splitext(name)[0]] = " ".join(data.decode("utf-8-sig", errors="replace").split())
        with contextlib.suppress(ValueError):
            if len(data) > MAX_CAPTION_BYTES or not name.lower().endswith(".txt"):
                tables[name] = table.parse(io.BytesIO(data), name, Reading())
    return _Beside(tables, captions)


def _look(
    path: Path, only: Sequence[str], px: int | None, progress: Progress | None, listed: _Beside | None = None
) -> _Plan:
    """Read the headers of all pictures and decide on classes, order, size and colour."""
    sizes = Sizes()
    with warnings.catch_warnings():
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        chosen = _chosen(path, only, listed)
        for name, data in archives.each(path, chosen, progress, only):
            sizes.meet(name, data)
    if not sizes.of:
        raise ValueError(f"{path.name} holds no pictures such as .png or .jpg; put some in, a folder per class")
    return _Plan(*_arrange(list(sizes.of), path.name), sizes.form(path.name, px))


def _chosen(path: Path, only: Sequence[str], listed: _Beside | None) -> Callable[[str], bool]:
    """Which names are wanted: pictures below certain folders, or those that a table names."""
    if listed is None:
        return lambda name: archives.is_picture(name) and _under(name, only)
    names = [name for name, _ in archives.walk(path, only)]
    if not (found := listed.rows(names)):
        where = next(iter(listed.tables))
        raise ValueError(f"the pictures that {where} names are not beside it; put them into the same folder")
    return found[1].__contains__


def _under(name: str, only: Sequence[str]) -> bool:
    return not only or any(part in only for part in PurePosixPath(name).parts[:-1])


def _arrange(names: list[str], where: str) -> tuple[list[_Picture], tuple[str, ...], bool]:
    """Part and class of every picture by its folders, sorted; the classes; whether there are parts."""
    folders = [PurePosixPath(name).parts[:-1] for name in names]
    common = os.path.commonprefix(folders)  # of tuples: the folders around everything
    folders = [parts[len(common) :] for parts in folders]
    tops = {parts[0].lower() if parts else "" for parts in folders}
    has_parts = len(tops) > 1 and tops <= set(_PARTS)
    part_ids = [_PARTS[parts[0].lower()] if has_parts else 0 for parts in folders]
    if has_parts:
        folders = [parts[1:] for parts in folders]
    beside = [name for name, parts in zip(names, folders, strict=True) if not parts]
    if beside and len(beside) < len(names):
        raise ValueError(
            f"{len(beside)} of {len(names)} pictures in {where} are in no class folder, such as "
            f"{archives.shown(beside[0])}; put every picture into a class folder, or none"
        )
    found = [archives.shown(parts[0]) if parts else "" for parts in folders]
    classes = tuple(sorted(set(found) - {""}))
    ids = {name: label for label, name in enumerate(classes)} | {"": -1}
    pictures = [_Picture(part, ids[label], name) for part, label, name in zip(part_ids, found, names, strict=True)]
    return sorted(pictures, key=lambda p: (p.part, p.label, p.name)), classes, has_parts


def _decode(
    path: Path, only: Sequence[str], plan: _Plan, folder: Path, progress: Progress | None, beside: _Beside
) -> None:
    """Fill a cache entry with the pictures, row by row as the source gives them."""
    shape = (len(plan.pictures), *plan.form.shape)
    images = np.lib.format.open_memmap(folder / "images.npy", mode="w+", dtype=np.uint8, shape=shape)
    rows = {picture.name: row for row, picture in enumerate(plan.pictures)}
    decode(archives.each(path, rows.__contains__, progress, only), images, rows.__getitem__, plan.form)
    images.flush()
    names = [picture.name for picture in plan.pictures]
    labels, classes = _classes(plan, beside, names)
    (folder / _NOTES).write_text(json.dumps(plan.form.notes + _missing(beside, names)))
    cache.save_dataset(
        folder,
        labels=labels,
        split=np.array([p.part for p in plan.pictures], np.uint8) if plan.has_parts else None,
        classes=classes,
        texts=beside.texts(names),
    )


def _missing(beside: _Beside, names: list[str]) -> list[str]:
    """What was told of pictures that are not there or more than once, and of how many nothing was told."""
    notes, found, texts = [], beside.rows(names), beside.texts(names)
    if found:
        n_rows = sum(map(len, found[1].values()))
        if n_rows < len(found[0]):
            notes.append(f"rows left out, whose picture is not there: {len(found[0]) - n_rows:,}")
        if len(found[1]) < n_rows:
            notes.append(f"rows left out, of a picture that has one: {n_rows - len(found[1]):,}")
        if found[0].labels is not None and (strange := sum(name not in found[1] for name in names)):
            notes.append(f"classes left out, for so many pictures are not in the table: {strange:,}")
    if texts is not None and (silent := sum(not text for text in texts)):
        notes.append(f"pictures without a caption: {silent:,}")
    return notes


def _classes(plan: _Plan, beside: _Beside, names: list[str]) -> tuple[np.ndarray | None, tuple[str, ...]]:
    """Classes by the folders, else by the table that names the pictures."""
    if plan.classes:
        return np.array([p.label for p in plan.pictures], np.int64), plan.classes
    found = beside.rows(names)
    if found and found[0].labels is not None and all(name in found[1] for name in names):
        labels = found[0].labels[[found[1][name][0] for name in names]]
        with contextlib.suppress(ValueError):  # some are missing: pictures without classes are of use too
            labels = labels.astype(str) if labels.dtype == object else labels
            return class_ids(labels, len(names), (), "the table")
    return None, ()
