"""What a file is understood to hold is said before training, answered or demanded, and kept with the run."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mmclust.cli.main import main
from mmclust.cli.train import _understood
from mmclust.data import catalogue
from mmclust.report import export
from mmclust.runs.store import RunStore
from tests.pages.test_pages import assert_clean, open_page, texts

N = 120
CLASSES = np.arange(N) % 2
PIXELS = np.random.default_rng(0).integers(0, 256, (N, 64)) // (1 + CLASSES[:, None])
OPTIONS = ("--method", "dccs", "--preset", "paper", "--epochs", "1", "--set", "style_dim=4", "encoder=auto")
ANSWERS = ("--answer", "classes=kind", "--answer", "pixels of x=images, row by row")


@pytest.fixture
def file(tmp_path: Path, home: Path) -> str:
    np.savez(tmp_path / "mine.npz", x=PIXELS, kind=CLASSES, remark=np.array(["a", "b", "c"]))
    return str(tmp_path / "mine.npz")


def train(*arguments: str) -> int:
    return main(["train", "--dataset", *arguments, *OPTIONS])


def test_training_says_what_is_understood_and_open_in_the_words_of_datasets(file: str, capsys: Any) -> None:
    assert main(["datasets", file]) == 0
    described = [line.partition("  would be:")[0] for line in capsys.readouterr().out.splitlines()]
    assert train(file) == 2, "a view of numbers alone is for no method"
    out, err = capsys.readouterr()
    assert out.splitlines() == [line for line in described if not line.startswith("note:")]
    assert "open: Which array holds the classes?" in out and "left out: remark" in out
    assert "--answer 'pixels of x=images, row by row'" in out
    assert err.count("\n") == 1


def test_strict_training_refuses_while_something_is_open(file: str, capsys: Any) -> None:
    assert train(file, "--strict", *ANSWERS[:2]) == 2
    err = capsys.readouterr().err
    assert "1 question is open, and --strict trains nothing before they are answered" in err
    assert "--answer 'pixels of x=numbers'" in err and err.count("\n") == 1
    assert RunStore().list(examples=False) == []


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--answer", "classes=colour"), "choose one of none, kind"),
        (("--answer", "colour=red"), "it asks for classes"),
        (("--answer", "classes"), "write --answer 'question=answer'"),
    ],
)
def test_answers_that_do_not_fit_are_one_sentence(
    file: str, capsys: Any, arguments: tuple[str, ...], words: str
) -> None:
    assert train(file, *arguments) == 2
    err = capsys.readouterr().err
    assert words in err and err.count("\n") == 1
    assert main(["train", "--dataset", "digits", "--answer", "classes=kind", *OPTIONS]) == 2
    assert "--answer belongs to a file, and digits is a known data set" in capsys.readouterr().err


def test_answers_travel_to_the_run_its_page_its_report_and_its_repetition(
    file: str, tmp_path: Path, capsys: Any
) -> None:
    assert train(file, "--strict", *ANSWERS) == 0
    out = capsys.readouterr().out
    assert out.startswith(f"{N} gray images of 8 x 8; 2 classes; left out: remark")
    assert "answered: Which array holds the classes?" in out and "\nopen:" not in out
    (record,) = RunStore().list(examples=False)
    run = RunStore().get(record.run_id)
    found = run.understanding()
    assert found is not None and found["understood"] == out.splitlines()[0]
    assert {one["name"]: (one["answer"], one["open"]) for one in found["questions"]} == {
        "classes": ("kind", False),
        "pixels of x": ("images, row by row", False),
    }
    app = open_page("train", run=run.id)
    assert_clean(app)
    assert [one.label for one in app.expander if one.label.startswith("Data as read")] == ["Data as read"]
    assert "remark" in texts(app) and "Taken as: **kind**" in texts(app)
    files = export.export(run, tmp_path / "out")
    kept = next(file for file in files if file.name == "understanding.json")
    assert json.loads(kept.read_text()) == found
    report = next(file for file in files if file.suffix == ".html").read_text()
    assert found["understood"] in report and "Which array holds the classes? They only ever score a result." in report
    assert main(["train", "--dataset", record.spec.dataset, *OPTIONS, "--strict"]) == 0, "the name carries the answers"


def test_a_guess_is_kept_as_a_guess(tmp_path: Path, home: Path, capsys: Any) -> None:
    images = np.random.default_rng(0).integers(0, 256, (N, 8, 8), np.uint8)
    np.savez(tmp_path / "mine.npz", images=images, sort=CLASSES)
    assert train(str(tmp_path / "mine.npz")) == 0
    (record,) = RunStore().list(examples=False)
    found = RunStore().get(record.run_id).understanding()
    assert found is not None and [one["open"] for one in found["questions"]] == [True]
    app = open_page("train", run=record.run_id)
    assert "Data as read (1 open question)" in [one.label for one in app.expander]
    assert ":orange-badge[open]" in texts(app)


def test_a_folder_named_like_a_known_data_set_is_read_where_its_path_is_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    (tmp_path / "digits").mkdir()
    np.savez(tmp_path / "digits" / "images.npz", images=np.arange(20 * 49, dtype=np.uint8).reshape(20, 7, 7))
    monkeypatch.chdir(tmp_path)
    assert _understood("digits", {}, strict=False) == "digits", "the known one"
    assert catalogue.load(_understood("./digits", {}, strict=False)).n_samples == 20
