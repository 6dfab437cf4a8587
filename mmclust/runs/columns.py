"""What a column of the store may hold: SQLite keeps anything in any column, and a damaged file may say anything."""

import math
from collections.abc import Mapping
from functools import cache
from typing import Any

from sqlalchemy import Column, Table

from mmclust.runs.tables import ANNOTATIONS, RUNS, SWEEPS

LATEST = 2.5e11
"""Seconds from 1970 to a year that calendars still know."""
TIMES = {
    RUNS.name: ("created", "queued", "waiter_seen", "started", "ended", "heartbeat"),
    SWEEPS.name: ("created", "heartbeat", "ended"),
    ANNOTATIONS.name: ("created",),
}
NAMES = {str: "text", int: "whole number", float: "number"}


def check(table: Table, row: Mapping[Any, Any]) -> None:
    """Compare a row with the columns of its table.

    Raises:
        ValueError: one of them holds what it cannot hold.
    """
    for name, kind, nullable, is_time in _expected(table):
        value = row[name]
        if not _fits(value, kind, nullable):
            raise ValueError(f"its column {name} holds no {NAMES[kind]}")
        if is_time and value is not None and not 0 <= value <= LATEST:
            raise ValueError(f"its column {name} holds no time")


def fits(column: "Column[Any]", value: object) -> bool:
    """Whether a value may stand in a column."""
    return _fits(value, column.type.python_type, bool(column.nullable))


def defaults(table: Table) -> dict[str, Any]:
    """A row of a table in which nothing was written."""
    return {column.name: getattr(column.default, "arg", None) for column in table.c}


@cache
def _expected(table: Table) -> list[tuple[str, type, bool, bool]]:
    """Of each column its name, what it holds, whether it may be empty, and whether it is a time."""
    times = TIMES.get(table.name, ())
    return [(one.name, one.type.python_type, bool(one.nullable), one.name in times) for one in table.c]


def _fits(value: object, kind: type, nullable: bool) -> bool:
    if value is None:
        return nullable
    if kind is float:
        return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
    return isinstance(value, kind) and not isinstance(value, bool)
