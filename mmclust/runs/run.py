"""One run as pages and commands see it: its record, curves and snapshots, and the commands they may give."""

import json
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from sqlalchemy import select, update

from mmclust.evaluation.snapshot import Snapshot
from mmclust.runs import journal, seals
from mmclust.runs.errors import UnreadableRun
from mmclust.runs.record import RunRecord
from mmclust.runs.records import RunRecords
from mmclust.runs.spec import RunSpec
from mmclust.runs.tables import METRICS, RUNS
from mmclust.runs.texts import clean

if TYPE_CHECKING:
    import pandas as pd

log = logging.getLogger(__name__)


UNDERSTANDING = "understanding.json"
"""The file in a run's folder that says what was understood of its data."""


class Run:
    """A run of the store. Holds no state of its own: every call reads what is stored now."""

    def __init__(self, store: RunRecords, run_id: str, spec: RunSpec, folder: Path) -> None:
        self.store, self.id, self.spec, self.folder = store, run_id, spec, folder

    def record(self) -> RunRecord:
        """Status, progress and metrics as stored now.

        Raises:
            UnknownRun: the run was deleted meanwhile.
        """
        return self.store.record(self.id)

    def metrics(self, names: Sequence[str] | None = None, since_id: int | None = None) -> "pd.DataFrame":
        """Points of the curves in the order they came: columns id, step, epoch, name, value.

        Args:
            names: only these curves; None for all.
            since_id: only points with a larger id, to read on from the last one known. A run that went on from a
                checkpoint writes the steps after it anew: when new points start at or before a known step, known
                points from that step on are void.

        Raises:
            UnreadableRun: points are not as they were written.
        """
        import pandas as pd

        columns = (METRICS.c.id, METRICS.c.step, METRICS.c.epoch, METRICS.c.name, METRICS.c.value, METRICS.c.checksum)
        query = select(*columns).where(METRICS.c.run_id == self.id).order_by(METRICS.c.id)
        if names is not None:
            query = query.where(METRICS.c.name.in_(list(names)))
        if since_id is not None:
            query = query.where(METRICS.c.id > since_id)
        with self.store.reading() as connection:
            rows = connection.execute(query).all()
            n_points = connection.scalar(select(RUNS.c.n_points).where(RUNS.c.run_id == self.id))
        self._check(rows, n_points if names is None and since_id is None else None)
        ids, steps, epochs, labels, values, _ = zip(*rows, strict=True) if rows else ((),) * 6
        return pd.DataFrame(
            {
                "id": np.array(ids, dtype=np.int64),
                "step": np.array(steps, dtype=np.int64),
                "epoch": np.array(epochs, dtype=np.float64),
                "name": np.array(labels, dtype=object),
                "value": np.array(values, dtype=np.float64),  # NULL comes as None and turns into NaN
            }
        )

    def _check(self, rows: Sequence[Any], n_points: int | None) -> None:
        """Look at points before anybody uses them.

        Args:
            rows: of the metrics table.
            n_points: how many they have to be; None for any number.
        """
        n_damaged = sum(seals.is_damaged(self.id, row) for row in rows)
        if n_points is not None:
            n_damaged = max(n_damaged, abs(n_points - len({row.id for row in rows})))
        if n_damaged:
            raise UnreadableRun(
                f"the curves of run {self.id} are damaged in the store ({n_damaged:,} of {len(rows):,} points); "
                "`python -m mmclust check --repair` restores them from the folder of the run"
            )

    def metric_names(self) -> list[str]:
        """Names of all curves, sorted."""
        query = select(METRICS.c.name).where(METRICS.c.run_id == self.id).distinct()
        with self.store.reading() as connection:
            return sorted(connection.scalars(query))

    def understanding(self) -> dict[str, Any] | None:
        """What was understood of the file the run was trained on, what was open and left out; None where not kept."""
        try:
            return json.loads((self.folder / UNDERSTANDING).read_text())
        except (OSError, ValueError):
            return None

    def snapshots(self) -> list[tuple[int, Path]]:
        """Epoch and file of each kept snapshot, oldest first."""
        files = (self.folder / "snapshots").glob("epoch_*.npz")
        return sorted((int(file.stem.removeprefix("epoch_")), file) for file in files)

    def snapshot(self, epoch: int | None = None) -> Snapshot:
        """The codes of an epoch, by default the last one.

        Raises:
            ValueError: the run has no snapshot yet, or none of that epoch.
        """
        kept = dict(self.snapshots())
        if not kept:
            raise ValueError(f"run {self.id} has no snapshot yet; train it for an epoch first")
        epoch = max(kept) if epoch is None else epoch
        if epoch not in kept:
            raise ValueError(f"run {self.id} has no snapshot of epoch {epoch}; kept are {', '.join(map(str, kept))}")
        return Snapshot.load(kept[epoch])

    def request(self, command: Literal["stop", "pause"]) -> None:
        """Ask the run to stop or to pause; a queued run obeys at once, a running one within a second or so.

        Raises:
            ValueError: the run neither trains nor waits.
        """
        self.store.request(self.id, command)

    def rename(self, title: str) -> None:
        """Give the run a title (at most 200 characters are kept)."""
        self._write(title=clean(title.strip(), at_most=200))

    def write_note(self, text: str) -> None:
        """Replace the user's note (Markdown, at most 20,000 characters are kept)."""
        self._write(note=clean(text, at_most=20_000, lines=True))

    def name_clusters(self, names: dict[int, str]) -> None:
        """Replace the names users gave to clusters; empty names are dropped."""
        kept = {str(int(cluster)): clean(name.strip(), at_most=100) for cluster, name in names.items() if name.strip()}
        self._write(cluster_names=json.dumps(kept))

    def _write(self, **values: str) -> None:
        with self.store.writing() as connection:
            connection.execute(update(RUNS).where(RUNS.c.run_id == self.id).values(**values))
        try:
            journal.write_words(self.folder, values)
        except OSError as error:
            log.warning("run %s: its words are in the store alone: %s", self.id, error)
