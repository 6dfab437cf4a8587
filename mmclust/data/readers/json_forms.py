"""JSON in forms that say by themselves what is a row: those that pandas writes, and objects of rows by their ids."""

from typing import TYPE_CHECKING, Any

from mmclust.data.readers import separators
from mmclust.data.readers.reading import Reading

if TYPE_CHECKING:
    import pandas as pd

ROWS, COLUMNS = "a sample in each list", "a column in each list"


def read(content: Any, where: str, reading: Reading) -> "pd.DataFrame | None":
    """The columns of JSON in one of these forms; None for any other.

    They are `{columns, index, data}`, objects of columns or of rows whose members are objects of one form, and lists of
    numbers by ids, of which there are more than numbers in each.
    """
    import pandas as pd

    if not isinstance(content, dict) or len(content) < 2:
        return None
    columns, data = content.get("columns"), content.get("data")
    if isinstance(columns, list) and isinstance(data, list) and all(map(_is_row_of(len(columns)), data)) and data:
        return pd.DataFrame(data, columns=[str(name) for name in columns])
    every = list(content.values())
    if all(isinstance(one, dict) and one.keys() == every[0].keys() and one for one in every):
        names, members = list(map(str, content)), list(map(str, every[0]))
        if _counts(members) and not _counts(names):  # a column in each
            return pd.DataFrame({name: list(one.values()) for name, one in zip(names, every, strict=True)})
        frame = pd.DataFrame.from_records(every)
        if "id" not in frame:
            frame.insert(0, "id", names)
        return frame
    width = len(every[0]) if isinstance(every[0], list) else 0
    if width and len(every) > max(width, FEW) and all(map(_is_row_of(width), every)) and _are_numbers(every):
        text = f"{where} holds {len(every):,} lists of {width:,} numbers: each may be a sample, or a column."
        if reading.ask("lists", text, (ROWS, COLUMNS), ROWS) == ROWS:
            return pd.DataFrame(every, columns=[f"f{i}" for i in range(width)]).assign(id=list(map(str, content)))
    return None


FEW = 8


def _is_row_of(width: int) -> Any:
    return lambda row: isinstance(row, list) and len(row) == width


def _are_numbers(rows: list[list[Any]]) -> bool:
    return all(separators.is_number(str(cell)) for row in rows[:FEW] for cell in row)


def _counts(names: list[str]) -> bool:
    """Whether names are 0, 1, 2 ... as pandas numbers rows."""
    return len(names) > 1 and names == [str(i) for i in range(len(names))]
