import io
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from mmclust.data import readers
from mmclust.data.dataset import MultiViewDataset
from mmclust.data.readers import frames, picture_columns
from mmclust.data.readers.reading import Reading, understood

RNG = np.random.default_rng(0)
N = 30
A, B = RNG.normal(size=(N, 4)).round(3), RNG.normal(size=(N, 3)).round(3)
NAMES = np.array(["cat", "dog", "owl"])[np.arange(N) % 3]
CAPTIONS = [f"a {name} that is number {i}, seen from afar" for i, name in enumerate(NAMES)]


def frame(**more: object) -> pd.DataFrame:
    return pd.DataFrame({f"width {i}": A[:, i] for i in range(4)} | more)


def opened(path: Path, **answers: str) -> tuple[MultiViewDataset, Reading]:
    reading = Reading(answers)
    return readers.read(path, reading), reading


def labels_of(dataset: MultiViewDataset) -> list[str]:
    assert dataset.labels is not None
    return [dataset.spec.classes[label] for label in dataset.labels]


@pytest.mark.parametrize("ending", ["csv", "tsv", "parquet"])
@pytest.mark.parametrize("column", ["label", "Class", "gt"])
def test_a_table_of_numbers_and_classes_is_one_view(tmp_path: Path, ending: str, column: str):
    path, table = tmp_path / f"iris.{ending}", frame(**{column: NAMES})
    table.to_parquet(path) if ending == "parquet" else table.to_csv(
        path, index=False, sep="\t" if ending == "tsv" else ","
    )
    dataset, reading = opened(path)
    assert np.allclose(dataset.views[0], A) and labels_of(dataset) == NAMES.tolist() and not reading.questions
    assert understood(dataset, reading.told) == "1 view: 30 x 4; 3 classes."


def test_words_that_repeat_are_guessed_to_be_the_classes_and_asked_for(tmp_path: Path):
    frame(species=NAMES).to_csv(tmp_path / "iris.csv", index=False)
    dataset, reading = opened(tmp_path / "iris.csv")
    assert labels_of(dataset) == NAMES.tolist()
    assert [(q.name, q.options, q.answer) for q in reading.questions] == [("classes", ("none", "species"), "species")]
    dataset, _ = opened(tmp_path / "iris.csv", classes="none")
    assert dataset.labels is None


def test_a_column_y_is_a_coordinate_where_its_values_are_many(tmp_path: Path):
    pd.DataFrame({"x": A[:, 0], "y": A[:, 1], "z": A[:, 2], "label": NAMES}).to_csv(tmp_path / "a.csv", index=False)
    dataset, _ = opened(tmp_path / "a.csv")
    assert dataset.spec.views[0].shape == (3,) and labels_of(dataset) == NAMES.tolist()
    pd.DataFrame({"x": A[:, 0], "z": A[:, 1], "y": np.arange(N) % 3}).to_csv(tmp_path / "b.csv", index=False)
    assert opened(tmp_path / "b.csv")[0].spec.n_clusters == 3


def test_whole_numbers_beside_others_may_be_classes_and_are_no_feature_unless_somebody_says_so(tmp_path: Path):
    np.savetxt(tmp_path / "a.csv", np.c_[A, np.arange(N) % 3], delimiter=",")
    dataset, reading = opened(tmp_path / "a.csv")
    assert dataset.spec.views[0].shape == (4,) and reading.questions[0].options == ("none", "column 5")
    assert dataset.spec.n_clusters == 3 and reading.questions[0].answer == "column 5" and reading.open
    dataset, reading = opened(tmp_path / "a.csv", classes="none")
    assert dataset.spec.views[0].shape == (5,) and dataset.labels is None
    assert [question.name for question in reading.questions] == ["classes", "use of column 5"]


@pytest.mark.parametrize("column", [0, 4])
def test_whole_numbers_that_the_rows_are_sorted_by_are_guessed_to_be_the_classes(tmp_path: Path, column: int):
    np.savetxt(tmp_path / "a.csv", np.insert(A, column, np.arange(N) // 10, axis=1), delimiter=",")
    dataset, reading = opened(tmp_path / "a.csv")
    assert dataset.spec.views[0].shape == (4,) and dataset.spec.n_clusters == 3
    assert [question.answer for question in reading.questions] == [f"column {column + 1}"]
    assert opened(tmp_path / "a.csv", classes="none")[0].spec.views[0].shape == (5,)


def test_a_table_of_one_row_is_one_sample_whose_class_says_nothing(tmp_path: Path):
    (tmp_path / "a.csv").write_text("width,height,label\n1,2,cat\n")
    dataset, reading = opened(tmp_path / "a.csv")
    assert understood(dataset, reading.told) == "1 view: 1 x 2; no classes."


def test_a_column_that_a_counting_header_passes_over_is_guessed_to_be_the_classes(tmp_path: Path):
    table = np.c_[A, np.arange(N) % 2, np.arange(N) % 3]
    np.savetxt(tmp_path / "a.csv", table, delimiter=",", header="0,1,2,3,4,0", comments="")
    dataset, _ = opened(tmp_path / "a.csv")
    assert dataset.spec.views[0].shape == (5,) and dataset.spec.n_clusters == 3
    np.savetxt(tmp_path / "b.csv", table, delimiter=",", header="0,1,2,3,4,5", comments="")
    assert opened(tmp_path / "b.csv")[0].labels is None


def test_a_row_without_a_header_may_end_in_a_word(tmp_path: Path):
    (tmp_path / "a.csv").write_text("".join(f"{a},{b},{name}\n" for (a, b, *_), name in zip(A, NAMES, strict=True)))
    dataset, _ = opened(tmp_path / "a.csv")
    assert dataset.n_samples == N and labels_of(dataset) == NAMES.tolist()


def test_a_column_of_row_numbers_beside_counted_columns_is_the_ids(tmp_path: Path):
    pd.DataFrame(A).to_csv(tmp_path / "a.csv")
    assert np.allclose(opened(tmp_path / "a.csv")[0].views[0], A)


def test_columns_of_types_of_pandas_may_have_holes(tmp_path: Path):
    names, counts = [None, *NAMES[1:]], [None, *range(1, N)]
    table = frame(seen=[None, *[True, False] * (N // 2 - 1), True], count=counts, id=[f"s{i}" for i in range(N)])
    table = table.assign(caption=[None, *CAPTIONS[1:]], label=names).convert_dtypes()
    table = table.astype({"label": "string", "caption": "string"})
    table.to_parquet(tmp_path / "a.parquet")
    dataset, _ = opened(tmp_path / "a.parquet")
    assert dataset.texts is not None and dataset.texts.tolist() == ["", *CAPTIONS[1:]]
    assert dataset.views[0].shape == (N, 6) and labels_of(dataset.take(np.arange(1, N))) == NAMES[1:].tolist()
    assert dataset.labels is not None and dataset.labels[0] == -1
    assert dataset.views[0][1:4, 4:].tolist() == [[1, 1], [0, 2], [1, 3]]


def test_columns_that_are_empty_are_left_out_and_dates_are_no_captions(tmp_path: Path):
    when = pd.date_range("2024-01-01", periods=N)
    frame(nothing=None, label=NAMES, when=when).to_csv(tmp_path / "a.csv", index=False)
    frame(nothing=np.nan, label=NAMES, when=when).to_parquet(tmp_path / "a.parquet")
    for ending in ("csv", "parquet"):
        dataset, reading = opened(tmp_path / f"a.{ending}")
        assert dataset.views[0].shape == (N, 4) and dataset.texts is None
        assert list(map(str, reading.left_out)) == ["nothing (empty)", "when (dates or times)"]


def test_columns_named_after_views_are_views(tmp_path: Path):
    table = pd.DataFrame({f"img_{i}": A[:, i] for i in range(4)} | {f"txt_{i}": B[:, i] for i in range(3)})
    table.to_csv(tmp_path / "both.csv", index=False)
    dataset, reading = opened(tmp_path / "both.csv")
    assert [(view.name, view.shape) for view in dataset.spec.views] == [("img", (4,)), ("txt", (3,))]
    assert reading.questions[0].options == ("2 views", "1 view")
    dataset, _ = opened(tmp_path / "both.csv", views="1 view")
    assert dataset.spec.views[0].shape == (7,)


def test_lists_in_parquet_are_views_and_strings_captions(tmp_path: Path):
    table = pd.DataFrame({"img": list(A), "txt": list(B), "caption": CAPTIONS, "label": np.arange(N) % 3})
    table.to_parquet(tmp_path / "a.parquet")
    dataset, _ = opened(tmp_path / "a.parquet")
    assert np.allclose(dataset.views[0], A) and np.allclose(dataset.views[1], B) and dataset.texts is not None
    assert dataset.texts.tolist() == CAPTIONS and dataset.spec.n_clusters == 3
    assert dataset.take(np.array([2, 0])).texts.tolist() == [CAPTIONS[2], CAPTIONS[0]]  # type: ignore[union-attr]


def files_of_pictures(size: tuple[int, int] = (9, 9)) -> list[bytes]:
    """PNG files, each of one gray."""
    found = []
    for level in range(N):
        file = io.BytesIO()
        Image.new("L", size, 8 * level).save(file, "PNG")
        found.append(file.getvalue())
    return found


@pytest.mark.parametrize("nested", [False, True])
def test_pictures_in_a_column_of_parquet_are_a_view(tmp_path: Path, nested: bool, monkeypatch: pytest.MonkeyPatch):
    cells = [{"bytes": data, "path": f"{i}.png"} if nested else data for i, data in enumerate(files_of_pictures())]
    table = pd.DataFrame({"image": cells, "caption": CAPTIONS, "label": np.arange(N) % 3, "txt": list(B)})
    table.to_parquet(tmp_path / "a.parquet")
    dataset, reading = opened(tmp_path / "a.parquet")
    assert [(view.name, view.shape) for view in dataset.spec.views] == [("txt", (3,)), ("image", (1, 9, 9))]
    assert (dataset.views[1][:, 0, 0, 0] == 8 * np.arange(N)).all() and dataset.spec.n_clusters == 3
    assert dataset.texts is not None and dataset.texts.tolist() == CAPTIONS and not reading.questions
    monkeypatch.setattr(picture_columns.pictures, "decode", None)
    assert opened(tmp_path / "a.parquet")[0].views[1].shape == (N, 1, 9, 9), "decoded once"
    table[["image", "label"]].set_axis(["image", "0"], axis=1).to_parquet(tmp_path / "b.parquet")
    dataset, reading = opened(tmp_path / "b.parquet", classes="0")
    assert [q.answer for q in reading.questions] == ["0"] and dataset.spec.n_clusters == 3
    table[["image"]].to_parquet(tmp_path / "alone.parquet")
    assert understood(opened(tmp_path / "alone.parquet")[0]) == "30 gray images of 9 x 9; no classes."


def test_names_of_classes_beside_a_parquet_table_are_taken(tmp_path: Path):
    import json

    import pyarrow as pa
    from pyarrow import parquet

    kinds = {"label": {"names": ["cat", "dog", "owl"], "_type": "ClassLabel"}}
    about = {b"huggingface": json.dumps({"info": {"features": kinds}}).encode()}
    columns = {"image": [{"bytes": data, "path": None} for data in files_of_pictures()], "label": np.arange(N) % 3}
    parquet.write_table(pa.table(columns).replace_schema_metadata(about), tmp_path / "a.parquet")
    assert labels_of(opened(tmp_path / "a.parquet")[0]) == NAMES.tolist()
    for broken in (b"{", b"[]", b'{"info": {"features": {"label": {"names": 3, "_type": "ClassLabel"}}}}'):
        table = pa.table(columns).replace_schema_metadata({b"huggingface": broken})
        parquet.write_table(table, tmp_path / "b.parquet")
        assert opened(tmp_path / "b.parquet")[0].spec.classes == ("0", "1", "2")


def test_a_picture_in_parquet_that_is_damaged_or_missing_is_named(tmp_path: Path):
    for wrong in (None, b"", files_of_pictures()[3][:40]):
        cells = [*files_of_pictures()[:3], wrong, *files_of_pictures()[4:]]
        pd.DataFrame({"image": cells}).to_parquet(tmp_path / "a.parquet")
        dataset, reading = opened(tmp_path / "a.parquet")
        assert dataset.n_samples == N - 1 and reading.left_out[0].what == "4 of image"
        assert reading.left_out[0].reason.startswith("truncated or no picture")
        with pytest.raises(ValueError, match="pictures in image cannot be read: 4 of image is truncated"):
            opened(tmp_path / "a.parquet", **{"broken pictures": "read nothing"})
    pd.DataFrame({"blob": [b"no picture"] * N, "x": A[:, 0], "z": A[:, 1]}).to_parquet(tmp_path / "b.parquet")
    dataset, reading = opened(tmp_path / "b.parquet")
    assert dataset.spec.views[0].shape == (2,) and str(reading.left_out[0]) == "blob (neither numbers nor words)"


@pytest.mark.parametrize("separator", [",", "|", ";"])
def test_a_table_of_picture_names_and_captions_reads_the_pictures_beside_it(tmp_path: Path, separator: str):
    (tmp_path / "set" / "images").mkdir(parents=True)
    for i, data in enumerate(files_of_pictures()):
        (tmp_path / "set" / "images" / f"{i}.png").write_bytes(data)
    lines = [f"image_name{separator} comment_number{separator} comment"]
    lines += [f"{i}.png{separator} 0{separator} {'a gray square as bright as ' + str(i)}" for i in range(N)]
    (tmp_path / "set" / "results.csv").write_text("\n".join(lines))
    dataset, _ = opened(tmp_path / "set" / "results.csv")
    assert understood(dataset) == "30 gray images of 9 x 9; no classes; 30 captions."
    assert dataset.texts is not None
    for pixel, text in zip(dataset.views[0][:, 0, 0, 0].tolist(), dataset.texts, strict=True):
        assert text == f"a gray square as bright as {pixel // 8}"


def test_tables_are_joined_by_their_ids(tmp_path: Path):
    ids = [f"s{i}" for i in range(N)]
    frame(id=ids, label=NAMES).to_csv(tmp_path / "a.csv", index=False)
    order = RNG.permutation(N)[: N - 4]
    pd.DataFrame({"id": [ids[i] for i in order]} | {f"b{i}": B[order, i] for i in range(3)}).to_csv(
        tmp_path / "b.csv", index=False
    )
    dataset, reading = opened(tmp_path)
    kept = np.sort(order)
    assert np.allclose(dataset.views[0], A[kept]) and np.allclose(dataset.views[1], B[kept])
    assert labels_of(dataset) == NAMES[kept].tolist()
    assert reading.told[:2] == ["tables joined by id", "26 of 30 samples are in every table"]
    lacking, missing = dataset.partial, np.setdiff1d(np.arange(N), order)
    assert lacking is not None and not reading.left_out
    assert np.allclose(lacking.views[0], A[missing]) and lacking.present.tolist() == [[True, False]] * 4


def test_samples_that_the_table_of_classes_lacks_are_left_out(tmp_path: Path):
    ids = [f"s{i}" for i in range(N)]
    pd.DataFrame({"id": ids[2:], "label": NAMES[2:]} | {f"a{i}": A[2:, i] for i in range(3)}).to_csv(
        tmp_path / "a.csv", index=False
    )
    pd.DataFrame({"id": ids} | {f"b{i}": B[:, i] for i in range(3)}).to_csv(tmp_path / "b.csv", index=False)
    dataset, reading = opened(tmp_path)
    assert dataset.n_samples == N - 2 and dataset.partial is None
    assert str(reading.left_out[0]) == "2 samples (not in every table)"


def pictures(folder: Path) -> None:
    folder.mkdir(exist_ok=True, parents=True)
    for i in range(N):
        Image.new("RGB", (8, 8), (i, 2 * i, 3 * i)).save(folder / f"{i:02}.png")


@pytest.mark.parametrize("name", ["{:02}.png", "{:02}", "pics/{:02}.png", "./pics/{:02}.png"])
def test_a_table_of_pictures_and_captions(tmp_path: Path, name: str, home: Path):
    pictures(tmp_path / "set" / "pics")
    rows = {"image": [name.format(i) for i in range(N)], "caption": CAPTIONS, "label": NAMES}
    pd.DataFrame(rows if "." in name else rows | {"id": rows["image"]}).to_csv(
        tmp_path / "set" / "captions.csv", index=False
    )
    dataset = readers.read(tmp_path / "set")
    assert dataset.texts is not None and dataset.texts.tolist() == CAPTIONS and labels_of(dataset) == NAMES.tolist()
    assert understood(dataset) == "30 colour images of 8 x 8; 3 classes; 30 captions."
    if "." in name:
        assert readers.read(tmp_path / "set" / "captions.csv").views[0][3, :, 0, 0].tolist() == [3, 6, 9]


def test_a_table_alone_takes_the_pictures_that_it_names(tmp_path: Path, home: Path):
    pictures(tmp_path)
    (tmp_path / "some.csv").write_text("file,caption\n" + "".join(f"{i:02}.png,words for {i}\n" for i in (4, 7, 9)))
    dataset = readers.read(tmp_path / "some.csv")
    assert dataset.n_samples == 3 and dataset.texts is not None and dataset.texts[1] == "words for 7"
    (tmp_path / "lost.csv").write_text("file,caption\nnothing.png,words\nmore.png,words\n")
    with pytest.raises(ValueError, match="are not beside it; put them into the same folder"):
        readers.read(tmp_path / "lost.csv")


def test_a_text_file_beside_a_picture_is_its_caption(tmp_path: Path, home: Path):
    pictures(tmp_path / "set")
    (tmp_path / "set" / "03.txt").write_text("a dark\npicture\n")
    texts = readers.read(tmp_path / "set").texts
    assert texts is not None and texts[3] == "a dark picture" and texts[4] == ""
    (tmp_path / "set" / "03.txt").write_text("another")
    again = readers.read(tmp_path / "set").texts
    assert again is not None and again[3] == "another"


def test_a_parquet_that_is_read_in_pieces_is_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    rng = np.random.default_rng(0)
    table = pd.DataFrame({"label": list("ab") * 50, "emb": list(rng.normal(size=(100, 8))), "note": ["words"] * 100})
    table["count"] = np.where(np.arange(100) % 7, np.arange(100) * 0.5, np.nan)
    table["pixels"] = list(rng.integers(0, 256, (100, 9), np.uint8))
    table.to_parquet(tmp_path / "a.parquet", row_group_size=30)
    whole = readers.table.columns(tmp_path / "a.parquet", Reading()).frame
    monkeypatch.setattr(frames, "AT_ONCE_BYTES", 1)
    parted = readers.table.columns(tmp_path / "a.parquet", Reading()).frame
    assert list(whole.columns) == list(parted.columns) == list(table.columns)
    for name in table.columns:
        for one, other in zip(whole[name], parted[name], strict=True):
            assert np.array_equal(one, other, equal_nan=name == "count") and type(one) is type(other)


def test_words_in_the_last_rows_of_a_long_text_make_a_column_of_words(tmp_path: Path):
    rows = [f"{i % 7},{i * 0.5},{'ab'[i % 2]}" for i in range(150_000)]
    (tmp_path / "a.csv").write_text("\n".join(["code,value,kind", *rows, "x1,3.5,a"]))
    frame = readers.table.columns(tmp_path / "a.csv", Reading()).frame
    assert set(frame["code"]) == {*map(str, range(7)), "x1"}
