"""Pictures described by networks of torchvision that were trained on ImageNet: the activations before the last layer.

Shapes: N samples, C channels, H x W pixels, D columns.
"""

from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torchvision
from torch import Tensor, nn

from mmclust import settings
from mmclust.data.dataset import ViewSpec
from mmclust.data.progress import Progress
from mmclust.features import towers
from mmclust.features.extractors import Extractor, Options
from mmclust.features.pixels import prepared
from mmclust.seeding import seeded

BATCH, GPU_BATCH = 32, 256
READERS = 2
"""Threads that read pictures from the disk ahead of the network."""
HEADS = {"vit_b_16": "heads.head", "resnet18": "fc", "resnet50": "fc"}
"""The last layer of a network; of the others it is the last of `classifier`."""


def describe(
    extractor: Extractor, images: np.ndarray, spec: ViewSpec | None, options: Options, progress: Progress
) -> np.ndarray:
    """Features (N, D) float32 of images (N, C, H, W), enlarged to `options.px` pixels.

    Raises:
        ValueError: the weights are not here and cannot be had, or do not fit.
    """
    assert spec is not None
    device = torch.device("cuda" if options.device in ("auto", "cuda") and torch.cuda.is_available() else "cpu")
    px = 224 if extractor.name == "vit_b_16" else options.px
    if not options.weights and not _place(extractor.name).exists():
        raise towers.to_be_asked(extractor)
    network = backbone(extractor.name, options.weights or "download", progress).to(device).eval()
    found = np.empty((len(images), extractor.n_columns), np.float32)
    with torch.inference_mode():
        for start, batch in _batches(images, device):
            found[start : start + len(batch)] = network(prepared(batch, spec, px)).flatten(1).float().cpu().numpy()
            done = start + len(batch)
            progress(done / len(images), f"{extractor.title}: {done:,} of {len(images):,}")
    return found


def _batches(images: np.ndarray, device: torch.device) -> Iterator[tuple[int, Tensor]]:
    """Place of the first image, and images (B, C, H, W) on the device; while one is computed the next are read.

    Images go over as bytes and are enlarged there, so that a GPU waits for nothing but a small copy.
    """
    size = GPU_BATCH if device.type == "cuda" else BATCH

    def fetched(start: int) -> tuple[int, Tensor]:
        batch = torch.from_numpy(np.array(images[start : start + size]))
        return start, batch.pin_memory() if device.type == "cuda" else batch

    with ThreadPoolExecutor(READERS) as pool:
        ahead: deque[Future[tuple[int, Tensor]]] = deque()
        for start in range(0, len(images), size):
            ahead.append(pool.submit(fetched, start))
            if len(ahead) > READERS:
                first, batch = ahead.popleft().result()
                yield first, batch.to(device, non_blocking=True)
        for one in ahead:
            first, batch = one.result()
            yield first, batch.to(device, non_blocking=True)


def backbone(name: str, weights: str, progress: Progress = lambda fraction, message: None) -> nn.Module:
    """A network without its last layer.

    Args:
        name: torchvision's.
        weights: "download", "random" (the same at every call), or the path of a file of torchvision's weights.
        progress: told of a download.
    """
    if weights == "random":
        with seeded(0):
            network = torchvision.models.get_model(name, weights=None)
    else:
        network = torchvision.models.get_model(name, weights=None)
        network.load_state_dict(_downloaded(name, progress) if weights == "download" else _of_file(name, weights))
    *path, last = HEADS.get(name, f"classifier.{len(getattr(network, 'classifier', ())) - 1}").split(".")
    parent: Any = network
    for part in path:
        parent = getattr(parent, part)
    setattr(parent, last, nn.Identity())
    return network


def _place(name: str) -> Path:
    """Where weights of torchvision lie once they are fetched."""
    source = torchvision.models.get_model_weights(name)["DEFAULT"]  # type: ignore[index]
    return settings.home() / "weights" / Path(source.url).name


def _downloaded(name: str, progress: Progress) -> dict[str, Tensor]:
    source = torchvision.models.get_model_weights(name)["DEFAULT"]  # type: ignore[index]
    folder = _place(name).parent
    progress(0.0, f"Fetching the weights of {name}")
    try:
        return torch.hub.load_state_dict_from_url(
            source.url, model_dir=str(folder), progress=False, check_hash=True, weights_only=True
        )
    except (OSError, RuntimeError) as error:
        reason = getattr(error, "reason", None) or str(error).strip().partition("\n")[0] or type(error).__name__
        raise ValueError(
            f"the weights of {name} could not be downloaded ({reason}); put {Path(source.url).name} into {folder}, "
            "or give the path of a file of weights"
        ) from None


def _of_file(name: str, path: str) -> dict[str, Tensor]:
    if not Path(path).expanduser().is_file():
        raise ValueError(f"{path} is no file of weights; give download, random or the path of a .pth of torchvision")
    try:
        found = torch.load(Path(path).expanduser(), map_location="cpu", weights_only=True)
        torchvision.models.get_model(name, weights=None).load_state_dict(found)
    except Exception as error:  # pickle, zip and key errors of many types
        first = str(error).strip().partition("\n")[0][:120]
        raise ValueError(f"{path} holds no weights of {name} ({first}); give a .pth of torchvision's {name}") from None
    return found
