"""A finished run to measure pages and the store with: random codes, made in seconds, on a real data set."""

from pathlib import Path
from typing import Any

import numpy as np

from mmclust import methods
from mmclust.analysis import disk_cache, large, projection
from mmclust.data import catalogue
from mmclust.evaluation.metrics import score
from mmclust.evaluation.snapshot import Snapshot
from mmclust.runs.spec import RunSpec
from mmclust.runs.store import RunStore

N_POINTS = 10_000
TERMS: tuple[str, ...] = ("loss/mi", "loss/aug", "loss/adv", "loss/critic", "loss/penalty")


def largest_dataset() -> str:
    """The data set with most samples among those at hand."""
    found = {name: entry.n_samples or 0 for name, entry in catalogue.DATASETS.items() if entry.available()}
    return max(found, key=lambda name: found[name])


def codes(n_samples: int, n_clusters: int, *, epoch: int, step: int, noise: float) -> Snapshot:
    """A snapshot of loose Gaussian clusters with 50 style dimensions."""
    random = np.random.default_rng(epoch)
    cluster = np.arange(n_samples) % n_clusters
    logits = 6 * np.eye(n_clusters, dtype=np.float32)[cluster]
    logits += random.normal(0, noise, logits.shape).astype(np.float32)
    probs = np.exp(logits - logits.max(axis=1, keepdims=True))
    probs /= probs.sum(axis=1, keepdims=True)
    style = random.normal(0, 0.1, (n_samples, 50)).astype(np.float32)
    spaces = {"z": np.concatenate((style, probs), axis=1), "z_c": probs, "z_s": style}
    return Snapshot(epoch=epoch, step=step, index=np.arange(n_samples), spaces=spaces, logits=logits)


def finished_run(store: RunStore, dataset: str) -> tuple[str, int]:
    """A finished DCCS run on a data set of the catalogue, with 10,000 points of each curve and four snapshots.

    Its t-SNE is there already, as after a first visit: in its place, since its minutes are not measured here, stands a
    layout of discs, one for each cluster.

    Returns:
        Its id and its number of samples.
    """
    data = catalogue.load(dataset)
    epochs, n_clusters = 100, data.spec.n_clusters
    config = methods.card("dccs").resolve(dataset, "quick", {})
    store.create(RunSpec(dataset=dataset, method="dccs", config=config, epochs=epochs, title="prepared for bench"))
    run = store.claim()
    assert run is not None, "the store is new: nothing else can hold the device"
    random = np.random.default_rng(0)
    with run:
        run.begin(n_samples=data.n_samples, n_train=data.n_samples, n_clusters=n_clusters, environment={})
        for point in range(N_POINTS):
            values = dict(zip(TERMS, 1 / (1 + point) + random.random(len(TERMS)), strict=True))
            run.log(values, step=point, epoch=point * epochs / N_POINTS)
        for epoch in (0, 1, 10, epochs):
            snapshot = codes(data.n_samples, n_clusters, epoch=epoch, step=epoch * 100, noise=6 / (1 + epoch))
            run.snapshot(snapshot)
            if data.labels is not None:
                figures = score(data.labels, snapshot.y_pred)
                run.log({f"eval/{name}": value for name, value in figures.items()}, step=epoch * 100, epoch=epoch)
        lay_out(run.folder, store.get(run.id).snapshot())
        run.progress(step=N_POINTS, total_steps=N_POINTS, epoch=epochs)
        run.finish("finished")
    return run.id, data.n_samples


def small_run(store: RunStore, dataset: str, *, noise: float) -> str:
    """A finished DCCS run with one snapshot and a point of each curve; its id.

    Args:
        store: nothing else may hold its device.
        dataset: of the catalogue, with classes.
        noise: of the scores; the more, the worse the clusters.
    """
    data = catalogue.load(dataset)
    config = methods.card("dccs").resolve(dataset, "quick", {})
    store.create(RunSpec(dataset=dataset, method="dccs", config=config, epochs=100, title="prepared for bench"))
    run = store.claim()
    assert run is not None and data.labels is not None
    with run:
        run.begin(n_samples=data.n_samples, n_train=data.n_samples, n_clusters=data.spec.n_clusters, environment={})
        made = codes(data.n_samples, data.spec.n_clusters, epoch=100, step=100, noise=noise)
        run.snapshot(made)
        figures = score(data.labels, made.y_pred)
        run.log({f"eval/{name}": value for name, value in figures.items()}, step=100, epoch=100)
        run.log(dict.fromkeys((*TERMS, "objective/main", "signal/confidence"), noise), step=100, epoch=100)
        run.progress(step=100, total_steps=100, epoch=100)
        run.finish("finished")
    return run.id


def lay_out(folder: Path, snapshot: Snapshot) -> None:
    """A disc for each cluster on a ring, where the t-SNE of the codes with the page's first settings is looked for.

    Args:
        folder: of the run.
        snapshot: as it is read: its spaces are stored with fewer digits.
    """
    random = np.random.default_rng(0)
    angle = 2 * np.pi * snapshot.y_pred / snapshot.n_clusters
    xy = 40 * np.stack([np.cos(angle), np.sin(angle)], axis=1) + random.normal(0, 4, (len(angle), 2))
    options: dict[str, Any] = {"seed": 0, "perplexity": 30.0}
    z, kept, made = snapshot.spaces["z"], folder / "layouts", {"xy": xy.astype(np.float32)}
    if large.is_large(len(z), "tsne"):
        none = np.empty((0, 0), np.float32)  # prototypes
        disk_cache.arrays(kept, large.layout_key(z, none, "tsne", **options), lambda: made, source=large.SOURCE)
        rows = large.first_rows(len(z))
        z, made = z[rows], {"xy": made["xy"][rows]}
    disk_cache.keep(projection.layout_path(kept, z, "tsne", **options), made, "a layout")
