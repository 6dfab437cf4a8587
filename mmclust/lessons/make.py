"""Makes what the lessons ship with: trains their settings, and keeps of each run what pages and lessons read.

What is kept of a run is a few dozen kilobytes: the last snapshot, compressed, and its curves at some epochs. Weights
are not kept; what only they can say, where augmented images fall, is worked out here.
"""

import csv
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np

from mmclust.analysis.projection import cached_projection
from mmclust.analysis.splitting import split
from mmclust.analysis.uncertainty import runner_up
from mmclust.data import catalogue
from mmclust.evaluation.annotation import Merge, Step, applied, to_json
from mmclust.evaluation.snapshot import Snapshot
from mmclust.lessons.shipped import AUGMENTED, FAULTS, NO_AUGMENTATION, SETTINGS, STYLE, Setting, run_id
from mmclust.runs.example import save_example
from mmclust.runs.run import Run
from mmclust.sweeps.sweep import Sweep

N_POINTS = 40
"""Epochs whose points are kept of every curve."""
N_COPIES = 6
N_SHOWN = 6
LAID_OUT = ("z_c", "z_s", "z")
"""Spaces whose map is shipped for the first seed, so that nobody waits for it."""


def sweeps(*, epochs: int | None = None, n_seeds: int | None = None) -> list[Sweep]:
    """What has to be trained: a sweep for all settings with the same seeds.

    Args:
        epochs: passes over the data; None for those of the presets.
        n_seeds: at most so many seeds of each setting; None for all.
    """
    by_seeds: dict[tuple[int, ...], list[Setting]] = {}
    for setting in SETTINGS.values():
        by_seeds.setdefault(setting.seeds[:n_seeds], []).append(setting)
    return [
        Sweep(cells=tuple(setting.cell(epochs=epochs) for setting in settings), seeds=seeds, title="Lessons")
        for seeds, settings in by_seeds.items()
    ]


def keep(run: Run, name: str, folder: Path) -> Path:
    """Write what the lessons need of a finished run.

    Args:
        run: finished, with its weights.
        name: of its setting in `SETTINGS`.
        folder: of all shipped runs.

    Returns:
        The folder of this run, in place of the one before.
    """
    setting, seed = SETTINGS[name], run.spec.seed
    first = seed == setting.seeds[0]
    kept = folder / run_id(name, seed)
    save_example(run, kept)
    n_points = _thin_out(kept / "metrics.csv")
    record = json.loads((kept / "record.json").read_text())
    record |= {"run_id": kept.name, "title": f"Lesson: {setting.title}, seed {seed}", "n_points": n_points}
    (kept / "record.json").write_text(json.dumps(record, indent=2) + "\n")
    snapshot = _compress(kept / "snapshots", setting.spaces + (setting.spaces_of_first if first else ()))
    if name in (STYLE, NO_AUGMENTATION):
        _augment(run, kept / AUGMENTED)
    if first:
        lay_out(kept)
        if name == STYLE:
            (kept / FAULTS).write_text(json.dumps(to_json(faults(snapshot))) + "\n")
    return kept


def lay_out(kept: Path) -> None:
    """Make the maps of a shipped run, in place of those before.

    Args:
        kept: its folder.
    """
    layouts, snapshot = kept / "layouts", Snapshot.load(next((kept / "snapshots").glob("*.npz")))
    shutil.rmtree(layouts, ignore_errors=True)
    layouts.mkdir()
    for space in set(LAID_OUT) & set(snapshot.spaces):
        cached_projection(layouts, snapshot.spaces[space], "tsne")


def clear(folder: Path) -> None:
    """Remove the shipped runs that are there."""
    for record in folder.glob("lesson-*/record.json"):
        shutil.rmtree(record.parent)


def faults(snapshot: Snapshot) -> tuple[Step, ...]:
    """Merge the two clusters that contest each other's samples most, and cut the largest of the others in two.

    Needs no labels, as a network that makes this mistake has none.
    """
    k = snapshot.n_clusters
    contested = np.zeros((k, k), np.int64)
    np.add.at(contested, (snapshot.y_pred, runner_up(snapshot.logits)), 1)
    mutual = np.triu(np.minimum(contested, contested.T), 1)
    first, second = divmod(int(mutual.argmax()), k)
    merge = Merge(clusters=(first, second))
    merged = applied(snapshot, [merge])
    sizes = np.bincount(merged.y_pred, minlength=merged.n_clusters)
    sizes[min(first, second)] = 0
    return merge, split(merged, int(sizes.argmax()), "z_s", 2)


def _thin_out(file: Path) -> int:
    """Keep the points of some epochs, evenly spaced, the first and the last among them; how many points that are."""
    with file.open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    epochs = sorted({float(row["epoch"]) for row in rows if row["name"].startswith("eval/")})
    some = {epochs[i] for i in np.linspace(0, len(epochs) - 1, N_POINTS).round().astype(int)}
    rows = [row for row in rows if float(row["epoch"]) in some]
    with file.open("w", newline="") as stream:
        writer = csv.DictWriter(stream, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    return len(rows)


def _compress(folder: Path, spaces: tuple[str, ...]) -> Snapshot:
    """Keep the last snapshot, with some of its spaces."""
    *earlier, last = sorted(folder.glob("epoch_*.npz"))
    for file in earlier:
        file.unlink()
    with np.load(last, allow_pickle=False) as file:
        arrays: dict[str, Any] = {name: file[name] for name in file.files}
    wanted = {name for name in arrays if not name.startswith(("space_", "mark_"))}
    wanted |= {f"space_{name}" for name in spaces} & set(arrays)
    arrays = {name: _rounded(values) for name, values in arrays.items() if name in wanted}
    np.savez_compressed(last, **arrays)
    return Snapshot.load(last)


def _rounded(values: np.ndarray) -> np.ndarray:
    """Scores to 12 bits of mantissa: the others are noise that no compression can shrink."""
    if values.dtype != np.float32:
        return values
    return ((values.view(np.uint32) + np.uint32(1 << 10)) & np.uint32(0xFFFFF800)).view(np.float32)


def _augment(run: Run, file: Path) -> None:
    """Where random augmentations of every image fall, and the first images' copies to look at."""
    import torch

    from mmclust.models import restore

    data = catalogue.load(run.spec.dataset, limit=run.spec.limit)
    method, generator = restore(run, data.spec), torch.Generator().manual_seed(0)
    images = torch.from_numpy(data.views[0])
    clusters, copies = [], []
    assert data.labels is not None, "the lessons' data have classes"
    shown = np.unique(data.labels, return_index=True)[1][:N_SHOWN]
    with torch.no_grad():
        for _ in range(N_COPIES):
            augmented = method.augmented(images, generator)  # type: ignore[operator]
            clusters.append(method.encode(augmented)[1].argmax(dim=1).numpy())  # type: ignore[operator]
            copies.append(((augmented[shown, 0].clamp(-1, 1) + 1) * 127.5).byte().numpy())
    np.savez_compressed(
        file, clusters=np.stack(clusters, axis=1).astype(np.uint8), shown=shown, copies=np.stack(copies, axis=1)
    )
