"""What is kept and measured of a method while it trains: snapshots, metrics and signals of an epoch."""

import numpy as np
import torch
from torch import Tensor

from mmclust.engine.prefetch import Prefetcher
from mmclust.evaluation.metrics import acc_top, n_found, score, usage_entropy
from mmclust.evaluation.snapshot import Snapshot
from mmclust.methods.base import Method

EVALUATION_BATCH = 1024
"""Samples at a time where nothing is learnt; fewer when they are large."""
EVALUATION_VALUES = 4 * 2**20
"""Pixels and features of such a batch: a network's first layer takes some 64 bytes for each."""
TOP5_FROM_CLUSTERS = 100
"""From so many clusters on it is also told how often the class is among the five best clusters."""
SNAPSHOT_SAMPLES = 10_000
"""Samples kept in snapshots before the last one, which holds all."""


def snapshot_epochs(epochs: int, n_snapshots: int) -> frozenset[int]:
    """Which epochs to keep: start and end, and between them epochs that grow apart, as training slows down."""
    if n_snapshots < 2 or epochs < 1:
        return frozenset({epochs})
    growth = np.geomspace(1, epochs + 1, min(n_snapshots, epochs + 1)) - 1
    return frozenset(int(round(e)) for e in growth)


def take_snapshot(
    method: Method,
    views: tuple[Tensor, ...],
    *,
    index: np.ndarray,
    epoch: int,
    step: int,
    prefetcher: Prefetcher,
) -> Snapshot:
    """Codes of the samples at `index` (n,), with the method in evaluation mode.

    Args:
        method: left in the mode it came in.
        views: all samples, each (N, ...), on the device to compute on.
        index: ids of the samples to embed.
        epoch: epochs trained so far.
        step: steps trained so far.
        prefetcher: of the views.
    """
    batch_size = _batch_size(views)
    was_training = method.training
    method.eval()
    spaces: dict[str, np.ndarray] = {}
    with torch.inference_mode():
        batches = torch.from_numpy(index).split(batch_size)
        for first, ids in zip(range(0, len(index), batch_size), prefetcher.through(batches), strict=True):
            ids = ids.to(views[0].device)
            for name, codes in method.spaces(tuple(view[ids] for view in views)).items():
                if name not in spaces:
                    spaces[name] = np.empty((len(index), *codes.shape[1:]), np.float32)
                spaces[name][first : first + len(ids)] = codes.float().cpu().numpy()
    method.train(was_training)
    per_view = [f"logits_{i + 1}" for i in range(len(views)) if f"logits_{i + 1}" in spaces]
    return Snapshot(
        epoch=epoch,
        step=step,
        index=index,
        logits=spaces.pop("logits"),
        view_logits=tuple(spaces.pop(name) for name in per_view),
        spaces=spaces,
        landmarks={name: points.detach().float().cpu().numpy() for name, points in method.landmarks().items()},
    )


def measure(snapshot: Snapshot, labels: np.ndarray | None) -> dict[str, float]:
    """What is logged of an evaluation: signals without labels, metrics with them, and the same of each view alone.

    Args:
        snapshot: of n samples.
        labels: (N,) of all samples of the data set, None where classes are not known.
    """
    probs, y_true = snapshot.probs, None if labels is None else labels[snapshot.index]
    values = {
        "signal/usage_entropy": usage_entropy(probs),
        "signal/clusters_found": float(n_found(np.bincount(snapshot.y_pred, minlength=probs.shape[1]))),
        "signal/confidence": float(probs.max(axis=1).mean()),
    }
    if y_true is not None:
        values |= {f"eval/{name}": value for name, value in score(y_true, snapshot.y_pred).items()}
        if snapshot.logits.shape[1] >= TOP5_FROM_CLUSTERS:
            values["eval/acc_top5"] = acc_top(y_true, snapshot.logits)
    return values | _measure_views(snapshot, y_true)


def _measure_views(snapshot: Snapshot, y_true: np.ndarray | None) -> dict[str, float]:
    """How well each view clusters alone, and how often all views name the same cluster; empty for one view."""
    clusters = [logits.argmax(axis=1) for logits in snapshot.view_logits]
    if not clusters:
        return {}
    values = {"signal/agreement": float(np.all([c == clusters[0] for c in clusters], axis=0).mean())}
    if y_true is not None:
        for number, y_pred in enumerate(clusters, start=1):
            found = score(y_true, y_pred)
            values |= {f"view/{name}_{number}": found[name] for name in ("acc", "nmi", "ari")}
    return values


def _batch_size(views: tuple[Tensor, ...]) -> int:
    """Samples at a time where nothing is learnt, so that large images need no more memory than small ones."""
    values_per_sample = sum(view[0].numel() for view in views)
    return max(1, min(EVALUATION_BATCH, EVALUATION_VALUES // values_per_sample))


def thinned(snapshot: Snapshot, n_samples: int = SNAPSHOT_SAMPLES) -> Snapshot:
    """The snapshot at a random sample that is the same at every epoch; unchanged when it is small."""
    if len(snapshot.index) <= n_samples:
        return snapshot
    keep = np.sort(np.random.default_rng(0).choice(len(snapshot.index), n_samples, replace=False))
    return Snapshot(
        epoch=snapshot.epoch,
        step=snapshot.step,
        index=snapshot.index[keep],
        logits=snapshot.logits[keep],
        view_logits=tuple(values[keep] for values in snapshot.view_logits),
        spaces={name: values[keep] for name, values in snapshot.spaces.items()},
        landmarks=snapshot.landmarks,
    )
