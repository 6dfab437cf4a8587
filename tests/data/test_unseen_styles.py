"""Inputs in the style of public sets that came up late: arrays, scenes, single-cell data, and what says little."""

from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from scipy.io import savemat

from tests.data.made import IMAGES, LABELS, WORDS, A, B, N, asked, left_out, opened, parts, shapes

TRAIN, TEST = slice(0, 40), slice(40, N)


def test_masks_of_samples_are_parts(tmp_path: Path) -> None:
    mask = np.arange(N) < 40
    np.savez(tmp_path / "a.npz", x=A, y=LABELS, train_mask=mask, test_mask=~mask)
    dataset, _ = opened(tmp_path / "a.npz")
    assert shapes(dataset) == [(6,)] and parts(dataset) == (40, 20) and dataset.spec.n_clusters == 3


def test_numbers_in_the_names_of_parts_may_be_classes(tmp_path: Path) -> None:
    held = {
        f"{part}{k}": A[rows][LABELS[rows] == k] for part, rows in (("train", TRAIN), ("test", TEST)) for k in range(3)
    }
    savemat(tmp_path / "a.mat", held)
    dataset, reading = opened(tmp_path / "a.mat")
    assert asked(reading) == {"numbers of parts": "classes"} and dataset.spec.classes == ("0", "1", "2")
    assert (
        parts(dataset) == (40, 20)
        and opened(tmp_path / "a.mat", numbers_of_parts="pieces of the set")[0].labels is None
    )


def test_every_part_may_repeat_the_names_of_the_classes(tmp_path: Path) -> None:
    for part, rows in (("train", TRAIN), ("test", TEST)):
        with h5py.File(tmp_path / f"{part}_cats.h5", "w") as file:
            file[f"{part}_set_x"], file[f"{part}_set_y"] = IMAGES[rows], LABELS[rows]
            file["list_classes"] = np.array([b"disc", b"bar", b"line"])
    dataset, _ = opened(tmp_path)
    assert shapes(dataset) == [(1, 28, 28)] and parts(dataset) == (40, 20)
    assert dataset.spec.classes == ("disc", "bar", "line")


def test_pixels_of_a_scene_are_samples(tmp_path: Path) -> None:
    marked = np.repeat(np.arange(3), 48).reshape(12, 12)
    cube = np.random.default_rng(0).normal(size=(12, 12, 9)) + marked[..., None]
    savemat(tmp_path / "site.mat", {"site": cube})
    savemat(tmp_path / "site_gt.mat", {"site_gt": marked.astype(np.uint8)})
    dataset, reading = opened(tmp_path)
    assert shapes(dataset) == [(9,)] and dataset.n_samples == 144 and dataset.labels is not None
    assert (dataset.labels < 0).sum() == 48 and dataset.spec.n_clusters == 2
    assert asked(reading)["samples of a scene"] == "pixels"
    assert opened(tmp_path, label_0="a class of its own")[0].spec.n_clusters == 3


def test_targets_that_are_measured_are_no_classes(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", x=A, y=np.random.default_rng(0).normal(20, 9, N).round(1))
    dataset, reading = opened(tmp_path / "a.npz")
    assert shapes(dataset) == [(6,)] and dataset.labels is None
    assert left_out(reading) == "y (called like classes, and holds other numbers)"


def test_an_array_of_structs_holds_a_sample_in_each(tmp_path: Path) -> None:
    savemat(tmp_path / "a.mat", {"samples": [{"feat": A[i], "label": WORDS[i]} for i in range(N)]})
    dataset, _ = opened(tmp_path / "a.mat")
    assert shapes(dataset) == [(6,)] and dataset.spec.classes == ("bar", "disc", "line")
    assert np.allclose(dataset.views[0], A, atol=1e-5)


def words_of(group: h5py.Group, name: str, found: list[str]) -> None:
    group[name] = np.array(found, "S")


def test_modalities_of_mudata_are_views_joined_by_their_cells(tmp_path: Path) -> None:
    cells, order = [f"c{i}" for i in range(N)], np.random.default_rng(0).permutation(N)[:50]
    with h5py.File(tmp_path / "a.h5mu", "w") as file:
        for name, values, rows in (("rna", A, np.arange(N)), ("atac", B, order)):
            group = file.create_group(f"mod/{name}")
            group["X"] = values[rows]
            words_of(group.create_group("obs"), "_index", [cells[row] for row in rows])
    dataset, reading = opened(tmp_path / "a.h5mu")
    assert shapes(dataset) == [(4,), (6,)] and dataset.n_samples == 50
    at = {round(float(row[0]), 3): i for i, row in enumerate(A)}
    assert np.allclose(dataset.views[0], B[[at[round(float(row[0]), 3)] for row in dataset.views[1]]], atol=1e-4)
    assert left_out(reading) == "10 cells (not in every modality)"


def test_classes_of_mudata_follow_the_names_of_their_cells(tmp_path: Path) -> None:
    cells, rng = [f"c{i}" for i in range(N)], np.random.default_rng(1)
    turned, listed = rng.permutation(N), rng.permutation(N)
    with h5py.File(tmp_path / "a.h5mu", "w") as file:
        for name, values, rows in (("rna", A, np.arange(N)), ("atac", B, turned)):
            group = file.create_group(f"mod/{name}")
            group["X"] = values[rows]
            words_of(group.create_group("obs"), "_index", [cells[row] for row in rows])
        group = file.create_group("obs")
        words_of(group, "_index", [cells[row] for row in listed])
        words_of(group, "cell_type", WORDS[listed].tolist())
    dataset, _ = opened(tmp_path / "a.h5mu")
    assert dataset.labels is not None
    own = [int(np.abs(B - row).sum(axis=1).argmin()) for row in dataset.views[0]]
    assert [dataset.spec.classes[label] for label in dataset.labels] == [WORDS[row] for row in own]


def test_genes_by_cells_are_turned(tmp_path: Path) -> None:
    matrix = sparse.csc_matrix(np.abs(A.T))
    with h5py.File(tmp_path / "tenx.h5", "w") as file:
        group = file.create_group("matrix")
        for name, values in (("data", matrix.data), ("indices", matrix.indices), ("indptr", matrix.indptr)):
            group[name] = values
        group["shape"] = np.array(matrix.shape)
        words_of(group, "barcodes", [f"AAAC{i}" for i in range(N)])
    with h5py.File(tmp_path / "cells.loom", "w") as file:
        file["matrix"] = A.T
        words_of(file.create_group("col_attrs"), "ClusterName", WORDS.tolist())
    dataset, reading = opened(tmp_path / "tenx.h5")
    assert shapes(dataset) == [(6,)] and dataset.n_samples == N and not reading.open
    assert np.allclose(dataset.views[0], np.abs(A), atol=1e-5)
    dataset, _ = opened(tmp_path / "cells.loom")
    assert shapes(dataset) == [(6,)] and dataset.spec.classes == ("bar", "disc", "line")


@pytest.mark.parametrize(
    ("shape", "channels_last", "guess"),
    [
        ((N, 8, 8, 5), True, "the first three as colours"),
        ((N, 6, 8, 8), False, "the first three as colours"),
        ((N, 8, 8, 2), True, "their mean, in gray"),
    ],
)
def test_channels_of_sensors_are_asked_about(
    tmp_path: Path, shape: tuple[int, ...], channels_last: bool, guess: str
) -> None:
    images = np.random.default_rng(0).random(shape).astype(np.float32)
    np.savez(tmp_path / "a.npz", images=images, labels=LABELS)
    first = images.transpose(0, 3, 1, 2) if channels_last else images
    dataset, reading = opened(tmp_path / "a.npz")
    assert asked(reading) == {"channels of images": guess}
    assert shapes(dataset) == [(3 if "three" in guess else 1, 8, 8)]
    assert bool(reading.left_out) == ("three" in guess)
    dataset, _ = opened(tmp_path / "a.npz", channels_of_images="their mean, in gray")
    assert np.allclose(dataset.views[0], first.mean(axis=1, keepdims=True), atol=1e-6)
    dataset, reading = opened(tmp_path / "a.npz", channels_of_images="the first, in gray")
    assert np.array_equal(dataset.views[0], first[:, :1]) and "of images (the first, in gray)" in left_out(reading)
    dataset, _ = opened(tmp_path / "a.npz", channels_of_images="numbers")
    assert shapes(dataset) == [(int(np.prod(shape[1:])),)]


def test_planes_of_a_volume_are_no_channels(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", images=np.random.default_rng(0).random((N, 20, 20, 20)), labels=LABELS)
    with pytest.raises(ValueError, match=r"1 or 3 channels C is needed; or give \(N, 8,000\)"):
        opened(tmp_path / "a.npz")


@pytest.mark.parametrize("colour", [True, False])
def test_samples_on_the_last_axis_of_numpys_images(tmp_path: Path, colour: bool) -> None:
    images = np.stack([IMAGES] * 3, axis=-1) if colour else IMAGES
    np.savez(tmp_path / "a.npz", x=np.moveaxis(images, 0, -1), y=LABELS)
    dataset, _ = opened(tmp_path / "a.npz")
    assert dataset.n_samples == N and np.array_equal(dataset.views[0][:, 0], IMAGES)
    np.save(tmp_path / "b.npy", np.moveaxis(IMAGES, 0, -1))
    dataset, reading = opened(tmp_path / "b.npy")
    assert asked(reading) == {"samples": "last axis"} and np.array_equal(dataset.views[0][:, 0], IMAGES)
    assert opened(tmp_path / "b.npy", samples="first axis")[0].n_samples == 28


def test_records_of_numpy_are_refused_in_words(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.zeros(N, [("height", "f4"), ("kind", "U4")]))
    with pytest.raises(ValueError, match="holds records with the fields height, kind; save it as CSV"):
        opened(tmp_path / "a.npy")


def test_shards_bear_the_name_of_their_folder(tmp_path: Path) -> None:
    for name, values in (("img_emb", A), ("text_emb", B)):
        (tmp_path / name).mkdir()
        for shard, rows in enumerate((TRAIN, TEST)):
            np.save(tmp_path / name / f"{name}_{shard}.npy", values[rows])
    (tmp_path / "metadata").mkdir()
    for shard, rows in enumerate((range(40), range(40, N))):
        frame = pd.DataFrame({"caption": [f"a {WORDS[i]}, number {i}" for i in rows]})
        frame.to_parquet(tmp_path / "metadata" / f"metadata_{shard}.parquet")
    dataset, _ = opened(tmp_path)
    assert shapes(dataset) == [(6,), (4,)] and dataset.texts is not None and len(set(dataset.texts)) == N
    assert np.allclose(dataset.views[1], B, atol=1e-4)


def test_a_set_in_two_formats_is_one_view(tmp_path: Path) -> None:
    for part, rows in (("TRAIN", TRAIN), ("TEST", TEST)):
        np.savetxt(tmp_path / f"Set_{part}.txt", np.c_[LABELS[rows] + 1, A[rows]], fmt="%15.7e")
        lines = [",".join([*map(str, row), str(label + 1)]) for row, label in zip(A[rows], LABELS[rows], strict=True)]
        head = [*(f"@attribute a{i} numeric" for i in range(6)), "@attribute target {1,2,3}"]
        (tmp_path / f"Set_{part}.arff").write_text("\n".join(["@relation Set", *head, "@data", *lines]))
    dataset, reading = opened(tmp_path)
    assert shapes(dataset) == [(6,)] and parts(dataset) == (40, 20) and dataset.spec.n_clusters == 3
    assert left_out(reading) == "Set.txt (the same as Set.arff)"
