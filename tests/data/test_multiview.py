from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.io import savemat

from mmclust.data import catalogue, multiview
from mmclust.data.catalogue import DATASETS, DataUnavailable
from mmclust.data.dataset import MultiViewDataset

NAMES = {
    *("digits-2view", "mnist-usps", "caltech-2v", "mfeat", "wikipedia", "fashion-3view"),
    *("iapr", "esp", "mirflickr", "nus-wide", "caltech101-7", "multi-fashion", "unige-maastricht"),
}
RNG = np.random.default_rng(0)


def labels_of(dataset: MultiViewDataset) -> np.ndarray:
    assert dataset.labels is not None
    return dataset.labels


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty MMCLUST_DATA."""
    folder = tmp_path / "data"
    folder.mkdir()
    monkeypatch.setenv("MMCLUST_DATA", str(folder))
    return folder


def test_every_multi_view_set_is_listed_with_what_a_person_wants_to_know():
    assert {name for name, entry in DATASETS.items() if entry.kind == "multi-view"} == NAMES
    for name in NAMES:
        entry = DATASETS[name]
        assert len(entry.views) == len(set(entry.views)) >= 2 and entry.spec.views == entry.view_specs
        assert len(entry.classes) in (0, entry.n_clusters)
        assert entry.title and entry.about and entry.source and entry.licence and entry.citation
        assert entry.bundled or (entry.how_to_get.endswith(".") and entry.files)


@pytest.mark.parametrize("name", sorted(NAMES - {"digits-2view"}))
def test_absent_data_is_a_sentence_that_says_which_file_is_looked_for(name: str, data: Path):
    entry = DATASETS[name]
    assert not entry.available()
    with pytest.raises(DataUnavailable, match="MMCLUST_DATA") as error:
        catalogue.load(name)
    assert "\n" not in str(error.value)
    assert catalogue.describe(name) == entry.spec


def test_digits_2view_are_the_digits_and_their_strokes():
    both, pixels = catalogue.load("digits-2view"), catalogue.load("digits")
    assert both.spec == DATASETS["digits-2view"].spec == catalogue.describe("digits-2view")
    assert np.array_equal(both.views[0], pixels.views[0]) and np.array_equal(labels_of(both), labels_of(pixels))
    assert both.views[1].dtype == np.float32 and both.views[1].shape == (1797, 72)
    assert np.array_equal(both.views[1], catalogue.load("digits-2view").views[1])
    assert np.allclose(np.linalg.norm(both.views[1], axis=1), 1, atol=1e-6)


def test_strokes_tell_the_digits_apart_and_are_no_copy_of_the_pixels():
    from sklearn.linear_model import LogisticRegression

    strokes, labels = catalogue.load("digits-2view").views[1], catalogue.load("digits").labels
    assert labels is not None
    fitted = LogisticRegression(max_iter=300).fit(strokes[:1000], labels[:1000])
    assert fitted.score(strokes[1000:], labels[1000:]) > 0.85


def test_stroke_directions_are_those_of_the_edges():
    edge = np.zeros((1, 8, 8))
    edge[0, :, 4:] = 1.0  # bright to the right: the brightness grows along direction 0
    found = multiview.stroke_directions(edge).reshape(9, 8)
    middle = found[4]
    assert middle[0] > 0 and np.allclose(middle[1:], 0)
    turned = multiview.stroke_directions(edge.transpose(0, 2, 1)).reshape(9, 8)[4]
    assert turned[2] == pytest.approx(middle[0]) and turned[0] == pytest.approx(0), "a quarter turn is two of eight"
    assert np.allclose(multiview.stroke_directions(0.3 * edge), multiview.stroke_directions(edge))
    assert not multiview.stroke_directions(np.zeros((1, 8, 8))).any()


@pytest.mark.parametrize(
    ("name", "file", "n_first"),
    [
        ("mnist-usps", "mnist_usps", 500),
        ("caltech-2v", "caltech-2v", 200),
        ("mfeat", "mfeat", 200),
        ("wikipedia", "Wiki_fea.mat", 172),
        ("fashion-3view", "fashion_3view_pairs.npz", 1000),
    ],
)
def test_real_files_are_what_the_catalogue_says(
    name: str, file: str, n_first: int, require_data: Callable[[str], Path]
):
    require_data(file)
    dataset, entry = catalogue.load(name), DATASETS[name]
    assert dataset.spec == entry.spec and dataset.n_samples == entry.n_samples
    assert dataset.labels is not None and np.bincount(labels_of(dataset))[0] == n_first
    assert dataset.labels.min() == 0 and dataset.labels.max() == entry.n_clusters - 1
    for spec, view in zip(dataset.spec.views, dataset.views, strict=True):
        assert view.dtype in (np.float32, np.uint8)
        if spec.kind == "image":
            assert view.min() >= spec.low and 0.9 * spec.high < view.max() <= spec.high


def test_both_files_of_mnist_usps_give_the_same_upright_digits(require_data: Callable[[str], Path]):
    spec = DATASETS["mnist-usps"].spec
    rows = multiview.mnist_usps(spec, require_data("mnist_usps/2V_MNIST_USPS.zip"))
    columns = multiview.mnist_usps(spec, require_data("mnist_usps/MNIST_USPS.mat"))
    for left, right in zip(rows.views, columns.views, strict=True):
        assert np.array_equal(left, right)
    assert np.array_equal(labels_of(rows), labels_of(columns))
    ones = rows.views[0][rows.labels == 1].mean(axis=(0, 1))
    assert ones.max(axis=1).sum() > 1.5 * ones.max(axis=0).sum(), "a one is taller than wide"


def test_the_picture_view_of_wikipedia_is_the_one_of_128_visual_words(require_data: Callable[[str], Path]):
    require_data("Wiki_fea.mat")
    wiki = catalogue.load("wikipedia")
    shapes = {spec.name: view.shape[1] for spec, view in zip(wiki.spec.views, wiki.views, strict=True)}
    assert shapes == {"picture": 128, "text": 10}
    assert np.bincount(labels_of(wiki))[-1] == 451 and wiki.spec.classes[-1] == "warfare"


def test_pictures_of_a_sample_of_fashion_3view_are_of_its_class(require_data: Callable[[str], Path]):
    index = np.load(require_data("fashion_3view_pairs.npz"))["index"]
    require_data("fashion_mnist.npz")
    three, single = catalogue.load("fashion-3view"), catalogue.load("fashion-mnist")
    assert single.labels is not None and three.labels is not None
    for view, column in zip(three.views, index.T, strict=True):
        assert np.array_equal(view[::500], single.views[0][column[::500]])
        assert np.array_equal(single.labels[column], three.labels)


def test_columns_of_mfeat_hold_no_labels(require_data: Callable[[str], Path]):
    require_data("mfeat")
    mfeat = catalogue.load("mfeat")
    assert mfeat.labels is not None
    for view in mfeat.views:
        flat = view.reshape(len(view), -1)
        assert not any(np.array_equal(column, mfeat.labels) for column in flat.T)


@pytest.mark.parametrize("with_labels", [True, False])
def test_mfeat_is_read_from_tables_with_and_without_labels(data: Path, with_labels: bool):
    entry, labels = DATASETS["mfeat"], np.arange(2000) // 200
    (data / "mfeat").mkdir()
    for stem, view in zip(("fac", "fou", "kar", "mor", "pix", "zer"), entry.view_specs, strict=True):
        values = RNG.integers(0, 7, (2000, int(np.prod(view.shape))))
        if with_labels:
            header = ",".join(map(str, [*range(values.shape[1]), 0]))
            np.savetxt(
                data / "mfeat" / f"mfeat-{stem}.csv",
                np.c_[values, labels],
                fmt="%d",
                delimiter=",",
                header=header,
                comments="",
            )
        else:
            np.savetxt(data / "mfeat" / f"mfeat-{stem}", values, fmt="%5d")
    dataset = catalogue.load("mfeat")
    assert dataset.spec == entry.spec and np.array_equal(labels_of(dataset), labels)
    (data / "mfeat" / ("mfeat-kar" + ".csv" * with_labels)).unlink()
    with pytest.raises(ValueError, match="mfeat-kar.* is missing beside"):
        catalogue.load("mfeat")


@pytest.mark.parametrize("layout", ["folder", "file"])
def test_features_of_the_papers_are_found_in_either_layout(data: Path, layout: str):
    image, text, labels = RNG.random((60, 9)), RNG.random((60, 7)), 1 + np.arange(60) % 6
    if layout == "folder":
        (data / "iapr").mkdir()
        for name, values in {"img": image, "txt": text, "L": labels[:, None]}.items():
            savemat(data / "iapr" / f"{name}.mat", {name: values})
    else:
        savemat(data / "IAPR.mat", {"X1": image, "X2": text, "Y": labels})
    dataset = catalogue.load("iapr")
    assert dataset.spec.name == "iapr" and [view.name for view in dataset.spec.views] == ["image", "text"]
    assert [view.shape for view in dataset.views] == [(60, 9), (60, 7)], "the file decides on sizes"
    assert np.allclose(dataset.views[0], image) and np.array_equal(labels_of(dataset), labels - 1)
    assert catalogue.describe("iapr") == dataset.spec


def test_a_file_of_one_view_is_no_multi_view_set(data: Path):
    savemat(data / "esp.mat", {"X": RNG.random((60, 9)), "Y": np.arange(60) % 7})
    with pytest.raises(ValueError, match=r"esp\.mat holds one view"):
        catalogue.load("esp")


def test_a_file_of_other_sizes_under_a_known_name_is_refused(data: Path):
    savemat(data / "Caltech-2V.mat", {"X1": RNG.random((60, 9)), "X2": RNG.random((60, 8)), "Y": np.arange(60) % 7})
    with pytest.raises(ValueError, match="holds 9 and 8 in 7 classes, but Caltech-2V has 40 and 254 in 7"):
        catalogue.load("caltech-2v")
    savemat(data / "MNIST_USPS.mat", {"X1": RNG.random((60, 9)), "X2": RNG.random((60, 8)), "Y": np.arange(60) % 7})
    with pytest.raises(ValueError, match="two of 28x28 pixels are expected"):
        catalogue.load("mnist-usps")


def test_fashion_3view_needs_fashion_mnist_and_an_index_that_fits_it(data: Path):
    entry, n = DATASETS["fashion-3view"], 30
    index = np.stack([RNG.permutation(n) for _ in range(3)], axis=1)
    np.savez(data / "fashion_3view_pairs.npz", index=index, labels=np.arange(n) % 10)
    assert not entry.available(), "the pictures are not here yet"
    images = RNG.integers(0, 256, (n, 28, 28), np.uint8)
    np.savez(data / "fashion_mnist.npz", images=images, labels=np.arange(n) % 10)
    assert entry.available()
    assert np.array_equal(catalogue.load("fashion-3view").views[2][:, 0], images[index[:, 2]])
    np.savez(data / "fashion_3view_pairs.npz", index=index + 1, labels=np.arange(n) % 10)
    with pytest.raises(ValueError, match="points to pictures that Fashion-MNIST does not have"):
        catalogue.load("fashion-3view")
    np.savez(data / "fashion_3view_pairs.npz", pairs=index)
    with pytest.raises(ValueError, match="is not the index of pairs"):
        catalogue.load("fashion-3view")


def test_a_digit_that_lies_on_its_side_is_turned_upright_and_one_that_stands_is_not():
    image = np.zeros((1, 1, 28, 28), np.float32)
    image[:, :, 4:24, 12:16] = 1
    spec = replace(DATASETS["mnist-usps"].spec.views[0])
    for view in (image, image.transpose(0, 1, 3, 2), image.reshape(1, 784), image.transpose(0, 1, 3, 2).reshape(1, -1)):
        assert np.array_equal(multiview._digits_upright(view, spec.shape), image)
