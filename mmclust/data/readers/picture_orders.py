"""Labels beside pictures that name none of them: as many as there are pictures, in the order of their names.

Sets come with `imagelabels.mat`, `labels.npy` or a text of one word a line; whether their order is that of the names
stands nowhere, so it is asked.
"""

import io
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from mmclust.data.readers import archives, beside_views, labels, mat, words
from mmclust.data.readers.reading import Reading

BY_ORDER, LEAVE_OUT = "in the order of names", "leave it out"
MOST_FILES = 8
MAX_BYTES = 2**24
ENDINGS = (".mat", ".npy")


def read(path: Path, others: Iterable[str], n_pictures: int) -> dict[str, np.ndarray]:
    """Labels (N,) in files of arrays beside N pictures, by the files that hold some."""
    wanted = [name for name in others if name.lower().endswith(ENDINGS)]
    if not 0 < len(wanted) <= MOST_FILES:
        return {}
    found = {}
    for name, data in archives.each(path, set(wanted).__contains__, None):
        values = _labels(name, data) if len(data) <= MAX_BYTES else None
        if values is not None and may_be_meant(values, n_pictures):
            found[name] = values
    return found


def may_be_meant(values: np.ndarray, n_pictures: int) -> bool:
    """Whether values could be the classes of so many pictures."""
    return len(values) == n_pictures and labels.few(values)


def _labels(name: str, data: bytes) -> np.ndarray | None:
    try:
        if name.lower().endswith(".npy"):
            values = np.load(io.BytesIO(data), allow_pickle=False)
            return np.ravel(values) if values.size and values.size == max(values.shape) else None
        arrays = mat.of_bytes(data, name)
    except Exception:  # NumPy's and SciPy's parsers raise errors of a dozen types; such a file is said to be left out
        return None
    named = {key: value for key, value in arrays.items() if words.may_be_labels(key)}
    return beside_views.asked_labels(named, Reading())[1] if named else None


def take(found: Mapping[str, np.ndarray], names: Sequence[str], reading: Reading) -> dict[str, Any]:
    """The class of each picture by its name, where somebody or the guess takes the order for that of the names."""
    for file, values in found.items():
        text = (
            f"{archives.shown(file)} holds {len(values):,} labels and names no pictures, of which there are as many: "
            "they may follow the order of their names."
        )
        if reading.ask(f"order of {archives.shown(file)}", text, (BY_ORDER, LEAVE_OUT), BY_ORDER) == BY_ORDER:
            reading.tell(f"classes from {archives.shown(file)}, {BY_ORDER}")
            return dict(zip(sorted(names, key=_natural), values.tolist(), strict=True))
        reading.leave_out(archives.shown(file), "as answered")
    return {}


def _natural(name: str) -> list[tuple[int, str]]:
    """Names sort as people count: 2.png before 10.png."""
    return [(int(piece), "") if piece.isdecimal() else (-1, piece) for piece in re.split(r"(\d+)", name)]
