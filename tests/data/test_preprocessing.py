from dataclasses import replace

import numpy as np
import pytest

from mmclust.data import preprocessing
from mmclust.data.dataset import DataSpec, MultiViewDataset, ViewSpec

RNG = np.random.default_rng(0)
N = 50


def vectors(*views: np.ndarray) -> MultiViewDataset:
    """A data set of vector views called a, b, ..."""
    specs = tuple(
        ViewSpec(name=name, kind="vector", shape=view.shape[1:]) for name, view in zip("abcdef", views, strict=False)
    )
    return MultiViewDataset(spec=DataSpec(name="mine", views=specs, n_clusters=3), views=views)


def mixed() -> MultiViewDataset:
    """A byte image view of 4x5 pixels beside a vector view of 7 columns."""
    images, features = RNG.integers(0, 256, (N, 1, 4, 5), np.uint8), RNG.normal(3, 20, (N, 7)).astype(np.float32)
    views = (ViewSpec(name="image", kind="image", shape=(1, 4, 5)), ViewSpec(name="text", kind="vector", shape=(7,)))
    return MultiViewDataset(spec=DataSpec(name="mixed", views=views, n_clusters=3), views=(images, features))


@pytest.mark.parametrize(
    ("written", "read"),
    [
        (["flatten,minmax"], ("flatten", "minmax")),
        (["Flatten", " PCA-20 "], ("flatten", "pca-20")),
        (["none"], ()),
        ([""], ()),
        ([], ()),
    ],
)
def test_steps_are_understood_as_users_write_them(written: list[str], read: tuple[str, ...]):
    assert preprocessing.parse(written) == read


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("minmx", "did you mean minmax?"),
        ("pca", "did you mean pca-100?"),
        ("pca-0", "did you mean pca-100?"),
        ("pca-100000", "pca-100"),
        ("whiten", "Steps are flatten, minmax"),
        ("flatten,none", "'none' is not known"),
    ],
)
def test_an_unknown_step_is_one_sentence_with_the_closest_known(name: str, words: str):
    with pytest.raises(ValueError) as error:
        preprocessing.parse([name])
    assert words in str(error.value) and "\n" not in str(error.value)


@pytest.mark.parametrize(
    "chosen",
    [
        (),
        ("minmax",),
        ("flatten",),
        ("flatten", "minmax"),
        ("flatten", "standard", "minmax"),
        ("flatten", "l2"),
        ("flatten", "unit"),
        ("pca-3",),
        ("flatten", "pca-1000"),
        ("flatten", "minmax", "pca-2"),
    ],
)
def test_the_spec_says_what_preparing_gives(chosen: tuple[str, ...]):
    data = mixed()
    prepared = preprocessing.prepare(data, chosen)
    assert prepared.spec == preprocessing.spec_after(data.spec, chosen, N)
    assert prepared.spec == preprocessing.spec_after(prepared.spec, chosen, N), "applying it twice must change nothing"
    assert all(view.shape[1:] == spec.shape for view, spec in zip(prepared.views, prepared.spec.views, strict=True))
    assert prepared.labels is data.labels and prepared.n_samples == N


def test_without_steps_the_data_set_is_the_same_object():
    data = mixed()
    assert preprocessing.prepare(data, ()) is data


def test_image_views_are_left_alone_by_all_steps_but_flatten():
    data = mixed()
    prepared = preprocessing.prepare(data, ("minmax", "standard", "l2", "unit", "pca-2"))
    assert prepared.views[0] is data.views[0] and prepared.spec.views[0] == data.spec.views[0]


@pytest.mark.parametrize(("dtype", "low", "high"), [(np.uint8, 0.0, 255.0), (np.float32, -1.0, 1.0)])
def test_flatten_gives_pixels_from_zero_to_one_by_the_declared_range(dtype: type, low: float, high: float):
    images = (RNG.random((N, 3, 2, 2)) * (high - low) + low).astype(dtype)
    view = ViewSpec(name="image", kind="image", shape=(3, 2, 2), low=low, high=high)
    data = MultiViewDataset(spec=DataSpec(name="x", views=(view,), n_clusters=2), views=(images,))
    flat = preprocessing.prepare(data, ("flatten",))
    assert flat.views[0].dtype == np.float32
    assert np.allclose(flat.views[0], (images.reshape(N, 12) - low) / (high - low), atol=1e-6)
    after = flat.spec.views[0]
    assert (after.kind, after.shape, after.image_shape, after.low, after.high) == ("vector", (12,), (3, 2, 2), 0, 1)


def test_flattened_pixels_are_not_stretched_column_by_column():
    data = mixed()
    flat = preprocessing.prepare(data, ("flatten",)).views[0]
    assert np.array_equal(preprocessing.prepare(data, ("flatten", "minmax")).views[0], flat)
    stretched = preprocessing.prepare(data, ("flatten", "standard", "minmax")).views[0]
    assert stretched.min(axis=0).max() == 0 and np.allclose(stretched.max(axis=0), 1)


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.uint16, np.int64])
def test_minmax_takes_each_column_to_the_unit_interval_in_any_type(dtype: type):
    view = RNG.integers(0, 4000, (N, 5)).astype(dtype)
    view[:, 2] = 7
    found = preprocessing.prepare(vectors(view), ("minmax",))
    low, high = view.min(axis=0).astype(float), view.max(axis=0).astype(float)
    expected = (view - low) / np.where(high > low, high - low, 1)
    assert found.views[0].dtype == np.float32 and np.allclose(found.views[0], expected, atol=1e-6)
    assert (found.views[0][:, 2] == 0).all(), "a constant column becomes 0"
    assert found.views[0].min() >= 0 and found.views[0].max() <= 1


def test_standard_gives_mean_zero_and_deviation_one_and_zero_for_constant_columns():
    view = RNG.normal(5, 3, (N, 4)).astype(np.float32)
    view[:, 1] = 0.1
    found = preprocessing.prepare(vectors(view), ("standard",)).views[0]
    assert np.allclose(found.mean(axis=0), 0, atol=1e-5)
    assert np.allclose(found.std(axis=0), [1, 0, 1, 1], atol=1e-5)


def test_l2_gives_samples_of_length_one_and_keeps_zeros():
    view = RNG.normal(size=(N, 4)).astype(np.float32)
    view[3] = 0
    found = preprocessing.prepare(vectors(view), ("l2",)).views[0]
    assert np.allclose(np.linalg.norm(found, axis=1), np.where(np.arange(N) == 3, 0, 1), atol=1e-6)


def test_unit_divides_a_view_by_its_one_deviation_and_does_not_move_it():
    view = RNG.normal(5, 3, (N, 4)).astype(np.float32)
    assert np.allclose(preprocessing.prepare(vectors(view), ("unit",)).views[0], view / view.std(), rtol=1e-5)


@pytest.mark.parametrize("shape", [(60, 8), (12, 40)])
def test_pca_gives_the_scores_of_scikit_learn(shape: tuple[int, int]):
    from sklearn.decomposition import PCA

    view = (RNG.normal(size=shape) * np.linspace(1, 9, shape[1])).astype(np.float32)
    ours = preprocessing.prepare(vectors(view), ("pca-4",)).views[0]
    theirs = PCA(4, svd_solver="full").fit_transform(view.astype(np.float64))
    assert np.allclose(np.abs(ours), np.abs(theirs), atol=1e-3)
    largest = np.take_along_axis(ours, np.abs(ours).argmax(axis=0)[None], axis=0)
    assert (largest > 0).all(), "the free sign is fixed"


def test_every_view_is_prepared_by_itself_and_in_any_order_of_samples():
    first, second = RNG.normal(size=(N, 3)).astype(np.float32), RNG.normal(9, 30, (N, 6)).astype(np.float32)
    chosen, order = ("minmax", "pca-2"), RNG.permutation(N)
    both = preprocessing.prepare(vectors(first, second), chosen)
    alone = preprocessing.prepare(vectors(second), chosen)
    assert np.array_equal(both.views[1], alone.views[0])
    shuffled = preprocessing.prepare(vectors(first, second).take(order), chosen)
    assert np.allclose(shuffled.views[1], both.views[1][order], atol=1e-5)


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda view: np.put(view, 23, np.nan), "view b of mine holds NaN or infinite values, first in sample 3"),
        (lambda view: np.put(view, 30, np.inf), "first in sample 4"),
        (lambda view: view.fill(2.5), "view b of mine is 2.5 everywhere"),
    ],
)
def test_what_nothing_can_be_learned_from_is_one_sentence(spoil, words: str):
    view = RNG.normal(size=(N, 7)).astype(np.float32)
    preprocessing.check(vectors(view, view))
    spoilt = view.copy()
    spoil(spoilt)
    with pytest.raises(ValueError) as error:
        preprocessing.check(vectors(view, spoilt))
    assert words in str(error.value) and "\n" not in str(error.value)


def test_a_constant_image_view_is_found_beyond_the_first_rows():
    data = mixed()
    black = np.zeros((9000, 1, 4, 5), np.uint8)
    black_set = MultiViewDataset(spec=replace(data.spec, views=data.spec.views[:1]), views=(black,))
    with pytest.raises(ValueError, match="mixed is 0 everywhere"):
        preprocessing.check(black_set)
    black[8999] = 1
    preprocessing.check(black_set)


def test_negative_features_are_refused_where_the_method_expects_minmax_and_nothing_scales():
    data, declared = vectors(RNG.normal(size=(N, 3)).astype(np.float32)), ("flatten", "minmax")
    with pytest.raises(ValueError, match=r"negative features \(down to -.*put minmax into the steps"):
        preprocessing.check(data, steps=("flatten",), declared=declared)
    for scaling in ("minmax", "standard", "pca-2", "unit"):
        preprocessing.check(data, steps=(scaling,), declared=declared)
    preprocessing.check(data, steps=(), declared=())


def test_samples_that_are_all_the_same_are_refused():
    same = np.tile(RNG.normal(size=(1, 4)).astype(np.float32), (N, 1))
    with pytest.raises(ValueError, match="all 50 samples of mine are the same"):
        preprocessing.check(vectors(same))
    same[-1] += 1
    preprocessing.check(vectors(same))


def test_notes_name_constant_columns_and_large_values_of_vectors_alone():
    view = RNG.random((N, 5)).astype(np.float32)
    assert preprocessing.warnings(vectors(view)) == ()
    view[:, 1:3] = 4
    (note,) = preprocessing.warnings(vectors(view, RNG.random((N, 2)).astype(np.float32)), ("minmax",))
    assert note.startswith("2 of the 5 columns of view a are constant")
    view[0, 0] = 5000
    assert any("reach 5000" in text for text in preprocessing.warnings(vectors(view)))
    assert not any("reach" in text for text in preprocessing.warnings(vectors(view), ("standard",)))
    pictures = mixed()
    pictures.views[0][:, 0, 0, 0] = 0
    assert not any(
        "view image" in text for text in preprocessing.warnings(preprocessing.prepare(pictures, ("flatten",)))
    )


def two_views() -> MultiViewDataset:
    random = np.random.default_rng(0)
    views = (random.poisson(0.1, (50, 70)).astype(np.float32), random.normal(size=(50, 4)).astype(np.float32))
    specs = tuple(
        ViewSpec(name=name, kind="vector", shape=view.shape[1:]) for name, view in zip("ab", views, strict=True)
    )
    return MultiViewDataset(spec=DataSpec(name="two", views=specs, n_clusters=2), views=views)


def test_a_step_with_a_number_before_it_acts_on_that_view_alone():
    before = two_views()
    after = preprocessing.prepare(before, ("1:tf-idf", "2:standard", "2:clip-1"))
    assert np.linalg.norm(after.views[0], axis=1).max() == pytest.approx(1, abs=1e-5)
    assert after.views[1].min() == -1 and after.views[1].max() == 1
    assert preprocessing.prepare(before, ("2:l2",)).views[0] is before.views[0]


def test_sparse_steps_end_in_dense_views_of_few_components():
    after = preprocessing.prepare(two_views(), ("1:tf-idf", "pca-3", "unit"))
    assert [view.shape for view in after.views] == [(50, 3), (50, 3)]
    assert after.spec == preprocessing.spec_after(two_views().spec, ("1:tf-idf", "pca-3", "unit"), 50)


def test_auto_stands_for_100_components_of_every_view():
    spec = preprocessing.spec_after(two_views().spec, ("auto",), 50)
    assert [view.shape for view in spec.views] == [(50,), (4,)]
    with pytest.raises(ValueError, match="step auto chooses all steps"):
        preprocessing.parse(("auto", "l2"))


def test_every_step_has_words():
    for step in (*preprocessing.PLAIN, "pca-7", "clip-5"):
        assert preprocessing.meaning(step)
    assert preprocessing.meaning("2:l2") == "view 2 alone: each sample to length 1"
