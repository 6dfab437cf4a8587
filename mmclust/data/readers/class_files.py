"""Files of arrays that hold a class each, such as `cat.npy` and `dog.npy`: of equal columns, unlike lengths.

Nothing but their names says so, and views of other samples look the same; so it is asked.
"""

import re
from collections.abc import Mapping
from pathlib import PurePosixPath

import numpy as np

from mmclust.data.readers import parts, view_arrays, words
from mmclust.data.readers.pairing import Value
from mmclust.data.readers.reading import Reading, listed
from mmclust.data.readers.table import Columns

CLASSES, ROWS, VIEWS = "a class in each file", "rows of one set", "a view each"


def joined(held: Mapping[str, Mapping[str, Value]], reading: Reading) -> dict[str, Value] | None:
    """One array below the other, with the files as classes; None where they are views or parts."""
    single = {name: next(iter(found.values())) for name, found in held.items() if len(found) == 1}
    if len(single) < max(2, len(held)) or any(parts.taken_apart(name)[1] for name in single):
        return None
    values = list(single.values())
    if not all(isinstance(value, np.ndarray) and value.ndim > 1 and value.dtype.kind in "buif" for value in values):
        return None
    shapes, lengths = {value.shape[1:] for value in values}, {len(value) for value in values}
    if len(shapes) > 1 or any(map(view_arrays.is_view_name, single)) or any(map(words.may_be_labels, single)):
        return None
    if len(lengths) == 1 and shapes.pop() == (len(values[0]),):
        return None  # square: a relation of the samples to each other
    rows_ = f"{min(lengths):,} rows" if len(lengths) == 1 else f"{min(lengths):,} to {max(lengths):,} rows"
    text = f"{listed(list(single))} have the same columns and {rows_}: each may hold the samples of a class."
    are_views = len(lengths) == 1 and len(single) <= MOST_EQUAL and (len(single) < 3 or _are_views(list(single)))
    answer = reading.ask("files", text, (CLASSES, ROWS, VIEWS), VIEWS if are_views else CLASSES)
    if answer == VIEWS:
        return None
    rows: dict[str, Value] = {"data": np.concatenate(values)}
    if answer == CLASSES:
        names = _names(list(single))
        reading.tell(f"classes by the names of the files: {listed(names)}")
        rows["labels"] = np.repeat(np.array(names), [len(value) for value in values])
    return rows


def _are_views(names: list[str]) -> bool:
    """Whether files are called like views, or differ in a number alone."""
    last = [PurePosixPath(name).name for name in names]
    is_counted = len({re.sub(r"\d+", "", name) for name in last}) == 1
    return is_counted or all(words.MODALITIES & set(words.tokens(name)) for name in last)


MOST_EQUAL = 8
"""Files of one length are views of the same samples, unless they are many."""


def recordings(sources: Mapping[str, Columns]) -> dict[str, dict[str, Value]] | None:
    """Tables of numbers without names, more than there may be views and all of one form, as a line of numbers each.

    Sensors leave their recordings so, a file for each in a folder for each class. None where that is not so.
    """
    if len(sources) <= view_arrays.MAX_VIEWS or any(source.named for source in sources.values()):
        return None
    frames = {name: source.frame for name, source in sources.items()}
    is_number = all(kind.kind in "biuf" for frame in frames.values() for kind in frame.dtypes)
    if not is_number or len({frame.shape for frame in frames.values()}) > 1:
        return None
    return {name: {"": frame.to_numpy(np.float32).ravel()} for name, frame in frames.items()}


def _names(names: list[str]) -> list[str]:
    """The names of files without the words that all begin with."""
    last = [PurePosixPath(name).name for name in names]
    split = [name.replace("-", "_").split("_") for name in last]
    n_common = 0
    while all(len(words_) > n_common + 1 for words_ in split) and len({words_[n_common] for words_ in split}) == 1:
        n_common += 1
    return ["_".join(words_[n_common:]) for words_ in split]
