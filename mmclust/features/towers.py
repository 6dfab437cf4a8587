"""Networks of today as extractors: image networks of timm, image and text towers of open_clip, by their names there.

`timm:NAME` is any network of timm, such as DINOv2, DINOv3, SigLIP or ConvNeXt; `clip:MODEL/TAG` and
`cliptext:MODEL/TAG` are the towers of a model of open_clip with the weights of a tag. Nothing is fetched unless
the weights `download` are asked for.

Shapes: N samples, C channels, H x W pixels, D columns.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from mmclust import settings
from mmclust.data.dataset import ViewSpec
from mmclust.data.progress import Progress
from mmclust.features.extractors import Extractor, Options
from mmclust.seeding import seeded

BATCH = 32
MIB_A_WEIGHT = 4 / 2**20
SENTENCES = "all-mpnet-base-v2"
"""The sentence encoder that is fetched where `download` asks for one: 768 columns, as BERT has."""


@dataclass(frozen=True, kw_only=True)
class Weights:
    """What a download would bring."""

    licence: str
    mib: float
    """Of weights in single precision."""
    source: str

    @property
    def sentence(self) -> str:
        """For people who are about to fetch them."""
        licence = self.licence or "not stated there, look it up"
        return f"{self.mib:,.0f} MiB from {self.source or 'the hub'}; licence: {licence}"


def about(extractor: Extractor) -> Weights:
    """Licence and size of an extractor's weights; nothing is fetched to know them.

    Raises:
        ValueError: the package is missing, or the name is not known there.
    """
    if not extractor.package:
        return _of_texts() if extractor.of == "text" else _of_torchvision(extractor)
    import torch

    with torch.device("meta"):
        network = _bare(extractor)
    mib = MIB_A_WEIGHT * sum(weights.numel() for weights in network.parameters())
    if extractor.package == "timm":
        card: Any = network.pretrained_cfg
        source = card.get("hf_hub_id") or card.get("url") or ""
        return Weights(licence=card.get("license") or "", mib=mib, source=source)
    card = _package(extractor).get_pretrained_cfg(*_parts(extractor))
    return Weights(
        licence=card.get("license", ""), mib=mib, source=card.get("hf_hub", "").rstrip("/") or card.get("url", "")
    )


def _of_torchvision(extractor: Extractor) -> Weights:
    from torchvision.models import get_model_weights

    weights: Any = get_model_weights(extractor.name)["DEFAULT"]  # type: ignore[index]
    return Weights(licence="", mib=weights.meta["_file_size"], source=weights.url)


def _of_texts() -> Weights:
    return Weights(licence="apache-2.0", mib=418, source=f"sentence-transformers/{SENTENCES}")


def to_be_asked(extractor: Extractor) -> ValueError:
    """What is raised instead of a download that nobody asked for."""
    return ValueError(
        f"{extractor.title} has weights to be fetched first ({about(extractor).sentence}); ask for them with "
        "the weights download, or give the path of a file"
    )


def images(
    extractor: Extractor, samples: np.ndarray, spec: ViewSpec | None, options: Options, progress: Progress
) -> np.ndarray:
    """Features (N, D) float32 of images (N, C, H, W), brought to the network's own size and colours.

    Raises:
        ValueError: the package or the weights are not here, or do not fit.
    """
    import torch

    from mmclust.features.pixels import prepared

    assert spec is not None
    network, px, mean, deviation = _image_network(extractor, options)
    device = _device(options)
    network = network.to(device)
    found: list[np.ndarray] = []
    with torch.inference_mode():
        for start in range(0, len(samples), BATCH):
            batch = torch.from_numpy(np.array(samples[start : start + BATCH])).to(device)
            found.append(
                network(prepared(batch, spec, px, mean=mean, deviation=deviation)).flatten(1).float().cpu().numpy()
            )
            progress(min(1.0, (start + BATCH) / len(samples)), f"{extractor.title}: {start:,} of {len(samples):,}")
    return np.concatenate(found)


def texts(
    extractor: Extractor, samples: np.ndarray, spec: ViewSpec | None, options: Options, progress: Progress
) -> np.ndarray:
    """Features (N, D) float32 of texts (N,) by the text tower of a model of open_clip.

    Raises:
        ValueError: as `images`.
    """
    import torch

    model, device = _loaded(extractor, options), _device(options)
    model = model.to(device)
    tokens = _package(extractor).get_tokenizer(_parts(extractor)[0])
    found: list[np.ndarray] = []
    with torch.inference_mode():
        for start in range(0, len(samples), BATCH):
            batch = tokens(samples[start : start + BATCH].tolist()).to(device)
            found.append(model.encode_text(batch).float().cpu().numpy())
            progress(min(1.0, (start + BATCH) / len(samples)), f"{extractor.title}: {start:,} of {len(samples):,}")
    return np.concatenate(found)


def _image_network(extractor: Extractor, options: Options) -> tuple[Any, int, Any, Any]:
    """Network, edge of its images in pixels, mean and deviation of its colours."""
    network = _loaded(extractor, options)
    if extractor.package == "timm":
        config = import_module("timm.data").resolve_model_data_config(network)
        return network, config["input_size"][-1], config["mean"], config["std"]
    size = network.visual.image_size
    px = size if isinstance(size, int) else size[0]
    return _tower(network), px, network.visual.image_mean, network.visual.image_std


def _tower(model: Any) -> Any:
    """The image tower of a model of open_clip as a network."""
    import torch

    class Tower(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def forward(self, images: Any) -> Any:
            return self.model.encode_image(images)

    return Tower().eval()


def _loaded(extractor: Extractor, options: Options) -> Any:
    """The network in evaluation mode, with the weights that were asked for."""
    if not options.weights:
        raise to_be_asked(extractor)
    if options.weights == "download":
        return _fetched(extractor)
    with seeded(0):
        network = _bare(extractor)
    if options.weights != "random":
        _fill(network, _state(extractor, Path(options.weights).expanduser()), options.weights, extractor)
    return network.eval()


def _fetched(extractor: Extractor) -> Any:
    folder = str(settings.home() / "weights")
    model, tag = _parts(extractor)
    try:
        if extractor.package == "timm":
            return _package(extractor).create_model(model, pretrained=True, num_classes=0, cache_dir=folder).eval()
        return _package(extractor).create_model(model, pretrained=tag, cache_dir=folder).eval()
    except Exception as error:  # of the hub, the network and the file, in many types
        first = str(error).strip().partition("\n")[0][:160]
        raise ValueError(
            f"the weights of {extractor.title} could not be fetched ({first}); give the path of a file"
        ) from None


def _bare(extractor: Extractor) -> Any:
    """The network without trained weights."""
    package, (model, _) = _package(extractor), _parts(extractor)
    try:
        if extractor.package == "timm":
            return package.create_model(model, pretrained=False, num_classes=0)
        return package.create_model(model, load_weights=False)
    except Exception as error:
        first = str(error).strip().partition("\n")[0][:160]
        raise ValueError(f"{extractor.package} has no network {model} ({first}); look at its list of models") from None


def _state(extractor: Extractor, path: Path) -> Mapping[str, Any]:
    import torch

    if not path.is_file():
        raise ValueError(
            f"{path} is no file of weights; give download, random or the path of a .safetensors or .pth file"
        )
    try:
        if path.suffix == ".safetensors":
            return import_module("safetensors.torch").load_file(path)
        found = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:
        raise ValueError(f"{path} cannot be read as weights ({str(error).partition(chr(10))[0][:120]})") from None
    return found.get("state_dict", found) if isinstance(found, dict) else {}


def _fill(network: Any, state: Mapping[str, Any], name: str, extractor: Extractor) -> None:
    """Load weights; those of a classifier, which is left out here, may be more."""
    wanted = network.state_dict()
    missing = [key for key, value in wanted.items() if key not in state or state[key].shape != value.shape]
    if missing:
        raise ValueError(f"{name} does not fit {extractor.title}: {missing[0]} is missing or has another size")
    network.load_state_dict({key: state[key] for key in wanted})


def _package(extractor: Extractor) -> Any:
    try:
        return import_module(extractor.package)
    except ImportError:
        name = "open_clip_torch" if extractor.package == "open_clip" else extractor.package
        raise ValueError(f"{extractor.title} needs the package {name}; install it with `pip install {name}`") from None


def _parts(extractor: Extractor) -> tuple[str, str]:
    """Model and tag."""
    model, _, tag = extractor.model.partition("/")
    return (model, tag) if extractor.package == "open_clip" else (extractor.model, "")


def _device(options: Options) -> Any:
    import torch

    return torch.device("cuda" if options.device in ("auto", "cuda") and torch.cuda.is_available() else "cpu")
