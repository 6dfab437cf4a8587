"""The cells of a column of a table: numbers, words, lists, whole pictures, ids."""

import decimal
import re
from typing import TYPE_CHECKING, Any

import numpy as np

from mmclust.data.readers import delimited
from mmclust.data.readers.picture_files import is_picture

if TYPE_CHECKING:
    import pandas as pd

MOST_WORDS = 0.2
"""Share of words in a column of numbers above which it is one of words, not one with a stray word to report."""
_DATE = re.compile(
    r"\d{4}[-/.]\d{1,2}([-/.]\d{1,2})?([T ]\d{1,2}:\d{2}.*)?|\d{1,2}[-/.]\d{1,2}[-/.]\d{2,4}.*|\d{1,2}:\d{2}(:\d{2})?.*"
)
MIN_PIXELS = 4
"""Numbers in a cell of text, at least, that make it a list of numbers."""
_HEX = re.compile(r"(0x)?[0-9a-fA-F]{4,64}|[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_NUMBERS = re.compile(r"[\s\[(]*[+-]?[\d.]")
NESTED = (list, tuple, dict, bytes, np.ndarray)


def values(column: "pd.Series") -> np.ndarray:
    """A column (N,) as NumPy knows it; a missing value of pandas' own, which compares with nothing, becomes None."""
    import pandas as pd

    found = column.to_numpy()
    if found.dtype == object and isinstance(column.dtype, pd.api.extensions.ExtensionDtype):
        is_number = pd.api.types.is_numeric_dtype(column.dtype)
        return (
            column.to_numpy(dtype=np.float64, na_value=np.nan) if is_number else column.to_numpy(object, na_value=None)
        )
    if found.dtype == object and len(found) and any(isinstance(value, decimal.Decimal) for value in found[:LOOKED_AT]):
        return _of_decimals(found)
    return found


LOOKED_AT = 100


def _of_decimals(found: np.ndarray) -> np.ndarray:
    """Exact decimal numbers (N,), as databases write them, as float64; what holds anything else stays."""
    if not all(is_empty(value) or isinstance(value, (decimal.Decimal, int, float)) for value in found):
        return found
    return np.array([np.nan if is_empty(value) else float(value) for value in found])


def rows_of_numbers(found: np.ndarray) -> np.ndarray | None:
    """A column of equally long lists as (N, D), of nested ones as (N, H, W) or (N, H, W, C); None for anything else.

    Lists may be spelled as text, such as the pixels "0 255 12 ..." of a picture.
    """
    if found.dtype != object or not len(found):
        return None
    if isinstance(found[0], str) and _NUMBERS.match(found[0]):
        return _spelled(found)
    if not isinstance(found[0], (list, tuple, np.ndarray)):
        return None
    try:
        rows = _stacked(found)
    except (ValueError, TypeError):
        return None
    return rows if 2 <= rows.ndim <= 4 and rows.size else None


def _stacked(found: np.ndarray) -> np.ndarray:
    """Rows (N,) of lists of one form as one array, filled row by row: lists take more room than what is in them.

    Raises:
        ValueError: lists of several forms.
        TypeError: what is no number.
    """
    first = _nested(found[0])
    rows = np.empty((len(found), *first.shape), first.dtype)
    for place, value in enumerate(found):
        one = first if place == 0 else _nested(value)
        if one.shape != first.shape:
            raise ValueError("lists differ in length")
        if not np.can_cast(one.dtype, rows.dtype):
            rows = rows.astype(np.promote_types(one.dtype, rows.dtype))
        rows[place] = one
    return rows


def _nested(value: Any, depth: int = 0) -> np.ndarray:
    """Lists of lists as an array; Parquet gives arrays of arrays."""
    if (
        depth < 4
        and isinstance(value, (list, tuple, np.ndarray))
        and len(value)
        and isinstance(value[0], (list, tuple, np.ndarray))
    ):
        return np.stack([_nested(one, depth + 1) for one in value])
    found = np.asarray(value)
    return found if found.dtype.kind in "bui" else found.astype(np.float32)


def _spelled(found: np.ndarray) -> np.ndarray | None:
    """Cells such as "1 2 3" or "[1, 2, 3]" as (N, D)."""

    def parsed(cell: str) -> list[str]:
        return cell.strip().strip("[]()").replace(",", " ").replace(";", " ").split()

    width = len(parsed(found[0]))
    if width < MIN_PIXELS:
        return None
    rows = np.empty((len(found), width))
    try:
        for row, cell in enumerate(found):
            rows[row] = np.array(parsed(cell), dtype=np.float64)
    except (ValueError, TypeError, AttributeError):
        return None
    is_bytes = rows.min() >= 0 and rows.max() <= 255 and bool((rows == np.round(rows)).all())
    return rows.astype(np.uint8) if is_bytes else rows


def picture_files(found: np.ndarray) -> np.ndarray | None:
    """A column of picture files as bytes (N,), empty where there is none; None for anything else."""
    if found.dtype != object:
        return None
    content = [value.get("bytes") if isinstance(value, dict) else value for value in found]
    first = next((value for value in content if value is not None), None)
    if not isinstance(first, bytes) or not all(value is None or isinstance(value, bytes) for value in content):
        return None
    return np.array([value or b"" for value in content], object) if is_picture(first) else None


def is_number(found: np.ndarray) -> bool:
    """Whether a column is meant to hold numbers: nearly all of its cells do, so that a stray word is reported."""
    if found.dtype.kind in "buif":
        return True
    some = [value for value in found[:1000] if isinstance(value, (str, int, float, np.number)) and not is_empty(value)]
    strange = sum(not delimited.is_number(str(value)) for value in some)
    return bool(some) and strange <= max(1, MOST_WORDS * len(some)) and strange < len(some) / 2 and not is_hex(found)


def as_numbers(found: np.ndarray, name: str, where: str) -> np.ndarray:
    """A column (N,) as float64, NaN where a cell is empty.

    Raises:
        ValueError: a word in it.
    """
    if found.dtype.kind in "buif":
        return found.astype(np.float64, copy=False)
    numbers = np.full(len(found), np.nan)
    for row, value in enumerate(found):
        try:
            if not is_empty(value) and value not in delimited.MISSING:
                numbers[row] = float(value)
        except (ValueError, TypeError):
            raise ValueError(
                f"{where} is not a table of numbers (row {row + 1} of {shown(name)} holds {shown(str(value))}); "
                "give one sample a row"
            ) from None
    return numbers


def are_dates(values: np.ndarray) -> bool:
    """Whether words (N,) are dates or times."""
    some = [value for value in values[:200].tolist() if value]
    return bool(some) and all(_DATE.fullmatch(value) for value in some)


def is_blank(value: Any) -> bool:
    """Whether a cell of any type is empty; a list or a picture is not."""
    return not isinstance(value, NESTED) and is_empty(value)


def is_empty(value: Any) -> bool:
    """Whether a cell that is no list is empty."""
    return value is None or value != value or (isinstance(value, str) and not value.strip())


def as_words(found: np.ndarray) -> np.ndarray:
    """The texts of a column; lists of texts are joined, other nested and binary cells hold none, but for a path."""
    return np.array([_as_word(value.get("path") if isinstance(value, dict) else value) for value in found], object)


def _as_word(value: Any) -> str:
    if isinstance(value, (list, tuple, np.ndarray)):
        return " ".join(one.strip() for one in value if isinstance(one, str))
    return "" if isinstance(value, NESTED) or is_empty(value) else str(value).strip()


def as_id(value: Any) -> str:
    """A cell as the id of a sample, alike in every spelling: 7.0 is 7, and pictures may bear their ending or not."""
    if isinstance(value, (float, np.floating)) and value == round(value):
        value = int(value)
    return delimited.PICTURE_ENDING.sub("", _as_word(value) if isinstance(value, str) else str(value))


def is_unique(found: np.ndarray) -> bool:
    """Whether every row has a value of its own, a word or a whole number."""
    if found.dtype.kind == "f" and not (np.isfinite(found).all() and (found == np.round(found)).all()):
        return False
    if found.dtype.kind not in "uifO" or len(found) < 2 or any(isinstance(value, NESTED) for value in found[:1]):
        return False
    spelled = {str(value) for value in found.tolist()}
    return len(spelled) == len(found) and not any(is_blank(value) for value in found)


def counts_rows(found: np.ndarray) -> bool:
    """Whether a column counts the rows, from 0 or from 1, in whatever order."""
    if found.dtype.kind not in "uif" or len(found) < 3:
        return False
    lowest = found.min()
    return bool(lowest in (0, 1) and found.max() - lowest == len(found) - 1)


def is_hex(found: np.ndarray) -> bool:
    """Whether a column holds digests or UUIDs: words of one length in digits and a to f, some of them with letters."""
    if found.dtype != object or not len(found) or not all(isinstance(value, str) for value in found[:1000]):
        return False
    some = [value.strip() for value in found[:1000]]
    return (
        len(set(map(len, some))) == 1
        and all(map(_HEX.fullmatch, some))
        and any(re.search("[a-fA-F]", value) for value in some)
        and len(set(some)) == len(some)
    )


def shown(text: str) -> str:
    """A name from a file, fit for a message."""
    return "".join(c if c.isprintable() else "?" for c in text)[:60]
