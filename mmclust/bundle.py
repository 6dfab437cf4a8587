"""A run or a whole sweep as one file, to be opened on another machine: `export --bundle` and `import`.

A zip of JSON documents and plain `.npz` arrays: nothing in it is executed when it is opened. Everything is measured
against limits and checked before the store hears of it, as the file may come from anybody.

    manifest.json                       format, program, how many runs, and for a sweep what it asked for
    runs/0001/record.json               spec, title, figures, times, the user's words and annotations
    runs/0001/curves.npz                step, epoch, name, value: a point per row
    runs/0001/snapshots/epoch_0010.npz  codes of an epoch (see `evaluation.snapshot`)
    runs/0001/weights.npz               the networks' parameters
"""

import json
import math
import re
import secrets
import shutil
import stat
import struct
import tempfile
import time
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy import insert, select

from mmclust import __version__, settings
from mmclust.evaluation.annotation import Split, applied, from_json, to_json
from mmclust.evaluation.snapshot import Snapshot
from mmclust.methods import METHODS, card
from mmclust.runs.annotations import LONGEST_NAME, MOST_STEPS, Annotations
from mmclust.runs.errors import StoreLost
from mmclust.runs.run import Run
from mmclust.runs.spec import RunSpec
from mmclust.runs.store import RunStore
from mmclust.runs.tables import ANNOTATIONS, METRICS, RUNS, SWEEP_RUNS, SWEEPS
from mmclust.sweeps import record as sweeps
from mmclust.sweeps.known import key
from mmclust.sweeps.sweep import Sweep

FORMAT, VERSION = "mmclust bundle", 1
IMPORTED = "imported"
"""Tag of runs that came in a bundle."""
MAX_JSON_BYTES = 32 * 2**20
MAX_RUNS = 10_000
MAX_SNAPSHOTS = 1_000
MAX_POINTS = 5_000_000
MAX_CLUSTERS = 10_000
MAX_ANNOTATIONS = 100
MEMBER = re.compile(
    r"manifest\.json|runs/[0-9]{4,5}/(record\.json|curves\.npz|weights\.npz|snapshots/epoch_[0-9]{4,7}\.npz)"
)
"""Every name that a bundle may hold; none of them leads out of the folder it is unpacked to."""
RUN_ID = re.compile(r"[a-z0-9_]+(-[a-z0-9_]+)*-[0-9a-f]{6}")
NUMBERS = ("created", "started", "ended", "epoch", "seconds", "samples_per_s")
COUNTS = ("step", "total_steps", "n_samples", "n_clusters")
TEXTS = {"title": 200, "note": 20_000, "device": 20}
"""Columns of the runs table that travel, and how long a text may be."""


@dataclass(frozen=True, kw_only=True)
class Opened:
    """What came of a bundle."""

    run_ids: tuple[str, ...]
    """All runs, in the order of the bundle."""
    n_known: int
    """How many of them were here already."""
    sweep_id: str
    """Empty for a single run."""


def write(store: RunStore, name: str, path: Path) -> list[str]:
    """Write a finished run, or a sweep with its finished runs, as a bundle.

    Args:
        store: where they are.
        name: id of a run or of a sweep.
        path: the file; it appears whole or not at all.

    Returns:
        The ids of the runs in it.

    Raises:
        ValueError: the name is not known, or nothing of it is finished.
        OSError: the file cannot be written.
    """
    sweep = next((record for record in sweeps.listed(store) if record.sweep_id == name), None)
    if sweep is None:
        runs = [store.get(name)]
        if (status := runs[0].record().status) != "finished":
            raise ValueError(f"run {name} is {status}; only a finished run can be shared, resume it first")
    else:
        found = {run_id: store.get(run_id) for run_id in dict.fromkeys(sweep.runs.values())}
        runs = [run for run in found.values() if run.record().status == "finished"]
        if not runs:
            raise ValueError(f"sweep {name} has no finished run yet; let it train first")
    numbers = {run.id: number for number, run in enumerate(runs, start=1)}
    manifest: dict[str, Any] = {"format": FORMAT, "version": VERSION, "program": __version__, "n_runs": len(runs)}
    if sweep is not None:
        places = [[cell, seed, numbers[run]] for (cell, seed), run in sweep.runs.items() if run in numbers]
        failures = [[cell, seed, why] for (cell, seed), why in sweep.failures.items()]
        manifest["sweep"] = {"asked": json.loads(sweep.sweep.to_json()), "runs": places, "failures": failures}
    temporary = path.with_name(path.name + ".tmp")
    try:
        with zipfile.ZipFile(temporary, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as file:
            file.writestr("manifest.json", json.dumps(manifest))
            for run in runs:
                _write_run(run, file, f"runs/{numbers[run.id]:04d}")
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    return list(numbers)


def _write_run(run: Run, file: zipfile.ZipFile, folder: str) -> None:
    import torch

    with run.store.reading() as connection:
        row = connection.execute(select(RUNS).where(RUNS.c.run_id == run.id)).mappings().one()
    record = {name: row[name] for name in ("run_id", *NUMBERS, *COUNTS, *TEXTS)}
    record |= {name: json.loads(row[name] or "null") for name in ("spec", "metrics", "cluster_names", "environment")}
    record["annotations"] = [
        {"name": a.name, "epoch": a.epoch, "steps": to_json(a.steps), "n_applied": a.n_applied, "created": a.created}
        for a in Annotations(run.store).of(run.id)
    ]
    file.writestr(f"{folder}/record.json", json.dumps(record))
    points = run.metrics()
    curves = {name: points[name].to_numpy() for name in ("step", "epoch", "value")}
    _write_arrays(file, f"{folder}/curves.npz", curves | {"name": points["name"].to_numpy().astype(str)})
    for _, snapshot in run.snapshots():
        file.write(snapshot, f"{folder}/snapshots/{snapshot.name}")
    if (run.folder / "checkpoint.pt").exists():
        state = torch.load(run.folder / "checkpoint.pt", weights_only=True, map_location="cpu", mmap=True)
        arrays = {name: _plain(value) for name, value in state["method"].items() if isinstance(value, torch.Tensor)}
        _write_arrays(file, f"{folder}/weights.npz", arrays)


def _plain(tensor: Any) -> np.ndarray:
    """As an array; NumPy has no bfloat16."""
    return (tensor if tensor.dtype.itemsize != 2 else tensor.float()).numpy()


def _write_arrays(file: zipfile.ZipFile, name: str, arrays: Mapping[str, np.ndarray]) -> None:
    with tempfile.TemporaryFile() as unzipped:
        np.savez(unzipped, allow_pickle=False, **arrays)
        unzipped.seek(0)
        with file.open(name, "w", force_zip64=True) as member:
            shutil.copyfileobj(unzipped, member)


def read(store: RunStore, path: Path) -> Opened:
    """Add the runs of a bundle to the store; runs that are here already are left as they are.

    Args:
        store: they are added to.
        path: a bundle, of whatever origin.

    Raises:
        ValueError: it is no bundle, is damaged or holds what a bundle must not hold; the store is as it was.
        StoreLost: the store or its folder cannot be written.
    """
    try:
        with zipfile.ZipFile(path) as file, tempfile.TemporaryDirectory(dir=store.home, prefix="import-") as folder:
            return _Reader(store, path, file, Path(folder)).read()
    except FileNotFoundError:
        raise ValueError(f"{path} is not there; give the file that `export --bundle` wrote") from None
    except OSError as error:
        raise StoreLost(f"{path.name} cannot be unpacked: {error.strerror or error}") from error
    except (zipfile.BadZipFile, zlib.error, struct.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise ValueError(f"{path.name} is no bundle or is damaged ({error}); export it again") from None


@dataclass
class _Found:
    """A run of a bundle, checked and unpacked."""

    row: dict[str, Any]
    spec: RunSpec
    points: list[dict[str, Any]]
    folder: Path
    annotations: list[dict[str, Any]]
    """Rows without the id of the run."""
    known_as: str = ""
    """Id of the same run in the store, where there is one."""


class _Reader:
    def __init__(self, store: RunStore, path: Path, file: zipfile.ZipFile, folder: Path) -> None:
        self.store, self.path, self.file, self.folder = store, path, file, folder
        self.taken: set[str] = set()
        """Ids that the bundle's runs get."""

    def read(self) -> Opened:
        self._check_members()
        manifest = self._json("manifest.json")
        if manifest.get("format") != FORMAT or manifest.get("version") != VERSION:
            raise ValueError(
                f"{self.path.name} is no bundle that this version reads; it was written as "
                f"{_shown(manifest.get('format'))} {_shown(manifest.get('version'))}"
            )
        n_runs = self._whole("n_runs", manifest.get("n_runs"), 1, MAX_RUNS)
        runs = [self._run(number) for number in range(1, n_runs + 1)]
        sweep = self._sweep(manifest["sweep"], runs) if "sweep" in manifest else None
        moved: list[Path] = []
        try:
            with self.store.writing() as connection:
                for found in runs:
                    if not found.known_as:
                        target = self.store.folder(found.row["run_id"])
                        found.folder.replace(target)
                        moved.append(target)
                        connection.execute(insert(RUNS).values(**found.row))
                        if found.points:
                            connection.execute(insert(METRICS), found.points)
                    _keep_annotations(connection, found)
                if sweep is not None:
                    _keep_sweep(connection, *sweep)
        except BaseException:
            for target in moved:
                shutil.rmtree(target, ignore_errors=True)
            raise
        ids = tuple(found.known_as or found.row["run_id"] for found in runs)
        return Opened(
            run_ids=ids, n_known=sum(bool(found.known_as) for found in runs), sweep_id=sweep[0].id if sweep else ""
        )

    def _refuse(self, what: str) -> ValueError:
        return ValueError(f"{self.path.name} is refused: {what}")

    def _check_members(self) -> None:
        infos = self.file.infolist()
        if len(infos) > settings.limit("MEMBERS"):
            raise self._refuse(f"it holds {len(infos):,} files, {settings.limit('MEMBERS'):,} are allowed")
        seen: set[str] = set()
        for info in infos:
            if not MEMBER.fullmatch(info.filename) or stat.S_ISLNK(info.external_attr >> 16):
                raise self._refuse(f"{_shown(info.filename)} has no place in a bundle")
            if info.filename in seen:
                raise self._refuse(f"{info.filename} comes twice")
            seen.add(info.filename)
        unpacked, packed = sum(info.file_size for info in infos), self.path.stat().st_size
        if unpacked > settings.limit("UNPACKED_GIB") * 2**30 or unpacked > max(2**30, settings.limit("RATIO") * packed):
            raise self._refuse(f"it unpacks to {unpacked / 2**30:.1f} GiB from {packed / 2**20:.1f} MiB")

    def _json(self, name: str) -> dict[str, Any]:
        try:
            if self.file.getinfo(name).file_size > MAX_JSON_BYTES:
                raise self._refuse(f"{name} is too long")
            document = json.loads(self.file.read(name))
        except KeyError:
            raise self._refuse(f"it has no {name}") from None
        except (UnicodeDecodeError, json.JSONDecodeError, RecursionError):
            raise self._refuse(f"{name} is not JSON") from None
        if not isinstance(document, dict):
            raise self._refuse(f"{name} holds no fields")
        return document

    def _whole(self, name: str, value: Any, low: int, high: int) -> int:
        if type(value) is not int or not low <= value <= high:
            raise self._refuse(f"{name} is {_shown(value)}, a whole number from {low} to {high} is needed")
        return value

    def _run(self, number: int) -> _Found:
        prefix = f"runs/{number:04d}/"
        document = self._json(f"{prefix}record.json")
        spec = self._spec(document.get("spec"))
        row, where = self._row(document, spec), self.folder / f"{number:04d}"
        (where / "snapshots").mkdir(parents=True)
        (where / "spec.json").write_text(spec.to_json())
        names = sorted(name for name in self.file.namelist() if name.startswith(f"{prefix}snapshots/"))
        if not 1 <= len(names) <= MAX_SNAPSHOTS:
            raise self._refuse(f"run {number} has {len(names)} snapshots, 1 to {MAX_SNAPSHOTS} are needed")
        for name in names:
            self._snapshot(name, where / "snapshots" / name.rpartition("/")[2], row["n_samples"])
        if f"{prefix}weights.npz" in self.file.namelist():
            weights = self._arrays(f"{prefix}weights.npz")
            if not all(array.dtype.kind in "biuf" for array in weights.values()):
                raise self._refuse(f"{prefix}weights.npz holds texts")
            _write_checkpoint(weights, row["step"], where / "checkpoint.pt")
        points = self._points(f"{prefix}curves.npz", row["run_id"])
        last = Snapshot.load(where / "snapshots" / names[-1].rpartition("/")[2])
        annotations = self._annotations(document.get("annotations", []), last)
        found = _Found(row=row, spec=spec, points=points, folder=where, annotations=annotations)
        found.known_as = self._known(document.get("run_id"), spec)
        if not found.known_as:
            self._name(found, document.get("run_id"))
        return found

    def _spec(self, asked: Any) -> RunSpec:
        try:
            spec = RunSpec.from_json(json.dumps(asked))
            texts = (spec.dataset, spec.preset, spec.device, spec.precision, spec.launcher, spec.title)
            if not all(isinstance(text, str) and len(text) < 1000 and text.isprintable() for text in texts):
                raise ValueError("a text of the spec is none")
            if spec.method not in METHODS:
                raise ValueError(f"its method {_shown(spec.method)} is not known here")
            about = card(spec.method)
            about.config(**about.resolve(spec.dataset, spec.preset, spec.config))
        except (TypeError, ValueError, AttributeError) as error:
            raise self._refuse(str(error).splitlines()[0]) from None
        self._whole("epochs", spec.epochs, 1, 10**6)
        self._whole("evaluate_every", spec.evaluate_every, 1, 10**6)
        self._whole("n_snapshots", spec.n_snapshots, 1, MAX_SNAPSHOTS)
        self._whole("seed", spec.seed, 0, 2**63)
        for name, value, high in (("n_clusters", spec.n_clusters, MAX_CLUSTERS), ("limit", spec.limit, 10**9)):
            if value is not None:
                self._whole(name, value, 2, high)
        if not all(isinstance(word, str) and len(word) < 200 for word in (*spec.tags, *spec.steps)):
            raise self._refuse("a tag or step of the spec is no text")
        return replace(spec, tags=tuple(dict.fromkeys((*spec.tags, IMPORTED))))

    def _row(self, document: Mapping[str, Any], spec: RunSpec) -> dict[str, Any]:
        row: dict[str, Any] = {name: self._whole(name, document.get(name), 0, 2**31 - 1) for name in COUNTS}
        for name in NUMBERS:
            row[name] = _number(document.get(name))
        for name, longest in TEXTS.items():
            text = document.get(name)
            row[name] = text.replace("\0", "")[:longest] if isinstance(text, str) else ""
        metrics = document.get("metrics")
        figures = {str(k)[:100]: n for k, v in _items(metrics) if (n := _number(v)) is not None}
        names = {str(int(k)): v[:100] for k, v in _items(document.get("cluster_names")) if k.isdigit() and _is_text(v)}
        versions = {k[:100]: v[:100] for k, v in _items(document.get("environment")) if _is_text(v)}
        row |= {"metrics": json.dumps(figures) if metrics else None, "cluster_names": json.dumps(names)}
        row |= {"environment": json.dumps(versions), "spec": spec.to_json(), "launcher": spec.launcher[:20]}
        row |= {"status": "finished", "created": row["created"] or time.time(), "queued": row["created"] or time.time()}
        row |= {"epoch": row["epoch"] or 0.0, "seconds": row["seconds"] or 0.0, "run_id": ""}
        return row

    def _known(self, run_id: Any, spec: RunSpec) -> str:
        """The run of that id, where the store has it and it is of the same spec."""
        if isinstance(run_id, str) and RUN_ID.fullmatch(run_id):
            with self.store.reading() as connection:
                text = connection.scalar(select(RUNS.c.spec).where(RUNS.c.run_id == run_id))
            if text is not None and key(RunSpec.from_json(text)) == key(spec):
                return run_id
        return ""

    def _name(self, found: _Found, run_id: Any) -> None:
        """The run keeps its id, unless another run of this store has it."""
        usable = isinstance(run_id, str) and len(run_id) <= 120 and RUN_ID.fullmatch(run_id)
        name = run_id if usable else f"{found.spec.method}-{secrets.token_hex(3)}"
        while self.store.folder(name).exists() or name in self.taken:
            name = f"{name[:-7]}-{secrets.token_hex(3)}"
        self.taken.add(name)
        found.row["run_id"] = name
        for point in found.points:
            point["run_id"] = name

    def _unpacked(self, name: str, target: Path) -> Path:
        with self.file.open(name) as packed, target.open("wb") as file:
            shutil.copyfileobj(packed, file)
        return target

    def _arrays(self, name: str, target: Path | None = None) -> dict[str, np.ndarray]:
        """The arrays of an `.npz` in the bundle, none of them pickled or larger than the file says."""
        unpacked = self._unpacked(name, target or self.folder / "arrays.npz")
        try:
            with zipfile.ZipFile(unpacked) as inner:
                if sum(info.file_size for info in inner.infolist()) > unpacked.stat().st_size:
                    raise self._refuse(f"{name} is packed twice")  # we write stored arrays: no bomb within a bundle
                for info in inner.infolist():
                    with inner.open(info) as member:
                        _check_header(member, info.file_size)
            with np.load(unpacked, allow_pickle=False) as file:
                return {array: file[array] for array in file.files}
        except (zipfile.BadZipFile, EOFError, KeyError) as error:
            raise self._refuse(f"{name} is damaged ({error})") from None
        except ValueError as error:
            raise self._refuse(f"{name}: {error}") if self.path.name not in str(error) else error from None

    def _points(self, name: str, run_id: str) -> list[dict[str, Any]]:
        arrays = self._arrays(name) if name in self.file.namelist() else {}
        if not arrays:
            return []
        if set(arrays) != {"step", "epoch", "name", "value"} or len({a.shape for a in arrays.values()}) != 1:
            raise self._refuse(f"{name} holds no points of curves")
        kinds = {column: array.dtype.kind for column, array in arrays.items()}
        step, names = arrays["step"], arrays["name"]
        fits = names.ndim == 1 and len(names) <= MAX_POINTS and names.dtype.itemsize <= 4 * 200
        if kinds != {"step": "i", "epoch": "f", "name": "U", "value": "f"} or not fits:
            raise self._refuse(f"{name} holds no points of curves")
        if len(step) and not (step.min() >= 0 and step.max() < 2**31):
            raise self._refuse(f"{name} has steps that no run has")
        columns = (step.tolist(), arrays["epoch"].tolist(), names.tolist(), arrays["value"].tolist())
        return [
            {"run_id": run_id, "step": s, "epoch": e, "name": n.replace("\0", ""), "value": v}
            for s, e, n, v in zip(*columns, strict=True)
        ]

    def _snapshot(self, name: str, target: Path, n_samples: int) -> None:
        self._arrays(name, target)
        try:
            snapshot = Snapshot.load(target)
        except (KeyError, ValueError, TypeError) as error:
            raise self._refuse(f"{name} is no snapshot ({str(error).splitlines()[0]})") from None
        index, logits, n = snapshot.index, snapshot.logits, len(np.atleast_1d(snapshot.index))
        tables: Sequence[np.ndarray] = (logits, *snapshot.view_logits, *snapshot.spaces.values())
        whole = index.ndim == 1 and index.dtype.kind in "iu" and 0 < n <= n_samples
        if not whole or index.min() < 0 or index.max() >= n_samples:
            raise self._refuse(f"{name} counts samples that the run does not have")
        if not all(t.ndim == 2 and len(t) == n and t.dtype.kind == "f" and t.shape[1] > 0 for t in tables):
            raise self._refuse(f"{name} has arrays that do not belong together")
        if not 1 < logits.shape[1] <= MAX_CLUSTERS or not np.isfinite(logits).all():
            raise self._refuse(f"{name} has no usable assignment")
        if not all(space in snapshot.spaces for space in snapshot.marks):
            raise self._refuse(f"{name} marks a space that it does not have")
        if not all(re.fullmatch(r"[\w .+-]{1,80}", space) for space in snapshot.spaces):
            raise self._refuse(f"{name} has a space of an unusual name")

    def _annotations(self, documents: Any, snapshot: Snapshot) -> list[dict[str, Any]]:
        """Rows of the annotations of a run, each of which can be laid over its last snapshot."""
        if not isinstance(documents, list) or len(documents) > MAX_ANNOTATIONS:
            raise self._refuse(f"its annotations are no list of {MAX_ANNOTATIONS} or fewer")
        rows = []
        for document in documents:
            try:
                steps, name = from_json(document["steps"]), document["name"]
                if not (_is_text(name) and name.strip() and len(name) <= LONGEST_NAME and len(steps) <= MOST_STEPS):
                    raise ValueError("a name or the number of its steps is not allowed")
                splits = [step for step in steps if isinstance(step, Split)]
                numbers = [x for step in splits for centre in step.centres for x in (*centre, step.variance)]
                if not np.isfinite(numbers).all():
                    raise ValueError("a centre is not finite")
                applied(snapshot, steps)
            except (KeyError, TypeError, ValueError, IndexError, AttributeError, OverflowError) as error:
                raise self._refuse(f"an annotation cannot be read ({_shown(str(error).splitlines()[0])})") from None
            row = {"annotation_id": secrets.token_hex(6), "name": name, "steps": json.dumps(to_json(steps))}
            row |= {"epoch": self._whole("epoch", document.get("epoch"), 0, 10**6), "version": len(steps)}
            row |= {"n_applied": self._whole("n_applied", document.get("n_applied"), 0, len(steps))}
            rows.append(row | {"created": _number(document.get("created")) or time.time()})
        if len({row["name"] for row in rows}) < len(rows):
            raise self._refuse("two annotations of a run have one name")
        return rows

    def _sweep(self, document: Any, runs: Sequence[_Found]) -> tuple[Sweep, list[dict[str, Any]], str]:
        """The sweep, its rows (cell, seed, run) and the reasons of its holes."""
        try:
            sweep = Sweep.from_json(json.dumps(document["asked"]))
            wanted = {(cell, seed) for cell in range(len(sweep.cells)) for seed in sweep.seeds}
            rows = [(cell, seed, runs[number - 1]) for cell, seed, number in document["runs"] if number > 0]
            failures = {f"{cell}:{seed}": str(why)[:500] for cell, seed, why in document["failures"]}
            if not {(cell, seed) for cell, seed, _ in rows} <= wanted or len(rows) > len(wanted):
                raise ValueError("a run stands at a place that the sweep does not have")
            if not all(isinstance(cell.dataset, str) and cell.method in METHODS for cell in sweep.cells):
                raise ValueError("a cell names no known method")
            if not all(type(seed) is int for seed in sweep.seeds):
                raise ValueError("a seed is no number")
        except (ValueError, TypeError, KeyError, IndexError, AttributeError) as error:
            raise self._refuse(f"its sweep cannot be read ({str(error).splitlines()[0]})") from None
        name = sweep.id
        places = [
            {"sweep_id": name, "cell": cell, "seed": seed, "run_id": run.known_as or run.row["run_id"]}
            for cell, seed, run in rows
        ]
        return sweep, places, json.dumps(failures)


def _keep_annotations(connection: Any, found: _Found) -> None:
    """Add the annotations of a run; those whose names are taken here stay as they are."""
    run_id = found.known_as or found.row["run_id"]
    taken = set(connection.scalars(select(ANNOTATIONS.c.name).where(ANNOTATIONS.c.run_id == run_id)))
    fresh = [row | {"run_id": run_id} for row in found.annotations if row["name"] not in taken]
    if fresh:
        connection.execute(insert(ANNOTATIONS), fresh)


def _keep_sweep(connection: Any, sweep: Sweep, places: list[dict[str, Any]], failures: str) -> None:
    """Note a sweep and its runs; one that is here already only gets the runs it lacks."""
    now = time.time()
    known = connection.scalar(select(SWEEPS.c.status).where(SWEEPS.c.sweep_id == sweep.id))
    if known is None:
        status = "finished" if len(places) == sweep.n_runs else "stopped"
        values = {"spec": sweep.to_json(), "title": sweep.title, "status": status, "created": now, "heartbeat": now}
        values |= {"owner": "", "ended": now, "n_runs": len({place["run_id"] for place in places})}
        connection.execute(insert(SWEEPS).values(sweep_id=sweep.id, failures=failures, **values))
    for place in places:
        this = [SWEEP_RUNS.c[name] == place[name] for name in ("sweep_id", "cell", "seed")]
        if known is None or connection.scalar(select(SWEEP_RUNS.c.run_id).where(*this)) is None:
            connection.execute(insert(SWEEP_RUNS).values(**place))


def _write_checkpoint(arrays: Mapping[str, np.ndarray], step: int, path: Path) -> None:
    import torch

    state = {name: torch.from_numpy(array) for name, array in arrays.items()}
    torch.save({"step": step, "method": state}, path)


def _check_header(member: Any, size: int) -> None:
    """Refuse an array that is pickled, or that claims to be larger than its file.

    Raises:
        ValueError: in words that follow the array's name.
    """
    version = np.lib.format.read_magic(member)
    read_header = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, _, dtype = read_header(member)
    if dtype.hasobject or dtype.kind not in "biufU":
        raise ValueError("an array is pickled or of an unusual kind")
    if math.prod(shape) * dtype.itemsize > size:
        raise ValueError("an array is shorter than its header says")


def _items(value: Any) -> list[tuple[str, Any]]:
    return [(str(k), v) for k, v in value.items()] if isinstance(value, dict) else []


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and "\0" not in value


def _number(value: Any) -> float | None:
    usable = isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
    return float(value) if usable else None


def _shown(value: Any) -> str:
    """Something from a file, fit for a message."""
    return "".join(c if c.isprintable() else "?" for c in str(value))[:80]
