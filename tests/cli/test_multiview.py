"""`train` on files of several views: what is read, what is refused in one sentence, what is noted."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.io import savemat

from mmclust.cli.main import main
from mmclust.runs.store import RunStore

RNG = np.random.default_rng(0)
N = 90
LABELS = np.arange(N) % 3
A = (RNG.random((N, 6)) + LABELS[:, None]).astype(np.float64)
B = (RNG.random((N, 9)) - LABELS[:, None]).astype(np.float64)


def train(path: Path, *options: str, **variables: Any) -> int:
    savemat(path / "mine.mat", {"X1": A, "X2": B, "Y": LABELS} | variables)
    return main(
        ["train", "--dataset", str(path / "mine.mat"), "--method", "msdib", "--epochs", "1", "--json"]
        + ["--set", "batch_size=30", *options]
    )


def spoilt(view: np.ndarray, value: float) -> np.ndarray:
    view = view.copy()
    view[7, 2] = value
    return view


@pytest.mark.parametrize("steps", [(), ("--preprocess", "standard", "pca-4")])
def test_a_mat_file_is_trained_on_from_its_path(tmp_path: Path, capsys: Any, steps: tuple[str, ...]):
    assert train(tmp_path, *steps) == 0
    out, err = capsys.readouterr()
    result = json.loads(out.strip().splitlines()[-1])
    assert (result["n_samples"], result["n_clusters"], result["status"]) == (N, 3, "finished")
    assert 0 < result["metrics"]["acc"] <= 1 and "note:" not in err
    spec = RunStore().get(result["run_id"]).spec
    assert spec.preprocessing == ("standard", "pca-4") if steps else spec.preprocessing[-2:] == ("pca-100", "unit")


def test_clusters_that_nobody_knows_are_suggested_with_their_uncertainty(tmp_path: Path, capsys: Any):
    corners = 4 * np.eye(3)[LABELS]
    apart = {"X1": A + corners.repeat(2, axis=1), "X2": B + corners.repeat(3, axis=1)}
    assert train(tmp_path, "--clusters", "auto", "--preset", "paper", "--preprocess", "minmax", **apart) == 0
    lines = capsys.readouterr().out.strip().splitlines()
    assert any(line.startswith("3 clusters are suggested by evidence and stability") for line in lines)
    assert json.loads(lines[-1])["n_clusters"] == 3


def test_what_is_no_number_of_clusters_is_refused(tmp_path: Path, capsys: Any):
    assert train(tmp_path, "--clusters", "many") == 2
    assert "'many' is no number of clusters; give a whole number, auto or unknown" in capsys.readouterr().err


def test_a_constant_column_is_a_note_on_stderr_and_no_obstacle(tmp_path: Path, capsys: Any):
    constant = A.copy()
    constant[:, 3] = 5
    assert train(tmp_path, X1=constant) == 0
    out, err = capsys.readouterr()
    assert err.startswith("note: 1 of the 6 columns of view X1 are constant")
    assert json.loads(out.strip().splitlines()[-1])["status"] == "finished"


@pytest.mark.parametrize(
    ("options", "variables", "words"),
    [
        ((), {"X2": spoilt(B, np.nan)}, "view X2 of mine holds NaN or infinite values, first in sample 7"),
        ((), {"X1": spoilt(A, np.inf)}, "view X1 of mine holds NaN or infinite values, first in sample 7"),
        ((), {"X2": np.full((N, 4), 3.0)}, "view X2 of mine is 3 everywhere"),
        ((), {"X2": B[:-5]}, "differ in length (X1 90 x 6, X2 85 x 9; 90 labels)"),
        (("--clusters", "91"), {}, "clusters=91 exceeds the 90 samples"),
        (("--preprocess", "none"), {}, "view X2 of mine has negative features (down to -2), but values in [0, 1]"),
        (("--preprocess", "minmx"), {}, "did you mean minmax?"),
        (("--method", "dccs", "--set", "style_dim=10"), {}, "DCCS takes one image view"),
    ],
)
def test_what_cannot_be_trained_is_one_sentence_before_a_run_is_made(
    tmp_path: Path, capsys: Any, options: tuple[str, ...], variables: dict[str, Any], words: str
):
    assert train(tmp_path, *options, **variables) != 0
    err = capsys.readouterr().err
    assert words in err and err.count("\n") == 1
    assert RunStore().list(examples=False) == []


def test_one_view_alone_is_refused_by_a_method_of_several(tmp_path: Path, capsys: Any):
    savemat(tmp_path / "one.mat", {"fea": A, "gnd": LABELS})
    assert main(["train", "--dataset", str(tmp_path / "one.mat"), "--method", "msdib", "--epochs", "1"]) != 0
    err = capsys.readouterr().err
    assert "view" in err and err.count("\n") == 1
