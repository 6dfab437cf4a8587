"""Ids that tables share, and the order of rows where some have none.

Tables that all bear ids are joined by them elsewhere. Where something beside them has none, its rows follow an order,
and the others are put into that.
"""

from collections.abc import Mapping
from dataclasses import replace

from mmclust.data.readers import cells, words
from mmclust.data.readers.reading import Reading, listed
from mmclust.data.readers.table import Columns

SHARED = 0.5
"""Share of ids that two tables have in common where a column joins them."""


def of(sources: Mapping[str, Columns]) -> dict[str, str]:
    """For each table, the column of ids that all of them share; empty where there is none."""
    if len(sources) < 2:
        return {}
    unique = {name: unique_columns(one) for name, one in sources.items() if one.named}
    if len(unique) < len(sources) or not all(unique.values()):
        return {}
    first, *others = unique.values()
    for column in first:  # one of the same name
        if all(column in other and overlap(first[column], other[column]) for other in others):
            return dict.fromkeys(unique, column)
    for column, ids in first.items():  # else one that holds the same
        found = [next((name for name, other_ids in other.items() if overlap(ids, other_ids)), None) for other in others]
        if None not in found:
            return dict(zip(unique, [column, *map(str, found)], strict=True))
    return {}


def unique_columns(source: Columns) -> dict[str, set[str]]:
    """Ids in the columns that give each row a value of its own."""
    found = {}
    for i, name in enumerate(map(str, source.frame.columns)):
        values = cells.values(source.frame.iloc[:, i])
        if cells.is_unique(values) and not (words.may_be_labels(name) and values.dtype.kind in "buif"):
            found[name] = {cells.as_id(value) for value in values}
    return found


def overlap(ids: set[str], others: set[str]) -> bool:
    """Whether most ids of the shorter column are in the other one."""
    return len(ids & others) >= SHARED * min(len(ids), len(others))


def without_strangers(sources: dict[str, Columns], reading: Reading) -> dict[str, Columns]:
    """The tables without those of words alone, such as a legend, whose rows are no samples of the others.

    They share no ids and are of another length; else they would keep the others from being joined by their ids.
    """
    unique = {name: unique_columns(one) if one.named else {} for name, one in sources.items()}
    found = dict(sources)
    for name, one in sources.items():
        others = [other for other in found if other != name]
        if len(others) < 2 or any(len(found[other].frame) == len(one.frame) for other in others):
            continue
        columns = [cells.values(one.frame.iloc[:, i]) for i in range(len(one.frame.columns))]
        known = [ids for other in others for ids in unique[other].values()]
        shares = any(overlap(mine, ids) for mine in unique[name].values() for ids in known)
        is_in_the_way = bool(of({other: found[other] for other in others}))
        if is_in_the_way and not shares and not any(map(cells.is_number, columns)):
            reading.leave_out(cells.shown(name), "words, and not a row for each sample")
            del found[name]
    return found


def in_one_order(sources: dict[str, Columns], reading: Reading) -> dict[str, Columns]:
    """Tables whose rows have ids, put into one order, where something beside them has none.

    Ids that count the rows say their order by themselves; else the tables follow one of them, and which is asked.
    """
    found = {name: _as_counted(one, reading) for name, one in sources.items()}
    bearing = {name: one for name, one in found.items() if one.named and unique_columns(one)}
    columns = of(bearing) if len(bearing) < len(found) else {}
    keys = {name: [cells.as_id(value) for value in bearing[name].frame[column]] for name, column in columns.items()}
    orders = list(keys.values())
    if not keys or any(set(one) != set(orders[0]) for one in orders) or all(one == orders[0] for one in orders):
        return found
    others = listed([name for name in found if name not in bearing])
    text = f"{listed(list(keys))} have the same ids in different orders; the rows of {others} follow one of them."
    first = reading.ask("order of rows", text, tuple(keys), next(iter(keys)))
    reading.tell(f"rows of {listed(list(keys))} joined by {listed(list(dict.fromkeys(columns.values())))}")
    for name, own in keys.items():
        places = {key: row for row, key in enumerate(own)}
        rows = [places[key] for key in keys[first]]
        found[name] = _rows(found[name], rows)
    return found


def _as_counted(source: Columns, reading: Reading) -> Columns:
    """A table in the order of the column that counts its rows, where it has one that does so in another order."""
    for place, name in enumerate(map(str, source.frame.columns) if source.named else ()):
        values = cells.values(source.frame.iloc[:, place])
        is_id = words.is_id_name(name) or words.plain(name).startswith("unnamed:")
        if not is_id or not cells.counts_rows(values):
            continue
        if not (values[1:] < values[:-1]).any():
            continue
        column = cells.shown(name)
        by_count, as_is = f"by {column}", "as they stand"
        text = f"{column} counts the rows of {source.where} in another order, and what stands beside them has no ids."
        if reading.ask(f"order of {source.where}", text, (by_count, as_is), by_count) == as_is:
            continue
        reading.tell(f"rows of {source.where} ordered by {column}")
        return _rows(source, values.argsort().tolist())
    return source


def _rows(source: Columns, rows: list[int]) -> Columns:
    frame = source.frame.iloc[rows].reset_index(drop=True)
    return replace(source, frame=frame, split=None if source.split is None else source.split[rows])
