"""Inputs in the style of late finds: ids beside rows that have none, JSON in pandas' forms, narrow arrays, archives."""

import io
import json
import tarfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from scipy.io import savemat

from mmclust.data import readers
from mmclust.data.readers.reading import Reading
from tests.data.made import (
    IMAGES,
    LABELS,
    PX,
    WORDS,
    A,
    B,
    N,
    asked,
    drawn,
    frame,
    groups_agree,
    left_out,
    opened,
    png,
    shapes,
)

ORDER = np.random.default_rng(3).permutation(N)


def test_rows_of_labels_follow_the_column_that_counts_them(tmp_path: Path) -> None:
    np.save(tmp_path / "features.npy", A)
    pd.DataFrame({"index": ORDER, "label": WORDS[ORDER]}).to_csv(tmp_path / "labels.csv", index=False)
    dataset, reading = opened(tmp_path)
    assert groups_agree(dataset, LABELS) and "rows of labels.csv ordered by index" in reading.told
    assert dataset.labels is not None and [dataset.spec.classes[i] for i in dataset.labels] == WORDS.tolist()
    assert asked(reading) == {"order of labels.csv": "by index"}
    reading = Reading({"order of labels.csv": "as they stand"})
    dataset = readers.read(tmp_path, reading)
    assert dataset.labels is not None and [dataset.spec.classes[i] for i in dataset.labels] == WORDS[ORDER].tolist()


def test_tables_with_ids_are_joined_beside_one_without(tmp_path: Path) -> None:
    ids = np.array([f"u{i}" for i in range(N)])
    frame(A, subject=ids).to_csv(tmp_path / "eeg.csv", index=False)
    frame(B[ORDER], "g", subject=ids[ORDER]).to_csv(tmp_path / "emg.csv", index=False)
    np.savetxt(tmp_path / "labels.csv", LABELS, fmt="%d")
    dataset, reading = opened(tmp_path)
    assert np.allclose(dataset.views[0], A) and np.allclose(dataset.views[1], B)
    assert asked(reading)["order of rows"] == "eeg" and "rows of eeg, emg joined by subject" in reading.told
    dataset, _ = opened(tmp_path, order_of_rows="emg")
    assert np.allclose(dataset.views[0], A[ORDER]) and dataset.labels is not None
    assert np.array_equal(dataset.labels, LABELS)


@pytest.mark.parametrize("write", [lambda f: f.to_json(orient="split"), lambda f: f.to_json(), lambda f: _nested(f)])
def test_forms_of_json(tmp_path: Path, write: Callable[[pd.DataFrame], str]) -> None:
    (tmp_path / "a.json").write_text(write(frame(A, label=WORDS)))
    dataset, reading = opened(tmp_path / "a.json")
    assert np.allclose(dataset.views[0], A) and dataset.spec.n_clusters == 3 and not reading.open


def _nested(table: pd.DataFrame) -> str:
    rows = table.drop(columns="label").to_dict("records")
    return "\n".join(
        json.dumps({"features": row, "meta": {"label": word}}) for row, word in zip(rows, table["label"], strict=True)
    )


def test_lists_by_ids_in_json_are_samples(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(json.dumps({f"s{i}": row for i, row in enumerate(A.tolist())}))
    dataset, reading = opened(tmp_path / "a.json")
    assert shapes(dataset) == [(6,)] and asked(reading) == {"lists": "a sample in each list"}
    assert shapes(opened(tmp_path / "a.json", lists="a column in each list")[0]) == [(N,)]


def test_objects_in_parquet_become_columns(tmp_path: Path) -> None:
    pd.DataFrame({"emb": [{"img": a, "txt": b} for a, b in zip(A, B, strict=True)], "label": WORDS}).to_parquet(
        tmp_path / "a.parquet"
    )
    dataset, _ = opened(tmp_path / "a.parquet")
    assert shapes(dataset) == [(6,), (4,)] and dataset.spec.n_clusters == 3


def test_words_beside_numbers_are_offered_as_features(tmp_path: Path) -> None:
    paint = np.array(["red", "green", "blue"])[np.arange(N) // 7 % 3]
    frame(A, paint=paint, label=WORDS).to_csv(tmp_path / "a.csv", index=False)
    dataset, reading = opened(tmp_path / "a.csv")
    assert shapes(dataset) == [(6,)] and asked(reading) == {"use of paint": "leave it out"}
    assert "paint holds 3 words: blue, green, red" in reading.open[0].text and left_out(reading) == "paint (words)"
    dataset, reading = opened(tmp_path / "a.csv", use_of_paint="feature")
    assert shapes(dataset) == [(9,)] and np.array_equal(
        dataset.views[0][:, 6:], np.eye(3)[np.arange(N) // 7 % 3][:, [2, 1, 0]]
    )


def test_many_columns_of_words_are_one_question(tmp_path: Path) -> None:
    more = {f"w{chr(97 + i)}": np.array(["x", f"y{i}"])[np.arange(N) // (i + 2) % 2] for i in range(9)}
    frame(A, "f", **more, label=WORDS).to_csv(tmp_path / "a.csv", index=False)
    assert asked(opened(tmp_path / "a.csv")[1]) == {"use of words": "leave it out"}
    assert shapes(opened(tmp_path / "a.csv", use_of_words="feature")[0]) == [(6 + 18,)]


@pytest.mark.parametrize(
    "lines",
    [
        ["'a','b','label'", *(f"'{x}','{y}','{w}'" for (x, y, *_), w in zip(A, WORDS, strict=True))],
        ["% by hand", "% in spring", *(f"{x} {y} {w}" for (x, y, *_), w in zip(A, WORDS, strict=True))],
        ["// by hand", "a;b;label", *(f"{x};{y};{w}" for (x, y, *_), w in zip(A, WORDS, strict=True))],
    ],
)
def test_other_quotes_and_comments(tmp_path: Path, lines: list[str]) -> None:
    (tmp_path / "a.csv").write_text("\n".join(lines))
    dataset, _ = opened(tmp_path / "a.csv")
    assert np.allclose(dataset.views[0], A[:, :2]) and dataset.spec.n_clusters == 3


@pytest.mark.parametrize("steps", [[400 + 2.5 * i for i in range(6)], [100, 230.5, 300, 450]])
def test_a_header_of_wavelengths_is_no_sample(tmp_path: Path, steps: list[float]) -> None:
    header = ["sample", *map(str, steps), "variety"]
    rows = [[f"s{i}", *map(str, row[: len(steps)]), word] for i, (row, word) in enumerate(zip(A, WORDS, strict=True))]
    (tmp_path / "a.csv").write_text("\n".join(",".join(row) for row in (header, *rows)))
    dataset, _ = opened(tmp_path / "a.csv")
    assert (dataset.n_samples == N) == (len(steps) == 6), "four numbers may rise by chance"


def test_long_and_narrow_samples_are_no_images(tmp_path: Path) -> None:
    series = np.random.default_rng(0).normal(size=(N, 50, 3))
    np.savez(tmp_path / "a.npz", X=series, y=LABELS)
    dataset, reading = opened(tmp_path / "a.npz")
    assert shapes(dataset) == [(150,)] and asked(reading) == {"samples of X": "numbers"}
    assert dataset.labels is not None and np.allclose(dataset.views[0][3], series[3].ravel())


def test_a_view_called_colour_is_no_class(tmp_path: Path) -> None:
    savemat(tmp_path / "a.mat", {"color": A, "texture": B, "class": LABELS, "ind": np.ones((N, 2))})
    dataset, reading = opened(tmp_path / "a.mat")
    assert shapes(dataset) == [(6,), (4,)] and left_out(reading) == "ind (describes the samples)"


@pytest.mark.parametrize(
    ("values", "said"),
    [(A + 1j * A, "x of type complex128"), (np.array(WORDS, object), "x: a pickled array; save it")],
)
def test_what_is_no_view_beside_labels_is_named(tmp_path: Path, values: np.ndarray, said: str) -> None:
    np.savez(tmp_path / "a.npz", x=values, y=LABELS)
    with pytest.raises(ValueError, match=f"{N} labels and no matrix of numbers with a row for each, but {said}"):
        opened(tmp_path / "a.npz")


def test_views_in_folders_whose_names_end_in_a_word_of_their_own(tmp_path: Path) -> None:
    for view, end in (("rgb", "_colors"), ("depth", "_depth")):
        (tmp_path / view).mkdir()
        for i in range(12):
            drawn(i).save(tmp_path / view / f"{i:04}{end}.png")
    dataset, reading = opened(tmp_path)
    assert shapes(dataset) == [(1, PX, PX)] * 2 and asked(reading) == {"folders": "views of the same samples"}
    assert np.array_equal(dataset.views[0], dataset.views[1]) and dataset.n_samples == 12


def test_a_tar_of_everything_in_a_folder(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "a.tar.gz", "w:gz") as archive:
        for i in range(12):
            about = tarfile.TarInfo(f"./{WORDS[i]}/{i}.png")
            about.size = len(png(i))
            archive.addfile(about, io.BytesIO(png(i)))
    dataset, _ = opened(tmp_path / "a.tar.gz")
    assert dataset.spec.classes == ("bar", "disc", "line") and shapes(dataset) == [(1, PX, PX)]


def test_a_table_of_few_rows_may_say_the_classes_of_pictures(tmp_path: Path) -> None:
    for i in range(12):
        Image.fromarray(IMAGES[i]).save(tmp_path / f"{i}.png")
    said = "datei;klasse\n" + "".join(f"{i}.png;{['Säule', 'Kreis', 'Würfel'][i % 3]}\n" for i in range(12))
    (tmp_path / "liste.csv").write_bytes(said.encode("latin-1"))
    assert opened(tmp_path)[0].spec.classes == ("Kreis", "Säule", "Würfel")


def test_files_of_a_sample_each_in_a_folder_for_each_view(tmp_path: Path) -> None:
    for view, values in (("img", A), ("txt", B)):
        (tmp_path / view).mkdir()
        for i in range(12):
            np.save(tmp_path / view / f"s{i:02}.npy", values[i])
    dataset, reading = opened(tmp_path)
    assert np.allclose(dataset.views[0], A[:12]) and np.allclose(dataset.views[1], B[:12]) and not reading.open
    order = ORDER[ORDER < 12]
    pd.DataFrame({"file": [f"s{i:02}.npy" for i in order], "label": WORDS[order]}).to_csv(
        tmp_path / "labels.csv", index=False
    )
    dataset, _ = opened(tmp_path)
    assert np.allclose(dataset.views[1], B[order]) and dataset.spec.classes == ("bar", "disc", "line")


def test_files_that_are_counted_alike_may_be_views_or_classes(tmp_path: Path) -> None:
    for folder in ("cat", "dog"):
        (tmp_path / folder).mkdir()
        for i in range(8):
            np.save(tmp_path / folder / f"{i}.npy", A[i] + (folder == "dog"))
    dataset, reading = opened(tmp_path)
    assert shapes(dataset) == [(6,)] and dataset.spec.classes == ("cat", "dog")
    assert asked(reading) == {"folders": "classes"}
    assert shapes(opened(tmp_path, folders="views of the same samples")[0]) == [(6,), (6,)]


def test_a_table_names_the_files_of_samples(tmp_path: Path) -> None:
    (tmp_path / "feats").mkdir()
    for i in range(12):
        np.save(tmp_path / "feats" / f"s{i:02}.npy", A[i])
    (tmp_path / "about.csv").write_text("file,kind\n" + "".join(f"s{i:02}.npy,{WORDS[i]}\n" for i in range(11, -1, -1)))
    dataset, _ = opened(tmp_path)
    assert np.allclose(dataset.views[0], A[11::-1]) and dataset.spec.n_clusters == 3


@pytest.mark.parametrize("ending", ["txt", "json"])
def test_captions_beside_arrays(tmp_path: Path, ending: str) -> None:
    said = [f"a {word}, number {i}" for i, word in enumerate(WORDS)]
    np.save(tmp_path / "images.npy", IMAGES)
    (tmp_path / f"captions.{ending}").write_text("\n".join(said) if ending == "txt" else json.dumps(said))
    dataset, reading = opened(tmp_path)
    assert dataset.texts is not None and dataset.texts.tolist() == said and not reading.left_out


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.csv", "version https://git-lfs.github.com/spec/v1\noid sha256:ab\n", "is a pointer of git LFS"),
        ("a.npz", "version https://git-lfs.github.com/spec/v1\noid sha256:ab\n", "is a pointer of git LFS"),
        ("a.parquet", "\n<!DOCTYPE html>\n<html></html>", "is a web page, not the data"),
    ],
)
def test_what_stands_where_data_should_be_is_named(tmp_path: Path, name: str, content: str, said: str) -> None:
    (tmp_path / name).write_text(content)
    with pytest.raises(ValueError, match=f"{name} {said}"):
        opened(tmp_path / name)


@pytest.mark.parametrize("cell", ["{:.1f} cm", "{:.1f}kg", "{:.1f}°C", "\u2212{:.1f}"])
def test_numbers_with_units(tmp_path: Path, cell: str) -> None:
    frame(A, height=[cell.format(abs(x)) for x in B[:, 0]], label=WORDS).to_csv(tmp_path / "a.csv", index=False)
    dataset, _ = opened(tmp_path / "a.csv")
    sign = -1 if "\u2212" in cell else 1
    assert shapes(dataset) == [(7,)] and np.allclose(dataset.views[0][:, 6], sign * np.abs(B[:, 0]), atol=0.06)


def test_far_larger_whole_numbers_in_a_first_column_without_a_name_may_be_ids(tmp_path: Path) -> None:
    rows = [
        f"{31000 + 7 * i}\t" + "\t".join(map(str, (row > 0).astype(int))) + f"\t{WORDS[i]}" for i, row in enumerate(A)
    ]
    (tmp_path / "cora.content").write_text("\n".join(rows))
    dataset, reading = opened(tmp_path / "cora.content")
    assert shapes(dataset) == [(6,)] and asked(reading)["use of column 1"] == "leave it out"


def test_lists_of_few_pictures_say_classes_not_captions(tmp_path: Path) -> None:
    for i in range(12):
        (tmp_path / f"{i}.png").write_bytes(png(i))
    (tmp_path / "train.txt").write_text("".join(f"{i}.png {LABELS[i]}\n" for i in range(8)))
    (tmp_path / "val.txt").write_text("".join(f"{i}.png {LABELS[i]}\n" for i in range(8, 12)))
    dataset, _ = opened(tmp_path)
    assert dataset.texts is None and dataset.spec.n_clusters == 3 and dataset.labels is not None
    assert (dataset.labels >= 0).all() and dataset.split is not None and dataset.split.sum() == 4


@pytest.mark.parametrize("names", ["disc bar line", "rgb depth thermal"])
def test_files_of_as_many_samples_may_be_classes_or_views(tmp_path: Path, names: str) -> None:
    for k, name in enumerate(names.split()):
        np.save(tmp_path / f"{name}.npy", IMAGES[k == LABELS])
    dataset, reading = opened(tmp_path)
    are_classes = names.startswith("disc")
    assert asked(reading) == {"files": "a class in each file" if are_classes else "a view each"}
    assert shapes(dataset) == [(1, PX, PX)] * (1 if are_classes else 3)
    assert dataset.n_samples == (N if are_classes else N // 3)


def test_a_header_that_counts_above_whole_numbers(tmp_path: Path) -> None:
    table = pd.DataFrame(IMAGES[:, ::4, ::4].reshape(N, -1)).assign(label=LABELS)
    table.to_csv(tmp_path / "a.csv", index=False)
    dataset, _ = opened(tmp_path / "a.csv")
    assert dataset.n_samples == N and shapes(dataset) == [(49,)] and dataset.spec.n_clusters == 3


def test_the_last_of_few_numbers_beside_measurements_may_be_the_classes(tmp_path: Path) -> None:
    frame(A, wet=np.arange(N) // 7 % 2, event=np.arange(N) % 2).to_csv(tmp_path / "a.csv", index=False)
    dataset, reading = opened(tmp_path / "a.csv")
    assert asked(reading) == {"classes": "event"} and shapes(dataset) == [(7,)]


def test_a_number_of_the_caption_is_no_class(tmp_path: Path) -> None:
    for i in range(8):
        (tmp_path / f"{i}.png").write_bytes(png(i))
    rows = [f"{i}.png| {j}| A thing, seen {j} times ." for i in range(8) for j in range(3)]
    (tmp_path / "results.csv").write_text("\n".join(["image_name| comment_number| comment", *rows]))
    dataset, reading = opened(tmp_path)
    assert dataset.labels is None and dataset.texts is not None and all(dataset.texts)
    assert "the column of classes in results.csv (several for one picture)" in left_out(reading)


def test_cells_in_cells_are_views(tmp_path: Path) -> None:
    held = np.empty((2, 1), object)
    for i, values in enumerate((A, B)):
        held[i, 0] = np.empty((1, 1), object)
        held[i, 0][0, 0] = values
    savemat(tmp_path / "a.mat", {"X": held, "y": LABELS})
    assert shapes(opened(tmp_path / "a.mat")[0]) == [(6,), (4,)]


def test_a_row_for_each_number_becomes_one_for_each_sample(tmp_path: Path) -> None:
    rows = [(f"s{i}", f"g{j}", A[i, j]) for i in range(N) for j in range(6)]
    pd.DataFrame(rows, columns=["patient", "gene", "value"]).to_csv(tmp_path / "a.csv", index=False)
    dataset, reading = opened(tmp_path / "a.csv")
    assert asked(reading) == {"long table": "a sample for each patient"} and shapes(dataset) == [(6,)]
    assert dataset.n_samples == N
    assert opened(tmp_path / "a.csv", long_table="rows are samples")[0].n_samples == 6 * N


def test_places_on_a_grid_are_samples(tmp_path: Path) -> None:
    rows = [(x, y, A[x, y]) for x in range(N) for y in range(6)]
    pd.DataFrame(rows, columns=["x", "y", "height"]).to_csv(tmp_path / "a.csv", index=False)
    dataset, reading = opened(tmp_path / "a.csv")
    assert asked(reading)["long table"] == "rows are samples" and dataset.n_samples == 6 * N


def test_captions_in_several_columns_are_one_text(tmp_path: Path) -> None:
    table = pd.DataFrame({f"caption_{k}": [f"a {word}, told {k} times" for word in WORDS] for k in (1, 2)})
    dataset, _ = opened(_written(tmp_path / "a.csv", table.assign(x=A[:, 0], y=A[:, 1])))
    assert dataset.texts is not None and dataset.texts[0] == f"a {WORDS[0]}, told 1 times a {WORDS[0]}, told 2 times"


def _written(path: Path, table: pd.DataFrame) -> Path:
    table.to_csv(path, index=False)
    return path


def test_numbers_beside_pictures_are_said_to_be_no_view(tmp_path: Path) -> None:
    for i in range(8):
        (tmp_path / f"{i}.png").write_bytes(png(i))
    np.save(tmp_path / "features.npy", A[:8])
    assert left_out(opened(tmp_path)[1]) == ("features.npy (.npy: numbers beside pictures; save both with numpy.savez)")


@pytest.mark.parametrize("name", ["class", "", "subtype"])
def test_classes_in_a_row_below_the_names_of_samples(name: str, tmp_path: Path) -> None:
    groups = ["tumour", "normal", "tumour"] * 4
    lines = ["," + ",".join(f"S{i:02d}" for i in range(12)), f"{name}," + ",".join(groups)]
    lines += [f"up{j}," + ",".join(f"{i}.{j}" for i in range(12)) for j in range(30)]
    (tmp_path / "genes.csv").write_text("\n".join(lines))
    dataset, reading = opened(tmp_path / "genes.csv")
    assert [view.shape for view in dataset.views] == [(12, 30)] and asked(reading)["samples"] == "columns"
    assert dataset.labels is not None and [dataset.spec.classes[i] for i in dataset.labels] == groups
    dataset, _ = opened(tmp_path / "genes.csv", samples="rows")
    assert [view.shape for view in dataset.views] == [(30, 12)] and dataset.labels is None


def test_units_in_a_row_below_the_names_are_no_classes(tmp_path: Path) -> None:
    lines = ["plant,height,width,mass,load,depth,force", "name,cm,cm,kg,kg,cm,kg"]
    lines += [f"p{i}," + ",".join(f"{i}.{j}" for j in range(6)) for i in range(20)]
    (tmp_path / "plants.csv").write_text("\n".join(lines))
    dataset, reading = opened(tmp_path / "plants.csv")
    assert (
        [view.shape for view in dataset.views] == [(20, 6)]
        and dataset.labels is None
        and "samples" not in asked(reading)
    )
