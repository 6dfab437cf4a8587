"""What the arrays of a file are: views, classes, pixels, and which axis counts the samples."""

import struct
from pathlib import Path

import h5py
import numpy as np
import pytest
from scipy.io import savemat

from mmclust.data.readers import pairing, view_values
from mmclust.data.readers.reading import understood
from tests.data.made import IMAGES, LABELS, A, B, N, asked, left_out, opened, shapes

RNG = np.random.default_rng(0)


def test_factors_masks_and_several_classes_at_once_are_no_views(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    several = rng.integers(0, 2, (N, 5))
    np.savez(tmp_path / "a.npz", imgs=IMAGES, latents_values=rng.random((N, 6)), mask=IMAGES > 100, labels=several)
    dataset, reading = opened(tmp_path / "a.npz")
    assert shapes(dataset) == [(1, 28, 28)] and dataset.labels is None
    assert set(asked(reading)) == {"use of latents_values", "use of mask", "use of labels"}
    dataset, _ = opened(tmp_path / "a.npz", **{"use of latents_values": "a view"})
    assert shapes(dataset) == [(1, 28, 28), (6,)]


def test_a_label_of_an_unusual_name_in_a_mat(tmp_path: Path) -> None:
    savemat(tmp_path / "a.mat", {"X1": A, "X2": B, "category": LABELS[:, None] + 1})
    dataset, reading = opened(tmp_path / "a.mat")
    assert dataset.spec.n_clusters == 3 and asked(reading) == {"classes": "category"}


@pytest.mark.parametrize("none", [-1, np.nan])
def test_minus_one_and_nan_are_no_class(tmp_path: Path, none: float) -> None:
    labels = np.where(np.arange(N) < 10, none, LABELS)
    savemat(tmp_path / "a.mat", {"X1": A, "X2": B, "Y": labels[:, None]})
    dataset, reading = opened(tmp_path / "a.mat")
    assert dataset.spec.n_clusters == 3 and dataset.labels is not None and (dataset.labels < 0).sum() == 10
    if none == -1:
        assert "label -1" in asked(reading)
        assert opened(tmp_path / "a.mat", **{"label -1": "a class of its own"})[0].spec.n_clusters == 4
    savemat(tmp_path / "b.mat", {"X1": A, "X2": B, "Y": np.where(LABELS == 0, -1, 1)[:, None]})
    assert opened(tmp_path / "b.mat")[0].spec.n_clusters == 2, "-1 and 1 are two classes"


def test_spaces_and_capitals_join_classes(tmp_path: Path) -> None:
    names = np.array(["cat", "cat ", "Cat", "dog"])[np.arange(N) % 4]
    np.savez(tmp_path / "a.npz", images=IMAGES, labels=names)
    dataset, reading = opened(tmp_path / "a.npz")
    assert dataset.spec.classes == ("cat", "dog") and "4 names, 2 classes" in reading.told[0]


ONE: dict[str, dict[str, np.ndarray]] = {
    "positional": {"arr_0": IMAGES, "arr_1": LABELS},
    "one-hot": {"images": IMAGES, "labels": np.eye(3, dtype=np.float32)[LABELS]},
    "singular": {"image": IMAGES, "label": LABELS},
    "pictures": {"pictures": IMAGES, "target": LABELS},
}


@pytest.mark.parametrize("arrays", ONE.values(), ids=ONE.keys())
def test_one_array_of_images_and_its_classes(tmp_path: Path, arrays: dict[str, np.ndarray]) -> None:
    np.savez(tmp_path / "a.npz", allow_pickle=False, **arrays)
    dataset, _ = opened(tmp_path / "a.npz")
    assert shapes(dataset) == [(1, 28, 28)] and dataset.spec.n_clusters == 3 and dataset.spec.views[0].name == "image"


def test_images_of_a_mat_count_samples_by_the_last_axis(tmp_path: Path) -> None:
    savemat(tmp_path / "a.mat", {"images": IMAGES.transpose(1, 2, 0), "labels": LABELS[:, None]})
    dataset, _ = opened(tmp_path / "a.mat")
    assert np.array_equal(dataset.views[0][:, 0], IMAGES) and dataset.spec.n_clusters == 3
    savemat(tmp_path / "b.mat", {"faces": IMAGES.transpose(1, 2, 0)})
    dataset, reading = opened(tmp_path / "b.mat")
    assert np.array_equal(dataset.views[0][:, 0], IMAGES) and asked(reading) == {"samples": "last axis"}


@pytest.mark.parametrize("names", [("embeddings", "labels"), ("features", "targets"), ("x", "y"), ("feats", "gt")])
def test_one_matrix_and_its_classes(tmp_path: Path, names: tuple[str, str]) -> None:
    np.save(tmp_path / f"{names[0]}.npy", A.astype(np.float16))
    np.save(tmp_path / f"{names[1]}.npy", LABELS)
    dataset, _ = opened(tmp_path)
    assert shapes(dataset) == [(6,)] and dataset.spec.n_clusters == 3


def test_rows_in_an_axis_of_their_own_are_vectors_and_channels_are_asked_about(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", x1=A[:, None], x2=B[:, None], labels=LABELS)
    assert shapes(opened(tmp_path / "a.npz")[0]) == [(6,), (4,)]
    images = np.random.default_rng(0).integers(0, 256, (N, 3, 28, 3), np.uint8)
    np.savez(tmp_path / "b.npz", images=images, labels=LABELS)
    dataset, reading = opened(tmp_path / "b.npz")
    assert shapes(dataset) == [(3, 3, 28)] and asked(reading) == {"channels of images": "the last axis"}


def test_structs_of_matlab_stand_for_their_fields(tmp_path: Path) -> None:
    savemat(tmp_path / "a.mat", {"S": {"X": {"img": A, "txt": B}, "labels": LABELS[:, None] + 1}})
    views = np.zeros(2, dtype=[("data", "O"), ("name", "O")])
    views[0], views[1] = (A, "img"), (B, "txt")
    savemat(tmp_path / "b.mat", {"views": views, "gt": LABELS})
    for name in ("a.mat", "b.mat"):
        dataset, _ = opened(tmp_path / name)
        assert shapes(dataset) == [(6,), (4,)] and dataset.spec.n_clusters == 3


def matlab_73(path: Path, kind: str) -> Path:
    with h5py.File(path, "w", userblock_size=512) as file:
        place = file.create_group("data")
        place.attrs["MATLAB_class"] = np.bytes_("struct")
        for name, values in (("X1", A), ("X2", B)):
            place.create_dataset(name, data=values.T).attrs["MATLAB_class"] = np.bytes_("double")
        if kind == "double":
            place.create_dataset("Y", data=LABELS[None] + 1.0).attrs["MATLAB_class"] = np.bytes_("double")
        else:
            labels = file.create_dataset("Y", data=np.zeros((6, 1), np.uint32))
            labels.attrs["MATLAB_class"], labels.attrs["MATLAB_object_decode"] = np.bytes_(kind), np.int32(3)
    content = path.read_bytes()
    path.write_bytes(b"MATLAB 7.3 MAT-file".ljust(124) + b"\x00\x02IM" + content[128:])
    return path


def test_structs_of_version_7_3(tmp_path: Path) -> None:
    dataset, _ = opened(matlab_73(tmp_path / "a.mat", "double"))
    assert shapes(dataset) == [(6,), (4,)] and dataset.spec.n_clusters == 3


@pytest.mark.parametrize("kind", ["string", "categorical"])
def test_objects_of_matlab_are_left_out_with_the_way_to_save_them(tmp_path: Path, kind: str) -> None:
    dataset, reading = opened(matlab_73(tmp_path / "a.mat", kind))
    assert dataset.labels is None
    assert f"Y (a {kind} object; save it in MATLAB with cellstr(Y) or double(Y))" in left_out(reading)


def test_objects_in_the_older_format_are_left_out_too(tmp_path: Path) -> None:
    savemat(tmp_path / "a.mat", {"X1": A, "X2": B})

    def element(kind: int, content: bytes) -> bytes:
        return struct.pack("<II", kind, len(content)) + content + b"\0" * (-len(content) % 8)

    parts = (element(6, struct.pack("<II", 17, 0)), element(1, b"Y"), element(1, b"MCOS"), element(1, b"string"))
    with open(tmp_path / "a.mat", "ab") as file:
        file.write(element(14, b"".join(parts)))
    dataset, reading = opened(tmp_path / "a.mat")
    assert dataset.labels is None and "save it in MATLAB with cellstr(Y) or double(Y)" in left_out(reading)


def test_arrays_are_joined_by_the_ids_that_stand_beside_them(tmp_path: Path):
    order = RNG.permutation(N)[:20]
    np.savez(tmp_path / "a.npz", X1=A, id1=np.arange(N), X2=B[order], id2=order, Y=np.arange(N) % 3)
    dataset, reading = opened(tmp_path / "a.npz")
    kept = np.sort(order)
    assert np.allclose(dataset.views[0], A[kept]) and np.allclose(dataset.views[1], B[kept])
    assert dataset.labels is not None and dataset.labels.tolist() == (kept % 3).tolist()
    assert dataset.partial is not None and not reading.left_out
    assert np.allclose(dataset.partial.views[0], A[np.setdiff1d(np.arange(N), order)])
    assert dataset.partial.present.tolist() == [[True, False]] * (N - 20)


def test_samples_that_a_view_lacks_stand_apart_and_those_without_a_class_stay(tmp_path: Path):
    first, labels = A.copy(), (np.arange(N) % 3).astype(float)
    first[3], labels[5] = np.nan, np.nan
    np.savez(tmp_path / "a.npz", X1=first, X2=B, Y=labels)
    dataset, reading = opened(tmp_path / "a.npz")
    assert dataset.n_samples == N - 1 and dataset.spec.n_clusters == 3
    assert dataset.labels is not None and dataset.labels[4] == -1 and (dataset.labels >= 0).sum() == N - 2
    assert "1 sample that X1 lacks: clustered by the views that they have, not trained on" in reading.told
    lacking = dataset.partial
    assert lacking is not None and lacking.rows.tolist() == [3] and lacking.present.tolist() == [[False, True]]
    np.testing.assert_allclose(lacking.views[1][0], B[3], rtol=1e-6)
    assert lacking.labels is not None and lacking.labels.tolist() == [0]
    assert "1 without a class, which are clustered but not scored" in understood(dataset)


def test_single_holes_stay_unless_the_user_says_otherwise(tmp_path: Path):
    first = A.copy()
    first[3, 1] = np.nan
    np.savez(tmp_path / "a.npz", X1=first, X2=B)
    assert opened(tmp_path / "a.npz")[0].n_samples == N
    dataset, _ = opened(tmp_path / "a.npz", **{"holes in X1": pairing.LEAVE_OUT})
    assert dataset.n_samples == N - 1 and np.isfinite(dataset.views[0]).all()


def test_a_square_matrix_asks_what_its_rows_are(tmp_path: Path):
    square = RNG.normal(size=(12, 12))
    np.save(tmp_path / "a.npy", square)
    rows, reading = opened(tmp_path / "a.npy")
    columns, _ = opened(tmp_path / "a.npy", samples="columns")
    assert reading.questions[0].name == "samples" and np.allclose(rows.views[0], columns.views[0].T)


def test_flat_columns_become_images_where_the_user_says_so(tmp_path: Path):
    images = RNG.integers(0, 256, (N, 8, 8))
    np.savez(tmp_path / "a.npz", x=images.reshape(N, 64), y=np.arange(N) % 3)
    dataset, reading = opened(tmp_path / "a.npz")
    assert dataset.spec.views[0].shape == (64,) and reading.questions[-1].name == "pixels of x"
    dataset, _ = opened(tmp_path / "a.npz", **{"pixels of x": view_values.BY_ROWS})
    assert dataset.views[0].dtype == np.uint8 and np.array_equal(dataset.views[0][:, 0], images)
    dataset, _ = opened(tmp_path / "a.npz", **{"pixels of x": view_values.BY_COLUMNS})
    assert np.array_equal(dataset.views[0][:, 0], images.swapaxes(1, 2))


def test_an_array_of_an_unusual_name_may_hold_the_classes(tmp_path: Path):
    np.savez(tmp_path / "a.npz", X1=A, X2=B, kind=np.arange(N) % 3)
    dataset, reading = opened(tmp_path / "a.npz")
    assert dataset.spec.n_clusters == 3 and reading.questions[0].options == ("none", "kind") and reading.open
    dataset, _ = opened(tmp_path / "a.npz", classes="none")
    assert dataset.labels is None
