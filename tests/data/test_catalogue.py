import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from mmclust.data import catalogue
from mmclust.data.catalogue import DATASETS, DataUnavailable, UnknownDataset
from mmclust.data.dataset import MultiViewDataset

NAMES = {
    *("digits", "shapes", "glyphs", "glyphs-26", "mnist", "fashion-mnist", "usps", "cifar10"),
    *("cifar20", "cifar100", "stl10", "imagenet10", "tiny-imagenet"),
}


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty MMCLUST_DATA."""
    folder = tmp_path / "data"
    folder.mkdir()
    monkeypatch.setenv("MMCLUST_DATA", str(folder))
    return folder


def fake(entry: catalogue.Entry, n: int = 30) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)
    return {
        "images": rng.integers(0, 256, (n, *entry.shape), np.uint8),
        "labels": rng.integers(0, entry.n_clusters, n),
        "classes": np.arange(entry.n_clusters).astype(str),
    }


def save(path: Path, arrays: dict[str, np.ndarray]) -> None:
    np.savez(path, allow_pickle=False, **arrays)


def labels_of(dataset: MultiViewDataset) -> np.ndarray:
    assert dataset.labels is not None
    return dataset.labels


def test_every_image_set_is_listed_with_what_a_person_wants_to_know() -> None:
    assert set(DATASETS) >= NAMES
    for name in NAMES:
        entry = DATASETS[name]
        assert entry.name == name and entry.kind == "image" and len(entry.shape) == 3
        assert len(entry.classes) in (0, entry.n_clusters) and len(set(entry.classes)) == len(entry.classes)
        assert entry.title and entry.about and entry.source and entry.licence and entry.citation
        assert entry.bundled or entry.how_to_get.endswith(".")


@pytest.mark.parametrize("name", ["digits", "shapes"])  # letters: tests/data/test_glyphs.py, on fewer samples
def test_bundled_sets_load_without_any_file(name: str, data: Path) -> None:
    entry, dataset = DATASETS[name], catalogue.load(name)
    assert entry.available() and entry.found_at() is None
    assert dataset.spec == catalogue.describe(name) and dataset.n_samples == entry.n_samples
    assert dataset.views[0].dtype == np.uint8 and dataset.labels is not None and dataset.labels.dtype == np.int64
    assert set(dataset.labels.tolist()) == set(range(entry.n_clusters))


def test_digits_are_those_of_scikit_learn() -> None:
    from sklearn.datasets import load_digits

    dataset, (pixels, target) = catalogue.load("digits"), load_digits(return_X_y=True)
    assert np.array_equal(dataset.views[0].reshape(-1, 64), pixels)
    assert np.array_equal(labels_of(dataset), target)
    assert (dataset.spec.views[0].low, dataset.spec.views[0].high) == (0, 16)


@pytest.mark.parametrize(
    ("name", "n_samples", "first", "dtype", "classes"),
    [
        ("mnist", 70000, [5, 0, 4, 1, 9], np.uint8, "0"),
        ("fashion-mnist", 70000, None, np.uint8, "T-shirt/top"),
        ("usps", 9298, [6, 5, 4, 7, 3], np.float32, "0"),
    ],
)
def test_real_files_are_complete(
    name: str, n_samples: int, first: list | None, dtype: type, classes: str, require_data: Callable[[str], Path]
) -> None:
    require_data(f"{name.replace('-', '_')}.npz")
    dataset, entry = catalogue.load(name), DATASETS[name]
    assert dataset.n_samples == n_samples == entry.n_samples and dataset.spec == entry.spec
    assert dataset.views[0].dtype == dtype and dataset.spec.classes[0] == classes
    assert dataset.views[0].min() == entry.pixels[0] and dataset.views[0].max() == entry.pixels[1]
    assert dataset.split is not None and dataset.labels is not None
    assert len(dataset.part("train")) + len(dataset.part("test")) == n_samples
    if first:
        assert dataset.labels[:5].tolist() == first


@pytest.mark.parametrize("file", ["fashion_mnist.npz", "fashion-mnist.npz", "fashionmnist.npz"])
def test_a_users_file_is_found_under_each_spelling(data: Path, file: str) -> None:
    entry = DATASETS["fashion-mnist"]
    assert not entry.available()
    save(data / file, fake(entry))
    assert entry.available() and entry.found_at() == data / file
    dataset = catalogue.load("Fashion_MNIST")
    assert dataset.n_samples == 30 and dataset.spec.name == "fashion-mnist"
    assert dataset.spec.classes == entry.classes  # the file's are mere numbers


def test_the_users_folder_comes_before_the_downloads(data: Path, home: Path) -> None:
    (home / "data").mkdir(parents=True)
    save(home / "data" / "mnist.npz", fake(DATASETS["mnist"], 20))
    assert catalogue.load("mnist").n_samples == 20
    save(data / "mnist.npz", fake(DATASETS["mnist"], 30))
    assert catalogue.load("mnist").n_samples == 30


def test_class_names_of_a_file_count_more_than_the_catalogues(data: Path) -> None:
    arrays = fake(DATASETS["cifar10"])
    arrays["classes"] = np.array([f"class {i}" for i in range(10)])
    save(data / "cifar10.npz", arrays)
    assert catalogue.load("cifar10").spec.classes[3] == "class 3"


def test_a_file_under_the_wrong_name_is_refused(data: Path) -> None:
    save(data / "mnist.npz", fake(DATASETS["cifar10"]))
    with pytest.raises(ValueError, match="3x32x32 in 10 classes, but MNIST has 1x28x28 in 10"):
        catalogue.load("mnist")


def test_a_limit_draws_the_same_sample_every_time_in_source_order() -> None:
    whole = catalogue.load("digits")
    some = catalogue.load("digits", limit=100)
    expected = np.sort(np.random.default_rng(0).choice(1797, 100, replace=False))
    assert np.array_equal(some.views[0], whole.views[0][expected])
    assert np.array_equal(labels_of(some), labels_of(whole)[expected])
    assert some.spec == whole.spec
    assert catalogue.load("digits", limit=10**6).n_samples == 1797
    with pytest.raises(ValueError, match="limit=0 leaves no samples"):
        catalogue.load("digits", limit=0)


def test_a_path_is_loaded_and_described(tmp_path: Path) -> None:
    save(tmp_path / "mine.npz", fake(DATASETS["mnist"]))
    dataset = catalogue.load(str(tmp_path / "mine.npz"))
    assert dataset.spec.name == "mine" and dataset.n_samples == 30
    assert catalogue.describe(str(tmp_path / "mine.npz")) == dataset.spec


@pytest.mark.parametrize("call", [catalogue.load, catalogue.describe, catalogue.download])
def test_an_unknown_name_lists_the_known_ones_and_the_closest(call: Callable) -> None:
    with pytest.raises(
        UnknownDataset, match="known are digits, shapes, glyphs, glyphs-26, mnist.*did you mean fashion-mnist"
    ) as error:
        call("fashion-mnits")
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("name", ["", " ", "no/such/file.npz", "\0", "x" * 5000])
def test_nonsense_is_an_unknown_data_set(name: str) -> None:
    with pytest.raises(UnknownDataset):
        catalogue.load(name)


def test_a_file_of_another_kind_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.odg").write_text("x")
    with pytest.raises(ValueError, match=r"a\.odg is of no kind that is read; give a folder of images or views"):
        catalogue.load(str(tmp_path / "a.odg"))


@pytest.mark.parametrize("name", sorted(NAMES - {"digits", "shapes", "glyphs", "glyphs-26"}))
def test_absent_data_is_a_sentence_that_says_how_to_get_it(name: str, data: Path) -> None:
    with pytest.raises(DataUnavailable) as error:
        catalogue.load(name)
    assert "MMCLUST_DATA" in str(error.value) and "\n" not in str(error.value)
    assert catalogue.describe(name).n_clusters == DATASETS[name].n_clusters  # known all the same


def test_large_arrays_stay_in_their_file_and_cannot_be_written_to(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from mmclust.data.readers import npz

    monkeypatch.setattr(npz, "MAP_ABOVE", 10)
    save(data / "mnist.npz", fake(DATASETS["mnist"]))
    images = catalogue.load("mnist").views[0]
    assert images.shape == (30, 1, 28, 28) and not images.flags.writeable


def test_listing_and_loading_import_neither_torch_nor_scikit_learn() -> None:
    code = (
        "import sys; from mmclust.data import catalogue; [e.available() for e in catalogue.DATASETS.values()]; "
        "catalogue.load('digits'); print({'torch', 'sklearn', 'torchvision'} & set(sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.strip() == "set()"
