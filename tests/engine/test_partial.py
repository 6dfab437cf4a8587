"""Samples that lack a view: read, prepared with the others, clustered by what they have."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from mmclust import worker
from mmclust.data import catalogue, preprocessing, uploads
from mmclust.data.dataset import DataSpec, MultiViewDataset, PartialSamples, ViewSpec
from mmclust.engine import partial
from mmclust.evaluation.metrics import acc
from mmclust.runs.store import RunStore
from mmclust.specs import build_spec

N, N_LACKING = 120, 24


def written(folder: Path) -> str:
    """Two views of three clear classes; every fifth sample lacks one of them."""
    random = np.random.default_rng(0)
    labels = np.arange(N) % 3
    views = [random.normal(size=(N, size)) + 6 * np.eye(3)[labels].repeat(size // 3, axis=1) for size in (6, 9)]
    for row in range(0, N, 5):
        views[row // 5 % 2][row] = np.nan
    path = folder / "lacking.npz"
    np.savez(path, X1=views[0], X2=views[1], Y=labels)
    return str(path)


def test_partial_samples_are_prepared_with_the_others(tmp_path: Path):
    dataset = catalogue.load(written(tmp_path))
    assert dataset.partial is not None and dataset.n_samples == N - N_LACKING
    prepared = preprocessing.prepare(dataset, ("minmax", "pca-4"))
    assert prepared.partial is not None
    assert [view.shape for view in prepared.partial.views] == [(N_LACKING, 4), (N_LACKING, 4)]
    assert all(np.isfinite(view).all() for view in (*prepared.views, *prepared.partial.views))
    assert preprocessing.prepare(dataset, ()) is dataset


def test_a_sample_of_the_data_keeps_its_share_of_them(tmp_path: Path):
    dataset = catalogue.load(written(tmp_path), limit=48)
    assert dataset.partial is not None and dataset.partial.n_samples == N_LACKING // 2


def test_a_data_set_that_is_kept_keeps_them(tmp_path: Path):
    dataset = catalogue.load(written(tmp_path))
    name = uploads.keep(dataset, uploads.About(title="Lacking"))
    again = catalogue.load(name)
    assert again.partial is not None and dataset.partial is not None
    for one, other in zip(again.partial.views, dataset.partial.views, strict=True):
        np.testing.assert_array_equal(one, other)
    np.testing.assert_array_equal(again.partial.present, dataset.partial.present)


def column(*values: float) -> np.ndarray:
    return np.array(values, np.float32)[:, None]


def test_neighbours_in_the_views_that_a_sample_has_decide():
    specs = tuple(ViewSpec(name=name, kind="vector", shape=(1,)) for name in "ab")
    known = np.repeat([0, 1], 12)
    views = (column(*np.repeat([0.0, 9.0], 12)), column(*np.repeat([9.0, 0.0], 12)))
    data = MultiViewDataset(spec=DataSpec(name="x", views=specs, n_clusters=2), views=views)
    lacking = PartialSamples(
        views=(column(0, 0), column(0, 0)), present=np.array([[True, False], [False, True]]), rows=np.array([24, 25])
    )
    assert partial.by_neighbours(data, lacking, known).tolist() == [0, 1]


@pytest.mark.parametrize(("method", "changes"), [("dmim", {}), ("msdib", {}), ("dmid-uic", {"generative": False})])
def test_a_run_clusters_them_by_the_views_that_they_have(tmp_path: Path, method: str, changes: dict):
    spec = build_spec(written(tmp_path), method, preset="paper", epochs=2, changes={"batch_size": 48, **changes})
    store = RunStore()
    created = store.create(spec)
    run = store.claim(created.id)
    assert run is not None and worker.execute(run) == "finished", store.record(created.id).error
    about = json.loads((run.folder / partial.FILE).read_text())
    assert about["n_samples"] == N_LACKING and about["n_lacking"] == {"X1": 12, "X2": 12}
    assert store.record(created.id).environment["partial_samples"] == str(N_LACKING)
    with np.load(run.folder / partial.ARRAYS) as arrays:
        assert arrays["clusters"].shape == (N_LACKING,) and (arrays["rows"] % 5 == 0).all()


class _Sure(torch.nn.Module):
    """Knows the class from the sign of a number, in each view alone."""

    def spaces(self, views: tuple[torch.Tensor, ...]) -> dict[str, torch.Tensor]:
        return {
            f"logits_{number}": torch.cat((view, -view), dim=1) * 9 * number
            for number, view in enumerate(views, start=1)
        }


def test_only_views_that_a_sample_has_count():
    labels = np.array([0, 1, 0, 1])
    right = column(1, -1, 1, -1)
    lacking = PartialSamples(
        views=(right, -right), present=np.array([[True, False]] * 4), rows=np.arange(4), labels=labels
    )
    found = partial.by_method(_Sure(), lacking, torch.device("cpu"))  # pyright: ignore[reportArgumentType]
    assert acc(labels, found) == 1 and found.tolist() == labels.tolist()
