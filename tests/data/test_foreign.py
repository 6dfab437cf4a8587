"""Files of other programs, and folders of texts without an ending that says they are tables."""

import bz2
import gzip
import json
import lzma
import struct
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from scipy import sparse
from scipy.io import mmwrite
from sklearn.datasets import dump_svmlight_file

from mmclust.data import readers
from tests.data.made import IMAGES, LABELS, WORDS, A, B, N, asked, drawn, frame, left_out, opened, parts, shapes

TRAIN, TEST = slice(0, 40), slice(40, N)


def arff() -> str:
    head = ["% a comment", "@RELATION shapes", *(f"@attribute 'f {i}' numeric" for i in range(6))]
    head += ["@attribute name string", "@attribute class {disc,bar,'a line'}", "@DATA"]
    names = np.where(WORDS == "line", "'a line'", WORDS)
    return "\n".join([*head, *(f"{','.join(map(str, A[i]))},'no {i}',{names[i]}" for i in range(N))])


def test_arff_with_words_and_quotes(tmp_path: Path) -> None:
    (tmp_path / "a.arff").write_text(arff().replace(f"{A[3, 0]},", "?,", 1))
    dataset, reading = opened(tmp_path / "a.arff")
    assert shapes(dataset) == [(6,)] and dataset.spec.classes == ("a line", "bar", "disc")
    assert "name names the rows" in reading.told and np.isnan(dataset.views[0][3, 0])


def test_sparse_rows_of_arff_are_0_or_the_first_word_where_nothing_is_written(tmp_path: Path) -> None:
    kept = np.where(np.abs(A) < 0.3, 0, A)
    words = {"disc": "", "bar": ", 6 bar", "line": ", 6 'a line'"}
    rows = [
        "{" + ", ".join(f"{i} {value}" for i, value in enumerate(row) if value) + words[word] + "}"
        for row, word in zip(kept, WORDS, strict=True)
    ]
    head = ["@relation a", *(f"@attribute f{i} numeric" for i in range(6)), "@attribute class {disc, bar, 'a line'}"]
    (tmp_path / "a.arff").write_text("\n".join([*head, "@data", *rows]))
    dataset, _ = opened(tmp_path / "a.arff")
    assert dataset.spec.classes == ("a line", "bar", "disc") and np.allclose(dataset.views[0], kept, atol=1e-5)
    assert dataset.labels is not None
    assert [dataset.spec.classes[label].removeprefix("a ") for label in dataset.labels] == WORDS.tolist()


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("{7 1.5}", "has a cell that names no column"),
        ("{0}", "has a cell that names no column"),
        ("{0 red}", "holds red where a number stands"),
        ("1.5,2", "is not in braces as the first is"),
    ],
)
def test_sparse_rows_that_cannot_be_read_are_named(tmp_path: Path, row: str, said: str) -> None:
    (tmp_path / "a.arff").write_text(f"@relation a\n@attribute x numeric\n@data\n{{0 1.5}}\n{row}\n")
    with pytest.raises(ValueError, match=f"row 2 of a.arff {said}"):
        readers.read(tmp_path / "a.arff")


def test_words_beside_an_arrow_table_that_are_no_json_are_refused(tmp_path: Path) -> None:
    table = pa.Table.from_pandas(frame(A)).replace_schema_metadata({"pandas": '{"columns": \x01'})
    with pa.OSFile(str(tmp_path / "a.arrow"), "wb") as file, pa.ipc.new_file(file, table.schema) as target:
        target.write_table(table)
    with pytest.raises(ValueError, match="a.arrow cannot be read as Arrow"):
        readers.read(tmp_path / "a.arrow")


@pytest.mark.parametrize("name", ["a.svm", "a.libsvm", "a.txt"])
def test_rows_of_libsvm(tmp_path: Path, name: str) -> None:
    dump_svmlight_file(np.where(np.abs(A) < 0.3, 0, A), LABELS + 1, str(tmp_path / name), zero_based=False)
    dataset, _ = opened(tmp_path / name)
    assert shapes(dataset) == [(6,)] and dataset.spec.classes == ("1", "2", "3")
    assert np.allclose(dataset.views[0], np.where(np.abs(A) < 0.3, 0, A), atol=1e-6)


def test_parts_of_libsvm(tmp_path: Path) -> None:
    for name, rows in (("shapes", TRAIN), ("shapes.t", TEST)):
        dump_svmlight_file(A[rows], LABELS[rows], str(tmp_path / name), zero_based=False)
    dataset, _ = opened(tmp_path)
    assert shapes(dataset) == [(6,)] and parts(dataset) == (40, 20) and dataset.spec.n_clusters == 3


def test_arrow_as_feather_and_as_the_library_datasets_keeps_it(tmp_path: Path) -> None:
    frame(A, label=WORDS).to_feather(tmp_path / "a.feather")
    assert shapes(opened(tmp_path / "a.feather")[0]) == [(6,)]
    table = pa.table({"embedding": list(A.astype(np.float32)), "label": LABELS})
    (tmp_path / "set" / "train").mkdir(parents=True)
    place = str(tmp_path / "set" / "train" / "data-00000-of-00001.arrow")
    with pa.OSFile(place, "wb") as file, pa.ipc.new_stream(file, table.schema) as stream:
        stream.write_table(table)
    (tmp_path / "set" / "dataset_dict.json").write_text("{}")
    dataset, _ = opened(tmp_path / "set")
    assert shapes(dataset) == [(6,)] and dataset.spec.n_clusters == 3


def test_json_of_rows_and_of_columns(tmp_path: Path) -> None:
    (tmp_path / "rows.json").write_text(str(frame(A, label=WORDS).to_json(orient="records")))
    (tmp_path / "columns.json").write_text(json.dumps({"embeddings": A.tolist(), "labels": WORDS.tolist(), "by": "us"}))
    for name in ("rows", "columns"):
        dataset, _ = opened(tmp_path / f"{name}.json")
        assert shapes(dataset) == [(6,)] and dataset.spec.classes == ("bar", "disc", "line")


def test_json_of_another_form_is_refused_in_words(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('{"a": 1}')
    with pytest.raises(ValueError, match="JSON of an unknown form; write a list with an object for each sample"):
        readers.read(tmp_path / "a.json")


def test_packed_texts(tmp_path: Path) -> None:
    text = frame(A, label=WORDS).to_csv(index=False).encode()
    (tmp_path / "a.csv.bz2").write_bytes(bz2.compress(text))
    (tmp_path / "a.csv.xz").write_bytes(lzma.compress(text))
    for name in ("a.csv.bz2", "a.csv.xz"):
        assert shapes(opened(tmp_path / name)[0]) == [(6,)]
    (tmp_path / "b.csv.xz").write_bytes(lzma.compress(text)[:-30])
    with pytest.raises(ValueError, match=r"b.csv.xz is damaged"):
        readers.read(tmp_path / "b.csv.xz")


def test_matrices_of_genes_by_cells_beside_their_barcodes(tmp_path: Path) -> None:
    mmwrite(str(tmp_path / "matrix.mtx"), sparse.coo_matrix(np.abs(A.T).round(3)))
    (tmp_path / "barcodes.tsv").write_text("\n".join(f"AAAC{i:03d}-1" for i in range(N)))
    (tmp_path / "genes.tsv").write_text("\n".join(f"ENSG{i:08d}\tG{i}" for i in range(6)))
    dataset, reading = opened(tmp_path)
    assert shapes(dataset) == [(6,)] and np.allclose(dataset.views[0], np.abs(A).round(3), atol=1e-5)
    assert "genes by cells, turned: a cell is a sample" in reading.told


def test_a_matrix_that_says_it_is_larger_than_its_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.mtx").write_text("%%MatrixMarket matrix coordinate real general\n900000000 90000 9\n1 1 2\n")
    with pytest.raises(ValueError, match="which is not what it holds"):
        readers.read(tmp_path / "a.mtx")


def test_folders_of_texts_as_sensors_write_them(tmp_path: Path) -> None:
    for part, rows in (("train", TRAIN), ("test", TEST)):
        (tmp_path / part / "signals").mkdir(parents=True)
        np.savetxt(tmp_path / part / f"X_{part}.txt", A[rows], fmt=" %.7e")
        np.savetxt(tmp_path / part / "signals" / f"acc_{part}.txt", B[rows], fmt=" %.7e")
        np.savetxt(tmp_path / part / f"y_{part}.txt", LABELS[rows] + 1, fmt="%d")
        np.savetxt(tmp_path / part / f"subject_{part}.txt", np.arange(N)[rows] // 10, fmt="%d")
    (tmp_path / "activity_labels.txt").write_text("1 WALKING\n2 SITTING\n3 LAYING\n")
    (tmp_path / "features.txt").write_text("\n".join(f"{i + 1} tBodyAcc-{i}" for i in range(6)))
    dataset, reading = opened(tmp_path)
    assert sorted(shapes(dataset)) == [(4,), (6,)] and parts(dataset) == (40, 20)
    assert dataset.spec.classes == ("1", "2", "3") and "those of y are taken" in left_out(reading)


@pytest.mark.parametrize(
    ("first", "second"), [("adult.data", "adult.test"), ("digits.tra", "digits.tes"), ("sat.trn", "sat.tst")]
)
def test_endings_that_say_which_part_a_file_is(tmp_path: Path, first: str, second: str) -> None:
    for name, rows, end in ((first, TRAIN, ""), (second, TEST, ".")):
        lines = [f"{','.join(map(str, A[i]))},{WORDS[i]}{end}" for i in range(N)[rows]]
        (tmp_path / name).write_text("\n".join(lines))
    (tmp_path / "about.names").write_text("1. Title\n")
    dataset, _ = opened(tmp_path)
    assert shapes(dataset) == [(6,)] and parts(dataset) == (40, 20) and dataset.spec.n_clusters == 3


def test_views_and_labels_in_texts_and_without_an_ending(tmp_path: Path) -> None:
    for name, values in (("set-fac", A), ("set-fou", B), ("labels.txt", LABELS[:, None])):
        np.savetxt(tmp_path / name, values, fmt="%g")
    (tmp_path / "README").write_text("Some words on the data.\n\nThey come from a lab.\nSee the paper.\n")
    dataset, reading = opened(tmp_path)
    assert sorted(shapes(dataset)) == [(4,), (6,)] and dataset.spec.n_clusters == 3
    assert "README" in left_out(reading)


@pytest.mark.parametrize("ending", ["txt", "json", "csv"])
def test_labels_as_text_beside_an_array(tmp_path: Path, ending: str) -> None:
    np.save(tmp_path / "features.npy", A)
    text = json.dumps(WORDS.tolist()) if ending == "json" else "\n".join(WORDS)
    (tmp_path / f"labels.{ending}").write_text(text)
    dataset, _ = opened(tmp_path)
    assert shapes(dataset) == [(6,)] and dataset.spec.classes == ("bar", "disc", "line") and dataset.n_samples == N


def test_a_plot_beside_tables_is_no_sample_and_copies_are_no_views(tmp_path: Path) -> None:
    (tmp_path / "again").mkdir()
    for name in ("set.csv", "again/set.csv"):
        frame(A, label=WORDS).to_csv(tmp_path / name, index=False)
    drawn(0).save(tmp_path / "plot.png")
    dataset, reading = opened(tmp_path)
    assert shapes(dataset) == [(6,)] and dataset.n_samples == N
    assert "plot.png" in left_out(reading) and "the same as" in left_out(reading)


@pytest.mark.parametrize("kind", ["npy", "csv"])
def test_files_may_hold_a_class_each(tmp_path: Path, kind: str) -> None:
    for k, name in enumerate(("cat", "dog", "axe")):
        rows = A[k == LABELS][: 12 + k]
        path = tmp_path / f"bitmap_{name}.{kind}"
        np.save(path, rows) if kind == "npy" else frame(rows).to_csv(path, index=False)
    dataset, reading = opened(tmp_path)
    assert dataset.n_samples == 39 and dataset.spec.n_clusters == 3 and shapes(dataset) == [(6,)]
    assert "class" in asked(reading)["files"]
    with pytest.raises(ValueError, match="differ in length"):
        opened(tmp_path, files="a view each")


def test_years_are_rows_of_one_table(tmp_path: Path) -> None:
    for k in range(3):
        frame(A[k::3], kind=WORDS[k::3]).to_csv(tmp_path / f"{2019 + k}.csv", index=False)
    dataset, reading = opened(tmp_path)
    assert dataset.n_samples == N and shapes(dataset) == [(6,)] and asked(reading)["files"] == "rows of one table"


def test_few_numbers_beside_pictures_in_a_table_are_no_view(tmp_path: Path) -> None:
    pixels = [" ".join(map(str, image.ravel())) for image in IMAGES]
    table = pd.DataFrame({"age": np.arange(N) % 37 + 20, "gender": LABELS % 2, "pixels": pixels})
    table.to_csv(tmp_path / "a.csv", index=False)
    dataset, reading = opened(tmp_path / "a.csv")
    assert shapes(dataset) == [(1, 28, 28)] and "age (numbers that describe the samples)" in left_out(reading)
    assert len(opened(tmp_path / "a.csv", numbers_beside="a view of their own")[0].views) == 2


def test_colours_of_each_pixel_together_are_told_from_planes(tmp_path: Path) -> None:
    colour = np.stack([IMAGES, np.roll(IMAGES, 3, axis=1) // 2, IMAGES // 3], axis=-1)
    pd.DataFrame(colour.reshape(N, -1)).to_csv(tmp_path / "a.csv", index=False)
    dataset, reading = opened(tmp_path / "a.csv")
    assert asked(reading)["pixels of data"] == "images, three colours of each pixel together"
    assert np.array_equal(dataset.views[0], colour.transpose(0, 3, 1, 2))


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("a.ods", "is a workbook of a kind that is not read; save it as .xlsx, or its sheet as CSV"),
        ("a.RData", "is a file of R, which is not read; write its table with write.csv"),
        ("a.nii.gz", "is a volume, which is not read; save slices as PNG"),
        ("a.sqlite", "is a database, which is not read; export its table as CSV"),
        ("a.nc", "holds arrays in a format that is not read; save them with numpy.savez"),
        ("a.geojson", "is a map, which is not read; export the table of its places as CSV"),
        ("a.safetensors", "holds tensors or a model, which are not read"),
        ("a.tfrecord-00000-of-00002", "is a file of records, which is not read"),
        ("a.pkl.gz", "is a pickle, which may run any program"),
    ],
)
def test_files_of_other_kinds_say_what_to_do(tmp_path: Path, name: str, said: str) -> None:
    (tmp_path / name).write_bytes(b"PK\x03\x04")
    with pytest.raises(ValueError, match=said):
        readers.read(tmp_path / name)


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (("train.zip", "test.zip"), "such as test.zip, which is an archive in another; unpack it"),
        (("train.csv.zip", "readme.html"), "such as train.csv.zip, which is an archive in another"),
        (("a.tfrecord-00000-of-00001", "README.md"), "such as a.tfrecord-00000-of-00001, which is a file of records"),
        (("model.pth",), "holds pickles such as model.pth"),
        (("batch_1.bin",), "such as batch_1.bin, which holds bytes that say nothing of their form"),
    ],
)
def test_folders_of_files_of_other_kinds_say_what_to_do(tmp_path: Path, names: tuple[str, ...], said: str) -> None:
    for name in names:
        (tmp_path / name).write_bytes(b"PK\x03\x04")
    with pytest.raises(ValueError, match=said):
        readers.read(tmp_path)


def test_a_text_of_numbers_is_a_table_whatever_its_ending(tmp_path: Path) -> None:
    rows = [f"{i + 1}|Caf\xe9 {i}|" + "|".join(map(str, A[i])) for i in range(N)]
    (tmp_path / "u.item").write_bytes("\n".join(rows).encode("latin-1"))
    dataset, reading = opened(tmp_path / "u.item")
    assert shapes(dataset) == [(6,)] and "column 1 names the rows" in reading.told
    (tmp_path / "b.item").write_text("Dear all,\n" + "this is a letter, not a table.\n" * 9)
    with pytest.raises(ValueError, match="is of no kind that is read"):
        readers.read(tmp_path / "b.item")


def test_a_column_beside_pictures_that_is_said_to_be_a_feature_is_a_view(tmp_path: Path) -> None:
    pixels = [" ".join(map(str, image.ravel())) for image in IMAGES]
    table = pd.DataFrame({"fine_label": LABELS * 2 + np.arange(N) % 2, "coarse_label": LABELS, "pixels": pixels})
    table.to_csv(tmp_path / "a.csv", index=False)
    assert len(opened(tmp_path / "a.csv")[0].views) == 1
    assert shapes(opened(tmp_path / "a.csv", **{"use of coarse_label": "feature"})[0])[1] == (1,)


@pytest.mark.parametrize("row", ["9 1 2.5", "1 0 2.5", "1 1"])
def test_places_outside_of_a_matrix_are_refused(tmp_path: Path, row: str) -> None:
    (tmp_path / "a.mtx").write_text(f"%%MatrixMarket matrix coordinate real general\n3 2 2\n1 1 1.5\n{row}\n")
    with pytest.raises(ValueError, match=r"a\.mtx"):
        readers.read(tmp_path / "a.mtx")


@pytest.mark.parametrize("header", [False, True])
def test_the_projector_of_tensorboard(tmp_path: Path, header: bool) -> None:
    np.savetxt(tmp_path / "tensors.tsv", A, delimiter="\t")
    lines = [f"w{i}\t{word}" for i, word in enumerate(WORDS)] if header else WORDS.tolist()
    (tmp_path / "metadata.tsv").write_text("\n".join(["word\tgroup", *lines] if header else lines))
    dataset, _ = opened(tmp_path)
    assert shapes(dataset) == [(6,)] and dataset.spec.classes == ("bar", "disc", "line")


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
