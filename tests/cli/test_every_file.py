"""Every file of the data folder, by its path alone: it opens, it is described in a sentence, and it trains."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mmclust.cli.main import main

pytestmark = pytest.mark.slow

FILES = {
    "mnist.npz": ("dccs", "70,000 gray images of 28 x 28; 10 classes; 60,000 to train on and 10,000 to test."),
    "fashion_mnist.npz": ("dccs", "70,000 gray images of 28 x 28; 10 classes; 60,000 to train on and 10,000 to test."),
    "usps.npz": ("dccs", "9,298 gray images of 16 x 16; 10 classes; 7,291 to train on and 2,007 to test."),
    "cifar10_jpeg.tar.gz": (
        "dccs",
        "60,000 colour images of 32 x 32; 10 classes; 50,000 to train on and 10,000 to test.",
    ),
    "Wiki_fea.mat": ("dmim", "2 views: 2,866 x 128, 2,866 x 10; 10 classes; classes numbered from 1."),
    "caltech-2v": ("msdib", "2 views: 1,400 x 40, 1,400 x 254; 7 classes."),
    "mfeat": (
        "dmid-uic",
        "6 views: 2,000 x 216, 2,000 x 76, 2,000 x 64, 2,000 x 6, 2,000 x 240, 2,000 x 47; 10 classes.",
    ),
    "fashion_3view_pairs.npz": (
        "dmid-uic",
        "3 views: 10,000 gray images of 28 x 28, 10,000 gray images of 28 x 28, 10,000 gray images of 28 x 28; "
        "10 classes.",
    ),
    "mnist_usps": ("dmim", "2 views: 5,000 x 784, 5,000 x 784; 10 classes."),
    "mnist_usps/MNIST_USPS.mat": ("dmim", "2 views: 5,000 x 784, 5,000 x 784; 10 classes."),
    "mnist_usps/2V_MNIST_USPS.zip": (
        "dmid-uic",
        "2 views: 5,000 gray images of 28 x 28, 5,000 gray images of 28 x 28; 10 classes.",
    ),
}
"""Path -> a method that fits, and what is understood."""
PARTS = {
    "caltech-2v/view1.mat": "1 view: 1,400 x 40; no classes.",
    "caltech-2v/view2.mat": "1 view: 1,400 x 254; no classes.",
    "mfeat/mfeat-fac.csv": "1 view: 2,000 x 216; 10 classes.",
    "mfeat/mfeat-fou.csv": "1 view: 2,000 x 76; 10 classes.",
    "mfeat/mfeat-kar.csv": "1 view: 2,000 x 64; 10 classes.",
    "mfeat/mfeat-mor.csv": "1 view: 2,000 x 6; 10 classes.",
    "mfeat/mfeat-pix.csv": "1 view: 2,000 x 240; 10 classes.",
    "mfeat/mfeat-zer.csv": "1 view: 2,000 x 47; 10 classes.",
}
"""One view of numbers of a set of several: it opens, but all methods compare views or take images."""


def described(path: Path, capsys: Any) -> str:
    assert main(["datasets", str(path), "--json"]) == 0
    return json.loads(capsys.readouterr().out.strip().splitlines()[-1])["understood"]


@pytest.mark.parametrize("name", FILES)
def test_a_file_opens_by_its_path_and_trains(name: str, require_data: Callable[[str], Path], capsys: Any) -> None:
    path, (method, understood) = require_data(name), FILES[name]
    assert described(path, capsys) == understood
    options = ["--method", method, "--epochs", "1", "--limit", "300", "--json"]
    assert main(["train", "--dataset", str(path), *options]) == 0
    result = json.loads(capsys.readouterr().out.strip().splitlines()[-1])
    assert (result["status"], result["n_samples"], result["dataset"]) == ("finished", 300, str(path))
    assert 0 < result["metrics"]["acc"] <= 1


@pytest.mark.parametrize("name", PARTS)
def test_one_view_of_a_set_opens_and_the_methods_ask_for_the_others(
    name: str, require_data: Callable[[str], Path], capsys: Any
) -> None:
    path = require_data(name)
    assert described(path, capsys) == PARTS[name]
    assert main(["train", "--dataset", str(path), "--method", "msdib", "--epochs", "1", "--clusters", "5"]) == 2
    err = capsys.readouterr().err
    assert "two or more views" in err and err.count("\n") == 1


def test_a_file_of_labels_alone_says_where_the_views_are_looked_for(
    require_data: Callable[[str], Path], capsys: Any
) -> None:
    assert main(["datasets", str(require_data("caltech-2v/L.mat"))]) == 2
    assert "1,400 labels and no view; give the folder" in capsys.readouterr().err


def test_no_file_of_the_folder_is_forgotten(require_data: Callable[[str], Path]) -> None:
    folder = require_data(".")
    files = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    of_folders = {name for name in files if "/" in name and name.rpartition("/")[0] in FILES}
    assert files - set(FILES) - set(PARTS) - of_folders <= {"README.md"}
