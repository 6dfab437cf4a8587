"""Numbers in a text file: separated by commas, semicolons, tabs or spaces, with or without a header row."""

from pathlib import Path

import numpy as np

from mmclust.data.readers import arrays

MAX_BYTES = 2 * 2**30


def read(path: Path) -> tuple[np.ndarray, tuple[str, ...]]:
    """The numbers (N, D) of a table and its header, empty where it has none.

    A first row of text is a header, and so is one that merely counts the columns.

    Raises:
        ValueError: what is wrong with the file, in one sentence.
    """
    if path.stat().st_size > MAX_BYTES:
        raise ValueError(f"{path.name} has more than {MAX_BYTES >> 30} GiB; save it as .npz")
    try:
        with open(path, encoding="utf-8-sig") as lines:
            first, second = lines.readline(), lines.readline()
    except UnicodeDecodeError:
        raise ValueError(f"{path.name} is no text; save it as comma-separated values in UTF-8") from None
    separator = next((mark for mark in ",;\t" if mark in first), None)
    header = tuple(cell.strip().strip("\"'") for cell in first.strip().split(separator))
    has_header = _is_header(header, second)
    if not (second if has_header else first).strip():
        raise ValueError(f"{path.name} holds no numbers; give one sample a row")
    try:
        numbers = np.loadtxt(
            path, delimiter=separator, skiprows=int(has_header), ndmin=2, comments=None, encoding="utf-8-sig"
        )
    except ValueError as error:
        raise ValueError(f"{path.name} is not a table of numbers ({error}); give one sample a row") from None
    return numbers, header if has_header else ()


def _is_header(cells: tuple[str, ...], second: str) -> bool:
    try:
        values = [float(cell) for cell in cells]
    except ValueError:
        return True
    # Tools that write a table without names number its columns; a label column may bear any number.
    counted = values[:-1] in (list(range(len(values) - 1)), list(range(1, len(values))))
    return counted and len(values) > 2 and bool(second.strip())


def split_labels(tables: dict[str, tuple[np.ndarray, tuple[str, ...]]]) -> dict[str, np.ndarray]:
    """Tables without their label column, and the labels under `labels` where there were any.

    The last column is labels where its header says so, or where all of several tables end in the same whole numbers.
    """
    lasts = [numbers[:, -1] for numbers, _ in tables.values() if numbers.shape[1] > 1]
    alike = len(lasts) > 1 and len(lasts) == len(tables) and all(np.array_equal(lasts[0], last) for last in lasts)
    shared = alike and bool((lasts[0] == np.round(lasts[0])).all()) and len(np.unique(lasts[0])) <= len(lasts[0]) // 2
    found: dict[str, np.ndarray] = {}
    for name, (numbers, header) in tables.items():
        if shared or (header and numbers.shape[1] > 1 and arrays.is_label_name(header[-1])):
            found.setdefault("labels", numbers[:, -1])
            numbers = numbers[:, :-1]
        found[name] = numbers
    return found
