"""What the columns of a table and the arrays of a file are: classes, ids, features; encodings, headers, bad rows."""

import gzip
import json
import struct
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import pytest
from scipy.io import savemat

from mmclust.data.readers.reading import understood
from tests.data.made import IMAGES, LABELS, WORDS, A, B, N, asked, frame, groups_agree, left_out, opened, png, shapes

ORDER = np.random.default_rng(1).permutation(N)


def write(path: Path, table: pd.DataFrame, **options: object) -> Path:
    table.to_csv(path, index=False, **options)  # type: ignore[call-overload]
    return path


@pytest.mark.parametrize("first", [False, True])
@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("Outcome", LABELS),
        ("quality", LABELS + 3),
        ("cover_type", LABELS + 1),
        ("celltype_code", np.array([2, 4, 7])[LABELS]),
        ("digit", LABELS),
        ("Survived", LABELS % 2),
        ("species", WORDS),
        ("nobody_knows", LABELS * 5),
        ("churn", LABELS == 0),
    ],
)
def test_a_column_that_may_be_classes_is_no_feature(tmp_path: Path, name: str, values: np.ndarray, first: bool) -> None:
    table = frame()
    table.insert(0 if first else 6, name, values)
    dataset, reading = opened(write(tmp_path / "a.csv", table))
    assert shapes(dataset) == [(6,)] and dataset.spec.n_clusters == len(np.unique(values))
    assert asked(reading)["classes"] == name


def test_a_column_is_a_feature_where_somebody_says_so(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", frame(quality=LABELS + 3))
    answers = {"classes": "none", "use_of_quality": "feature"}
    assert shapes(opened(path, **answers)[0]) == [(7,)]
    assert shapes(opened(path, classes="none")[0]) == [(6,)], "its name says that it may be classes"


def test_a_target_of_fractions_is_no_class_and_no_feature(tmp_path: Path) -> None:
    dataset, reading = opened(write(tmp_path / "a.csv", frame(target=A[:, 0] * 3)))
    assert shapes(dataset) == [(6,)] and dataset.labels is None and asked(reading) == {"use of target": "leave it out"}


def test_fine_and_coarse_labels_are_both_classes(tmp_path: Path) -> None:
    table = pd.DataFrame({"img": [{"bytes": png(i), "path": None} for i in range(N)]})
    table = table.assign(fine_label=np.arange(N) % 6, coarse_label=LABELS)
    table.to_parquet(tmp_path / "a.parquet")
    dataset, reading = opened(tmp_path / "a.parquet")
    assert shapes(dataset) == [(1, 28, 28)] and dataset.spec.n_clusters == 6
    assert asked(reading) == {"classes": "fine_label", "use of coarse_label": "leave it out"}
    assert opened(tmp_path / "a.parquet", classes="coarse_label")[0].spec.n_clusters == 3


def test_the_same_column_in_all_views_is_the_classes(tmp_path: Path) -> None:
    for name, values, prefix in (("rna", A, "g"), ("protein", B, "g")):
        table = frame(values, prefix)
        table.insert(0, "code", np.array([2, 4, 7])[LABELS])
        write(tmp_path / f"{name}.csv", table)
    dataset, _ = opened(tmp_path)
    assert shapes(dataset) == [(4,), (6,)] and dataset.spec.classes == ("2", "4", "7")


def test_pixels_with_the_class_in_the_first_or_last_column(tmp_path: Path) -> None:
    flat = IMAGES.reshape(N, -1)
    for name, table in (("first", np.c_[LABELS, flat]), ("last", np.c_[flat, LABELS])):
        np.savetxt(tmp_path / f"{name}.csv", table, delimiter=",", fmt="%d")
        dataset, reading = opened(tmp_path / f"{name}.csv")
        assert shapes(dataset) == [(784,)] and dataset.spec.n_clusters == 3 and "pixels of data" in asked(reading)


@pytest.mark.parametrize("spelled", ["{}", "[{}]"])
def test_pixels_in_words_beside_a_class_and_a_part(tmp_path: Path, spelled: str) -> None:
    pixels = [spelled.format((", " if "[" in spelled else " ").join(map(str, image.ravel()))) for image in IMAGES]
    usage = np.array(["Training", "PublicTest", "PrivateTest"])[np.minimum(np.arange(N) // 30, 2)]
    dataset, _ = opened(write(tmp_path / "a.csv", pd.DataFrame({"emotion": LABELS, "pixels": pixels, "Usage": usage})))
    assert shapes(dataset) == [(1, 28, 28)] and np.array_equal(dataset.views[0][:, 0], IMAGES)
    assert dataset.spec.n_clusters == 3 and dataset.split is not None and dataset.split.sum() == 30


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


IDS = {
    "barcode": [f"CELL{i:04}" for i in range(N)],
    "PatientId": [1001 + 7 * i for i in range(N)],
    "h": [f"{i * 2654435761 % 2**32:08x}" for i in range(N)],
    "image_id": [f"im{i}.jpg" for i in range(N)],
}


@pytest.mark.parametrize("name", IDS)
def test_tables_in_another_order_are_joined_by_the_column_they_share(tmp_path: Path, name: str) -> None:
    first, second = frame(A, "g"), frame(B, "p")
    first.insert(0, name, IDS[name])
    second.insert(0, name, [str(one).removesuffix(".jpg") for one in IDS[name]])
    write(tmp_path / "a.csv", first)
    write(tmp_path / "b.csv", second.iloc[ORDER])
    dataset, reading = opened(tmp_path)
    assert shapes(dataset) == [(6,), (4,)] and groups_agree(dataset, LABELS) and not reading.open
    assert f"tables joined by {name}" in reading.told


@pytest.mark.parametrize("name", [*IDS, "rownames", "Unnamed: 0"])
def test_ids_are_no_features(tmp_path: Path, name: str) -> None:
    table = frame(label=WORDS)
    table.insert(0, name, IDS.get(name, list(range(1, N + 1))))
    dataset, _ = opened(write(tmp_path / "a.csv", table))
    assert shapes(dataset) == [(6,)] and dataset.spec.n_clusters == 3


def test_two_views_in_one_table_with_an_id(tmp_path: Path) -> None:
    table = pd.concat([frame(A, "img_"), frame(B, "txt_")], axis=1).assign(diagnosis=WORDS)
    table.insert(0, "PatientId", IDS["PatientId"])
    dataset, _ = opened(write(tmp_path / "a.csv", table))
    assert shapes(dataset) == [(6,), (4,)] and dataset.spec.n_clusters == 3


def test_genes_by_samples_are_turned(tmp_path: Path) -> None:
    names = [f"TCGA-{i:04}" for i in range(N)]
    for name, values in (("rna", A), ("mirna", B)):
        table = pd.DataFrame(values.T, columns=names)
        table.insert(0, "id", [f"{name}{i}" for i in range(values.shape[1])])
        write(tmp_path / f"{name}.csv", table)
    dataset, reading = opened(tmp_path)
    assert sorted(shapes(dataset)) == [(4,), (6,)] and asked(reading) == {"samples": "columns"}
    alone = pd.DataFrame(A.T, columns=[f"s{i}" for i in range(N)])
    alone.insert(0, "gene", [f"G{i}" for i in range(6)])
    dataset, reading = opened(write(tmp_path / "alone.tsv", alone, sep="\t"))
    assert shapes(dataset) == [(6,)] and dataset.n_samples == N and asked(reading)["samples"] == "columns"
    called = pd.DataFrame(A.T, index=[f"row_{i}" for i in range(6)], columns=[f"sample_{i}" for i in range(N)])
    called.to_csv(tmp_path / "called.csv")
    dataset, reading = opened(tmp_path / "called.csv")
    assert shapes(dataset) == [(6,)] and dataset.n_samples == N and asked(reading)["samples"] == "columns"


def test_classes_that_differ_in_spaces_alone_are_joined_and_this_is_said(tmp_path: Path) -> None:
    names = np.array(["cat", "cat ", "dog "])[LABELS]
    table = frame(A, "f").assign(label=names)
    dataset, reading = opened(write(tmp_path / "a.csv", table))
    assert dataset.spec.n_clusters == 2
    assert "spaces around the names of classes removed: 3 spellings, 2 names" in reading.told


NAMES_OF_CLASSES = np.array(["Müller", "Straße", "Öl"])[LABELS]


@pytest.mark.parametrize(
    ("encoding", "names", "title"),
    [
        ("latin-1", NAMES_OF_CLASSES, "Windows-1252"),
        ("cp1252", NAMES_OF_CLASSES, "Windows-1252"),
        ("utf-16", NAMES_OF_CLASSES, "UTF-16"),
        ("utf-16-le", NAMES_OF_CLASSES, "UTF-16"),
        ("cp1251", np.array(["кошка", "собака", "птица"])[LABELS], "Windows-1251"),
        ("shift_jis", np.array(["ねこ", "いぬ", "とり"])[LABELS], ""),
    ],
)
def test_other_encodings_than_utf_8_are_read_and_named(
    tmp_path: Path, encoding: str, names: np.ndarray, title: str
) -> None:
    (tmp_path / "a.csv").write_bytes(frame(label=names).to_csv(index=False).encode(encoding))
    dataset, reading = opened(tmp_path / "a.csv")
    assert set(dataset.spec.classes) == set(names.tolist()) and any(f"read as {title}" in one for one in reading.told)


@pytest.mark.parametrize("missing", ["?", "--", "n/a", "."])
def test_what_stands_for_a_missing_number_is_one(tmp_path: Path, missing: str) -> None:
    table = frame(**{"class": WORDS}).astype(object)  # pyright: ignore[reportArgumentType]
    table.iloc[3, 2] = table.iloc[50, 4] = missing
    dataset, reading = opened(write(tmp_path / "a.csv", table))
    assert (
        shapes(dataset) == [(6,)] and int(np.isnan(dataset.views[0]).sum()) == 2 and "holes in data" in asked(reading)
    )


def test_rows_of_another_length_are_named_and_left_out(tmp_path: Path) -> None:
    lines = frame(label=WORDS).to_csv(index=False).splitlines()
    lines[7] += ",9,9"
    lines[30] = lines[30].rsplit(",", 2)[0]
    (tmp_path / "a.csv").write_text("\n".join(lines))
    dataset, reading = opened(tmp_path / "a.csv")
    assert dataset.n_samples == N - 2 and "2 lines of a.csv (rows differ in length, lines 8, 31)" in left_out(reading)
    with pytest.raises(ValueError, match="mend the file"):
        opened(tmp_path / "a.csv", **{"lines_of_a.csv": "read nothing"})


def rows(*columns: list) -> str:
    return "\n".join(",".join(map(str, row)) for row in zip(*columns, strict=True)) + "\n"


NUMBERS = [A[:, i].tolist() for i in range(5)]
MARKS = np.array(["f", "m"])[np.arange(N) % 2].tolist()


@pytest.mark.parametrize(
    ("text", "n_samples", "n_columns"),
    [
        (rows(MARKS, *NUMBERS, WORDS.tolist()), N, 5),
        (rows(MARKS, WORDS.tolist(), *NUMBERS), N, 5),
        (rows([f"s{i}" for i in range(N)], *NUMBERS), N, 5),
        (rows(*NUMBERS), N, 5),
        ("a,b,c,d,e\n" + rows(*NUMBERS), N, 5),
        ("name,2001,2002,2003,2004,2005\n" + rows(MARKS, *NUMBERS), N, 5),
        ("400,410,420,430,440\n" + rows(*NUMBERS), N, 5),
        ("# made by hand\na,b,c,d,e\n" + rows(*NUMBERS), N, 5),
    ],
)
def test_types_tell_a_header_from_a_first_row(tmp_path: Path, text: str, n_samples: int, n_columns: int) -> None:
    (tmp_path / "a.csv").write_text(text)
    dataset, _ = opened(tmp_path / "a.csv")
    assert dataset.n_samples == n_samples and shapes(dataset) == [(n_columns,)]


@pytest.mark.parametrize("word", ["?", "", "unlabeled", "Un-labelled", "none", "N/A", "-1"])
def test_words_for_no_class_are_none(tmp_path: Path, word: str) -> None:
    labels = np.where(np.arange(N) < 10, word, WORDS)
    dataset, _ = opened(write(tmp_path / "a.csv", frame(label=labels)))
    assert dataset.spec.n_clusters == 3 and dataset.labels is not None and (dataset.labels < 0).sum() == 10
    assert "10 without a class, which are clustered but not scored" in understood(dataset)


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


def test_nested_lists_are_images_and_lists_of_captions_are_captions(tmp_path: Path) -> None:
    pd.DataFrame({"image": [image.tolist() for image in IMAGES], "label": LABELS}).to_parquet(tmp_path / "a.parquet")
    dataset, _ = opened(tmp_path / "a.parquet")
    assert shapes(dataset) == [(1, 28, 28)] and np.array_equal(dataset.views[0][:, 0], IMAGES)
    table = pd.DataFrame({"image": [png(i) for i in range(N)], "label": LABELS})
    table.assign(caption=[[f"a {word}", f"one {word}"] for word in WORDS]).to_parquet(tmp_path / "b.parquet")
    texts = opened(tmp_path / "b.parquet")[0].texts
    assert texts is not None and texts[0] == "a disc one disc"


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


@pytest.mark.parametrize("header", [False, True])
def test_the_projector_of_tensorboard(tmp_path: Path, header: bool) -> None:
    np.savetxt(tmp_path / "tensors.tsv", A, delimiter="\t")
    lines = [f"w{i}\t{word}" for i, word in enumerate(WORDS)] if header else WORDS.tolist()
    (tmp_path / "metadata.tsv").write_text("\n".join(["word\tgroup", *lines] if header else lines))
    dataset, _ = opened(tmp_path)
    assert shapes(dataset) == [(6,)] and dataset.spec.classes == ("bar", "disc", "line")


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


def test_formats_of_other_tools(tmp_path: Path) -> None:
    frame(label=WORDS).to_csv(tmp_path / "a.csv.gz", index=False)
    frame(label=WORDS).to_json(tmp_path / "a.jsonl", orient="records", lines=True)
    lists = [json.dumps({"vector": row.tolist(), "label": word}) for row, word in zip(A, WORDS, strict=True)]
    (tmp_path / "b.jsonl").write_text("\n".join(lists))
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["features"], file["labels"] = A, LABELS
    for name in ("a.csv.gz", "a.jsonl", "b.jsonl", "a.h5"):
        dataset, _ = opened(tmp_path / name)
        assert shapes(dataset) == [(6,)] and dataset.spec.n_clusters == 3 and np.allclose(dataset.views[0], A), name


@pytest.mark.parametrize("packed", [False, True])
def test_the_files_of_mnist(tmp_path: Path, packed: bool) -> None:
    for part, some in (("train", slice(0, 40)), ("t10k", slice(40, N))):
        for kind, values in (("images-idx3", IMAGES[some]), ("labels-idx1", LABELS[some].astype(np.uint8))):
            header = struct.pack(f">BBBB{values.ndim}I", 0, 0, 8, values.ndim, *values.shape)
            content = header + values.tobytes()
            name = f"{part}-{kind}-ubyte" + (".gz" if packed else "")
            (tmp_path / name).write_bytes(gzip.compress(content) if packed else content)
    dataset, _ = opened(tmp_path)
    assert np.array_equal(dataset.views[0][:, 0], IMAGES) and dataset.spec.n_clusters == 3
    assert dataset.split is not None and dataset.split.sum() == 20


def test_anndata_has_its_views_and_classes(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "a.h5ad", "w") as file:
        file["X"] = A
        names = file.create_group("obs")
        names["_index"] = np.array([f"c{i}" for i in range(N)], dtype=object)
        kinds = names.create_group("cell_type")
        kinds["codes"], kinds["categories"] = LABELS.astype(np.int8), np.array(["a", "b", "c"], dtype=object)
        file.create_group("obsm")["protein"] = B
        file["obsm/X_umap"] = A[:, :2]
    dataset, reading = opened(tmp_path / "a.h5ad")
    assert sorted(shapes(dataset)) == [(4,), (6,)] and dataset.spec.classes == ("a", "b", "c")
    assert "obsm X_umap" in left_out(reading)


def test_a_sample_a_file(tmp_path: Path) -> None:
    for i in range(N):
        folder = tmp_path / "set" / str(WORDS[i])
        folder.mkdir(parents=True, exist_ok=True)
        np.save(folder / f"{i}.npy", IMAGES[i])
    dataset, _ = opened(tmp_path / "set")
    assert shapes(dataset) == [(1, 28, 28)] and dataset.n_samples == N and dataset.spec.n_clusters == 3


def test_pickles_are_refused_in_words(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", A)
    (tmp_path / "b.pkl").write_bytes(b"anything")
    assert "b.pkl (a pickle, which may run any program when it is opened" in left_out(opened(tmp_path)[1])
    with pytest.raises(ValueError, match=r"b\.pkl is a pickle, which may run any program when it is opened"):
        opened(tmp_path / "b.pkl")


@pytest.mark.parametrize(
    ("above", "told"),
    [
        ("Measurements of 2021\n\n", "a line before the table in a.csv (Measurements of 2021)"),
        ("sep=,\n", "a line before the table in a.csv (sep=,)"),
        ("# one\n# two\nSource: a bureau\n", "2 lines of comment in a.csv (#), a line before the table in a.csv"),
        ("X1,X2,X3,X4,X5,X6,X7\n", "another row of names in a.csv (X1,X2,X3,X4,X5,X6,X7)"),
    ],
)
def test_what_stands_above_a_table_is_no_row_of_it(tmp_path: Path, above: str, told: str) -> None:
    (tmp_path / "a.csv").write_text(above + frame(A, prefix="width", label=WORDS).to_csv(index=False))
    dataset, reading = opened(tmp_path / "a.csv")
    assert shapes(dataset) == [(6,)] and dataset.n_samples == N and dataset.spec.n_clusters == 3
    assert told in left_out(reading) and not reading.open


def test_a_row_of_units_or_types_below_the_names_is_no_sample(tmp_path: Path) -> None:
    for name, below in (("units", "mm,mm,cm,cm,kg,kg,"), ("orange", "c,c,c,c,c,c,d\n,,,,,,class")):
        head, *rows = frame(A, label=WORDS).to_csv(index=False).splitlines()
        (tmp_path / f"{name}.csv").write_text("\n".join([head, below, *rows]))
        dataset, reading = opened(tmp_path / f"{name}.csv")
        assert shapes(dataset) == [(6,)] and dataset.n_samples == N and dataset.spec.n_clusters == 3
        assert "another row of names" in left_out(reading)


@pytest.mark.parametrize(
    "row",
    [
        lambda i: "\t".join(map(str, A[i, :3])) + ("\t\t" if i % 9 == 0 else "\t") + "\t".join(map(str, A[i, 3:])),
        lambda i: f"{str(WORDS[i]).upper()}_{i:03d}  " + "   ".join(f"{value:7.3f}" for value in A[i]),
        lambda i: "   ".join(f"{value:7.3f}" for value in A[i]) + f'\t"model {i} of {WORDS[i]}"',
    ],
)
def test_runs_of_spaces_and_tabs_part_columns(tmp_path: Path, row: Callable[[int], str]) -> None:
    (tmp_path / "a.data").write_text("\n".join(map(row, range(N))))
    dataset, _ = opened(tmp_path / "a.data")
    assert shapes(dataset) == [(6,)] and dataset.n_samples == N


def test_letters_before_small_numbers_are_the_classes(tmp_path: Path) -> None:
    small = np.clip((A * 2).round() + 8, 0, 15).astype(int)
    rows = [f"{'TIX'[LABELS[i]]},{','.join(map(str, small[i]))}" for i in range(N)]
    (tmp_path / "a.data").write_text("\n".join(rows))
    dataset, reading = opened(tmp_path / "a.data")
    assert shapes(dataset) == [(6,)] and dataset.spec.classes == ("I", "T", "X")
    assert asked(reading) == {"classes": "column 1"}


def test_amounts_with_marks_are_numbers_and_dates_are_named(tmp_path: Path) -> None:
    table = frame(A, label=WORDS)
    table.insert(0, "Customer ID", [f"CUST-{i:05d}" for i in range(N)])
    table["price"] = [f"${1000 + 37 * i:,}.50" if i else "" for i in range(N)]
    table["rate"] = [f"{i % 90}%" for i in range(N)]
    table["since"] = [f"2021-{i % 12 + 1:02d}-{i % 28 + 1:02d}" for i in range(N)]
    dataset, reading = opened(write(tmp_path / "a.csv", table))
    assert shapes(dataset) == [(8,)] and left_out(reading) == "since (dates or times)"
    assert dataset.views[0][5, 6:].tolist() == [1185.5, 5] and np.isnan(dataset.views[0][0, 6])
    assert reading.told[:2] == ["marks such as % and $ removed in price, rate", "Customer ID names the rows"]


@pytest.mark.parametrize("name", ["PatientId", "animal", "Country"])
def test_the_column_that_names_the_rows_is_said(tmp_path: Path, name: str) -> None:
    table = frame(A, label=WORDS)
    table.insert(0, name, [f"N{i}x" for i in range(N)])
    dataset, reading = opened(write(tmp_path / "a.csv", table))
    assert shapes(dataset) == [(6,)] and reading.told == [f"{name} names the rows"] and not reading.left_out
