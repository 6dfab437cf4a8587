"""A folder, tar or zip of image files: a class per sub-folder or flat, also `train/class` and `test/class`.

Captions may stand beside the pictures: `cat.txt` beside `cat.jpg`, or in one table of picture names and captions.

Pictures are decoded once into bytes (N, C, H, W) in the cache and memory-mapped afterwards. Archives are read member by
member and never unpacked to disk, so a name in them is only ever a name.
"""

import contextlib
import gzip
import io
import itertools
import lzma
import os
import shutil
import stat
import struct
import tarfile
import warnings
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from mmclust import settings
from mmclust.data.dataset import DataSpec, MultiViewDataset, ViewSpec
from mmclust.data.readers import cache, table
from mmclust.data.readers.reading import Reading
from mmclust.data.readers.samples import class_ids

Progress = Callable[[float, str], None]

ARCHIVES = (".zip", ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz")
PICTURES = frozenset((".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".ppm", ".pgm", ".pbm", ".tif", ".tiff"))
_FORMATS = ("PNG", "JPEG", "BMP", "GIF", "WEBP", "PPM", "TIFF")
_PARTS = {"train": 0, "training": 0, "test": 1, "testing": 1, "val": 1, "valid": 1, "validation": 1}

MAX_MEMBERS = settings.limit("MEMBERS")
MAX_MEMBER_BYTES = 64 * 2**20
MAX_CAPTION_BYTES = 2**16
"""A text file beside a picture is its caption up to this size, and a table above."""
MAX_UNPACKED_BYTES = settings.limit("UNPACKED_GIB") * 2**30
MAX_RATIO = settings.limit("RATIO")
"""An archive above 1 GiB unpacked may be at most this many times its packed size."""
MAX_PIXELS = settings.limit("MEGAPIXELS") * 10**6
MAX_DECODED_BYTES = 64 * 2**30
NATIVE_PX = 128
"""Square pictures all of one size up to this keep it; others are resized and cut to a square."""
SQUARES_PX = (96, 64, 32)
"""Sizes that others are resized to: the largest that is no larger than the median picture."""

_VERSION = 2  # of what is cached: raise it when decoding changes
_BATCH = 512


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
    shape: tuple[int, int, int]
    resize: bool

    @property
    def spec(self) -> DataSpec:
        view = ViewSpec(name="image", kind="image", shape=self.shape)
        return DataSpec(name="", views=(view,), n_clusters=len(self.classes), classes=self.classes)


def is_tree(path: Path) -> bool:
    """Whether the path is a folder or ends like an archive."""
    return path.is_dir() or path.name.lower().endswith(ARCHIVES)


def read(
    path: Path,
    *,
    only: Sequence[str] = (),
    px: int | None = None,
    listed: Path | None = None,
    progress: Progress | None = None,
) -> MultiViewDataset:
    """Read the pictures of a folder or archive.

    Args:
        path: folder or archive.
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
    with _readable(path):
        stamp = _stamp(path, only)
        return cache.open_dataset(cache.entry(_key(stamp, only, px, listed), fill), name)


def describe(path: Path) -> DataSpec:
    """What a folder or archive of pictures holds, from their headers alone.

    Raises:
        ValueError: what is wrong with the pictures, in one sentence.
    """
    with _readable(path):
        if folder := cache.find(_key(_stamp(path, ()), (), None, None)):
            return cache.open_dataset(folder, _name(path)).spec
        return replace(_look(path, (), None, None).spec, name=_name(path))


def forget(path: Path) -> None:
    """Remove the decoded pictures of a folder or archive from the cache."""
    if folder := cache.find(_key(_stamp(path, ()), (), None, None)):
        shutil.rmtree(folder, ignore_errors=True)


def _key(stamp: list[object], only: Sequence[str], px: int | None, listed: Path | None) -> str:
    return cache.key("tree", _VERSION, only, px, *([listed.name] if listed else []), *stamp)


def text(path: Path, name: str) -> str:
    """A small text file of that name beside the pictures; empty where there is none."""
    with _readable(path):
        if path.is_dir():
            return (path / name).read_text() if (path / name).is_file() else ""
        for member, data in _members(path, lambda found: PurePosixPath(found).name == name, None):
            assert member.endswith(name)
            return data.decode(errors="replace")
    return ""


def _name(path: Path) -> str:
    name = path.resolve().name
    endings = [end for end in ARCHIVES if name.lower().endswith(end) and not path.is_dir()]
    return name[: -len(endings[0])] if endings else name


def _scaled(progress: Progress | None, low: float, high: float) -> Progress | None:
    return progress and (lambda fraction, message: progress(low + (high - low) * fraction, message))


@contextlib.contextmanager
def _readable(path: Path) -> Iterator[None]:
    """Turn what the archive modules raise into a sentence."""
    broken = (tarfile.TarError, zipfile.BadZipFile, zlib.error, lzma.LZMAError, gzip.BadGzipFile, EOFError)
    broken += (NotImplementedError,)  # a zip of a version to come
    try:
        yield
    except broken as error:
        raise ValueError(f"{path.name} is damaged or not a complete archive ({error}); copy it again") from None
    except (FileNotFoundError, PermissionError) as error:
        raise ValueError(
            f"{error.filename or path} cannot be read ({error.strerror}); check the path and its rights"
        ) from None


def _stamp(path: Path, only: Sequence[str]) -> list[object]:
    """What the content is recognised by: for a folder, the stamps of all its pictures."""
    if not path.is_dir():
        return list(cache.stamp(path))
    found = [(name, info.st_size, info.st_mtime_ns) for name, info in _walk(path, only, _is_of_tree)]
    return [path.resolve(), cache.key(*sorted(found))]


def _walk(
    path: Path, only: Sequence[str], wanted: Callable[[str], bool] | None = None
) -> Iterator[tuple[str, os.stat_result]]:
    """Names (relative, with /) and stats of the pictures in a folder; folders that links show twice are read once."""
    wanted = wanted or _is_picture
    pending = [(path / top, f"{top}/") for top in only if (path / top).is_dir()] if only else [(path, "")]
    seen = {os.path.realpath(folder) for folder, _ in pending}
    n_found = 0
    while pending:
        folder, prefix = pending.pop()
        with os.scandir(folder) as items:
            for item in items:
                if item.is_dir():
                    real = os.path.realpath(item.path)
                    if real not in seen and not item.name.startswith("."):
                        seen.add(real)
                        pending.append((Path(item.path), f"{prefix}{item.name}/"))
                elif wanted(prefix + item.name) and item.is_file():
                    n_found += 1
                    check_count(path, n_found)
                    yield prefix + item.name, item.stat()


def check_count(path: Path, n_members: int) -> None:
    """Refuse a folder or archive of too many files."""
    if n_members > MAX_MEMBERS:
        raise ValueError(f"{path.name} has more than {MAX_MEMBERS:,} files; give a part of it")


def _is_picture(name: str) -> bool:
    hidden = name.startswith((".", "__MACOSX")) or "/." in name or "/__MACOSX" in name
    return os.path.splitext(name)[1].lower() in PICTURES and not hidden


def _is_text(name: str) -> bool:
    return name.lower().endswith(table.TEXT_FILES) and not name.startswith(".") and "/." not in name


def _is_of_tree(name: str) -> bool:
    return _is_picture(name) or _is_text(name)


def _members(
    path: Path, wanted: Callable[[str], bool], progress: Progress | None, only: Sequence[str] = ()
) -> Iterator[tuple[str, bytes]]:
    """Name and content of the wanted files, in the order of the folder or archive."""
    if path.is_dir():
        names = [(name, info) for name, info in _walk(path, only, wanted) if wanted(name)]
        for done, (name, info) in enumerate(names):
            _check_size(path, name, info.st_size)
            yield name, (path / name).read_bytes()
            _tell(progress, done, done / len(names))
    elif path.name.lower().endswith(".zip"):
        with zipfile.ZipFile(path) as archive:
            infos = [info for info in archive.infolist() if info.filename and not info.is_dir()]
            check_count(path, len(infos))
            check_unpacked(path, sum(info.file_size for info in infos), path.stat().st_size)
            for done, info in enumerate(infos):
                if wanted(info.filename) and not stat.S_ISLNK(info.external_attr >> 16):
                    _check_size(path, info.filename, info.file_size)
                    yield info.filename, _unzipped(path, archive, info)
                    _tell(progress, done, done / len(infos))
    else:
        unpacked, packed_size = 0, path.stat().st_size
        _check_end(path)
        with open(path, "rb") as packed, tarfile.open(fileobj=packed, mode="r|*") as archive:
            for done, info in enumerate(archive):
                check_count(path, done)
                unpacked += info.size
                check_unpacked(path, unpacked, packed_size)
                if info.isreg() and wanted(info.name):
                    _check_size(path, info.name, info.size)
                    file = archive.extractfile(info)
                    assert file is not None
                    yield info.name, file.read()
                    _tell(progress, done, packed.tell() / packed_size)


def _unzipped(path: Path, archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> bytes:
    try:
        return archive.read(info)
    except (NotImplementedError, RuntimeError, OSError) as error:  # unknown compression, encrypted, a place beyond it
        raise ValueError(f"{path.name} cannot be unpacked ({error}); pack it as a plain .zip or .tar.gz") from None


def _check_end(path: Path) -> None:
    """A plain tar ends with empty blocks; tarfile takes one that was cut off for a shorter one."""
    with open(path, "rb") as packed:
        if packed.read(512)[257:262] == b"ustar":
            packed.seek(-min(512, path.stat().st_size), os.SEEK_END)
            if any(packed.read()):
                raise tarfile.ReadError("its end is missing")


def _tell(progress: Progress | None, done: int, fraction: float) -> None:
    if progress and done % _BATCH == 0:
        progress(fraction, f"{done:,} pictures")


def _check_size(path: Path, name: str, size: int) -> None:
    if size > MAX_MEMBER_BYTES:
        raise ValueError(
            f"{_shown(name)} in {path.name} has {size >> 20} MiB; a picture may have {MAX_MEMBER_BYTES >> 20} MiB"
        )


def check_unpacked(path: Path, size: int, packed: int) -> None:
    """Refuse an archive that unpacks to too many bytes, for itself or beside its packed size."""
    if size > MAX_UNPACKED_BYTES or size > max(2**30, MAX_RATIO * packed):
        raise ValueError(
            f"{path.name} unpacks to {size / 2**30:.1f} GiB or more from {packed / 2**20:.1f} MiB; that is too much"
        )


def _shown(name: str) -> str:
    """A name from a file, fit for a message."""
    return "".join(c if c.isprintable() else "?" for c in name)[-80:]


@dataclass(frozen=True)
class _Beside:
    """What text files in the folder or archive say of the pictures."""

    tables: dict[str, table.Table]
    captions: dict[str, str]
    """Contents of small text files by their name without its ending."""

    def rows(self, names: list[str]) -> tuple[table.Table, dict[str, int]] | None:
        """The table that names these pictures, and the row of each."""
        found = ((one, table.of_pictures(one, names)) for one in self.tables.values())
        return next(((one, rows) for one, rows in found if rows), None)

    def texts(self, names: list[str]) -> np.ndarray | None:
        """(N,) captions of pictures, empty where there is none; None without any."""
        texts = [self.captions.get(os.path.splitext(name)[0], "") for name in names]
        if (found := self.rows(names)) and found[0].texts is not None:
            told = found[0].texts
            texts = [str(told[found[1][name]]) if name in found[1] else text
                     for name, text in zip(names, texts, strict=True)]  # fmt: skip
        return np.array(texts, object) if any(texts) else None


def _beside(path: Path, listed: Path | None) -> _Beside:
    """Read the text files among the pictures; what is no table of pictures is of no use here."""
    tables, captions = {}, {}
    if listed:
        return _Beside({listed.name: table.read(listed)}, {})
    for name, data in _members(path, _is_text, None):
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
    sizes: dict[str, tuple[int, int]] = {}
    grey = True
    with warnings.catch_warnings():
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        chosen = _chosen(path, only, listed)
        for name, data in _members(path, chosen, progress, only):
            with _opened(name, data) as image:
                sizes[name] = image.size  # a tar may hold a name twice: the last one counts
                grey = grey and image.mode in ("1", "L", "LA", "I", "I;16", "I;16B")
    if not sizes:
        raise ValueError(f"{path.name} holds no pictures such as .png or .jpg; put some in, a folder per class")
    pictures, classes, has_parts = _arrange(list(sizes), path.name)
    distinct = set(sizes.values())
    width, height = next(iter(distinct))
    if px is None and len(distinct) == 1 and width == height <= NATIVE_PX:
        px = width
    elif px is None:
        shorter = float(np.median([min(size) for size in sizes.values()]))
        px = next((side for side in SQUARES_PX if side <= shorter), SQUARES_PX[-1])
    resize = distinct != {(px, px)}
    shape = (1 if grey else 3, px, px)
    if len(sizes) * int(np.prod(shape)) > MAX_DECODED_BYTES:
        raise ValueError(f"{path.name} decodes to more than {MAX_DECODED_BYTES >> 30} GiB; give a part of it")
    return _Plan(pictures, classes, has_parts, shape, resize)


def _chosen(path: Path, only: Sequence[str], listed: _Beside | None) -> Callable[[str], bool]:
    """Which names are wanted: pictures below certain folders, or those that a table names."""
    if listed is None:
        return lambda name: _is_picture(name) and _under(name, only)
    names = [name for name, _ in _walk(path, only)]
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
            f"{len(beside)} of {len(names)} pictures in {where} are in no class folder, such as {_shown(beside[0])}; "
            "put every picture into a class folder, or none"
        )
    found = [_shown(parts[0]) if parts else "" for parts in folders]
    classes = tuple(sorted(set(found) - {""}))
    ids = {name: label for label, name in enumerate(classes)} | {"": -1}
    pictures = [_Picture(part, ids[label], name) for part, label, name in zip(part_ids, found, names, strict=True)]
    return sorted(pictures, key=lambda p: (p.part, p.label, p.name)), classes, has_parts


def _decode(
    path: Path, only: Sequence[str], plan: _Plan, folder: Path, progress: Progress | None, beside: _Beside
) -> None:
    """Fill a cache entry with the pictures, row by row as the source gives them."""
    shape = (len(plan.pictures), *plan.shape)
    images = np.lib.format.open_memmap(folder / "images.npy", mode="w+", dtype=np.uint8, shape=shape)
    rows = {picture.name: row for row, picture in enumerate(plan.pictures)}

    def one(item: tuple[str, bytes]) -> None:
        images[rows[item[0]]] = _pixels(*item, shape=plan.shape, resize=plan.resize)

    items = _members(path, rows.__contains__, progress, only)
    if plan.resize:  # large pictures: Pillow lets go of the interpreter while it decodes, so threads help
        with ThreadPoolExecutor(settings.n_threads()) as pool:
            while batch := list(itertools.islice(items, _BATCH)):
                list(pool.map(one, batch))
    else:
        for item in items:
            one(item)
    images.flush()
    names = [picture.name for picture in plan.pictures]
    labels, classes = _classes(plan, beside, names)
    cache.save_dataset(
        folder,
        labels=labels,
        split=np.array([p.part for p in plan.pictures], np.uint8) if plan.has_parts else None,
        classes=classes,
        texts=beside.texts(names),
    )


def _classes(plan: _Plan, beside: _Beside, names: list[str]) -> tuple[np.ndarray | None, tuple[str, ...]]:
    """Classes by the folders, else by the table that names the pictures."""
    if plan.classes:
        return np.array([p.label for p in plan.pictures], np.int64), plan.classes
    found = beside.rows(names)
    if found and found[0].labels is not None and all(name in found[1] for name in names):
        labels = found[0].labels[[found[1][name] for name in names]]
        with contextlib.suppress(ValueError):  # some are missing: pictures without classes are of use too
            labels = labels.astype(str) if labels.dtype == object else labels
            return class_ids(labels, len(names), (), "the table")
    return None, ()


@contextlib.contextmanager
def _opened(name: str, data: bytes) -> Iterator[Image.Image]:
    try:
        with Image.open(io.BytesIO(data), formats=_FORMATS) as image:
            if image.width * image.height > MAX_PIXELS:
                raise Image.DecompressionBombError
            yield image
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise ValueError(
            f"picture {_shown(name)} has more than {MAX_PIXELS // 10**6} megapixels; make it smaller"
        ) from None
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, struct.error) as error:
        raise ValueError(f"picture {_shown(name)} is truncated or no picture ({error}); replace or remove it") from None


def _pixels(name: str, data: bytes, *, shape: tuple[int, int, int], resize: bool) -> np.ndarray:
    """One picture as bytes (C, H, W)."""
    n_channels, height, width = shape
    mode = "L" if n_channels == 1 else "RGB"
    with _opened(name, data) as image:
        if resize:
            image.draft(mode, (width, height))  # a JPEG is decoded at a fraction of its size where that is enough
            image = ImageOps.exif_transpose(image)
        if image.mode.startswith("I"):  # 16 bits
            image = Image.fromarray(np.clip(np.asarray(image) >> 8, 0, 255).astype(np.uint8))
        image = image.convert(mode)
        if resize:
            image = ImageOps.fit(image, (width, height), Image.Resampling.BICUBIC)
        pixels = np.asarray(image)
    return pixels[None] if n_channels == 1 else pixels.transpose(2, 0, 1)
