"""Inputs in the style of public sets that came up late: arrays, scenes, single-cell data, and what says little."""

from pathlib import Path

import h5py
import numpy as np
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


@pytest.mark.parametrize("shape", [(N, 8, 8, 5), (N, 6, 8, 8)])
def test_images_of_other_channels_say_what_to_give(tmp_path: Path, shape: tuple[int, ...]) -> None:
    np.savez(tmp_path / "a.npz", images=np.random.default_rng(0).random(shape), labels=LABELS)
    with pytest.raises(ValueError, match=r"1 or 3 channels C is needed; or give \(N, 3\d\d\)"):
        opened(tmp_path / "a.npz")
