"""Opens a bundle, of whatever origin: everything in it is checked before the store hears of it."""

import json
import re
import secrets
import shutil
import struct
import tempfile
import time
import zipfile
import zlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy import insert, select

from mmclust import audit
from mmclust.bundle import checks, layout
from mmclust.bundle.archive import Archive, shown
from mmclust.runs import beside, seals
from mmclust.runs.errors import StoreUnavailable
from mmclust.runs.run import UNDERSTANDING
from mmclust.runs.spec import RunSpec
from mmclust.runs.store import RunStore
from mmclust.runs.tables import ANNOTATIONS, RUNS, SWEEP_RUNS, SWEEPS
from mmclust.sweeps.known import key

MAX_RUNS = 10_000
RUN_ID = re.compile(r"[a-z0-9_]+(-[a-z0-9_]+)*-[0-9a-f]{6}")


@dataclass(frozen=True, kw_only=True)
class Opened:
    """What came of a bundle."""

    run_ids: tuple[str, ...]
    """All runs, in the order of the bundle."""
    n_known: int
    """How many of them were here already."""
    sweep_id: str
    """Empty for a single run."""


def read(store: RunStore, path: Path) -> Opened:
    """Add the runs of a bundle to the store; runs that are here already are left as they are.

    Args:
        store: they are added to.
        path: a bundle, of whatever origin.

    Raises:
        ValueError: it is no bundle, is damaged or holds what a bundle must not hold; the store is as it was.
        StoreUnavailable: the store or its folder cannot be written.
    """
    try:
        with zipfile.ZipFile(path) as file, tempfile.TemporaryDirectory(dir=store.home, prefix="import-") as folder:
            return _add(store, Archive(path, file, Path(folder)))
    except FileNotFoundError:
        raise ValueError(f"{path} is not there; give the file that `export --bundle` wrote") from None
    except OSError as error:
        raise StoreUnavailable(f"{path.name} cannot be unpacked: {error.strerror or error}") from error
    except (zipfile.BadZipFile, zlib.error, struct.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise ValueError(f"{path.name} is no bundle or is damaged ({error}); export it again") from None


def verify(path: Path, *, name: str) -> None:
    """Refuse what `read` would refuse in the runs of a bundle that was just written; `name` is what messages call it.

    Raises:
        ValueError: what is wrong with it.
    """
    with zipfile.ZipFile(path) as file, tempfile.TemporaryDirectory(dir=path.parent, prefix="export-") as folder:
        archive = Archive(path, file, Path(folder), name)
        for number in range(1, archive.json(layout.MANIFEST)["n_runs"] + 1):
            shutil.rmtree(_unpack(archive, number).folder)


def _add(store: RunStore, archive: Archive) -> Opened:
    manifest = archive.json(layout.MANIFEST)
    if manifest.get("format") != layout.FORMAT or manifest.get("version") != layout.VERSION:
        raise ValueError(
            f"{archive.path.name} is no bundle that this version reads; it was written as "
            f"{shown(manifest.get('format'))} {shown(manifest.get('version'))}"
        )
    n_runs = archive.whole("n_runs", manifest.get("n_runs"), 1, MAX_RUNS)
    runs = [_unpack(archive, number) for number in range(1, n_runs + 1)]
    taken: set[str] = set()
    for found in runs:
        _name(store, found, taken)
        taken.add(found.run_id)
    ids = tuple(found.run_id for found in runs)
    sweep = checks.sweep(archive, manifest["sweep"], ids) if "sweep" in manifest else None
    for found in runs:
        found.row["creator"] = audit.user()
    _keep(store, runs, sweep)
    if sweep is not None:
        beside.keep_sweep(store, sweep.sweep.id)
    for found in runs:
        beside.keep_of_run(store, found.run_id)
        audit.note(store.home, "import", found.run_id, file=archive.path.name, known=found.known)
    return Opened(
        run_ids=ids, n_known=sum(found.known for found in runs), sweep_id=sweep.sweep.id if sweep is not None else ""
    )


@dataclass
class _Found:
    """A run of a bundle, checked and unpacked."""

    asked_id: Any
    """What the bundle calls it: any JSON."""
    spec: RunSpec
    row: dict[str, Any]
    points: list[dict[str, Any]]
    annotations: list[dict[str, Any]]
    """Rows; these three kinds get the id of the run in `_name`."""
    folder: Path
    run_id: str = ""
    known: bool = False
    """Whether the store has this run already."""


def _unpack(archive: Archive, number: int) -> _Found:
    inside, where = f"{layout.folder(number)}/", archive.folder / f"{number:04d}"
    document = archive.json(f"{inside}{layout.RECORD}")
    spec = checks.run_spec(archive, document.get("spec"))
    row = checks.row(archive, document, spec)
    (where / layout.SNAPSHOTS).mkdir(parents=True)
    (where / "spec.json").write_text(spec.to_json())
    if (found := checks.understanding(archive, document.get("understanding"))) is not None:
        (where / UNDERSTANDING).write_text(json.dumps(found, indent=2))
    names = sorted(name for name in archive.names if name.startswith(f"{inside}{layout.SNAPSHOTS}/"))
    if not 1 <= len(names) <= checks.MAX_SNAPSHOTS:
        raise archive.refuse(f"run {number} has {len(names)} snapshots, 1 to {checks.MAX_SNAPSHOTS} are needed")
    for name in names:
        sizes = {count: row[count] for count in ("n_samples", "n_clusters")}
        last = checks.unpack_snapshot(archive, name, where / name.removeprefix(inside), **sizes)
    if (name := f"{inside}{layout.WEIGHTS}") in archive.names:
        _write_checkpoint(checks.weights(archive, name), row["step"], where / "checkpoint.pt")
    return _Found(
        asked_id=document.get("run_id"),
        spec=spec,
        row=row,
        points=checks.points(archive, f"{inside}{layout.CURVES}"),
        annotations=checks.annotations(archive, document.get("annotations", []), last),
        folder=where,
    )


def _name(store: RunStore, found: _Found, taken: Collection[str]) -> None:
    """The run keeps its id, unless another run of this store or bundle has it."""
    asked = found.asked_id
    usable = isinstance(asked, str) and len(asked) <= 120 and RUN_ID.fullmatch(asked)
    found.known = bool(usable) and _is_known(store, asked, found.spec)
    name = asked if usable else f"{found.spec.method}-{secrets.token_hex(3)}"
    while not found.known and (store.folder(name).exists() or name in taken):
        name = f"{name[:-7]}-{secrets.token_hex(3)}"
    found.run_id = name
    for row in (found.row, *found.points, *found.annotations):
        row["run_id"] = name


def _is_known(store: RunStore, run_id: str, spec: RunSpec) -> bool:
    """Whether the store has a run of that id and of the same spec."""
    with store.reading() as connection:
        text = connection.scalar(select(RUNS.c.spec).where(RUNS.c.run_id == run_id))
    try:
        return text is not None and key(RunSpec.from_json(text).shared()) == key(spec.shared())
    except ValueError:  # what is here under that name cannot be read
        return False


def _keep(store: RunStore, runs: Sequence[_Found], sweep: checks.SweepRows | None) -> None:
    """Move the runs into the store: all of them or, when that fails, none."""
    moved: list[Path] = []
    try:
        with store.writing() as connection:
            for found in runs:
                if not found.known:
                    target = store.folder(found.run_id)
                    found.folder.replace(target)
                    moved.append(target)
                    found.row["n_points"] = len(found.points)
                    connection.execute(insert(RUNS).values(**seals.sealed(found.row)))
                    seals.add_points(connection, found.points)
                _keep_annotations(connection, found)
            if sweep is not None:
                _keep_sweep(connection, sweep)
    except BaseException:
        for target in moved:
            shutil.rmtree(target, ignore_errors=True)
        raise


def _keep_annotations(connection: Any, found: _Found) -> None:
    """Add the annotations of a run; those whose names are taken here stay as they are."""
    taken = set(connection.scalars(select(ANNOTATIONS.c.name).where(ANNOTATIONS.c.run_id == found.run_id)))
    fresh = [row for row in found.annotations if row["name"] not in taken]
    if fresh:
        connection.execute(insert(ANNOTATIONS), fresh)


def _keep_sweep(connection: Any, rows: checks.SweepRows) -> None:
    """Note a sweep and its runs; one that is here already only gets the runs it lacks."""
    now, sweep, places = time.time(), rows.sweep, rows.places
    known = connection.scalar(select(SWEEPS.c.status).where(SWEEPS.c.sweep_id == sweep.id))
    if known is None:
        status = "finished" if len(places) == sweep.n_runs else "stopped"
        values = {"spec": sweep.to_json(), "title": sweep.title, "status": status, "created": now, "heartbeat": now}
        values |= {"owner": "", "ended": now, "n_runs": len({place["run_id"] for place in places})}
        connection.execute(insert(SWEEPS).values(sweep_id=sweep.id, failures=rows.failures, **values))
    for place in places:
        this = [SWEEP_RUNS.c[name] == place[name] for name in ("sweep_id", "cell", "seed")]
        if known is None or connection.scalar(select(SWEEP_RUNS.c.run_id).where(*this)) is None:
            connection.execute(insert(SWEEP_RUNS).values(**place))


def _write_checkpoint(arrays: Mapping[str, np.ndarray], step: int, path: Path) -> None:
    import torch

    state = {name: torch.from_numpy(array) for name, array in arrays.items()}
    torch.save({"step": step, "method": state}, path)
