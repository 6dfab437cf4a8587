import importlib
import importlib.util
import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from mmclust.cli.main import main
from mmclust.data import catalogue

N = 60
COLOURS, WORDS = [(220, 30, 30), (30, 220, 30), (30, 30, 220)], ["a red rose", "green grass", "the blue sea"]


@pytest.fixture
def folder(tmp_path: Path, home: Path) -> str:
    """Pictures of three colours, each with a caption beside it."""
    random = np.random.default_rng(0)
    for number in range(N):
        place = tmp_path / "things" / f"kind {number % 3}"
        place.mkdir(parents=True, exist_ok=True)
        pixels = np.clip(random.integers(-30, 30, (24, 24, 3)) + COLOURS[number % 3], 0, 255).astype(np.uint8)
        Image.fromarray(pixels).save(place / f"{number}.png")
        (place / f"{number}.txt").write_text(f"{WORDS[number % 3]}, number {number}")
    return str(tmp_path / "things")


def last_json(capsys: Any) -> dict[str, Any]:
    return json.loads(capsys.readouterr().out.strip().splitlines()[-1])


def test_without_a_data_set_the_features_are_listed(capsys: Any) -> None:
    assert main(["features"]) == 0
    assert "The 4096 activations before the last layer of VGG-16" in capsys.readouterr().out
    assert main(["features", "--json"]) == 0
    known = {one["name"]: one for one in last_json(capsys)["features"]}
    assert known["sentences"]["of"] == "text" and known["vgg16"]["has_weights"] and not known["hog"]["has_weights"]


def test_a_captioned_folder_becomes_two_views_that_are_kept_and_trained_on(folder: str, capsys: Any) -> None:
    options = ["--extract", "colours", "tfidf", "--preprocess", "minmax", "pca-5"]
    assert main(["features", folder, *options, "--keep", "Told things"]) == 0
    out = capsys.readouterr().out
    assert "50 %" in out and "VARIANCE KEPT" in out and "--dataset own/local/told-things --method msdib" in out
    assert main(["features", folder, *options, "--json"]) == 0
    made = last_json(capsys)["views"]
    assert [(one["name"], one["n_raw"], one["n_columns"]) for one in made][0] == ("Colour histogram", 64, 5)
    assert all(0 < one["explained"] <= 1 for one in made)
    assert (
        main(
            [
                "train",
                "--dataset",
                "told-things",
                "--method",
                "msdib",
                "--epochs",
                "2",
                "--set",
                "batch_size=30",
                "--json",
            ]
        )
        == 0
    )
    assert last_json(capsys)["metrics"] is not None
    kept = catalogue.load("told-things")
    assert kept.texts is not None and kept.pictures is not None and kept.pictures.shape == (N, 3, 24, 24)


def test_views_are_written_to_a_file_that_holds_classes_and_captions(folder: str, tmp_path: Path, capsys: Any) -> None:
    target = tmp_path / "views.npz"
    assert (
        main(["features", folder, "--extract", "hog", "lbp", "--preprocess", "none", "--out", str(target), "--json"])
        == 0
    )
    assert last_json(capsys)["out"] == str(target)
    found = catalogue.load(str(target))
    assert [view.shape for view in found.spec.views] == [(324,), (112,)] and found.spec.classes[0] == "kind 0"
    assert found.texts is not None and found.labels is not None
    assert all(WORDS[label] in text for label, text in zip(found.labels, found.texts, strict=True))


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ([], "no features are chosen"),
        (["--extract", "hug"], "choose one of vgg16"),
        (["--extract", "hog@left"], "choose one of image"),
        (["--extract", "hog", "--preprocess", "pca"], "step 'pca' is not known"),
        (["--extract", "hog", "--out", "features.csv"], "does not end in .npz"),
        (["--extract", "resnet18", "--weights", "random", "nowhere.pth"], "contradict each other"),
        (["--extract", "resnet18", "--weights", "nowhere.pth"], "is no file of weights"),
        (["--extract", "resnet18"], "ask for them with the weights download"),
        (["--extract", "resnet18", "--px", "5"], "give 32 to 1024"),
        (["--extract", "hog", "--limit", "1"], "leaves nothing to cluster"),
    ],
)
def test_what_cannot_be_computed_is_one_sentence(folder: str, capsys: Any, options: list[str], words: str) -> None:
    assert main(["features", folder, *options]) == 2
    err = capsys.readouterr().err
    assert words in err and err.count("\n") == 1


@pytest.mark.slow
def test_networks_take_random_weights_or_those_of_a_file_each(folder: str, tmp_path: Path, capsys: Any) -> None:
    import torch
    import torchvision

    torch.manual_seed(1)
    torch.save(torchvision.models.get_model("resnet18", weights=None).state_dict(), tmp_path / "own.pth")
    options = ["--extract", "resnet18", "mobilenet-v3-small", "--px", "32", "--preprocess", "pca-4", "--json"]

    def views(*weights: str) -> list[dict[str, Any]]:
        assert main(["features", folder, *options, "--weights", *weights]) == 0
        return last_json(capsys)["views"]

    drawn, mixed = views("random"), views("random", f"resnet18={tmp_path / 'own.pth'}")
    assert [one["n_raw"] for one in drawn] == [512, 1024]
    assert drawn[0]["explained"] != mixed[0]["explained"] and drawn[1] == mixed[1]


def tiny_encoder(place: Path) -> Path:
    """A sentence encoder with the layout of the published ones, small and untrained: BERT, then the mean of words."""
    if importlib.util.find_spec("sentence_transformers") is None:
        reason = "sentence-transformers is not installed; pip install -r requirements-text.txt"
        pytest.fail(reason) if os.environ.get("MMCLUST_REQUIRE_TEXT") == "1" else pytest.skip(reason)
    import sentence_transformers
    import torch

    transformers: Any = importlib.import_module("transformers")  # its names are made when they are asked for

    words = sorted({word for text in WORDS for word in text.replace(",", " ").split()})
    vocabulary = [
        "[PAD]",
        "[UNK]",
        "[CLS]",
        "[SEP]",
        "[MASK]",
        ",",
        *words,
        *"0123456789",
        *(f"##{i}" for i in range(10)),
    ]
    (place / "bert").mkdir(parents=True)
    (place / "bert" / "vocab.txt").write_text("\n".join(vocabulary))
    tokenizer = transformers.BertTokenizerFast(vocab_file=str(place / "bert" / "vocab.txt"))
    tokenizer.save_pretrained(place / "bert")
    torch.manual_seed(0)
    small = transformers.BertConfig(
        vocab_size=len(vocabulary), hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=32
    )
    transformers.BertModel(small).save_pretrained(place / "bert")
    sentence_transformers.SentenceTransformer(str(place / "bert"), device="cpu").save(str(place / "encoder"))
    return place / "encoder"


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # of four libraries while the model is made
def test_a_sentence_encoder_of_a_folder_describes_captions(folder: str, tmp_path: Path, capsys: Any) -> None:
    encoder = tiny_encoder(tmp_path / "model")
    options = ["--extract", "colours", "sentences", "--preprocess", "none", "--keep", "Told", "--json"]
    assert main(["features", folder, *options, "--weights", f"sentences={encoder}"]) == 0
    assert [(one["name"], one["n_raw"]) for one in last_json(capsys)["views"]][1] == ("Sentence encoder", 16)
    kept = catalogue.load("told")
    told, labels = kept.views[1], kept.labels
    assert labels is not None
    unit = told / np.linalg.norm(told, axis=1, keepdims=True)
    alike, same = unit @ unit.T, labels[:, None] == labels
    assert alike[same].mean() > alike[~same].mean(), "captions of the same words lie closer together"
    assert main(["features", folder, *options, "--weights", str(tmp_path / "nowhere")]) == 2
    assert "could not be loaded" in capsys.readouterr().err
