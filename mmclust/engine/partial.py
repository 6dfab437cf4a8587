"""Samples that lack a view get a cluster after training, by the views that they have.

Shapes: M such samples, V views, K clusters, N complete samples.
"""

import json
from typing import TYPE_CHECKING, Any

import numpy as np

from mmclust import neighbours
from mmclust.data.dataset import MultiViewDataset, PartialSamples
from mmclust.evaluation.metrics import score

if TYPE_CHECKING:
    import torch

    from mmclust.methods.base import Method

FILE, ARRAYS = "partial.json", "partial.npz"
"""In the run's folder: how many samples lack a view, and `rows`, `present` and `clusters` of each."""
NEIGHBOURS = 10
CHUNK = 4096


def by_method(method: "Method", lacking: PartialSamples, device: "torch.device") -> np.ndarray:
    """Clusters (M,): the mean of the assignments that a trained method makes of each view a sample has."""
    import torch

    method.eval()
    found = []
    with torch.inference_mode():
        for rows in np.array_split(np.arange(lacking.n_samples), range(CHUNK, lacking.n_samples, CHUNK)):
            views = tuple(torch.from_numpy(np.ascontiguousarray(view[rows])).to(device) for view in lacking.views)
            spaces = method.spaces(views)
            own = torch.stack([spaces[f"logits_{number}"] for number in range(1, len(views) + 1)]).float().softmax(2)
            has = torch.from_numpy(lacking.present[rows].T.astype(np.float32)).to(device)
            found.append((own * has[:, :, None]).sum(dim=0).argmax(dim=1).cpu().numpy())
    return np.concatenate(found)


def by_neighbours(dataset: MultiViewDataset, lacking: PartialSamples, clusters: np.ndarray) -> np.ndarray:
    """Clusters (M,): what most of the nearest complete samples have, in each view that a sample has.

    Args:
        dataset: prepared.
        lacking: prepared with it.
        clusters: (N,) of the complete samples.
    """
    votes = np.zeros((lacking.n_samples, int(clusters.max()) + 1))
    for known, asked, has in zip(dataset.views, lacking.views, lacking.present.T, strict=True):
        if not has.any():
            continue
        found = neighbours.among(asked[has], known, NEIGHBOURS).found
        votes[has] += np.eye(votes.shape[1])[clusters[found]].sum(axis=1)
    return votes.argmax(axis=1)


def keep(run: Any, dataset: MultiViewDataset, clusters: np.ndarray) -> None:
    """Write what became of the partial samples into the folder of an active run, and their number into its record.

    Args:
        run: the `ActiveRun`.
        dataset: prepared.
        clusters: (M,) of its partial samples.
    """
    lacking, folder = dataset.partial, run.folder
    assert lacking is not None
    np.savez(
        folder / ARRAYS,
        allow_pickle=False,
        rows=lacking.rows,
        present=lacking.present,
        clusters=clusters.astype(np.int32),
    )
    names = [view.name for view in dataset.spec.views]
    about = {
        "n_samples": lacking.n_samples,
        "n_lacking": dict(zip(names, (~lacking.present).sum(axis=0).tolist(), strict=True)),
        "metrics": _metrics(lacking, clusters),
    }
    (folder / FILE).write_text(json.dumps(about, indent=2))
    run.add({"partial_samples": str(lacking.n_samples)})


def _metrics(lacking: PartialSamples, clusters: np.ndarray) -> dict[str, float] | None:
    """Agreement of these samples alone with their classes; None where none of them has one."""
    if lacking.labels is None or not (lacking.labels >= 0).any():
        return None
    return score(lacking.labels, clusters)
