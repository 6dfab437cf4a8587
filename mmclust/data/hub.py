"""Data sets of Hugging Face by name, such as `hf:owner/name`, read with the package `datasets`.

What the columns are follows from their declared types alone: images and lists of numbers are views, numbers with a
point are the columns of one more view, a class label is the label, a single column of strings holds captions. Where
there are several class labels, the name ends in the wanted one: `hf:owner/name@fine_label`. A folder that
`save_to_disk` wrote is named by its path: `hf:/folder`.

What is read lies on the disk: only `fetch` uses the internet, once, and runs read what it kept ever after.
"""

import os
import re
import tempfile
from collections import Counter
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from mmclust import settings
from mmclust.data.answered import HUB
from mmclust.data.dataset import DataSpec, MultiViewDataset, ViewSpec
from mmclust.data.readers import looked_up, picture_files, pictures

_NAME = re.compile(r"[A-Za-z0-9][\w.-]{0,95}(/[A-Za-z0-9][\w.-]{0,95})?", re.ASCII)
"""owner/name, or the name of a data set without an owner."""


def is_name(name: str) -> bool:
    """Whether a data set is meant to come from there."""
    return name.startswith(HUB)


def available(name: str) -> bool:
    """Whether the data set is on the disk: fetched before, or the folder that the name tells."""
    return os.path.isdir(_folder(_place(name)))


def fetch(name: str) -> None:
    """Fetch a data set from Hugging Face and keep it in `home()/data/hub`.

    Raises:
        ValueError: the package is missing, or there is no such data set.
        OSError: the disk cannot be written.
    """
    place = _place(name)
    if not _NAME.fullmatch(place):
        raise ValueError(f"{name} is no name of a data set of Hugging Face; give {HUB}owner/name")
    datasets, target = _package(name), _folder(place)
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent) as work:
        try:
            found = datasets.load_dataset(place, cache_dir=work)
        except Exception as error:  # of many libraries
            raise ValueError(f"{name} could not be fetched ({_first(error)}); give {HUB}owner/name") from None
        found.save_to_disk(f"{work}/whole")
        Path(work, "whole").rename(target)


def load(name: str) -> MultiViewDataset:
    """The data set of a name, which is on the disk.

    Raises:
        ValueError: the package is missing, the folder is none of a data set, or nothing in it can be clustered.
    """
    folder = _folder(_place(name))
    return _load(name, folder, _changed(folder))


def _changed(folder: Path) -> int:
    """When a file in it was written last; one that goes away meanwhile is none of a data set."""
    newest = 0
    for file in folder.iterdir():
        with suppress(FileNotFoundError):
            newest = max(newest, file.stat().st_mtime_ns)
    return newest


@lru_cache(maxsize=1)
def _load(name: str, folder: Path, changed: int) -> MultiViewDataset:
    # `changed` is part of the key: a folder that was written again is read anew.
    label = name.removeprefix(HUB).partition("@")[2]
    parts = _parts(name, folder)
    columns = next(iter(parts.values())).features
    rows = [row for part in parts.values() for row in _raw(part)]
    if not rows:
        raise ValueError(f"{name} has no samples; choose another data set")
    views = _views(columns, rows)
    if not views:
        kinds = ", ".join(f"{column} ({type(kind).__name__})" for column, kind in columns.items())
        raise ValueError(f"{name} has neither images nor numbers of one size to cluster, but {kinds}; choose another")
    labels, classes = _labels(name, columns, rows, label)
    sizes = [part.num_rows for part in parts.values()]
    split = np.repeat([0, *[1] * (len(sizes) - 1)], sizes).astype(np.uint8)
    spec = DataSpec(name=name, views=tuple(view for view, _ in views), n_clusters=len(classes), classes=classes)
    return MultiViewDataset(
        spec=spec,
        views=tuple(values for _, values in views),
        labels=labels,
        split=split if len(sizes) > 1 else None,
        texts=_texts(columns, rows),
        columns=_columns(columns, rows),
    )


def _place(name: str) -> str:
    """A name without the class label at its end."""
    return name.removeprefix(HUB).partition("@")[0]


def _folder(place: str) -> Path:
    """Where a data set lies: the folder that is named, else where it is kept once it is fetched."""
    local = os.path.expanduser(place)
    if os.path.isdir(local) or not _NAME.fullmatch(place):  # not Path.is_dir: it raises where a name is too long
        return Path(local)
    return settings.home() / "data" / "hub" / place.replace("/", "--")


def _package(name: str) -> Any:
    try:
        import datasets  # pyright: ignore[reportMissingImports]
    except ImportError:
        raise ValueError(f"{name} needs the package datasets; install it with `pip install datasets`") from None
    return datasets


def _first(error: Exception) -> str:
    return str(error).strip().partition("\n")[0][:160]


def _parts(name: str, folder: Path) -> dict[str, Any]:
    """Parts by name, the one to train on first."""
    datasets = _package(name)
    try:
        found = datasets.load_from_disk(str(folder))
    except Exception as error:  # of many libraries
        raise ValueError(
            f"{name} could not be read ({_first(error)}); give {HUB}owner/name, or a folder that save_to_disk wrote"
        ) from None
    parts = {str(part): rows for part, rows in found.items()} if isinstance(found, dict) else {"train": found}
    return dict(sorted(parts.items(), key=lambda part: part[0] != "train"))


def _raw(part: Any) -> Any:
    """Rows whose images are the bytes of their files."""
    import datasets  # pyright: ignore[reportMissingImports]

    for column, kind in part.features.items():
        if isinstance(kind, datasets.Image):
            part = part.cast_column(column, datasets.Image(decode=False))
    return part


def _views(columns: Any, rows: list[dict[str, Any]]) -> list[tuple[ViewSpec, np.ndarray]]:
    found, loose = [], []
    for column, kind in columns.items():
        name = type(kind).__name__
        if name == "Image":
            found.append(_images(column, rows))
        elif name in ("List", "LargeList", "Sequence", "Array2D", "Array3D"):
            found += _vectors(column, [row[column] for row in rows])
        elif name == "Value" and "float" in kind.dtype:
            loose.append(column)
    if loose:
        found += _vectors("numbers", [[row[column] for column in loose] for row in rows])
    return found


def _images(column: str, rows: list[dict[str, Any]]) -> tuple[ViewSpec, np.ndarray]:
    """Pictures of the most frequent size; others are cut to its proportions and resized."""
    contents = [row[column]["bytes"] or Path(row[column]["path"]).read_bytes() for row in rows]
    sizes, gray = Counter(), True
    for number, content in enumerate(contents):
        with picture_files.opened(f"{column} {number}", content) as image:
            sizes[image.size] += 1
            gray = gray and image.mode in picture_files.GRAY
    width, height = sizes.most_common(1)[0][0]
    form = pictures.Form((1 if gray else 3, height, width), resize=len(sizes) > 1)
    values = np.stack([pictures.pixels(f"{column} {i}", content, form=form) for i, content in enumerate(contents)])
    return ViewSpec(name=column, kind="image", shape=values.shape[1:]), values


def _vectors(column: str, values: list[Any]) -> list[tuple[ViewSpec, np.ndarray]]:
    """A view of vectors; none where they are no numbers, or of several lengths."""
    try:
        found = np.asarray(values, np.float32)
    except (TypeError, ValueError):
        return []
    found = found.reshape(len(found), -1)
    return [(ViewSpec(name=column, kind="vector", shape=found.shape[1:]), found)] if np.isfinite(found).all() else []


def _labels(
    name: str, columns: Any, rows: list[dict[str, Any]], wanted: str
) -> tuple[np.ndarray | None, tuple[str, ...]]:
    known = [column for column, kind in columns.items() if type(kind).__name__ == "ClassLabel"]
    if wanted and wanted not in known:
        raise ValueError(f"{name}: {wanted} is no class label; choose one of {', '.join(known) or 'none'}")
    if len(known) > 1 and not wanted:
        raise ValueError(f"{name} has the class labels {', '.join(known)}; say which, such as {name}@{known[0]}")
    if not known:
        return None, ()
    column = wanted or known[0]
    labels = np.array([-1 if row[column] is None else row[column] for row in rows], np.int64)
    return labels, tuple(columns[column].names)


def _columns(columns: Any, rows: list[dict[str, Any]]) -> dict[str, np.ndarray]:
    """Words, truths, whole numbers and dates, to look samples up by."""
    import pandas as pd

    plain = [c for c, kind in columns.items() if type(kind).__name__ == "Value" and "float" not in kind.dtype]
    found = {column: looked_up.column(pd.Series([row[column] for row in rows]).to_numpy()) for column in plain}
    return {column: values for column, values in found.items() if values is not None}


def _texts(columns: Any, rows: list[dict[str, Any]]) -> np.ndarray | None:
    words = [c for c, kind in columns.items() if type(kind).__name__ == "Value" and kind.dtype == "string"]
    return np.array([row[words[0]] or "" for row in rows], object) if len(words) == 1 else None
