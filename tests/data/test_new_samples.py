import numpy as np
import pytest
from sklearn.decomposition import PCA
from sklearn.feature_extraction.text import TfidfTransformer
from sklearn.preprocessing import MinMaxScaler, StandardScaler

from mmclust.data import new_samples, preprocessing
from mmclust.data.dataset import DataSpec, MultiViewDataset, PartialSamples, ViewSpec


def made(*views: np.ndarray, **more) -> MultiViewDataset:
    """A data set of vector views."""
    specs = tuple(ViewSpec(name=f"v{i}", kind="vector", shape=view.shape[1:]) for i, view in enumerate(views))
    return MultiViewDataset(spec=DataSpec(name="made", views=specs, n_clusters=2), views=views, **more)


def samples(n: int, seed: int, columns: int = 12) -> np.ndarray:
    """Of unequal scale and spread, one column constant."""
    found = np.random.default_rng(seed).normal(3, 2, (n, columns)) * np.arange(1, columns + 1)
    found[:, 4] = 7
    return found.astype(np.float32)


@pytest.mark.parametrize(
    "steps",
    ["minmax", "standard,clip-5", "l2", "unit", "sqrt,l2", "pca-5", "minmax,pca-100,unit", "1:l2,2:minmax,pca-3"],
)
def test_the_runs_own_samples_come_out_as_they_were_trained_on(steps: str):
    dataset = made(samples(60, 0), samples(60, 1, 20))
    names = preprocessing.parse([steps])
    expected = preprocessing.prepare(dataset, names).views
    for found, wanted in zip(new_samples.prepare(dataset, dataset.views, names), expected, strict=True):
        np.testing.assert_allclose(found, wanted, atol=2e-4 * np.abs(wanted).max())


@pytest.mark.parametrize(
    "step, reference",
    [("minmax", MinMaxScaler(clip=True)), ("standard", StandardScaler()), ("pca-4", PCA(4, svd_solver="full"))],
)
def test_what_a_step_learns_it_learns_from_the_run(step: str, reference):
    own, new = samples(80, 0), samples(30, 5) * 1.3
    (found,) = new_samples.prepare(made(own), [new], [step])
    wanted = reference.fit(own.astype(np.float64)).transform(new.astype(np.float64))
    if step != "pca-4":
        np.testing.assert_allclose(found[:, 4], 0, err_msg="a constant column tells nothing")
        found, wanted = np.delete(found, 4, axis=1), np.delete(wanted, 4, axis=1)
    else:
        wanted = wanted * np.sign((wanted * found).sum(axis=0))
    np.testing.assert_allclose(found, wanted, atol=2e-3 * np.abs(wanted).max())


def test_words_are_weighed_by_the_documents_of_the_run():
    random = np.random.default_rng(0)
    own, new = random.poisson(0.6, (90, 30)), random.poisson(0.6, (10, 30))
    (found,) = new_samples.prepare(made(own.astype(np.float32)), [new.astype(np.float32)], ["tf-idf"])
    wanted = TfidfTransformer(sublinear_tf=True).fit(own).transform(new)
    np.testing.assert_allclose(found, np.asarray(wanted.todense()), atol=1e-5)  # pyright: ignore


def test_images_are_scaled_by_their_own_range_alone():
    spec = DataSpec(name="p", views=(ViewSpec(name="p", kind="image", shape=(1, 4, 4)),), n_clusters=2)
    own = np.full((5, 1, 4, 4), 100, np.uint8)
    new = np.arange(32, dtype=np.uint8).reshape(2, 1, 4, 4)
    (found,) = new_samples.prepare(MultiViewDataset(spec=spec, views=(own,)), [new], ["flatten", "minmax"])
    np.testing.assert_allclose(found, new.reshape(2, 16) / np.float32(255), rtol=1e-6)


def test_the_runs_samples_are_prepared_only_where_a_step_learns_from_them(monkeypatch: pytest.MonkeyPatch):
    own, new, seen = samples(50, 0), samples(7, 1), []
    apply = preprocessing.apply_step

    def counted(name: str, spec: ViewSpec, rows: np.ndarray) -> np.ndarray:
        seen.append((name, len(rows)))
        return apply(name, spec, rows)

    monkeypatch.setattr(preprocessing, "apply_step", counted)
    new_samples.prepare(made(own), [new], ["l2", "clip-5"])
    assert seen == [("l2", 7), ("clip-5", 7)]
    seen.clear()
    new_samples.prepare(made(own), [new], ["l2", "minmax", "clip-5"])
    assert seen == [("l2", 7), ("l2", 50), ("clip-5", 7)]


def test_samples_that_lack_a_view_were_prepared_with_the_run_too():
    own, lacking = samples(40, 0), samples(8, 3) * 4
    partial = PartialSamples(views=(lacking,), present=np.ones((8, 1), bool), rows=np.arange(8))
    dataset = made(own, partial=partial)
    (found,) = new_samples.prepare(dataset, [own], ["minmax"])
    np.testing.assert_allclose(found, preprocessing.prepare(dataset, ["minmax"]).views[0], atol=1e-6)


def test_a_graph_says_nothing_of_new_samples():
    graph = np.eye(20, dtype=np.float32) + np.eye(20, k=1, dtype=np.float32) + np.eye(20, k=-1, dtype=np.float32)
    with pytest.raises(ValueError, match="links to the run's own samples.*train a run that holds them"):
        new_samples.prepare(made(graph), [graph[:3]], ["walk"])
