from pathlib import Path

import numpy as np
import pytest
from scipy.io import savemat

from mmclust.data import readers
from mmclust.data.dataset import MultiViewDataset
from mmclust.data.readers import folder
from mmclust.data.readers.reading import Reading

RNG = np.random.default_rng(0)
N = 24
A, B = RNG.random((N, 3)).round(4), RNG.random((N, 12)).round(4)
LABELS = np.arange(N) % 4
TURNED = "samples in columns"


def labels_of(dataset: MultiViewDataset) -> np.ndarray:
    assert dataset.labels is not None
    return dataset.labels


def table(path: Path, values: np.ndarray, header: str = "", separator: str = ",") -> None:
    np.savetxt(path, values, delimiter=separator, header=header, comments="")


def test_a_folder_of_mat_files_with_labels_in_one_of_their_own(tmp_path: Path):
    savemat(tmp_path / "view1.mat", {"fea": A})
    savemat(tmp_path / "view2.mat", {"fea": (1000 * B).astype(np.uint16)})
    savemat(tmp_path / "L.mat", {"labels": LABELS[:, None].astype(np.int32)})
    (tmp_path / "README.md").write_text("about")
    dataset = readers.read(tmp_path)
    assert [view.name for view in dataset.spec.views] == ["view1", "view2"]
    assert np.allclose(dataset.views[0], A) and np.array_equal(dataset.views[1], (1000 * B).astype(np.uint16))
    assert np.array_equal(labels_of(dataset), LABELS) and dataset.spec.name == tmp_path.name


def test_labels_may_stand_beside_a_view_in_its_file(tmp_path: Path):
    savemat(tmp_path / "img.mat", {"img": A, "gt": LABELS})
    savemat(tmp_path / "txt.mat", {"txt": B})
    dataset = readers.read(tmp_path)
    assert [view.name for view in dataset.spec.views] == ["img", "txt"] and np.array_equal(labels_of(dataset), LABELS)
    savemat(tmp_path / "txt.mat", {"txt": B, "more": A})
    assert [view.name for view in readers.read(tmp_path).spec.views] == ["img", "txt txt", "txt more"]


def test_a_folder_with_one_mat_file_is_that_file(tmp_path: Path):
    savemat(tmp_path / "both.mat", {"X1": A, "X2": B, "Y": LABELS})
    (tmp_path / "both.zip").write_bytes(b"something else")
    assert readers.read(tmp_path).spec.name == "both"


@pytest.mark.parametrize(
    ("header", "separator"), [("", ","), ("a,b,c,label", ","), ("0,1,2,0", ","), ("", ";"), ("", "\t"), ("", " ")]
)
def test_the_column_that_all_tables_end_in_is_the_labels(tmp_path: Path, header: str, separator: str):
    table(tmp_path / "set-a.csv", np.c_[A, LABELS], header, separator)
    wide = header and separator.join([*map(str, range(12)), "0"])
    table(tmp_path / "set-b.csv", np.c_[B, LABELS], wide, separator)
    dataset = readers.read(tmp_path)
    assert np.allclose(dataset.views[0], A) and np.allclose(dataset.views[1], B)
    assert np.array_equal(labels_of(dataset), LABELS)
    assert [view.name for view in dataset.spec.views] == ["set-a", "set-b"]


def test_tables_without_labels_keep_all_their_columns(tmp_path: Path):
    table(tmp_path / "a.csv", A)
    table(tmp_path / "b.csv", B)
    dataset = readers.read(tmp_path)
    assert dataset.labels is None and [view.shape for view in dataset.spec.views] == [(3,), (12,)]


@pytest.mark.parametrize("named", [False, True])
def test_samples_may_be_the_columns_of_tables_that_differ_in_length(tmp_path: Path, named: bool):
    header = ",".join(f"sample {i}" for i in range(N)) if named else ""
    table(tmp_path / "a.csv", A.T, header)
    table(tmp_path / "b.csv", B.T, header)
    reading = Reading()
    dataset = readers.read(tmp_path, reading)
    assert np.allclose(dataset.views[0], A) and np.allclose(dataset.views[1], B) and reading.told[0] == TURNED
    np.savetxt(tmp_path / "labels.csv", LABELS, fmt="%d")
    reading = Reading()
    dataset = readers.read(tmp_path, reading)
    assert np.allclose(dataset.views[0], A) and np.array_equal(labels_of(dataset), LABELS)
    assert reading.told == [TURNED]
    table(tmp_path / "b.csv", A.T, header)
    assert [view.shape for view in readers.read(tmp_path).views] == [(N, 3), (N, 3)], "labels say how many"


def test_labels_in_a_table_or_array_of_their_own(tmp_path: Path):
    table(tmp_path / "a.csv", A)
    np.save(tmp_path / "b.npy", B)
    np.savetxt(tmp_path / "labels.csv", LABELS, fmt="%d")
    dataset = readers.read(tmp_path)
    assert [view.name for view in dataset.spec.views] == ["b", "a"] or [v.name for v in dataset.spec.views] == [
        "a",
        "b",
    ]
    assert np.array_equal(labels_of(dataset), LABELS) and dataset.spec.n_clusters == 4


def test_files_are_counted_as_people_count(tmp_path: Path):
    for i in (1, 2, 10):
        np.save(tmp_path / f"part{i}.npy", RNG.random((N, i + 1)))
    assert [view.name for view in readers.read(tmp_path).spec.views] == ["part1", "part2", "part10"]
    assert [file.name for file in folder.files(tmp_path)] == ["part1.npy", "part2.npy", "part10.npy"]


def test_images_as_an_array_stand_beside_a_table(tmp_path: Path):
    np.save(tmp_path / "image.npy", RNG.integers(0, 256, (N, 5, 6), np.uint8))
    table(tmp_path / "text.csv", A)
    shapes = {view.name: (view.kind, view.shape) for view in readers.read(tmp_path).spec.views}
    assert shapes == {"image": ("image", (1, 5, 6)), "text": ("vector", (3,))}


def test_pictures_with_a_table_beside_them_stay_a_folder_of_pictures(tmp_path: Path):
    (tmp_path / "notes.csv").write_text("a,b\n")
    assert folder.is_folder(tmp_path)
    (tmp_path / "cat").mkdir()
    (tmp_path / "cat" / "one.png").write_bytes(b"")
    assert not folder.is_folder(tmp_path)


def test_a_changed_file_is_described_anew(tmp_path: Path):
    np.save(tmp_path / "a1.npy", A)
    np.save(tmp_path / "a2.npy", B)
    assert readers.describe(tmp_path)[0].views[0].shape == (3,)
    np.save(tmp_path / "a1.npy", B)
    assert readers.describe(tmp_path)[0].views[0].shape == (12,)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"1,2\n3,4,5\n", "is not a table of numbers"),
        (b"", "holds no numbers"),
        (b"a,b\n", "holds no numbers"),
        (b"\xff\xfe1,2\n", "is no text"),
    ],
)
def test_a_table_that_cannot_be_used_is_one_sentence(tmp_path: Path, content: bytes, words: str):
    (tmp_path / "a.csv").write_bytes(content)
    table(tmp_path / "b.csv", B)
    with pytest.raises(ValueError) as error:
        readers.read(tmp_path)
    assert f"a.csv {words}" in str(error.value) and "\n" not in str(error.value)


def test_a_pickled_or_cut_array_is_refused(tmp_path: Path):
    np.save(tmp_path / "b.npy", B)
    np.save(tmp_path / "a.npy", np.array([{"x": 1}], dtype=object), allow_pickle=True)
    with pytest.raises(ValueError, match=r"a\.npy is not a NumPy array"):
        readers.read(tmp_path)
    (tmp_path / "a.npy").write_bytes((tmp_path / "b.npy").read_bytes()[:200])
    with pytest.raises(ValueError, match=r"a\.npy is not a NumPy array"):
        readers.read(tmp_path)


def test_views_of_different_length_name_each_length(tmp_path: Path):
    np.save(tmp_path / "a.npy", A)
    np.save(tmp_path / "b.npy", B[:-2])
    with pytest.raises(ValueError, match=r"differ in length \(a 24 x 3, b 22 x 12\)"):
        readers.read(tmp_path)


def test_labels_alone_are_one_sentence(tmp_path: Path):
    np.save(tmp_path / "labels.npy", np.arange(9))
    with pytest.raises(ValueError, match="labels.npy holds 9 numbers in a line; a view has a row for each sample"):
        readers.read(tmp_path / "labels.npy")
