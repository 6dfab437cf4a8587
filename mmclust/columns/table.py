"""The table of a run at an epoch: every column that the data or the run have, read when it is asked for.

Shapes: n samples of the clustering.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from mmclust.clustering import Clustering
from mmclust.columns import of_data, of_run
from mmclust.columns.column import Column, Groups, Values
from mmclust.evaluation.snapshot import Snapshot
from mmclust.runs.record import RunRecord
from mmclust.runs.store import RunStore
from mmclust.sweeps.known import setting

if TYPE_CHECKING:
    import pyarrow as pa

MOST_SEEDS = 10
"""Other seeds that agreement is measured with, the newest runs first."""


@dataclass(frozen=True)
class RunTable:
    """The columns of a clustering, by name."""

    clustering: Clustering
    columns: dict[str, Column]

    def values(self, name: str) -> Values:
        """The values (n,) of a column, worked out once.

        Raises:
            ValueError: there is no such column.
        """
        if name not in self.columns:
            raise ValueError(f"there is no column {name!r}; the columns are {', '.join(self.columns)}")
        found = self.columns[name]
        return self.clustering.derive(("column", name, found.help), found.work)

    def arrow(self, names: Iterable[str]) -> "pa.Table":
        """Some columns as a table of Arrow; what has no value is null, NaN too."""
        import pyarrow as pa

        return pa.table({name: self._arrow(name) for name in names})

    def _arrow(self, name: str) -> "pa.Array":
        values = self.values(name)
        return self.clustering.derive(("column of Arrow", name, self.columns[name].help), lambda: _arrow(values))


def of(clustering: Clustering, seeds: Sequence[Callable[[], Snapshot]] = ()) -> RunTable:
    """The table of a clustering.

    A column of the data that is called like a quantity of the run begins with `data_`.

    Args:
        clustering: the run at an epoch.
        seeds: see `of_run.columns`.
    """
    found = {column.name: column for column in of_run.columns(clustering, seeds)}
    # words are told from categories by counting them
    for column in clustering.derive("columns of the data", lambda: tuple(of_data.columns(clustering))):
        found[_free(column.name, found)] = column
    return RunTable(clustering, {name: _called(column, name) for name, column in found.items()})


def _free(name: str, taken: Iterable[str]) -> str:
    lower = {known.lower() for known in taken}
    while name.lower() in lower:
        name = f"data_{name}"
    return name


def _called(column: Column, name: str) -> Column:
    return column if column.name == name else replace(column, name=name)


def other_seeds(store: RunStore, record: RunRecord) -> list[Callable[[], Snapshot]]:
    """Read the last snapshots of finished runs that differ from a run in the seed alone, the newest first."""
    wanted = setting(record.spec)
    alike = [
        other.run_id
        for other in store.list(examples=record.example)
        if other.run_id != record.run_id and other.status == "finished" and setting(other.spec) == wanted
    ]
    return [lambda run_id=run_id: _last(store, run_id) for run_id in alike[:MOST_SEEDS]]


def _last(store: RunStore, run_id: str) -> Snapshot:
    return Snapshot.load(store.get(run_id).snapshots()[-1][1], scores_only=True)


def _arrow(values: Values) -> "pa.Array":
    import pyarrow as pa

    if isinstance(values, Groups):
        names = pa.array(list(values.names), None if len(values.names) else pa.string())
        codes = pa.array(values.codes, mask=values.codes < 0)
        return pa.DictionaryArray.from_arrays(codes, names) if names.type == pa.string() else names.take(codes)
    if values.dtype.kind == "M":
        return pa.array(values.astype("datetime64[ms]"))
    if values.dtype.kind == "f":
        values = values.astype(np.float64 if values.dtype.itemsize > 4 else np.float32)
        return pa.array(values, mask=~np.isfinite(values))
    return pa.array(np.ascontiguousarray(values))
