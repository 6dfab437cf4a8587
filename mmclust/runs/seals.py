"""Checksums of what a store holds of runs, so that a damaged file is told and never read as other numbers.

Each point of a curve has one, and each run one over what training wrote of it. Rows of earlier versions have none.
"""

import struct
import zlib
from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import Connection, func, insert, select, update

from mmclust.runs.tables import METRICS, RUNS

SEALED: dict[str, type] = {
    "spec": str,
    "metrics": str,
    "environment": str,
    "n_samples": int,
    "n_clusters": int,
    "step": int,
    "total_steps": int,
    "epoch": float,
    "seconds": float,
}
"""Columns of the runs table that numbers are read from, and what they hold: all that only training writes."""
_MASK = 0x7FFFFFFF
"""A checksum fits the smallest integer of both databases."""


def add_points(connection: Connection, points: Iterable[Mapping[str, Any]]) -> None:
    """Store points of curves with their checksums; rows without `id`."""
    rows = [{**point, "checksum": _of_point(**point)} for point in points]
    if rows:
        connection.execute(insert(METRICS), rows)


def is_damaged(run_id: str, point: Any) -> bool:
    """Whether a row of the metrics table is not as it was written for this run."""
    known, is_number = point.checksum, isinstance(point.value, (float, int, type(None)))
    if not (is_number and isinstance(point.step, int) and isinstance(point.epoch, (float, int))):  # SQLite keeps any
        return True
    if not isinstance(point.name, str):
        return True
    return known is not None and known != _of_point(run_id, point.step, point.epoch, point.name, point.value)


def n_points(connection: Connection, run_id: str) -> int:
    """How many points the curves of a run have."""
    return connection.scalar(select(func.count()).select_from(METRICS).where(METRICS.c.run_id == run_id)) or 0


def of_row(row: Mapping[str, Any]) -> str:
    """The checksum of a row of the runs table; columns that it lacks count with their defaults."""
    parts = []
    for name, kind in SEALED.items():
        value = row[name] if name in row else getattr(RUNS.c[name].default, "arg", None)
        parts.append(None if value is None else kind(value))
    return f"{zlib.crc32(repr(parts).encode()):08x}"


def sealed(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row of the runs table with its checksum."""
    return {**row, "seal": of_row(row)}


def seal(connection: Connection, run_id: str, **values: Any) -> None:
    """Change columns of a run that its checksum is about, and renew it."""
    this = RUNS.c.run_id == run_id
    row = connection.execute(select(RUNS).where(this)).mappings().first()
    if row is not None:
        connection.execute(update(RUNS).where(this).values(**values, seal=of_row({**row, **values})))


def _of_point(run_id: str, step: int, epoch: float, name: str, value: float | None) -> int:
    # Databases keep neither a NaN nor the sign of zero.
    value = float("nan") if value is None or value != value else float(value) + 0.0
    numbers = struct.pack("<qdd", step, float(epoch) + 0.0, value)
    return zlib.crc32(f"{run_id} {name}".encode(), zlib.crc32(numbers)) & _MASK
