import errno
import sys
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from sklearn.decomposition import PCA
from sklearn.neighbors import NearestNeighbors

from mmclust.analysis import projection

UMAP = pytest.param("umap", marks=pytest.mark.slow)  # compiles itself on first use
PACMAP = pytest.param("pacmap", marks=pytest.mark.slow)


@pytest.fixture(scope="module")
def blobs():
    rng = np.random.default_rng(0)
    y = np.repeat(np.arange(3), 30)
    return (rng.normal(size=(3, 12))[y] * 8 + rng.normal(size=(90, 12))).astype(np.float32), y


def kept_neighbours(xy, y):
    near = NearestNeighbors(n_neighbors=6).fit(xy).kneighbors(xy, return_distance=False)[:, 1:]
    return (y[near] == y[:, None]).mean()


def test_pca_agrees_with_scikit_learn_up_to_sign(blobs):
    values, _ = blobs
    expected = PCA(2).fit_transform(values)
    np.testing.assert_allclose(np.abs(projection.project(values, "pca")), np.abs(expected), rtol=1e-3, atol=1e-3)


def test_pca_of_more_dimensions_than_samples_agrees_too():
    values = np.random.default_rng(1).normal(size=(12, 40)).astype(np.float32)
    expected = PCA(2).fit_transform(values)
    np.testing.assert_allclose(np.abs(projection.project(values, "pca")), np.abs(expected), rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("kind", ["tsne", UMAP, PACMAP])
def test_groups_stay_together(blobs, kind):
    values, y = blobs
    xy = projection.project(values, kind)
    assert xy.shape == (90, 2)
    assert xy.dtype == np.float32
    assert kept_neighbours(xy, y) > 0.95


def test_the_same_seed_gives_the_same_layout(blobs):
    values, _ = blobs
    np.testing.assert_array_equal(projection.project(values, seed=3), projection.project(values, seed=3))


def test_a_layout_that_starts_from_another_keeps_its_places(blobs):
    values, _ = blobs
    first = projection.project(values, "tsne")
    rng = np.random.default_rng(1)
    moved = values + rng.normal(size=values.shape).astype(np.float32) * 0.2
    second = projection.project(moved, "tsne", initial=first)
    alone = projection.project(moved, "tsne", initial=first[::-1].copy())
    assert np.linalg.norm(second - first, axis=1).mean() < 0.5 * np.linalg.norm(alone - first, axis=1).mean()


@pytest.mark.parametrize(
    ("kind", "least"),
    [
        ("tsne", 20),
        pytest.param("umap", 20, marks=pytest.mark.slow),
        pytest.param("pacmap", 40, marks=pytest.mark.slow),
    ],
)
def test_progress_rises_from_zero_to_one(blobs, kind, least, monkeypatch):
    shares = []
    model = projection.umap_model

    def telling_always(values, **options):  # UMAP's bar leaves out what follows within a fifth of a second
        options["tqdm_kwds"]["mininterval"] = 0.0
        return model(values, **options)

    monkeypatch.setattr(projection, "umap_model", telling_always)
    projection.project(blobs[0], kind, progress=shares.append)
    assert (shares[0], shares[-1]) == (0.0, 1.0)
    assert shares == sorted(shares)
    assert len(shares) >= least


@pytest.mark.parametrize("kind", ["tsne", UMAP, PACMAP])
def test_an_exception_from_progress_ends_the_work(blobs, kind):
    class Cancelled(Exception):
        pass

    def stop(share):
        if share > 0.3:
            raise Cancelled

    with pytest.raises(Cancelled):
        projection.project(blobs[0], kind, progress=stop)


@pytest.mark.parametrize("kind", ["pca", "tsne", UMAP, PACMAP])
@pytest.mark.parametrize("n", [1, 2, 7, 9, 25])
def test_few_samples_are_drawn_too(kind, n):
    values = np.random.default_rng(0).normal(size=(n, 5))
    xy = projection.project(values, kind)
    assert xy.shape == (n, 2)
    assert np.isfinite(xy).all()


@pytest.mark.parametrize("kind", ["pca", "tsne", UMAP, PACMAP])
def test_one_dimension_and_equal_points_are_drawn_too(kind):
    for values in (np.linspace(0, 1, 40)[:, None], np.ones((40, 3))):
        xy = projection.project(values, kind)
        assert xy.shape == (40, 2)
        assert np.isfinite(xy).all()


def test_wide_spaces_are_reduced_first():
    rng = np.random.default_rng(0)
    y = np.repeat(np.arange(2), 20)
    xy = projection.project(rng.normal(size=(2, 3000))[y] * 2 + rng.normal(size=(40, 3000)), "tsne")
    assert kept_neighbours(xy, y) > 0.95


@pytest.mark.parametrize(
    ("values", "kind", "words"),
    [
        (np.ones((9, 2)), "mds", "choose one of pca, tsne, umap, pacmap"),
        (np.ones((9, 0)), "pca", "at least one dimension"),
        (np.full((9, 2), np.nan), "pca", "choose an earlier epoch"),
    ],
)
def test_what_cannot_be_drawn_is_refused_in_one_sentence(values, kind, words):
    with pytest.raises(ValueError, match=words):
        projection.project(values, kind)


def test_a_layout_is_made_once_and_read_afterwards(blobs, tmp_path, monkeypatch):
    values, _ = blobs
    assert not projection.is_cached(tmp_path / "layouts", values, "pca")
    first = projection.cached_projection(tmp_path / "layouts", values, "pca")
    assert projection.is_cached(tmp_path / "layouts", values, "pca")
    monkeypatch.setattr(projection, "project", lambda *a, **k: pytest.fail("made twice"))
    np.testing.assert_array_equal(projection.cached_projection(tmp_path / "layouts", values, "pca"), first)
    assert len(list((tmp_path / "layouts").iterdir())) == 1


def test_other_codes_seeds_or_starts_are_other_layouts_but_foreign_settings_are_not(tmp_path, blobs):
    values, _ = blobs

    def name(codes=values, kind="tsne", **options):
        return projection.layout_path(tmp_path, codes, kind, **options)

    assert len({name(), name(values * 2), name(seed=1), name(perplexity=5), name(initial=values[:, :2])}) == 5
    assert name(min_dist=0.5) == name()
    assert name(kind="pca", seed=1) == name(kind="pca")


def test_a_damaged_file_is_made_again(blobs, tmp_path):
    values, _ = blobs
    first = projection.cached_projection(tmp_path, values, "pca")
    path = projection.layout_path(tmp_path, values, "pca")
    path.write_bytes(path.read_bytes()[:200])
    np.testing.assert_array_equal(projection.cached_projection(tmp_path, values, "pca"), first)
    whole = path.read_bytes()
    place = whole.index(first.tobytes()) + 5  # among the numbers
    path.write_bytes(whole[:place] + bytes([whole[place] ^ 64]) + whole[place + 1 :])
    assert not projection.is_cached(tmp_path, values, "pca")
    np.testing.assert_array_equal(projection.cached_projection(tmp_path, values, "pca"), first)


def test_a_folder_that_cannot_be_written_costs_only_time(blobs, tmp_path, caplog):
    (tmp_path / "file").write_text("")
    assert projection.cached_projection(tmp_path / "file" / "layouts", blobs[0], "pca").shape == (90, 2)
    assert "a layout was not kept" in caplog.text


def test_a_map_leaves_the_threads_of_a_training_alone(blobs, monkeypatch):
    class Umap:
        def __init__(self, **about):
            pass

        def fit_transform(self, values):
            torch.set_num_threads(3)  # as numba does when it starts its own
            return values[:, :2]

    monkeypatch.setitem(sys.modules, "umap", SimpleNamespace(UMAP=Umap))
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(1)
        projection.manifold(blobs[0], 2)
        projection.project(blobs[0], "umap")
        assert torch.get_num_threads() == 1
    finally:
        torch.set_num_threads(before)


def test_a_full_disk_is_told_and_nothing_is_left_of_a_layout(blobs, tmp_path, caplog, monkeypatch):
    def full(file, **_) -> None:
        file.write(b"some of it")
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(np, "savez", full)
    assert projection.cached_projection(tmp_path / "layouts", blobs[0], "pca").shape == (90, 2)
    assert f"the disk with {tmp_path / 'layouts'} is full" in caplog.text and "a layout does not fit" in caplog.text
    assert list((tmp_path / "layouts").iterdir()) == []
