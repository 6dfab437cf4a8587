import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from mmclust.cli.main import main
from mmclust.data.dataset import DataSpec, MultiViewDataset, ViewSpec
from mmclust.features import towers
from mmclust.features.extract import Wanted, estimate, extract
from mmclust.features.extractors import EXTRACTORS, Options, find
from mmclust.runs.store import RunStore
from tests.optional import optional

TINY = {
    "embed_dim": 16,
    "vision_cfg": {"image_size": 32, "layers": 1, "width": 64, "patch_size": 16},
    "text_cfg": {"context_length": 16, "vocab_size": 49408, "width": 64, "heads": 2, "layers": 1},
}


@pytest.fixture(scope="module")
def photographs() -> MultiViewDataset:
    """Sixty coloured pictures of three kinds, with captions."""
    random = np.random.default_rng(0)
    kinds = np.arange(60) % 3
    pictures = random.integers(0, 60, (60, 3, 40, 40), np.uint8)
    pictures[np.arange(60), kinds] += 150
    view = ViewSpec(name="photo", kind="image", shape=(3, 40, 40))
    texts = np.array([f"a {('red', 'green', 'blue')[kind]} thing" for kind in kinds], object)
    spec = DataSpec(name="photos", views=(view,), n_clusters=3, classes=("r", "g", "b"))
    return MultiViewDataset(spec=spec, views=(pictures,), labels=kinds, texts=texts)


@pytest.fixture
def no_internet(monkeypatch: pytest.MonkeyPatch):
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("something is fetched")

    monkeypatch.setattr("socket.socket.connect", refuse)


def test_full_names_find_any_network():
    assert find("timm:vit_tiny").model == "vit_tiny"
    assert (find("cliptext:M/t").of, find("clip:M/t").package) == ("text", "open_clip")
    assert EXTRACTORS["dinov2_small"].n_columns == 384
    with pytest.raises(ValueError, match="or a network by timm:NAME"):
        find("dino")


@pytest.mark.slow
def test_two_networks_of_timm_make_two_views(photographs: MultiViewDataset, no_internet: None, tmp_path: Path):
    timm = optional("timm")
    wanted = [Wanted(extractor=f"timm:{name}", weights="random") for name in ("test_vit", "test_convnext")]
    found, made = extract(photographs, wanted)
    assert [view.shape for view in found.spec.views] == [(64,), (64,)] and len(made) == 2
    assert all(np.isfinite(view).all() and view.std(axis=0).max() > 0 for view in found.views)
    network = timm.create_model("test_vit", pretrained=False)
    torch.save(network.state_dict(), tmp_path / "own.pth")
    own, _ = extract(photographs, [Wanted(extractor="timm:test_vit", weights=str(tmp_path / "own.pth"))])
    assert np.abs(own.views[0] - found.views[0]).max() > 1e-3
    torch.save({"a": torch.zeros(2)}, tmp_path / "other.pth")
    with pytest.raises(ValueError, match="other.pth does not fit timm:test_vit: .* is missing"):
        extract(photographs, [Wanted(extractor="timm:test_vit", weights=str(tmp_path / "other.pth"))])


@pytest.mark.slow
def test_towers_of_open_clip_describe_pictures_and_captions(
    photographs: MultiViewDataset, no_internet: None, tmp_path: Path
):
    open_clip = optional("open_clip")
    (tmp_path / "tiny-clip.json").write_text(json.dumps(TINY))
    open_clip.add_model_config(tmp_path)
    wanted = [Wanted(extractor=f"{kind}:tiny-clip/none", weights="random") for kind in ("clip", "cliptext")]
    found, _ = extract(photographs, wanted)
    assert [view.shape for view in found.spec.views] == [(16,), (16,)]
    same = np.flatnonzero(np.asarray(photographs.labels) == 0)
    np.testing.assert_allclose(found.views[1][same], found.views[1][same[:1]].repeat(len(same), 0), atol=1e-4)


@pytest.mark.slow
def test_size_and_licence_are_said_and_nothing_is_fetched_unasked(photographs: MultiViewDataset, no_internet: None):
    optional("timm")
    with pytest.raises(ValueError, match=r"84 MiB from timm/vit_small_patch14_dinov2.lvd142m; licence: apache-2.0\)"):
        extract(photographs, [Wanted(extractor="dinov2_small")])
    with pytest.raises(
        ValueError, match=r"ResNet-18 has weights to be fetched first \(45 MiB from https://.*; licence: not "
    ):
        extract(photographs, [Wanted(extractor="resnet18")])
    assert "418 MiB from sentence-transformers" in towers.about(find("sentences")).sentence
    assert towers.about(find("convnext_tiny_12k")).mib > 100
    with pytest.raises(ValueError, match="timm has no network nothing"):
        towers.about(find("timm:nothing"))


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name, one in EXTRACTORS.items() if one.package == "timm"])
def test_the_list_knows_how_long_descriptions_are(name: str, no_internet: None):
    optional("timm")
    with torch.device("meta"):
        assert towers._bare(find(name)).num_features == EXTRACTORS[name].n_columns


@pytest.mark.slow
def test_times_are_estimated_without_weights(photographs: MultiViewDataset, no_internet: None):
    optional("timm")
    asked = [Wanted(extractor="timm:test_vit"), Wanted(extractor="hog"), Wanted(extractor="sentences")]
    first, second, third = estimate(photographs, asked, Options())
    assert first is not None and 0 <= first < 60 and second is not None and third is None


@pytest.mark.slow
def test_the_command_leads_from_photographs_to_a_clustering(
    photographs: MultiViewDataset, home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    np.savez(tmp_path / "photos.npz", images=photographs.views[0], labels=np.asarray(photographs.labels))
    asked = ["embed", str(tmp_path / "photos.npz"), "--preset", "paper", "--epochs", "2"]
    assert main([*asked, "--estimate"]) == 0
    assert "TIME FOR 60" in (told := capsys.readouterr().out) and "training: about 3 minutes" in told
    assert main([*asked, "--json"]) == 0
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["status"] == "finished"
    (record,) = RunStore().list(examples=False)
    assert (record.status, record.spec.method, record.n_samples) == ("finished", "msdib", 60)
    assert main([*asked, "--method", "dccs"]) == 2 and main([*asked, "--extract", "hog"]) == 2


def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch, photographs: MultiViewDataset):
    missing: Callable[..., object] = lambda name: (_ for _ in ()).throw(ImportError(name))  # noqa: E731
    monkeypatch.setattr(towers, "import_module", missing)
    with pytest.raises(ValueError, match="needs the package open_clip_torch; install it"):
        extract(photographs, [Wanted(extractor="clip_image", weights="random")])
