"""A folder with a file per view: `.mat`, `.npy` or a table; labels have a file of their own or stand beside a view."""

import shutil
import stat
import zipfile
import zlib
from dataclasses import replace
from pathlib import Path, PurePosixPath

from mmclust.data.dataset import MultiViewDataset
from mmclust.data.readers import archives, arrays, cache, mat, npz, table, tree
from mmclust.data.readers.arrays import Value
from mmclust.data.readers.reading import Reading

ENDINGS = (".mat", ".npy", *table.ENDINGS)


def is_folder(path: Path) -> bool:
    """Whether a folder holds files of views, and neither pictures nor folders, which pictures come in."""
    if not path.is_dir():
        return False
    items = [item for item in path.iterdir() if not item.name.startswith(".")]
    others = any(item.is_dir() or item.suffix.lower() in archives.PICTURES for item in items)
    return any(_is_view(item) for item in items) and not others


def files(path: Path) -> list[Path]:
    """The files of the views, counted as people count."""
    names = arrays.natural(item.name for item in path.iterdir() if _is_view(item))
    return [path / name for name in names]


def _is_view(path: Path) -> bool:
    return path.suffix.lower() in ENDINGS and not path.name.startswith(".") and path.is_file()


def read(path: Path, reading: Reading | None = None) -> MultiViewDataset:
    """Read a folder of views; one that holds a single file is that file.

    Raises:
        ValueError: what is wrong with a file, in one sentence.
    """
    reading = reading or Reading()
    found = files(path)
    if len(found) > 2 * arrays.MAX_VIEWS:
        raise ValueError(f"{path.name} holds {len(found)} files; at most {arrays.MAX_VIEWS} views are read")
    if len(found) == 1:
        return single(found[0], reading)
    views: dict[str, Value] = {}
    tables: dict[str, table.Table] = {}
    for file in found:
        if file.suffix.lower() in table.ENDINGS:
            own = Reading(reading.answers)
            tables[file.stem] = table.read(file, own)
            for told in own.told:
                reading.tell(f"{told} ({file.name})")
        elif file.suffix.lower() == ".npy":
            views[file.stem] = npz.array(file)
        else:
            views |= _of_mat(file)
    tables = table.joined(tables, reading)
    views |= table.split_labels(tables)
    texts = next((one.texts for one in tables.values() if one.texts is not None), None)
    in_rows = len(tables) == len(found) and not _may_be_turned(tables)
    return arrays.assemble(path.resolve().name, views, path.name, reading, texts=texts, in_rows=in_rows)


def _may_be_turned(tables: dict[str, table.Table]) -> bool:
    """Whether samples may be the columns of tables: all name and count them alike, and differ in length."""
    headers = {(one.header, one.numbers.shape[1]) for one in tables.values() if one.numbers.shape[1] > 1}
    has_ids = any(one.ids is not None for one in tables.values())
    return len(headers) == 1 and len(set(map(len, tables.values()))) > 1 and not has_ids


def is_zipped(path: Path) -> bool:
    """Whether a zip holds files of views and no pictures."""
    try:
        with zipfile.ZipFile(path) as archive:
            endings = {PurePosixPath(info.filename).suffix.lower() for info in archive.infolist()}
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        return False
    return bool(endings & set(ENDINGS)) and not endings & archives.PICTURES


def read_zip(path: Path, reading: Reading | None = None) -> MultiViewDataset:
    """Read the files of views in a zip, unpacked once into the cache under plain names.

    Raises:
        ValueError: what is wrong with the zip or a file in it, in one sentence.
    """

    def fill(into: Path) -> None:
        with zipfile.ZipFile(path) as archive:
            infos = [info for info in archive.infolist() if info.filename and not info.is_dir()]
            archives.check_count(path, len(infos))
            archives.check_unpacked(path, sum(info.file_size for info in infos), path.stat().st_size)
            for info in infos:
                archives.check_depth(path, info.filename)
                name = PurePosixPath(info.filename.replace("\\", "/")).name
                is_link = stat.S_ISLNK(info.external_attr >> 16)
                if is_link or not name.lower().endswith(ENDINGS) or name.startswith("."):
                    continue
                if (into / name).exists():
                    raise ValueError(f"{path.name} holds two files called {name}; rename one")
                with archive.open(info) as source, open(into / name, "xb") as target:
                    shutil.copyfileobj(source, target, 1 << 20)

    try:
        unpacked = cache.entry(cache.key("views", *cache.stamp(path)), fill)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError) as error:
        raise ValueError(f"{path.name} is damaged or cannot be unpacked ({error}); copy it again") from None
    try:
        found = read(unpacked, reading)
    except ValueError as error:
        raise ValueError(str(error).replace(unpacked.name, path.name)) from None
    return replace(found, spec=replace(found.spec, name=path.stem))


def single(path: Path, reading: Reading | None = None) -> MultiViewDataset:
    """Read one file: a `.mat`, an array or a table.

    Raises:
        ValueError: what is wrong with the file, in one sentence.
    """
    reading = reading or Reading()
    if path.suffix.lower() == ".mat":
        return mat.read(path, reading)
    if path.suffix.lower() == ".npy":
        values = npz.array(path)
        if values.ndim < 2:
            raise ValueError(
                f"{path.name} holds {values.size:,} numbers in a line; a view has a row for each sample, and labels "
                "are given together with the files of their views"
            )
        return arrays.assemble(path.stem, {"data": values}, path.name, reading)
    found = table.read(path, reading)
    if found.pictures is not None:
        names = [name for name, _ in archives.walk(path.parent, ())]
        if not found.numbers.shape[1] or table.of_pictures(found, names):
            return tree.read(path.parent, reading, listed=path)
    views = table.views(found, "data", reading)
    if not views:
        raise ValueError(f"{path.name} holds no numbers and names no pictures; a view of numbers or pictures is needed")
    labels = {} if found.labels is None else {"labels": found.labels}
    return arrays.assemble(path.stem, labels | views, path.name, reading, texts=found.texts, in_rows=True)


def _of_mat(file: Path) -> dict[str, Value]:
    """The view of one `.mat`, under the file's name, and labels where it holds some."""
    found = mat.variables(file)
    labels = {key: value for key, value in found.items() if arrays.is_label_name(key)}
    if arrays.is_label_name(file.stem) and len(found) == 1:
        return {file.stem: next(iter(found.values()))}
    views = {key: value for key, value in found.items() if key not in labels and hasattr(value, "shape")}
    if len(views) > 1:
        raise ValueError(f"{file.name} holds {', '.join(views)}; a file of a folder may hold one view and its labels")
    return {**labels, **dict(zip([file.stem], views.values(), strict=False))}
