"""Pictures found by words: towers that learn three colours here find those of each colour."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from mmclust.data import catalogue, uploads
from mmclust.data.dataset import DataSpec, MultiViewDataset, ViewSpec, WordSpace
from mmclust.features import phrases
from mmclust.features.extract import Wanted, extract
from mmclust.features.extractors import find
from tests.optional import optional

from .test_towers import TINY

COLOURS = ("red", "green", "blue")


@pytest.fixture(scope="module")
def photographs() -> MultiViewDataset:
    """Sixty pictures of three colours."""
    random, kinds = np.random.default_rng(0), np.arange(60) % 3
    pictures = random.integers(0, 60, (60, 3, 32, 32), np.uint8)
    pictures[np.arange(60), kinds] += 150
    spec = DataSpec(
        name="photos", views=(ViewSpec(name="photo", kind="image", shape=(3, 32, 32)),), n_clusters=3, classes=COLOURS
    )
    return MultiViewDataset(spec=spec, views=(pictures,), labels=kinds)


def taught(data: MultiViewDataset, folder: Path) -> Path:
    """Weights of a tiny pair of towers that know the colours of these pictures by name."""
    open_clip = optional("open_clip")
    (folder / "tiny-clip.json").write_text(json.dumps(TINY))
    open_clip.add_model_config(folder)
    torch.manual_seed(0)
    model = open_clip.create_model("tiny-clip", load_weights=False)
    tokens = open_clip.get_tokenizer("tiny-clip")([f"a {colour} thing" for colour in COLOURS])
    mean, std = (torch.tensor(x).view(1, 3, 1, 1) for x in (model.visual.image_mean, model.visual.image_std))
    images = (torch.from_numpy(data.views[0]) / 255 - mean) / std
    optimizer = torch.optim.Adam(model.parameters(), 2e-3)
    for _ in range(40):
        scores = 10 * model.encode_image(images, normalize=True) @ model.encode_text(tokens, normalize=True).T
        loss = torch.nn.functional.cross_entropy(scores, torch.from_numpy(np.asarray(data.labels)))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    torch.save(model.state_dict(), folder / "tiny.pth")
    return folder / "tiny.pth"


@pytest.mark.slow
def test_pictures_are_found_by_words_also_after_they_were_kept(
    photographs: MultiViewDataset, home: Path, tmp_path: Path
):
    weights = taught(photographs, tmp_path)
    wanted = Wanted(extractor="clip:tiny-clip/none", weights=str(weights), steps=("minmax", "pca-3"))
    found, _ = extract(photographs, [wanted])
    name = uploads.keep(found, uploads.About(title="Photos"))
    kept = catalogue.load(name)
    for data in (found, kept, kept.take(np.arange(59, -1, -1))):
        assert data.views[0].shape[1] == 3, "methods see the reduced features"
        for colour, word in enumerate(COLOURS):
            near = phrases.similarities(data, f"  a {word}   thing ")
            assert near.shape == (60,) and np.abs(near).max() <= 1.01
            assert (np.asarray(data.labels)[np.argsort(-near)[:20]] == colour).all()


def test_what_cannot_be_found_is_said_in_a_sentence(photographs: MultiViewDataset, monkeypatch: pytest.MonkeyPatch):
    with pytest.raises(ValueError, match="photos were not described by a network that also reads words; compute"):
        phrases.similarities(photographs, "red")
    codes = np.ones((60, 4), np.float16)
    data = MultiViewDataset(
        spec=photographs.spec,
        views=photographs.views,
        word_space=WordSpace(codes=codes, extractor="cliptext:x/y", weights="random"),
    )
    with pytest.raises(ValueError, match="the phrase has 0 letters; give 1 to 300"):
        phrases.similarities(data, "  ")
    monkeypatch.setattr(phrases, "_described", lambda *about: np.ones(5, np.float32))
    with pytest.raises(ValueError, match="describes a phrase by 5 numbers and pictures have 4"):
        phrases.similarities(data, "red")


def test_only_networks_with_a_text_network_make_such_a_space():
    codes = np.array([[3.0, 4.0], [0.0, 0.0]], np.float32)
    assert phrases.space_of(find("timm:vit_tiny"), "", codes) is None
    assert phrases.space_of(find("cliptext:M/t"), "", codes) is None
    space = phrases.space_of(find("clip:M/t"), "download", codes)
    assert space is not None and (space.extractor, space.weights) == ("cliptext:M/t", "download")
    np.testing.assert_allclose(space.codes, [[0.6, 0.8], [0, 0]], atol=1e-3)
