"""Files of arrays that hold a sample each: one below the other, by the folders of their views and of their classes.

A table may name the files and say the classes; `img/0001.npy` and `txt/0001.npy` are views of one sample.
"""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import PurePosixPath

import numpy as np

from mmclust.data.readers import cells, layout, pairing, parts, view_arrays, words
from mmclust.data.readers.pairing import Value
from mmclust.data.readers.reading import Reading, listed
from mmclust.data.readers.table import Columns

MIN_FILES = 8
"""So many files of one view, or more, hold a sample each."""
NAMED = 0.9
"""Share of files that a table names where it speaks of them."""


def of_views(
    held: Mapping[str, Mapping[str, Value]], sources: dict[str, Columns], reading: Reading
) -> tuple[dict[str, Value], dict[str, Columns]] | None:
    """Views of files whose names come in a folder for each view, or of files that a table names; None for others.

    Args:
        held: the arrays of each file, by its name with folders.
        sources: tables beside them.
        reading: is told what was understood.

    Returns:
        The views, with `labels` where folders say the classes, and the tables with their rows in the order of these.
    """
    single = {name: np.squeeze(next(iter(one.values()))) for name, one in held.items() if _is_one_array(one)}
    if len(single) < max(len(held), MIN_FILES):
        return None
    views = _by_folder(single)
    if views is not None and not _are_views(views, reading):
        views = None
    views = views or {"data": dict(single)}
    keys = list(next(iter(views.values())))
    ordered = _order(keys, sources)
    if ordered is None and len(views) == 1:
        return None
    if any(len({value.shape for value in files.values()}) > 1 for files in views.values()):
        return None
    order, sources = ordered or (keys, sources)
    reading.tell(f"a sample in each of {len(order):,} files" + (" of each view" if len(views) > 1 else ""))
    found: dict[str, Value] = {view: np.stack([files[key] for key in order]) for view, files in views.items()}
    folders = [str(PurePosixPath(key).parent) for key in order]
    if ordered is None and 1 < len(set(folders)) < len(folders):
        found["labels"] = np.array(folders)
    return found, sources


def _is_one_array(one: Mapping[str, Value]) -> bool:
    value = next(iter(one.values()), None)
    return len(one) == 1 and isinstance(value, np.ndarray) and value.ndim > 0 and value.dtype.kind in "buif"


def _by_folder(single: Mapping[str, np.ndarray]) -> dict[str, dict[str, np.ndarray]] | None:
    """The files of each view by what is left of their names, where one folder tells views apart that hold the same."""
    depth_of_all = min(name.count("/") for name in single)
    for depth in range(min(2, depth_of_all)):
        tops: dict[str, dict[str, np.ndarray]] = {}
        for name, value in single.items():
            pieces = name.split("/")
            rest = "/".join((*pieces[:depth], *pieces[depth + 1 :]))
            tops.setdefault(pieces[depth], {})[rest] = value
        names = [set(files) for files in tops.values()]
        if (
            2 <= len(tops) <= view_arrays.MAX_VIEWS
            and len(names[0]) >= MIN_FILES
            and all(one == names[0] for one in names)
        ):
            return tops
    return None


def _are_views(views: Mapping[str, Mapping[str, np.ndarray]], reading: Reading) -> bool:
    """Whether folders hold views, not classes whose files are counted alike; asked where their arrays have one form."""
    if len({value.shape for files in views.values() for value in files.values()}) > 1:
        return True
    text = (
        f"The folders {listed(sorted(views))} hold arrays of the same names: they may be views of the same samples, or "
        "classes."
    )
    named = all(set(words.tokens(view)) & (words.MODALITIES | {"view"}) for view in views)
    return reading.ask("folders", text, (layout.VIEWS, layout.CLASSES), layout.VIEWS if named else layout.CLASSES) == (
        layout.VIEWS
    )


def _order(keys: list[str], sources: dict[str, Columns]) -> tuple[list[str], dict[str, Columns]] | None:
    """The files in the order of the table that names them, and that table without rows of which there is no file."""
    places = {_bare(key): key for key in keys}
    if len(places) < len(keys):
        return None
    for name, source in sources.items():
        for column in range(len(source.frame.columns)):
            values = cells.values(source.frame.iloc[:, column])
            named = [places.get(_bare(cells.as_id(value))) for value in values]
            rows = [row for row, key in enumerate(named) if key is not None]
            if len(set(filter(None, named))) == len(rows) >= NAMED * len(keys):
                split = None if source.split is None else source.split[rows]
                kept = replace(source, frame=source.frame.iloc[rows].reset_index(drop=True), split=split)
                order = [key for key in named if key is not None]
                return order, sources | {name: kept}
    return None


def _bare(name: str) -> str:
    """A file without its folders and its ending."""
    last = PurePosixPath(name.replace("\\", "/")).name
    return last.rpartition(".")[0] if last.lower().endswith((".npy", ".npz", ".mat")) else last


def stacked(held: Mapping[str, Mapping[str, Value]], reading: Reading) -> dict[str, Value] | None:
    """Files that hold a sample each, stacked, with the folders as classes; None where they hold views or parts."""
    if len(held) < MIN_FILES or any(map(_part, held)):
        return None
    shapes = {tuple((key, np.shape(value)) for key, value in found.items()) for found in held.values()}
    if len(shapes) != 1 or any(
        pairing.is_sparse(value) or isinstance(value, list) for value in next(iter(held.values())).values()
    ):
        return None
    folders = [PurePosixPath(name).parts[0] if "/" in name else "" for name in held]
    keys = list(next(iter(held.values())))
    is_scalar = any(words.may_be_labels(key) and np.size(next(iter(held.values()))[key]) == 1 for key in keys)
    if "" in folders and not is_scalar and len(held) <= 2 * view_arrays.MAX_VIEWS:
        return None
    reading.tell(f"a sample in each of {len(held):,} files")
    rows: dict[str, Value] = {
        key or "data": np.stack([np.squeeze(found[key]) for found in held.values()]) for key in keys
    }
    if "" not in folders and len(set(folders)) > 1 and not is_scalar:
        rows["labels"] = np.array(folders)
    return {key: value for key, value in rows.items() if not isinstance(value, str)}


def _part(name: str) -> parts.Part | None:
    return parts.taken_apart(name)[1]
