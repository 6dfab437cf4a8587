"""Which column says what sample a row is: an id joins tables and is never a feature."""

from collections.abc import Mapping

import numpy as np

from mmclust.data.readers import cells, delimited, words

MOST_LETTERS = 40
"""Of a name of a row; longer words are captions."""


def find(flat: Mapping[str, np.ndarray], named: bool) -> str | None:
    """The column that says which sample a row is: by its name, or the first one that counts the rows."""
    unique = [name for name, values in flat.items() if cells.is_unique(values)]
    by_name = [name for name in unique if named and words.is_id_name(name)]
    if by_name:
        usual = [name for name in by_name if words.plain(name) in words.IDS]
        return min(usual, key=lambda name: words.IDS.index(words.plain(name))) if usual else by_name[0]
    first = next(iter(flat), None)
    if first is None or first not in unique or len(flat) < 2:
        return None
    return (
        first
        if cells.counts_rows(flat[first]) or cells.is_hex(flat[first]) or _names_rows(first, flat[first])
        else next((n for n in unique if cells.is_hex(flat[n])), None)
    )


def _names_rows(name: str, values: np.ndarray) -> bool:
    """Whether the first column (N,), another word in every row, merely names the rows: no sentences and no dates."""
    if cells.is_number(values) or words.plain(name) in words.CAPTION_COLUMNS:
        return False
    spoken = cells.as_words(values)
    lengths = [len(value) for value in spoken.tolist()]
    is_spoken = sum(value.count(" ") for value in spoken.tolist()) > len(spoken)
    return not is_spoken and max(lengths) <= MOST_LETTERS and not cells.are_dates(spoken) and not are_pictures(spoken)


def spoken(ids: str | None, flat: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The words of the ids, where they are words: these may be names of pictures."""
    return {} if ids is None or cells.is_number(flat[ids]) else {ids: cells.as_words(flat[ids])}


def is_spare(name: str, values: np.ndarray, ids: str | None) -> bool:
    """Whether a column of numbers is an id beside the one that is taken, or one that repeats: never a feature."""
    if words.plain(name) in words.SURE_IDS and ids is None:
        return True
    whole = bool((values[np.isfinite(values)] == np.round(values[np.isfinite(values)])).all())
    if words.plain(name).startswith("unnamed:") and cells.counts_rows(values):
        return True
    is_named = words.tokens(name)[-1:] in (["id"], ["ids"], ["uid"], ["uuid"], ["barcode"]) or words.plain(name) in (
        "rownames",
        "rownumber",
        "unnamed:0",
    )
    return whole and is_named and not words.may_be_labels(name)


MAY_BE_ID = "holds another whole number in nearly every row, which may be an id"


def unnamed(numbers: Mapping[str, np.ndarray]) -> str:
    """The first column where it alone holds another whole number in every row, unlike those beside it; else empty.

    These are fractions, or far smaller: a few numbers may then come twice.
    """
    names = list(numbers)
    if len(names) < 3 or len(numbers[names[0]]) < MIN_IDS:
        return ""
    first, beside = numbers[names[0]], [numbers[name] for name in names[1:]]
    if any(map(cells.is_unique, beside)):
        return ""
    fractions = sum(bool((values[np.isfinite(values)] % 1).any()) for values in beside)
    if cells.is_unique(first) and 2 * fractions > len(beside):
        return names[0]
    is_whole = bool(np.isfinite(first).all() and (first % 1 == 0).all() and first.min() > 0)
    largest = max(np.abs(values[np.isfinite(values)]).max(initial=0) for values in beside)
    is_far = is_whole and first.min() > FAR * largest and len(np.unique(first)) >= MOSTLY * len(first)
    return names[0] if is_far else ""


FAR, MOSTLY = 10, 0.9
MIN_IDS = 20
"""Rows, at least, whose numbers all differ by no chance."""


def are_pictures(values: np.ndarray) -> bool:
    """Whether words (N,) are names of pictures."""
    return sum(bool(delimited.PICTURE_NAME.search(value)) for value in values[:1000]) >= 0.9 * len(values[:1000])
