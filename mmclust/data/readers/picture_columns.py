"""Pictures that a table holds, as files in its columns that are decoded once, or names, beside it."""

import hashlib
import json
from dataclasses import replace
from functools import partial
from pathlib import Path, PurePosixPath

import numpy as np

from mmclust.data.readers import cache, pictures
from mmclust.data.readers.reading import Reading
from mmclust.data.readers.table import Table


def with_pictures(table: Table, reading: Reading) -> Table:
    """The table with its picture files as images; rows whose pictures cannot be read are left out.

    Raises:
        ValueError: most pictures cannot be read.
    """
    images, broken = {}, {}
    for column, files in table.files.items():
        folder = cache.entry(cache.key("column", 2, _digest(files)), partial(_fill, files, column))
        images[column] = np.load(folder / "images.npy", mmap_mode="r")
        told = json.loads((folder / "told.json").read_text())
        broken |= {int(row): f"is truncated or no picture ({reason})" for row, reason in told["broken"].items()}
        for note in told["notes"]:
            reading.tell(note)
    table = replace(table, lists=table.lists | images, files={})
    if not broken:
        return table
    kept = np.array([row for row in range(len(table)) if row not in broken], np.int64)
    column = next(iter(images))
    named = {f"{row + 1} of {column}": reason for row, reason in sorted(broken.items())}
    pictures.leave_out_broken(named, len(kept), len(table), column, reading)
    return table.rows(kept)


def _digest(files: np.ndarray) -> str:
    digest = hashlib.blake2b(digest_size=16)
    for data in files:
        digest.update(len(data).to_bytes(8, "little") + data)
    return digest.hexdigest()


def _fill(files: np.ndarray, column: str, folder: Path) -> None:
    """Decode the pictures of a column into a cache entry."""
    sizes, met = pictures.Sizes(), pictures.Decoded()
    named = {f"{row} of {column}": data for row, data in enumerate(files, start=1)}
    for name, data in named.items():
        sizes.meet(name, data)
    if not sizes.of:
        name, reason = next(iter(sizes.broken.items()))
        raise ValueError(f"picture {name} {reason}; replace or remove it")
    form = sizes.form(column, n_samples=len(files))
    measured = pictures.Measured()
    for name in sorted(sizes.deep | sizes.transparent):
        measured.meet(name, named[name], deep=name in sizes.deep)
    form = measured.of(form)
    shape = (len(files), *form.shape)
    images = np.lib.format.open_memmap(folder / "images.npy", mode="w+", dtype=np.uint8, shape=shape)
    sound = ((name, data) for name, data in named.items() if name in sizes.of)
    pictures.decode(sound, images, lambda name: int(name.partition(" ")[0]) - 1, form, met)
    images.flush()
    broken = {int(name.partition(" ")[0]) - 1: _reason(why) for name, why in (sizes.broken | met.broken).items()}
    (folder / "told.json").write_text(json.dumps({"broken": broken, "notes": form.notes}))


def _reason(why: str) -> str:
    return why.removeprefix("is truncated or no picture (").removesuffix(")")


def of_pictures(table: Table, names: list[str]) -> dict[str, list[int]] | None:
    """Rows of each picture by its name, `/` between folders; None where the table does not name these pictures.

    Tables name pictures by path, by file name, or by file name without its ending, in any column of words or ids.
    """
    by_stem: dict[str, str] = {}
    for name in names:
        pure = PurePosixPath(name)
        number = str(int(pure.stem)) if pure.stem.isdecimal() else pure.stem  # tables drop the zeros of 007
        for spelling in (number, pure.stem, pure.name, name):
            by_stem[spelling] = name
    for column in (table.pictures, table.ids):
        if column is None:
            continue
        rows: dict[str, list[int]] = {}
        for row, value in enumerate(column):
            if (key := _spelling(str(value), by_stem)) is not None:
                rows.setdefault(by_stem[key], []).append(row)
        if len(rows) >= min(len(column), len(names)) / 2:
            return rows
    return None


def _spelling(value: str, known: dict[str, str]) -> str | None:
    value = value.replace("\\", "/").removeprefix("./")
    return next((key for key in (value, PurePosixPath(value).name) if key in known), None)
