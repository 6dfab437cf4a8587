"""Objects in cells, as JSON lines and Parquet have them: their members become columns."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

MOST_MEMBERS, DEEPEST = 256, 3
"""Members of an object and objects in objects; more are records of another kind."""


def flattened(frame: "pd.DataFrame") -> "pd.DataFrame":
    """The frame with a column for each member of the objects in its cells, under its own name where that is free.

    Pictures (`{bytes, path}`) stay whole.
    """
    for _ in range(DEEPEST):
        places = [place for place, kind in enumerate(frame.dtypes) if kind.kind == "O"]
        columns = {place: members for place in places if (members := _members(frame.iloc[:, place]))}
        if not columns:
            return frame
        frame = _expanded(frame, columns)
    return frame


def _members(column: "pd.Series") -> dict[str, list[Any]]:
    """The members of the objects in a column, row by row; empty where it holds anything else."""
    if column.dtype != object or not len(column) or not isinstance(column.iloc[0], dict):
        return {}
    rows = [{} if value is None or value != value else value for value in column.tolist()]
    if not all(isinstance(row, dict) for row in rows) or any("bytes" in row for row in rows):
        return {}
    names = {str(name): name for row in rows for name in row}
    if len(names) > MOST_MEMBERS:
        return {}
    return {name: [row.get(key) for row in rows] for name, key in names.items()}


def _expanded(frame: "pd.DataFrame", columns: dict[int, dict[str, list[Any]]]) -> "pd.DataFrame":
    import pandas as pd

    names = [str(name) for name in frame.columns]
    found: list[pd.Series] = []
    taken = {name for place, name in enumerate(names) if place not in columns}
    counts = [name for members in columns.values() for name in members]
    for place in range(frame.shape[1]):
        if place not in columns:
            found.append(frame.iloc[:, place])
        for name, values in columns.get(place, {}).items():
            is_free = name not in taken and counts.count(name) == 1
            title = name if is_free else f"{names[place]}.{name}"
            found.append(pd.Series(values, index=frame.index, name=title, dtype=object).infer_objects())
    made = pd.concat(found, axis=1)
    made.attrs = dict(frame.attrs)
    return made
