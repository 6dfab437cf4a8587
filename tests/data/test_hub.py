from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from mmclust.cli.main import main
from mmclust.data import catalogue
from mmclust.specs import build_spec
from tests.optional import optional

datasets: Any = optional("datasets")


@pytest.fixture
def saved(tmp_path: Path) -> str:
    """Eight pictures, gray, of which one is larger, with numbers, captions and two kinds of classes, in two parts."""
    rows = [
        {"picture": Image.fromarray(np.full((9 if i else 18, 8 if i else 16), 30 * i, np.uint8)), "code": [i, 0.5]}
        | {"width": float(i), "kind": i % 2, "shade": i % 3, "words": f"number {i}"}
        for i in range(8)
    ]
    features = datasets.Features(
        picture=datasets.Image(),
        code=datasets.List(datasets.Value("float32")),
        width=datasets.Value("float64"),
        kind=datasets.ClassLabel(names=["even", "odd"]),
        shade=datasets.ClassLabel(names=["a", "b", "c"]),
        words=datasets.Value("string"),
    )
    whole = datasets.Dataset.from_list(rows, features=features)
    parts = {"test": whole.select(range(5, 8)), "train": whole.select(range(5))}
    datasets.DatasetDict(parts).save_to_disk(str(tmp_path / "set"))
    return f"hf:{tmp_path / 'set'}"


def test_declared_types_say_what_the_columns_are(saved: str):
    data = catalogue.load(f"{saved}@kind")
    assert [(view.name, view.shape) for view in data.spec.views] == [
        ("picture", (1, 9, 8)),
        ("code", (2,)),
        ("numbers", (1,)),
    ]
    assert data.views[0][3].max() == 90 and data.views[1][7].tolist() == [7, 0.5]
    assert data.labels is not None and data.labels.tolist() == [0, 1] * 4 and data.spec.classes == ("even", "odd")
    assert data.split is not None and data.split.tolist() == [0] * 5 + [1] * 3
    assert data.texts is not None and data.texts[7] == "number 7"
    assert build_spec(f"{saved}@kind", "dmim", preset="paper").dataset == f"{saved}@kind"


def test_several_kinds_of_classes_are_asked_about(saved: str):
    with pytest.raises(ValueError, match="has the class labels kind, shade; say which, such as hf:.*@kind"):
        catalogue.load(saved)
    with pytest.raises(ValueError, match="colour is no class label; choose one of kind, shade"):
        catalogue.load(f"{saved}@colour")


def test_what_cannot_be_clustered_or_found_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    datasets.Dataset.from_dict({"words": ["a", "b"]}).save_to_disk(str(tmp_path / "words"))
    with pytest.raises(ValueError, match=r"neither images nor numbers of one size to cluster, but words \(Value\)"):
        catalogue.load(f"hf:{tmp_path / 'words'}")
    monkeypatch.setattr(datasets, "load_dataset", lambda place, cache_dir: 1 / 0)
    with pytest.raises(
        ValueError, match=r"hf:nobody/nothing could not be fetched \(division by zero\); give hf:owner/name"
    ):
        catalogue.download("hf:nobody/nothing")


def test_only_a_download_that_was_asked_for_uses_the_internet(saved: str, home: Path, monkeypatch: pytest.MonkeyPatch):
    asked: list[str] = []

    def load_dataset(place: str, cache_dir: str) -> Any:
        asked.append(place)
        return datasets.load_from_disk(saved.removeprefix("hf:"))

    monkeypatch.setattr(datasets, "load_dataset", load_dataset)
    name = "hf:owner/some.set@kind"
    for read in (catalogue.load, catalogue.describe, lambda name: build_spec(name, "dmim", preset="paper")):
        with pytest.raises(
            catalogue.DataUnavailable, match=r"hf:owner/some\.set@kind is not here yet; fetch it once with"
        ):
            read(name)
    assert main(["train", "--dataset", name, "--method", "dmim"]) == 1 and not asked
    assert catalogue.load(name, download=True).n_samples == 8 and asked == ["owner/some.set"]
    assert [path.name for path in (home / "data" / "hub").iterdir()] == ["owner--some.set"]
    assert catalogue.load("hf:owner/some.set@shade", download=True).spec.n_clusters == 3 and len(asked) == 1


@pytest.mark.parametrize(
    "name", ["hf:..", "hf:../..", "hf:a/../b", "hf:/nowhere", "hf:a/b/c", "hf:", "hf:~nobody/x", "hf:" + "a" * 300]
)
def test_what_is_no_name_is_neither_fetched_nor_a_place_in_the_home(name: str, home: Path):
    (home / "data" / "hub").mkdir(parents=True)
    with pytest.raises(ValueError, match="is not here yet|could not be read"):
        catalogue.load(name)
    with pytest.raises(ValueError, match="is no name of a data set of Hugging Face|could not be read"):
        catalogue.load(name, download=True)


def test_a_run_remembers_the_whole_path_of_a_folder(saved: str, monkeypatch: pytest.MonkeyPatch):
    folder = Path(saved.removeprefix("hf:"))
    monkeypatch.chdir(folder.parent)
    assert build_spec("hf:./set@kind", "dmim", preset="paper").dataset == f"hf:{folder.resolve()}@kind"


def test_a_folder_that_was_written_again_is_read_again(tmp_path: Path):
    for n in (3, 4):
        datasets.Dataset.from_dict({"x": np.eye(n).tolist()}).save_to_disk(str(tmp_path / "set"))
        assert catalogue.load(f"hf:{tmp_path / 'set'}").n_samples == n
