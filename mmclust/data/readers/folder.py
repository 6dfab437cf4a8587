"""Folders of files of numbers: views, parts of views, labels, in whatever formats and sub-folders.

Every file becomes named arrays or a table. Names, of files and of the folders they lie in, say which are parts of one
thing (see `parts`); what is left are views of the same samples, labels and captions.
"""

from dataclasses import replace
from functools import partial
from pathlib import Path, PurePosixPath

import numpy as np

from mmclust.data.dataset import MultiViewDataset
from mmclust.data.readers import (
    archives,
    arrays,
    caption_files,
    class_files,
    file_names,
    frames,
    hdf,
    idx,
    leftovers,
    market,
    mat,
    npz,
    parts,
    picture_columns,
    sample_files,
    table,
    table_views,
    tables,
    tree,
    words,
)
from mmclust.data.readers.pairing import Value
from mmclust.data.readers.reading import Reading

MAX_FILES = 4096
"""Files of numbers in one folder."""


def is_folder(path: Path) -> bool:
    """Whether a folder holds files of numbers, in sub-folders or not, and no pictures but few that show these."""
    if not path.is_dir():
        return False
    found, shown, texts = False, [], []
    for count, (name, _) in enumerate(archives.walk(path, (), lambda name: not archives.is_junk(name))):
        if archives.is_picture(name):
            shown.append(name)
            if len(shown) > MOST_PLOTS:
                return False
        found = found or file_names.is_data(name)
        if len(texts) < MOST_TEXTS and _may_be_table(name):
            texts.append(name)
        if count > 100_000:
            break
    if shown:
        return found and not _names_any(path, shown)
    return found or any(map(partial(_is_table_of_numbers, path), texts))


MOST_PLOTS, MOST_TEXTS = 4, 200
"""Pictures beside tables that may be plots of them, and texts that are looked into for numbers."""


def _names_any(path: Path, shown: list[str]) -> bool:
    """Whether a picture lies in a folder of its own, or some file beside it speaks of it."""
    if any("/" in name for name in shown):
        return True
    for name, info in archives.walk(path, (), file_names.is_data):
        with open(path / name, "rb") as file:
            head = file.read(min(info.st_size, frames.HEAD_BYTES))
        if any(PurePosixPath(one).stem.encode() in head for one in shown):
            return True
    return False


def _may_be_table(name: str) -> bool:
    """Whether a file may be a table though its ending does not say so."""
    last = PurePosixPath(name).name.lower()
    return not archives.is_junk(name) and (last.endswith(frames.TEXT_ENDINGS) or "." not in last or last.endswith(".t"))


def _is_table_of_numbers(path: Path, name: str) -> bool:
    if name.lower().endswith(".json"):
        return words.may_be_labels(PurePosixPath(name).stem)
    with open(path / name, "rb") as file:
        return frames.looks_like_numbers(file.read(frames.HEAD_BYTES), name)


def is_table_of_numbers(path: Path) -> bool:
    """Whether a file of an ending that says nothing is a text of numbers in columns."""
    return path.is_file() and not archives.is_junk(path.name) and _is_table_of_numbers(path.parent, path.name)


def files(path: Path) -> list[Path]:
    """The files of numbers below a folder, counted as people count."""
    names = [name for name, _ in archives.walk(path, (), file_names.is_data)]
    texts = [name for name, _ in archives.walk(path, (), _may_be_table) if not file_names.is_data(name)]
    names += [name for name in texts[:MOST_TEXTS] if _is_table_of_numbers(path, name)]
    return [path / name for name in arrays.natural(names)]


def read(path: Path, reading: Reading | None = None, name: str = "") -> MultiViewDataset:
    """Read a folder of files of numbers; one that holds a single file is that file.

    Raises:
        ValueError: what is wrong with a file, in one sentence.
    """
    reading = reading or Reading()
    found = files(path)
    others = _others(path, found)
    captions = caption_files.find(path, others) if found else None
    leftovers.tell([one for one in others if captions is None or one != captions[0]], reading)
    found = file_names.each_once(path, found, reading)
    if len(found) == 1 and captions is None:
        return single(found[0], reading)
    if len(found) > MAX_FILES:
        raise ValueError(f"{path.name} holds {len(found):,} files of numbers; at most {MAX_FILES:,} are read")
    names = file_names.of(path, found)
    sources: dict[str, table.Columns] = {}
    held: dict[str, dict[str, Value]] = {}
    for file, key in names.items():
        if frames.is_table(file.name) or not file_names.is_data(file.name):
            own = reading.part()
            said, part = file_names.columns_of_folders(file.relative_to(path).as_posix())
            for sheet, source in table.sheets(file, own).items():
                title = f"{part}_{len(sources)}" if said else "/".join(filter(None, (key, sheet)))
                sources[title] = replace(source, frame=source.frame.assign(**said)) if said else source
            reading.take(own, file.name)
        else:
            held[key] = _arrays_of(file, key, reading)
    if not held and (recorded := class_files.recordings(sources)) is not None:
        held, sources = recorded, {}
    named = sample_files.of_views(held, sources, reading)
    stacked, sources = (None, sources) if named is None else named
    views, texts, split, columns = _of_tables(sources, reading, alone=not held)
    texts = captions[1] if texts is None and captions is not None else texts
    title = name or path.resolve().name
    if stacked is None and not sources:
        stacked = sample_files.stacked(held, reading) or class_files.joined(held, reading)
    in_rows = (not held and (set(views) <= {"data", "labels"} or not _may_be_turned(sources))) or stacked is not None
    views |= stacked if stacked is not None else _merged(market.turned(held, sources, reading), reading)
    return arrays.assemble(
        title,
        views,
        name or path.name,
        reading,
        texts=texts,
        split=split,
        columns=columns,
        in_rows=in_rows,
        images_first=not any(f.suffix.lower() == ".mat" for f in found),
    )


def _others(path: Path, found: list[Path]) -> list[str]:
    """The names of files that hold no numbers."""
    known = {file.relative_to(path).as_posix() for file in found}
    return [name for name, _ in archives.walk(path, (), lambda name: name not in known and not archives.is_junk(name))]


def _arrays_of(file: Path, key: str, reading: Reading) -> dict[str, Value]:
    """Everything that a file of arrays holds; what has no name of its own bears that of the file."""
    name = file.name.lower()
    if name.endswith(".npy"):
        return {"": npz.array(file)}
    if idx.is_idx(name):
        return {"": idx.array(file)}
    if name.endswith(market.ENDINGS):
        return {"": market.matrix(file)}
    own = reading.part()
    if name.endswith(".npz"):
        found: dict[str, Value] = dict(npz.variables(file, own))
    elif name.endswith(hdf.ENDINGS):
        found = hdf.variables(file, own)
    else:
        found = mat.variables(file, own)
    reading.take(own, file.name)
    return found


def _merged(held: dict[str, dict[str, Value]], reading: Reading) -> dict[str, Value]:
    """The arrays of several files under names that say which file, or which part, they are of."""
    groups = parts.groups(held)
    part_of = {name: part for members in groups.values() for part, name in members.items() if "" not in held[name]}
    merged: dict[str, Value] = {}
    for name, found in held.items():
        if "" in found:
            merged[name] = found[""]
            continue
        if part := part_of.get(name):
            spelled = f"{part.word or 'part'}_{part.shard}"
            base = next(base for base, members in groups.items() if name in members.values())
            several = sum(bool(set(members.values()) & part_of.keys()) for members in groups.values()) > 1
            for key, value in found.items():
                key, said = parts.taken_apart(key)  # train_set_x in train.h5 says twice which part it is of
                key = key if said is None or said.word == part.word else f"{key}_{said.word}_{said.shard}"
                merged[
                    f"{base}_{key}_{spelled}" if several and not words.may_be_labels(key) else f"{key}_{spelled}"
                ] = value
            continue
        merged |= _of_views(name, found)
    return merged


def _of_views(name: str, found: dict[str, Value]) -> dict[str, Value]:
    """The arrays of one file among several: its one view under the file's name, labels under theirs."""
    kept = {
        key: value for key, value in found.items() if words.is_label_name(key) or words.plain(key) in words.CLASS_NAMES
    }
    if words.is_label_name(PurePosixPath(name).name) and len(found) == 1:
        return {name: next(iter(found.values()))}
    views = {
        key: value for key, value in found.items() if key not in kept and hasattr(value, "shape") and np.size(value) > 1
    }
    if len(views) == 1:
        return kept | {name: next(iter(views.values()))}
    return kept | {f"{name} {key}": value for key, value in views.items()}


def _of_tables(
    sources: dict[str, table.Columns], reading: Reading, *, alone: bool
) -> tuple[dict[str, Value], np.ndarray | None, np.ndarray | None, dict[str, np.ndarray]]:
    """Views, labels, captions (N,), parts (N,) and what else stands beside them, of tables."""
    if not sources:
        return {}, None, None, {}
    found = {
        n: picture_columns.with_pictures(one, reading) for n, one in tables.read(sources, reading, alone=alone).items()
    }
    found = _once_of_formats(found, reading)
    texts = next((one.texts for one in found.values() if one.texts is not None), None)
    split = next((one.split for one in found.values() if one.split is not None), None)
    if len(found) == 1:
        ((name, one),) = found.items()
        views: dict[str, Value] = dict(table_views.of(one, "data" if alone else name, reading))
        return views | ({} if one.labels is None else {"labels": one.labels}), texts, split, one.beside
    found = tables.without_descriptions(found, reading)
    views = dict(tables.split_labels(found, reading))
    for name, one in found.items():
        columns = table_views.of(replace(one, numbers=one.numbers[:, :0], header=()), name, reading)
        views |= {f"{name} {column}": values for column, values in columns.items()}
    beside = {title: values for one in reversed(found.values()) for title, values in one.beside.items()}
    return views, texts, split, beside


def _once_of_formats(found: dict[str, table.Table], reading: Reading) -> dict[str, table.Table]:
    """The tables without those that say in another format what one of the same name says: they are no views."""
    kept: dict[str, table.Table] = {}
    for name, one in found.items():
        bare = PurePosixPath(name).with_suffix("").as_posix()
        twin = next((other for other in kept if PurePosixPath(other).with_suffix("").as_posix() == bare), None)
        if twin is not None and _say_the_same(kept[twin].numbers, one.numbers):
            reading.leave_out(name, f"the same as {twin}")
            continue
        kept[name] = one
    return kept


def _say_the_same(one: np.ndarray, other: np.ndarray) -> bool:
    """Whether two tables hold the same numbers (N, D), as precisely as text writes them."""
    return one.shape == other.shape and one.size > 0 and np.allclose(one, other, rtol=1e-4, atol=1e-6, equal_nan=True)


def _may_be_turned(sources: dict[str, table.Columns]) -> bool:
    """Whether samples may be the columns of tables: all name and count them alike, and differ in length."""
    wide = [one.frame for one in sources.values() if len(one.frame.columns) > 1]
    headers = {tuple(map(str, frame.columns)) for frame in wide}
    lengths = {len(frame) for frame in wide}
    lines = {len(one.frame) for one in sources.values() if len(one.frame.columns) == 1}
    if wide and lines and not lines & lengths and lines <= {len(frame.columns) for frame in wide}:
        return True
    return len(wide) > 1 and len(headers) == 1 and len(lengths) > 1 and len(next(iter(headers))) > 1


def single(path: Path, reading: Reading | None = None) -> MultiViewDataset:
    """Read one file: a `.mat`, arrays or a table.

    Raises:
        ValueError: what is wrong with the file, in one sentence.
    """
    reading = reading or Reading()
    if file_names.is_data(path.name) and not frames.is_table(path.name):
        return _single_of_arrays(path, reading)
    sources = table.sheets(path, reading)
    if len(sources) > 1:
        return _of_sheets(path, sources, reading)
    source = next(iter(tables.turned({file_names.stem(path.name): sources.pop("")}, reading).values()))
    found = table.of_columns(source, reading, alone=True)
    del source  # as large as what is read
    if found.pictures is not None:
        names = [name for name, _ in archives.walk(path.parent, ())]
        if not found.numbers.shape[1] or picture_columns.of_pictures(found, names):
            return tree.read(path.parent, reading, listed=path)
    found = picture_columns.with_pictures(found, reading)
    views = table_views.of(found, "data", reading)
    if not views:
        raise ValueError(f"{path.name} holds no numbers and names no pictures; a view of numbers or pictures is needed")
    known = {} if found.labels is None else {"labels": found.labels}
    return arrays.assemble(
        file_names.stem(path.name),
        known | views,
        path.name,
        reading,
        texts=found.texts,
        split=found.split,
        columns=found.beside,
        in_rows=True,
    )


def _of_sheets(path: Path, sources: dict[str, table.Columns], reading: Reading) -> MultiViewDataset:
    """The sheets of a workbook are to each other what tables of a folder are."""
    views, texts, split, columns = _of_tables(sources, reading, alone=True)
    return arrays.assemble(
        file_names.stem(path.name),
        views,
        path.name,
        reading,
        texts=texts,
        split=split,
        columns=columns,
        in_rows=set(views) <= {"data", "labels"} or not _may_be_turned(sources),
    )


def _single_of_arrays(path: Path, reading: Reading) -> MultiViewDataset:
    if path.suffix.lower() == ".mat":
        return mat.read(path, reading)
    if path.suffix.lower() == ".npz":
        return npz.read(path, reading)
    if path.suffix.lower() in hdf.ENDINGS:
        found, in_rows = hdf.variables(path, reading), hdf.is_of_cells(path)
        return arrays.assemble(path.stem, found, path.name, reading, in_rows=in_rows, images_first=True)
    if path.name.lower().endswith(market.ENDINGS):
        return arrays.assemble(file_names.stem(path.name), {"data": market.matrix(path)}, path.name, reading)
    values = idx.array(path) if idx.is_idx(path.name) else npz.array(path)
    if values.dtype.names:
        raise ValueError(
            f"{path.name} holds records with the fields {', '.join(values.dtype.names)[:100]}; save it as CSV, "
            "or each field with numpy.savez"
        )
    if values.ndim < 2:
        raise ValueError(
            f"{path.name} holds {values.size:,} numbers in a line; a view has a row for each sample, and labels "
            "are given together with the files of their views"
        )
    return arrays.assemble(file_names.stem(path.name), {"data": values}, path.name, reading, images_first=True)
