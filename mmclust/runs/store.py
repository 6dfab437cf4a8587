"""The run store: who may run when, and what is known of every run. Knows the database and the folder of runs."""

import logging
import re
import secrets
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import insert

from mmclust import audit, settings
from mmclust.runs import example as bundled
from mmclust.runs import queue, seals
from mmclust.runs.active import ActiveRun
from mmclust.runs.database import reason
from mmclust.runs.errors import StoreUnavailable
from mmclust.runs.listing import Listing
from mmclust.runs.record import RunRecord, Unreadable
from mmclust.runs.records import RunRecords
from mmclust.runs.run import Run
from mmclust.runs.spec import RunSpec
from mmclust.runs.tables import RUNS

log = logging.getLogger(__name__)


class RunStore(RunRecords):
    """All runs of a home. Several processes may use one home at the same time."""

    def __init__(
        self, home: Path | None = None, url: str | None = None, *, example: Mapping[str, Path] | None = None
    ) -> None:
        """Open the store, and make it where there is none.

        Args:
            home: folder with the run folders; None for `settings.home()`.
            url: of the database (see `mmclust.runs.database.address`); None for `settings.store_url()`, or the SQLite
                file of `home` when that is given.
            example: folders of the bundled runs, by id: such a store is only read (see `RunStore.example`).

        Raises:
            StoreUnavailable: the folder or the database cannot be used.
        """
        folder = (home or settings.home()).absolute()
        own_url = settings.store_url() if home is None else f"sqlite:///{folder / 'store.sqlite'}"
        self._example = dict(example or {})
        self._bundled: RunStore | None = None
        self._taught: RunStore | None = None
        super().__init__(folder, url or own_url)
        self._listing = Listing(self)

    @classmethod
    def example(cls, home: Path | None = None) -> "RunStore | None":
        """The store of the bundled example run, which is only read; None where none is shipped."""
        return open_example((home or settings.home()).absolute())

    @property
    def read_only(self) -> bool:
        """Whether this is the store of the bundled examples."""
        return bool(self._example)

    def folder(self, run_id: str) -> Path:
        """Folder with the files of a run."""
        return self._example.get(run_id, self.home / "runs" / run_id)

    def create(self, spec: RunSpec) -> Run:
        """A new queued run with its folder."""
        name = re.sub(r"[^a-z0-9]+", "-", Path(spec.dataset).stem.lower()).strip("-")[:40] or "data"
        run_id = f"{spec.method}-{name}-{secrets.token_hex(3)}"
        folder = self.folder(run_id)
        try:
            (folder / "snapshots").mkdir(parents=True)
            (folder / "spec.json").write_text(spec.to_json())
        except OSError as error:
            raise StoreUnavailable(f"the folder of runs {self.home} cannot be written: {reason(error)}") from error
        now = time.time()
        row = {
            "run_id": run_id,
            "spec": spec.to_json(),
            "title": spec.title.replace("\0", ""),
            "launcher": spec.launcher,
        }
        with self.writing() as connection:
            row |= {"status": "queued", "created": now, "queued": now, "creator": audit.user()}
            connection.execute(insert(RUNS).values(**seals.sealed(row)))
        audit.note(self.home, "start", run_id, launcher=spec.launcher, dataset=spec.dataset)
        return Run(self, run_id, spec, folder)

    def get(self, run_id: str) -> Run:
        """The run with that id, of this store, of the bundled examples or of the lessons.

        Raises:
            UnknownRun: there is none; the message names the closest.
        """
        if not self.read_only and self._row(run_id) is None:
            for bundled in (self._examples, self.lessons):
                found = bundled()
                if found is not None and found._row(run_id) is not None:
                    return found.get(run_id)
        return Run(self, run_id, self.record(run_id).spec, self.folder(run_id))

    def list(self, *, examples: bool = True) -> list[RunRecord]:
        """All runs that can be read, newest first; the bundled examples follow unless `examples` is false.

        The others are in `unreadable`.
        """
        records = [found for found in self._listing.read() if isinstance(found, RunRecord)]
        bundled = self._examples() if examples and not self.read_only else None
        return records + (bundled.list() if bundled is not None else [])

    def unreadable(self) -> Sequence[Unreadable]:
        """The runs that `list` leaves out, as no record can be made of what is stored of them; newest first."""
        return [found for found in self._listing.read() if isinstance(found, Unreadable)]

    def lessons(self) -> "RunStore | None":
        """The store of the finished runs that the lessons show, which is only read; None where none are shipped.

        `list` leaves them out: a user's first list of runs is not to be two dozen of ours. `get` finds them.
        """
        if self._taught is None:
            with self._opening:
                self._taught = self._taught or open_lessons(self.home)
        return self._taught

    def claim(
        self,
        run_id: str | None = None,
        *,
        launcher: str | None = None,
        devices: Sequence[str] = ("cpu",),
        places: int = 0,
    ) -> "ActiveRun | None":
        """Take a queued run and its device, both or neither; first come, first served on each device.

        Args:
            run_id: this run and no other; None for the oldest one that can start.
            launcher: only runs of this launcher.
            devices: the devices of this machine, best first.
            places: for runs of sweeps: how many of them share a device; 0 for all others.

        Returns:
            The run, to be executed by the caller, or None when nothing can start now. What each run waits for is
            then in its record.
        """
        if not self._queued(run_id, launcher):
            return None
        with self.writing() as connection:
            taken = queue.take(connection, run_id=run_id, launcher=launcher, devices=devices, places=places)
        return self._active(taken) if taken is not None else None

    def claim_assigned(self, run_id: str, device: str) -> "ActiveRun | None":
        """Take a queued run on a device that a cluster keeps free for it: nothing is leased here.

        Args:
            run_id: the run.
            device: `cpu` or `cuda:0`, as this process sees it.

        Returns:
            The run, to be executed by the caller, or None when it is not queued any more.
        """
        with self.writing() as connection:
            taken = queue.take_assigned(connection, run_id, device)
        return self._active(taken) if taken is not None else None

    def _active(self, taken: dict[str, Any]) -> ActiveRun:
        run = Run(self, taken["run_id"], RunSpec.from_json(taken["spec"]), self.folder(taken["run_id"]))
        return ActiveRun(run, taken)

    def _examples(self) -> "RunStore | None":
        if self._bundled is None:
            with self._opening:
                self._bundled = self._bundled or open_example(self.home)
        return self._bundled


def open_example(home: Path, folder: Path = bundled.FOLDER) -> RunStore | None:
    """The store over the example's files, None where they are not shipped.

    Its database is a cache below `home`, made anew when the files change.
    """
    return _opened(home, [folder])


def open_lessons(home: Path, folder: Path = bundled.LESSONS) -> RunStore | None:
    """The store over the finished runs of the lessons, None where they are not shipped; see `open_example`."""
    return _opened(home, sorted(record.parent for record in folder.glob("*/record.json")))


def _opened(home: Path, folders: Sequence[Path]) -> RunStore | None:
    try:
        found = bundled.read(home, folders)
        return RunStore(home, found.url, example=found.folders) if found is not None else None
    except (OSError, StoreUnavailable) as error:  # a full disk: users' own runs are listed nevertheless
        log.warning("the bundled examples are left out: %s", error)
        return None
