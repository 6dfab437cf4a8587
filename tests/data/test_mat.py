import io
import struct
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from scipy import sparse
from scipy.io import savemat

from mmclust.data import readers
from mmclust.data.dataset import MultiViewDataset
from mmclust.data.readers import mat

RNG = np.random.default_rng(0)
N = 30
A, B = RNG.random((N, 5)), RNG.random((N, 8))
LABELS = np.arange(N) % 3


def labels_of(dataset: MultiViewDataset) -> np.ndarray:
    assert dataset.labels is not None
    return dataset.labels


def cell(*values: Any, column: bool = False) -> np.ndarray:
    """A cell of MATLAB: 1 x V, or V x 1."""
    made = np.empty((len(values), 1) if column else (1, len(values)), dtype=object)
    for i, value in enumerate(values):
        made[(i, 0) if column else (0, i)] = value
    return made


def read(path: Path, variables: dict[str, Any], **how: Any) -> MultiViewDataset:
    savemat(path / "mine.mat", variables, **how)
    return readers.read(path / "mine.mat")


SPELLINGS: dict[str, dict[str, Any]] = {
    "X1, X2 and Y in a row": {"X1": A, "X2": B, "Y": LABELS},
    "Y in a column": {"X1": A, "X2": B, "Y": LABELS[:, None]},
    "labels from 1": {"X1": A, "X2": B, "Y": LABELS + 1},
    "labels of doubles": {"X1": A, "X2": B, "Y": (LABELS + 1).astype(float)},
    "columns are samples": {"X1": A.T, "X2": B.T, "Y": LABELS},
    "one view lies, one stands": {"X1": A, "X2": B.T, "Y": LABELS},
    "a cell in a row": {"X": cell(A, B), "Y": LABELS},
    "a cell in a column": {"X": cell(A, B, column=True), "gt": LABELS},
    "a lying cell": {"data": cell(A.T, B.T), "truth": LABELS},
    "labels of each view in a cell": {"data": cell(A.T, B.T), "truelabel": cell(LABELS, LABELS)},
    "fea and gnd": {"fea": cell(A, B), "gnd": LABELS[:, None]},
    "features and labels": {"features": cell(A, B), "labels": LABELS},
    "view_1 and label": {"view_1": A, "view_2": B, "label": LABELS},
    "numbered from 0": {"x0": A, "x1": B, "y": LABELS},
    "names of their own": {"image": A, "text": B, "gt": LABELS},
    "sparse views": {"X1": sparse.csc_matrix(A), "X2": sparse.csr_matrix(B), "Y": LABELS},
    "sparse lying views in a cell": {"X": cell(sparse.csc_matrix(A.T), sparse.csc_matrix(B.T)), "Y": LABELS},
    "labels in one-hot rows": {"X1": A, "X2": B, "Y": np.eye(3)[LABELS]},
    "labels in one-hot columns": {"X1": A, "X2": B, "Y": np.eye(3)[LABELS].T},
    "the fields of a struct": {"set": {"X": cell(A, B), "Y": LABELS}},
    "other variables beside": {"X": cell(A, B), "Y": LABELS, "n": 3.0, "note": "a text", "W": np.eye(4)},
    "names as labels": {"X1": A, "X2": B, "labels": cell(*[f"class {label}" for label in LABELS], column=True)},
}


@pytest.mark.parametrize("spelling", SPELLINGS)
@pytest.mark.parametrize("compressed", [False, True])
def test_every_usual_spelling_gives_the_same_data_set(tmp_path: Path, spelling: str, compressed: bool):
    dataset = read(tmp_path, SPELLINGS[spelling], do_compression=compressed)
    assert [view.shape for view in dataset.spec.views] == [(5,), (8,)] and dataset.spec.name == "mine"
    assert [view.dtype for view in dataset.views] == [np.float32, np.float32]
    assert np.allclose(dataset.views[0], A) and np.allclose(dataset.views[1], B)
    assert dataset.labels is not None and dataset.labels.dtype == np.int64
    assert np.array_equal(labels_of(dataset), LABELS) and dataset.spec.n_clusters == 3
    assert readers.describe(tmp_path / "mine.mat") == (dataset.spec, dataset.n_samples)


@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.uint16, np.int64, np.float32, bool])
def test_features_of_any_type_become_float32(tmp_path: Path, dtype: type):
    values = RNG.integers(0, 2 if dtype is bool else 120, (N, 4)).astype(dtype)
    dataset = read(tmp_path, {"X1": values, "X2": A, "Y": LABELS})
    assert dataset.views[0].dtype == np.float32 and np.array_equal(dataset.views[0], values)


@pytest.mark.parametrize(
    ("images", "shape"),
    [
        (RNG.integers(0, 256, (N, 6, 7), np.uint8), (1, 6, 7)),
        (RNG.integers(0, 256, (6, 7, N), np.uint8), (1, 6, 7)),
        (RNG.integers(0, 256, (N, 6, 7, 3), np.uint8), (3, 6, 7)),
        (RNG.integers(0, 256, (6, 7, 3, N), np.uint8), (3, 6, 7)),
        (RNG.random((N, 6, 7, 3)), (3, 6, 7)),
    ],
)
def test_pictures_keep_their_shape_and_stand_beside_vectors(tmp_path: Path, images: np.ndarray, shape: tuple):
    dataset = read(tmp_path, {"X1": images, "X2": B, "Y": LABELS})
    first = dataset.spec.views[0]
    assert (first.kind, first.shape) == ("image", shape) and dataset.spec.views[1].kind == "vector"
    whole = images if images.shape[0] == N else np.moveaxis(images, -1, 0)
    assert np.allclose(dataset.views[0][4, 0], whole[4] if whole.ndim == 3 else whole[4, ..., 0])
    assert first.high == (255 if images.dtype == np.uint8 else 1)


def test_numbered_views_are_in_the_order_of_their_numbers(tmp_path: Path):
    views = {f"X{i}": RNG.random((N, i + 1)) for i in (10, 2, 1)}
    assert [view.name for view in read(tmp_path, {**views, "Y": LABELS}).spec.views] == ["X1", "X2", "X10"]


def test_names_of_classes_are_taken_where_there_are_as_many_as_labels(tmp_path: Path):
    names = {"class_meaning": cell("art", "music", "sport", column=True)}
    variables = {"X": cell(A, B, column=True), "Y": (LABELS + 1).astype(np.uint8)[:, None]}
    assert read(tmp_path, variables | names).spec.classes == ("art", "music", "sport")
    assert read(tmp_path, variables | {"classes": cell("art", "music")}).spec.classes == ("1", "2", "3")


@pytest.mark.parametrize(("lying", "expected"), [(False, N), (True, N)])
def test_without_labels_the_length_that_all_views_share_counts(tmp_path: Path, lying: bool, expected: int):
    dataset = read(tmp_path, {"X1": A.T if lying else A, "X2": B.T if lying else B})
    assert dataset.n_samples == expected and dataset.labels is None and dataset.spec.n_clusters == 0


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({"X1": A, "X2": B[:-1], "Y": LABELS}, "differ in length (X1 30 x 5, X2 29 x 8; 30 labels)"),
        ({"X1": A, "X2": B[:-1]}, "differ in length (X1 30 x 5, X2 29 x 8)"),
        ({"X1": A, "X2": B, "Y": LABELS[:-1]}, "29 labels for X1 30 x 5, X2 30 x 8"),
        ({"X1": A, "X2": B, "Y": LABELS + 0.5}, "fractions or NaN"),
        ({"note": "nothing"}, "holds note; a matrix with a row for each sample, or views such as X1, X2 and labels Y"),
        ({"X1": A + 1j * A, "X2": B + 1j}, "views such as X1, X2"),
        ({"X1": sparse.csc_matrix(A * (1 + 1j)), "X2": B, "Y": LABELS}, "X1 in mine.mat holds complex numbers"),
        ({"X": cell(*[A] * 40), "Y": LABELS}, "a list of 40 arrays; at most 32"),
        ({"X1": np.zeros((N, 4, 4)), "X2": A, "Y": LABELS}, "nothing to tell them apart"),
        ({"X1": sparse.csc_matrix((10**9, N)), "X2": A, "Y": LABELS}, "sparse with 30 x 1,000,000,000 places"),
    ],
)
def test_what_cannot_be_used_is_said_in_one_sentence(tmp_path: Path, variables: dict, words: str):
    with pytest.raises(ValueError) as error:
        read(tmp_path, variables)
    assert words in str(error.value) and "\n" not in str(error.value)


def test_a_sparse_view_is_refused_by_its_size_before_it_is_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    places = np.arange(20_000)
    matrix = sparse.csc_matrix((np.ones(20_000), (places, places)), shape=(20_000, 20_000))
    monkeypatch.setattr(sparse.csc_matrix, "toarray", lambda *_: pytest.fail("it was unpacked"))
    with pytest.raises(ValueError, match="take 1,526 MiB where 1,024 are allowed.*MMCLUST_MAX_DENSE_MIB"):
        read(tmp_path, {"X": matrix, "Y": np.arange(20_000) % 9})


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: b"",
        lambda content: b"no MATLAB file at all",
        lambda content: content[:300],
        lambda content: content[: len(content) // 2],
        lambda content: content[:140] + b"\xff" * 40 + content[180:],
        lambda content: content[:128] + RNG.bytes(len(content) - 128),
    ],
)
@pytest.mark.parametrize("compressed", [False, True])
def test_a_damaged_file_is_one_sentence(tmp_path: Path, damage: Callable[[bytes], bytes], compressed: bool):
    file = tmp_path / "mine.mat"
    savemat(file, {"X1": A, "X2": B, "Y": LABELS}, do_compression=compressed)
    file.write_bytes(damage(file.read_bytes()))
    with pytest.raises(ValueError) as error:
        readers.read(file)
    assert "mine.mat" in str(error.value) and "\n" not in str(error.value)


def test_a_small_file_that_unpacks_to_much_takes_no_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(mat, "MAX_UNPACKED_BYTES", 10 * 2**20)
    packed = zlib.compress(bytes(64 * 2**20))
    savemat(tmp_path / "bomb.mat", {"X1": A})
    header = (tmp_path / "bomb.mat").read_bytes()[:128]
    (tmp_path / "bomb.mat").write_bytes(header + struct.pack("<II", 15, len(packed)) + packed)
    assert (tmp_path / "bomb.mat").stat().st_size < 100_000
    with pytest.raises(ValueError, match="unpacks to more than"):
        readers.read(tmp_path / "bomb.mat")


@pytest.mark.parametrize("place", [99, -1])
def test_a_sparse_view_with_places_outside_itself_is_refused(tmp_path: Path, place: int):
    matrix = sparse.csc_matrix(A)
    matrix.indices[3] = place  # SciPy would write beyond the end of its memory, and the server with it
    with pytest.raises(ValueError, match=r"mine\.mat cannot be read as a MATLAB file \(.*ind"):
        read(tmp_path, {"X1": matrix, "X2": B, "Y": LABELS})


def zipped(path: Path, **members: bytes) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name.replace("__", "/").replace("_dot_", "."), content)
    return path


def as_bytes(variables: dict[str, Any]) -> bytes:
    file = io.BytesIO()
    savemat(file, variables)
    return file.getvalue()


def test_a_zip_of_one_mat_is_read(tmp_path: Path):
    content = as_bytes({"X1": A, "X2": B, "Y": LABELS})
    file = zipped(tmp_path / "set.zip", folder__mine_dot_mat=content, __MACOSX__folder___mine_dot_mat=b"resource")
    with zipfile.ZipFile(file, "a") as archive:
        archive.writestr("__MACOSX/folder/._mine.mat", b"resource")
    dataset = readers.read(zipped(tmp_path / "set.zip", folder__mine_dot_mat=content))
    assert np.allclose(dataset.views[1], B) and dataset.spec.name == "set"
    assert readers.describe(tmp_path / "set.zip") == (dataset.spec, dataset.n_samples)


@pytest.mark.parametrize(
    ("members", "words"),
    [
        ({"a_dot_mat": b"x", "b_dot_mat": b"y"}, "a.mat cannot be read as a MATLAB file"),
        ({"a_dot_mat": b"x"}, "cannot be read as a MATLAB file"),
    ],
)
def test_a_zip_of_something_else_is_one_sentence(tmp_path: Path, members: dict[str, bytes], words: str):
    with pytest.raises(ValueError, match=words) as error:
        readers.read(zipped(tmp_path / "set.zip", **members))
    assert "\n" not in str(error.value)


def test_a_zip_that_unpacks_to_too_much_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(mat, "MAX_UNPACKED_BYTES", 2**20)
    with pytest.raises(ValueError, match="unpacks to more than"):
        readers.read(zipped(tmp_path / "set.zip", a_dot_mat=bytes(2**21)))


def version_73(path: Path, write: Callable[[Any, Any], None]) -> Path:
    """A file as MATLAB writes it with -v7.3: 512 bytes of text before HDF5, axes the other way round."""
    with h5py.File(path, "w", userblock_size=512) as file:
        write(file, h5py)
    with open(path, "r+b") as file:
        file.write(b"MATLAB 7.3 MAT-file".ljust(512))
    return path


def test_version_73_is_read_with_cells_sparse_views_and_text(tmp_path: Path):
    def write(file: Any, h5py: Any) -> None:
        packed = sparse.csc_matrix(B)
        hidden = file.create_group("#refs#")
        hidden["a"] = A.T
        group = hidden.create_group("b")
        group.attrs["MATLAB_sparse"] = np.uint64(N)
        group["data"], group["ir"], group["jc"] = packed.data, packed.indices, packed.indptr
        cells = file.create_dataset("X", (2, 1), dtype=h5py.ref_dtype)
        cells[0, 0], cells[1, 0] = hidden["a"].ref, hidden["b"].ref
        file["Y"] = (LABELS + 1).astype(np.float64)[None]
        file["note"] = np.array([[ord(c)] for c in "text"], np.uint16)
        file["note"].attrs["MATLAB_class"] = np.bytes_(b"char")

    dataset = readers.read(version_73(tmp_path / "new.mat", write))
    assert np.allclose(dataset.views[0], A) and np.allclose(dataset.views[1], B)
    assert np.array_equal(labels_of(dataset), LABELS)


def test_version_73_may_not_point_to_other_files_or_hold_too_much(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def link(file: Any, h5py: Any) -> None:
        file["X1"] = h5py.ExternalLink("/etc/other.h5", "/X1")

    with pytest.raises(ValueError, match="points to data in another file"):
        readers.read(version_73(tmp_path / "link.mat", link))
    monkeypatch.setattr(mat, "MAX_UNPACKED_BYTES", 2**20)
    with pytest.raises(ValueError, match="unpacks to more than"):
        readers.read(
            version_73(
                tmp_path / "large.mat", lambda file, _: file.create_dataset("X1", (10**5, 10**4), "f4", chunks=True)
            )
        )


def test_a_cell_of_version_73_that_holds_itself_is_refused(tmp_path: Path):
    def write(file: Any, h5py: Any) -> None:
        cells = file.create_dataset("X", (2, 1), dtype=h5py.ref_dtype)
        cells[0, 0] = cells[1, 0] = cells.ref

    with pytest.raises(ValueError, match="cells lie too deep in each other"):
        readers.read(version_73(tmp_path / "loop.mat", write))


@pytest.mark.parametrize("block", [1, 100, 2**25])
def test_a_version_73_file_is_read_in_blocks_and_views_become_float32(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, block: int
):
    monkeypatch.setattr(mat, "_BLOCK_BYTES", block)
    random = np.random.default_rng(0)
    views = {"X1": random.random((20, 7)), "X2": random.integers(0, 256, (20, 5, 6, 3)).astype(np.uint8)}
    exact = np.arange(20.0) + 2.0**40
    with h5py.File(tmp_path / "a.mat", "w", userblock_size=512) as target:
        for name, values in (views | {"Y": exact[:, None]}).items():
            target.create_dataset(name, data=values.T, chunks=True).attrs["MATLAB_class"] = np.bytes_("double")
    found = mat.variables(tmp_path / "a.mat")
    assert found["X1"].dtype == np.float32 and np.array_equal(found["X1"], views["X1"].astype(np.float32))
    assert found["X2"].dtype == np.uint8 and np.array_equal(found["X2"], views["X2"])
    assert found["Y"].dtype == np.float64 and found["Y"].ravel().tolist() == exact.tolist()


def test_doubles_beyond_float32_become_infinite_which_training_refuses_by_name(tmp_path: Path):
    with h5py.File(tmp_path / "a.mat", "w", userblock_size=512) as target:
        target.create_dataset("X1", data=np.array([[1e300, 1], [2, -1e300]]))
    assert mat.variables(tmp_path / "a.mat")["X1"].T.tolist() == [[np.inf, 1], [2, -np.inf]]
