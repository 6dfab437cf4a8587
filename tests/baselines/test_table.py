import importlib.util

import numpy as np
import pytest

from mmclust.baselines import table


def test_every_baseline_of_one_view_clusters_the_digits():
    for name in (*table.fitting(1), "kmeans-best-view", "kmeans-view-1"):
        found = table.result(name, "digits", limit=300)
        assert found.clusters.shape == (300,)
        assert found.metrics is not None and found.metrics["acc"] > 0.5, name
        assert found.seconds > 0


def test_clusters_are_computed_once_for_each_setting(monkeypatch: pytest.MonkeyPatch):
    first = table.result("kmeans", "digits", limit=100, seed=1)
    monkeypatch.setattr(table.catalogue, "load", None)
    again = table.result("kmeans", "digits", limit=100, seed=1, steps=("Flatten,minmax",))
    np.testing.assert_array_equal(first.clusters, again.clusters)
    assert (first.metrics, first.seconds) == (again.metrics, again.seconds)
    with pytest.raises(TypeError):  # another seed is another computation
        table.result("kmeans", "digits", limit=100, seed=2)


def test_a_changed_file_is_read_anew(tmp_path):
    images = np.random.default_rng(0).integers(0, 255, (40, 8, 8), dtype=np.uint8)
    path = tmp_path / "mine.npz"
    np.savez(path, images=images, labels=np.arange(40) % 4)
    first = table.result("kmeans", str(path))
    np.savez(path, images=images[:30], labels=np.arange(30) % 4)
    assert (len(first.clusters), len(table.result("kmeans", str(path)).clusters)) == (40, 30)


def test_data_of_one_view_have_no_baselines_of_several():
    several = {"kmeans-best-view", "cca-kmeans", "aligned-kmeans", "cotraining-spectral", "coregularised-spectral"}
    assert set(table.fitting(2)) - set(table.fitting(1)) == several & set(table.fitting(2))
    assert {name for name, one in table.BASELINES.items() if one.several_views} == several


def test_a_baseline_without_its_package_is_not_offered_and_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch):
    find = importlib.util.find_spec
    missing = ("evoc", "polyview")
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None if name in missing else find(name))
    assert not {"evoc", "cotraining-spectral"} & set(table.fitting(2))
    with pytest.raises(ValueError, match="evoc is not installed; run pip install -r requirements-baselines.txt"):
        table.result("evoc", "digits", limit=50)


def test_wrong_arguments_are_sentences():
    with pytest.raises(ValueError, match="known are kmeans-best-view"):
        table.result("k-means", "digits")
    with pytest.raises(ValueError, match="has 1; choose a lower number"):
        table.result("kmeans-view-2", "digits", limit=50)
    with pytest.raises(ValueError, match="needs two views"):
        table.result("cca-kmeans", "digits", limit=50)
    with pytest.raises(ValueError, match="put flatten into the steps"):
        table.result("kmeans", "digits", limit=50, steps=())
