"""Data sets smaller than the batch of the presets: every method trains on them, or says what it needs."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.io

from mmclust.cli.main import main
from mmclust.data import catalogue
from mmclust.methods import METHODS, card
from mmclust.runs.store import RunStore
from mmclust.specs import build_spec, look


def write(folder: Path, n_samples: int, *, several: bool, n_test: int = 0) -> str:
    """Samples of three classes that are easily told apart, the last `n_test` of them to test on."""
    random, labels = np.random.default_rng(0), np.arange(n_samples) % 3
    arrays: dict[str, Any] = {"labels": labels}
    if n_test:
        arrays["split"] = (np.arange(n_samples) >= n_samples - n_test).astype(np.uint8)
    if several:
        arrays |= {f"X{view}": random.random((3, 6))[labels] + random.random((n_samples, 6)) / 9 for view in (1, 2)}
    else:
        arrays["images"] = (random.integers(0, 250, (3, 28, 28))[labels] + labels[:, None, None]).astype(np.uint8)
    np.savez(folder / "few.npz", allow_pickle=False, **arrays)
    return str(folder / "few.npz")


@pytest.mark.parametrize("method", METHODS)
def test_few_samples_are_one_batch_and_train(method: str, tmp_path: Path, capsys: Any) -> None:
    file = write(tmp_path, 40, several=card(method).several_views)
    assert main(["train", "--dataset", file, "--method", method, "--preset", "paper", "--epochs", "2", "--json"]) == 0
    told = capsys.readouterr()
    assert "note: There are 40 samples to train on, fewer than the preset's batch of" in told.err
    result = json.loads(told.out.strip().splitlines()[-1])
    run = RunStore().get(result["run_id"])
    assert run.spec.config["batch_size"] == 40 and run.record().step == 2, "a step an epoch"


@pytest.mark.parametrize(("method", "n_train"), [("imc-swav", 30), ("dccs", 40)])
def test_of_data_with_a_split_those_to_train_on_are_one_batch(
    method: str, n_train: int, tmp_path: Path, capsys: Any
) -> None:
    file = write(tmp_path, 40, several=False, n_test=10)
    assert main(["train", "--dataset", file, "--method", method, "--preset", "paper", "--epochs", "2", "--json"]) == 0
    told = capsys.readouterr()
    assert f"note: There are {n_train} samples to train on, fewer than the preset's batch of" in told.err
    run = RunStore().get(json.loads(told.out.strip().splitlines()[-1])["run_id"])
    assert run.spec.config["batch_size"] == n_train and run.record().step == 2


def test_a_batch_larger_than_the_part_to_train_on_is_refused_before_a_run_is_stored(
    tmp_path: Path, capsys: Any
) -> None:
    file = write(tmp_path, 40, several=False, n_test=10)
    assert main(["train", "--dataset", file, "--method", "imc-swav", "--set", "batch_size=32"]) == 2
    assert "batch_size=32 exceeds the 30 samples to train on" in capsys.readouterr().err
    file = write(tmp_path, 40, several=False, n_test=30)
    assert main(["train", "--dataset", file, "--method", "imc-swav"]) == 2
    assert "few.npz has 10 samples to train on, and IMC-SwAV needs 16 or more" in capsys.readouterr().err
    assert RunStore().list(examples=False) == []


def test_the_number_of_samples_of_a_users_own_file_decides_not_the_papers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    random, labels = np.random.default_rng(0), np.arange(40) % 3
    views = {f"X{view}": random.random((40, 100)) for view in (1, 2, 3)}
    scipy.io.savemat(tmp_path / "Unige-Maastricht.mat", views | {"Y": labels[:, None] + 1})
    monkeypatch.setenv("MMCLUST_DATA", str(tmp_path))
    assert build_spec("unige-maastricht", "dmid-uic").config["batch_size"] == 40
    spec = build_spec("unige-maastricht", "dmid-uic", preset="paper")
    assert spec.config["batch_size"] == 40
    assert any("There are 40 samples to train on" in note for note in look(spec))


def test_unlabelled_samples_count_where_a_method_trains_on_them(monkeypatch: pytest.MonkeyPatch) -> None:
    digits, usual = catalogue.load("digits"), card("imc-swav").resolve("digits", "quick", {})["batch_size"]
    more = replace(digits, unlabelled=(np.concatenate([digits.views[0]] * 5),))
    monkeypatch.setattr(catalogue, "_load_entry", lambda *_: more)
    assert build_spec("digits", "imc-swav", limit=usual // 2).config["batch_size"] == usual
    assert build_spec("digits", "dccs", limit=20, clusters=2).config["batch_size"] == 20


@pytest.mark.parametrize("method", METHODS)
def test_fewer_samples_than_the_smallest_batch_are_one_sentence(method: str, tmp_path: Path, capsys: Any) -> None:
    about = card(method)
    file = write(tmp_path, 9, several=about.several_views)
    smallest = next(
        hyperparameter.low for hyperparameter in about.hyperparameters if hyperparameter.name == "batch_size"
    )
    code = main(["train", "--dataset", file, "--method", method, "--epochs", "1"])
    err = capsys.readouterr().err
    if smallest:
        assert code == 2 and err.strip() == (
            f"few.npz has 9 samples to train on, and {about.title} needs {smallest:g} or more for a batch; add samples"
        )
        assert RunStore().list(examples=False) == []
    else:
        assert code == 0


def test_a_batch_that_the_user_asks_for_is_left_alone(tmp_path: Path) -> None:
    file = write(tmp_path, 40, several=False)
    assert build_spec(file, "dccs", changes={"batch_size": 32}).config["batch_size"] == 32
    with pytest.raises(ValueError, match="batch_size=128 exceeds the 40 samples to train on; lower batch_size to 40"):
        look(build_spec(file, "dccs", changes={"batch_size": 128}))
    assert (
        build_spec("digits", "dccs").config["batch_size"] == card("dccs").resolve("digits", "quick", {})["batch_size"]
    )
    assert build_spec("digits", "dccs", limit=20, clusters=2).config["batch_size"] == 20
