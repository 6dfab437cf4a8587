"""What the columns of a table are: classes, ids, features."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

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


@pytest.mark.parametrize("word", ["?", "", "unlabeled", "Un-labelled", "none", "N/A", "-1"])
def test_words_for_no_class_are_none(tmp_path: Path, word: str) -> None:
    labels = np.where(np.arange(N) < 10, word, WORDS)
    dataset, _ = opened(write(tmp_path / "a.csv", frame(label=labels)))
    assert dataset.spec.n_clusters == 3 and dataset.labels is not None and (dataset.labels < 0).sum() == 10
    assert "10 without a class, which are clustered but not scored" in understood(dataset)


def test_nested_lists_are_images_and_lists_of_captions_are_captions(tmp_path: Path) -> None:
    pd.DataFrame({"image": [image.tolist() for image in IMAGES], "label": LABELS}).to_parquet(tmp_path / "a.parquet")
    dataset, _ = opened(tmp_path / "a.parquet")
    assert shapes(dataset) == [(1, 28, 28)] and np.array_equal(dataset.views[0][:, 0], IMAGES)
    table = pd.DataFrame({"image": [png(i) for i in range(N)], "label": LABELS})
    table.assign(caption=[[f"a {word}", f"one {word}"] for word in WORDS]).to_parquet(tmp_path / "b.parquet")
    texts = opened(tmp_path / "b.parquet")[0].texts
    assert texts is not None and texts[0] == "a disc one disc"


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
