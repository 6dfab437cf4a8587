"""What the documents and arrays of a bundle have to be before the store hears of them; all raise ValueError if not."""

import json
import re
import secrets
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from mmclust.baselines.exploring import EXPLORED
from mmclust.bundle.archive import Archive, shown
from mmclust.bundle.layout import COUNTS, IMPORTED, LATEST, MAX_CLUSTERS, NUMBERS, TEXTS
from mmclust.evaluation.annotation import Split, applied, from_json, to_json
from mmclust.evaluation.metric_names import MAIN
from mmclust.evaluation.snapshot import Snapshot
from mmclust.methods import METHODS, card
from mmclust.runs.annotations import LONGEST_NAME, MOST_STEPS
from mmclust.runs.spec import RunSpec, without_folders
from mmclust.runs.texts import clean
from mmclust.sweeps.runner import LEAST_GPU
from mmclust.sweeps.sweep import Sweep

MAX_SNAPSHOTS = 1_000
MAX_POINTS = 5_000_000
MAX_ANNOTATIONS = 100
MAX_TEXTS, MAX_TEXT = 10_000, 4_000
"""Texts that say what was understood of the data, and letters of one."""


def run_spec(archive: Archive, asked: Any) -> RunSpec:
    """The spec of a run that could be trained here, tagged as imported; its data are no path of the sender's choice."""
    try:
        spec = RunSpec.from_json(json.dumps(asked)).shared()
        texts = (spec.dataset, spec.preset, spec.device, spec.precision, spec.execution, spec.launcher, spec.title)
        if not all(isinstance(text, str) and len(text) < 1000 and text.isprintable() for text in texts):
            raise ValueError("a text of the spec is none")
        if spec.method in METHODS:
            about = card(spec.method)
            whole = about.resolve(spec.dataset, spec.preset, spec.config)
            about.config(**whole)
            spec = replace(spec, config={name: whole[name] for name in (*spec.config, *whole)})
        elif spec.method not in EXPLORED or spec.config:
            raise ValueError(f"its method {shown(spec.method)} is not known here")
    except (TypeError, ValueError, AttributeError) as error:
        raise archive.refuse(str(error).splitlines()[0]) from None
    if reason := spec.why_alone():
        raise archive.refuse(reason)
    if type(spec.gpus) not in (int, float) or not LEAST_GPU <= spec.gpus <= 1:
        raise archive.refuse(f"gpus is {shown(spec.gpus)}, a part of one GPU is needed")
    archive.whole("epochs", spec.epochs, 1, 10**6)
    archive.whole("evaluate_every", spec.evaluate_every, 1, 10**6)
    archive.whole("n_snapshots", spec.n_snapshots, 1, MAX_SNAPSHOTS)
    archive.whole("seed", spec.seed, 0, 2**63)
    for name, value, high in (("n_clusters", spec.n_clusters, MAX_CLUSTERS), ("limit", spec.limit, 10**9)):
        if value is not None:
            archive.whole(name, value, 2, high)
    if not all(len(word) < 200 and word.isprintable() for word in (*spec.tags, *spec.preprocessing)):
        raise archive.refuse("a tag or step of the spec is no text")
    return replace(spec, tags=tuple(dict.fromkeys((*spec.tags, IMPORTED))))


def row(archive: Archive, document: Mapping[str, Any], spec: RunSpec) -> dict[str, Any]:
    """Row of a run in the store, without its id."""
    row: dict[str, Any] = {name: archive.whole(name, document.get(name), *ends) for name, ends in COUNTS.items()}
    if spec.n_clusters not in (None, row["n_clusters"]):
        raise archive.refuse(f"n_clusters is {row['n_clusters']}, its spec asks for {spec.n_clusters}")
    for name, high in NUMBERS.items():
        row[name] = _number(archive, name, document.get(name), 0, high)
    for name, longest in TEXTS.items():
        row[name] = clean(_text(document.get(name)), at_most=longest, lines=name == "note")
    names = {
        str(int(k)): clean(v, at_most=100)
        for k, v in _items(document.get("cluster_names"))
        if re.fullmatch("[0-9]{1,9}", k) and isinstance(v, str)
    }
    versions = {
        clean(k, at_most=100): clean(v, at_most=500)
        for k, v in _items(document.get("environment"))
        if isinstance(v, str)
    }
    row |= {"metrics": _metrics(archive, document.get("metrics")), "cluster_names": json.dumps(names)}
    row |= {"environment": json.dumps(versions), "spec": spec.to_json(), "launcher": spec.launcher[:20]}
    row |= {"status": "finished", "created": row["created"] or time.time(), "queued": row["created"] or time.time()}
    row |= {"epoch": row["epoch"] or 0.0, "seconds": row["seconds"] or 0.0}
    return row


def understanding(archive: Archive, document: Any) -> dict[str, Any] | None:
    """What was understood of the data of a run, in plain texts; None where the bundle does not say."""
    if document is None:
        return None
    try:
        questions = [
            {name: clean(one[name], at_most=MAX_TEXT) for name in ("name", "text", "answer")}
            | {"options": _texts(one["options"]), "open": one["open"] is True}
            for one in document["questions"][:MAX_TEXTS]
        ]
        shapes = [[archive.whole("a shape", size, 1, 2**31) for size in shape] for shape in document["shapes"]]
        counts = {name: archive.whole(name, document[name], 0, 10**9) for name in ("n_samples", "n_clusters")}
        texts = {name: _texts(document[name]) for name in ("views", "classes", "left_out", "advice")}
        sentence = clean(document["understood"], at_most=MAX_TEXT)
    except (KeyError, TypeError, AttributeError):
        raise archive.refuse("what it says of its data cannot be read") from None
    return {"understood": sentence, "questions": questions, "shapes": shapes} | counts | texts


def _texts(values: Any) -> list[str]:
    return [clean(value, at_most=MAX_TEXT) for value in values[:MAX_TEXTS]]


def _metrics(archive: Archive, metrics: Any) -> str | None:
    """JSON of the metrics of a run; None for a run without labels."""
    if not metrics:
        return None
    known = {clean(k, at_most=100): _number(archive, k, v, -1, 1) for k, v in _items(metrics)}
    known = {name: value for name, value in known.items() if value is not None}
    if missing := [name for name in MAIN if name not in known]:
        raise archive.refuse(f"its metrics lack {', '.join(missing)}")
    return json.dumps(known)


def points(archive: Archive, name: str) -> list[dict[str, Any]]:
    """Rows of the points of a run's curves, without its id."""
    arrays = archive.arrays(name) if name in archive.names else {}
    if not arrays:
        return []
    if set(arrays) != {"step", "epoch", "name", "value"} or len({a.shape for a in arrays.values()}) != 1:
        raise archive.refuse(f"{name} holds no points of curves")
    kinds = {column: array.dtype.kind for column, array in arrays.items()}
    step, names = arrays["step"], arrays["name"]
    fits = names.ndim == 1 and len(names) <= MAX_POINTS and names.dtype.itemsize <= 4 * 200
    if kinds != {"step": "i", "epoch": "f", "name": "U", "value": "f"} or not fits:
        raise archive.refuse(f"{name} holds no points of curves")
    if len(step) and not (step.min() >= 0 and step.max() < 2**31):
        raise archive.refuse(f"{name} has steps that no run has")
    epochs = arrays["epoch"]
    if len(epochs) and not (epochs.min() >= 0 and epochs.max() <= NUMBERS["epoch"]):  # false for NaN, too
        raise archive.refuse(f"{name} has epochs that no run has")
    values = np.where(np.isfinite(arrays["value"]), arrays["value"], np.nan)  # of losses that grew without end
    try:
        known = {label: clean(label, at_most=200) for label in set(names.tolist())}
    except ValueError:
        raise archive.refuse(f"{name} has curves whose names are no text") from None
    columns = (step.tolist(), epochs.tolist(), names.tolist(), values.tolist())
    return [{"step": s, "epoch": e, "name": known[n], "value": v} for s, e, n, v in zip(*columns, strict=True)]


def unpack_snapshot(archive: Archive, name: str, target: Path, *, n_samples: int, n_clusters: int) -> Snapshot:
    """Unpack the codes of an epoch to a file, and give them."""
    archive.arrays(name, target)
    try:
        snapshot = Snapshot.load(target)
    except (KeyError, ValueError, TypeError, OverflowError) as error:
        raise archive.refuse(f"{name} is no snapshot ({str(error).splitlines()[0]})") from None
    index, logits, n = snapshot.index, snapshot.logits, len(np.atleast_1d(snapshot.index))
    tables: Sequence[np.ndarray] = (logits, *snapshot.view_logits, *snapshot.spaces.values())
    whole = index.ndim == 1 and index.dtype.kind in "iu" and 0 < n <= n_samples
    if not whole or index.min() < 0 or index.max() >= n_samples:
        raise archive.refuse(f"{name} counts samples that the run does not have")
    if not all(t.ndim == 2 and len(t) == n and t.dtype.kind == "f" and t.shape[1] > 0 for t in tables):
        raise archive.refuse(f"{name} has arrays that do not belong together")
    if len(np.unique(index)) < n:
        raise archive.refuse(f"{name} has a sample twice")
    if snapshot.epoch != int(target.stem.removeprefix("epoch_")) or not 0 <= snapshot.step < 2**31:
        raise archive.refuse(f"{name} is of another epoch than its name says")
    if not all(t.shape[1] == n_clusters and np.isfinite(t).all() for t in (logits, *snapshot.view_logits)):
        raise archive.refuse(f"{name} has no usable assignment to {n_clusters} clusters")
    if not all(np.isfinite(space).all() for space in snapshot.spaces.values()):
        raise archive.refuse(f"{name} has codes that are not finite")
    if not all(_fits(points, snapshot.spaces.get(space)) for space, points in snapshot.landmarks.items()):
        raise archive.refuse(f"{name} marks a space that it does not have")
    if not all(re.fullmatch(r"[\w .+-]{1,80}", space) for space in snapshot.spaces):
        raise archive.refuse(f"{name} has a space of an unusual name")
    return snapshot


def _fits(points: np.ndarray, space: np.ndarray | None) -> bool:
    """Whether points (M, D) lie in a space (n, D)."""
    shaped = space is not None and points.ndim == 2 and points.shape[1] == space.shape[1]
    return shaped and points.dtype.kind == "f" and bool(np.isfinite(points).all())


def weights(archive: Archive, name: str) -> dict[str, np.ndarray]:
    """Parameters of the networks by name."""
    found = archive.arrays(name)
    if not all(array.dtype.kind in "biuf" for array in found.values()):
        raise archive.refuse(f"{name} holds texts")
    return found


def annotations(archive: Archive, documents: Any, snapshot: Snapshot) -> list[dict[str, Any]]:
    """Rows of the annotations of a run, each of which can be laid over its last snapshot."""
    if not isinstance(documents, list) or len(documents) > MAX_ANNOTATIONS:
        raise archive.refuse(f"its annotations are no list of {MAX_ANNOTATIONS} or fewer")
    rows = []
    for document in documents:
        try:
            steps, name = from_json(document["steps"]), document["name"]
            if not (name == clean(name, at_most=LONGEST_NAME) and name.strip() and len(steps) <= MOST_STEPS):
                raise ValueError("a name or the number of its steps is not allowed")
            splits = [step for step in steps if isinstance(step, Split)]
            numbers = [x for step in splits for centre in step.centres for x in (*centre, step.variance)]
            if not np.isfinite(numbers).all():
                raise ValueError("a centre is not finite")
            applied(snapshot, steps)
        except (KeyError, TypeError, ValueError, IndexError, AttributeError, OverflowError) as error:
            raise archive.refuse(f"an annotation cannot be read ({shown(str(error).splitlines()[0])})") from None
        row = {"annotation_id": secrets.token_hex(6), "name": name, "steps": json.dumps(to_json(steps))}
        row |= {"epoch": archive.whole("epoch", document.get("epoch"), 0, 10**6), "version": len(steps)}
        row |= {"n_applied": archive.whole("n_applied", document.get("n_applied"), 0, len(steps))}
        created = _number(archive, "created", document.get("created"), 0, LATEST)
        rows.append(row | {"created": created or time.time()})
    if len({row["name"] for row in rows}) < len(rows):
        raise archive.refuse("two annotations of a run have one name")
    return rows


@dataclass(frozen=True, kw_only=True)
class SweepRows:
    """A sweep as the store keeps it."""

    sweep: Sweep
    places: list[dict[str, Any]]
    """Rows of cell, seed and run."""
    failures: str
    """JSON of the reasons of its holes."""


def sweep(archive: Archive, document: Any, run_ids: Sequence[str]) -> SweepRows:
    """The sweep of a bundle with these runs."""
    try:
        asked = Sweep.from_json(json.dumps(document["asked"]))
        wanted = {(cell, seed) for cell in range(len(asked.cells)) for seed in asked.seeds}
        rows = [(cell, seed, run_ids[number - 1]) for cell, seed, number in document["runs"] if number > 0]
        holes = {(cell, seed): clean(str(why), at_most=500) for cell, seed, why in document["failures"]}
        failures = {f"{cell}:{seed}": why for (cell, seed), why in holes.items()}
        told = [place[:2] for place in (*document["runs"], *document["failures"])]
        if not all(type(number) is int for place in told for number in place):
            raise ValueError("a place in it is no number")
        if not {(cell, seed) for cell, seed, _ in rows} | set(holes) <= wanted or len(rows) > len(wanted):
            raise ValueError("a run stands at a place that the sweep does not have")
        if not all(isinstance(cell.dataset, str) and cell.method in METHODS for cell in asked.cells):
            raise ValueError("a cell names no known method")
        if not all(type(seed) is int and 0 <= seed < 2**63 for seed in asked.seeds):
            raise ValueError("a seed is no number")
        if asked.title != clean(asked.title, at_most=200):
            raise ValueError("its title is no text of one line")
        asked = replace(asked, cells=tuple(replace(one, dataset=without_folders(one.dataset)) for one in asked.cells))
    except (ValueError, TypeError, KeyError, IndexError, AttributeError) as error:
        raise archive.refuse(f"its sweep cannot be read ({str(error).splitlines()[0]})") from None
    places = [{"sweep_id": asked.id, "cell": cell, "seed": seed, "run_id": run_id} for cell, seed, run_id in rows]
    return SweepRows(sweep=asked, places=places, failures=json.dumps(failures))


def _items(value: Any) -> list[tuple[str, Any]]:
    return [(str(k), v) for k, v in value.items()] if isinstance(value, dict) else []


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _number(archive: Archive, name: str, value: Any, low: float, high: float) -> float | None:
    """A number within limits, or None for none."""
    if value is None:
        return None
    if type(value) not in (int, float) or not low <= value <= high:  # NaN is on neither side
        raise archive.refuse(f"{shown(name)} is {shown(value)}, a number from {low:g} to {high:g} is needed")
    return float(value)
