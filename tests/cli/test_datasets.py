import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mmclust.cli.main import main

N = 200
CLASSES = np.arange(N) % 2
PIXELS = np.random.default_rng(0).integers(0, 256, (N, 64)) // (1 + CLASSES[:, None])


@pytest.fixture
def file(tmp_path: Path, home: Path) -> str:
    np.savez(tmp_path / "mine.npz", x=PIXELS, kind=CLASSES)
    return str(tmp_path / "mine.npz")


def last_json(capsys: Any) -> dict[str, Any]:
    return json.loads(capsys.readouterr().out.strip().splitlines()[-1])


def test_a_file_is_described_with_what_it_leaves_open(file: str, capsys: Any) -> None:
    assert main(["datasets", file]) == 0
    out = capsys.readouterr().out
    assert out.startswith("1 view: 200 x 64; 2 classes.\n")
    assert "--answer 'classes=none'" in out and "--answer 'pixels of x=images, row by row'" in out


def test_a_file_is_kept_as_answered_and_trains_by_its_name(file: str, capsys: Any) -> None:
    answers = ["--answer", "classes=kind", "pixels of x=images, row by row"]
    assert main(["datasets", file, *answers, "--keep", "My digits", "--json"]) == 0
    kept = last_json(capsys)
    assert kept["name"] == "own/local/my-digits" and kept["n_clusters"] == 2
    assert kept["understood"] == "200 gray images of 8 x 8; 2 classes."
    assert main(["datasets", "--json"]) == 0
    assert kept["name"] in [entry["name"] for entry in last_json(capsys)["datasets"]]
    options = ["--method", "dccs", "--epochs", "1", "--set", "style_dim=10", "encoder=auto", "--json"]
    assert main(["train", "--dataset", "my-digits", *options]) == 0
    result = last_json(capsys)
    assert result["dataset"] == kept["name"] and result["metrics"] is not None
    assert main(["datasets", "--delete", "my-digits"]) == 0
    assert "deleted own/local/my-digits" in capsys.readouterr().out
    assert main(["train", "--dataset", "my-digits", *options]) == 2


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--answer", "classes"], "write --answer 'question=answer'"),
        (["--answer", "colour=red"], "it asks for classes"),
        (["--answer", "classes=x"], "choose one of none, kind"),
        (["--keep", " "], "has no title"),
    ],
)
def test_what_is_answered_wrongly_is_one_sentence(file: str, capsys: Any, options: list[str], words: str) -> None:
    assert main(["datasets", file, *options]) == 2
    err = capsys.readouterr().err
    assert words in err and err.count("\n") == 1


def test_only_what_is_there_can_be_read_kept_and_deleted(home: Path, capsys: Any) -> None:
    for options in (["nothing.npz"], ["--keep", "x"], ["--delete", "digits"]):
        assert main(["datasets", *options]) == 2
        assert capsys.readouterr().err.count("\n") == 1
