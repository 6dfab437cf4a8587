"""Where a network looked: Grad-CAM (Selvaraju et al., ICCV 2017) and variants, by the grad-cam package.

All weigh the feature maps of a layer by how much they speak for a score, and add them up. Grad-CAM weighs each map as a
whole, which suits heads that pool over places. Where a head reads every place by itself, as the stems of several views
do, HiResCAM (Draelos and Carin, arXiv:2011.08891) weighs every place.

Shapes: n images, C channels, H x W pixels, B batch, K clusters, P prototypes.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from mmclust.analysis.source import Source

if TYPE_CHECKING:
    from mmclust.methods.base import Method


SOURCE = Source(modules=(__name__,), packages=("grad-cam",))
"""The code that computes all of this, for what is kept on disk."""


@dataclass(frozen=True, kw_only=True)
class CamMethod:
    """A CAM algorithm: how feature maps are weighted."""

    title: str
    about: str
    """A sentence."""
    name: str
    """Of the class in the package."""
    of_a_score: bool = True
    """Whether it depends on the cluster; otherwise saliency is the same for all clusters."""


CAM_METHODS = {
    "grad-cam": CamMethod(
        title="Grad-CAM",
        name="GradCAM",
        about="Weighs each feature map by its mean gradient: the standard, for heads that pool over places.",
    ),
    "grad-cam-plus-plus": CamMethod(
        title="Grad-CAM++",
        name="GradCAMPlusPlus",
        about="Weighs the places within a map too, so that several spots of one kind count alike.",
    ),
    "hirescam": CamMethod(
        title="HiResCAM",
        name="HiResCAM",
        about="Multiplies map and gradient place by place: exact for heads that read every place by itself.",
    ),
    "layer-cam": CamMethod(
        title="Layer-CAM",
        name="LayerCAM",
        about="Keeps only places whose gradient speaks for the score; also sharp in earlier, finer layers.",
    ),
    "xgrad-cam": CamMethod(
        title="XGrad-CAM",
        name="XGradCAM",
        about="Grad-CAM whose weights follow each map's share of activity, so that they add up to the score.",
    ),
    "eigen-cam": CamMethod(
        title="Eigen-CAM",
        name="EigenCAM",
        about="What stands out in the feature maps (their first principal component), whatever the cluster.",
        of_a_score=False,
    ),
}
"""Name -> CAM method, the standard one first. Those that mask the image once for each feature map (Score-CAM,
Ablation-CAM) are left out: with hundreds of maps a sheet of images takes minutes on a CPU."""


def grad_cam(
    method: "Method",
    views: Sequence[np.ndarray],
    targets: np.ndarray,
    *,
    view: int = 0,
    cam: str = "grad-cam",
    layer: str = "",
    of: Literal["cluster", "prototype"] = "cluster",
    batch_size: int = 64,
    progress: Callable[[float], None] | None = None,
) -> np.ndarray:
    """Saliency (n, H, W) float32 in [0, 1]: where the image of a view speaks for a cluster or a prototype.

    The score is the cluster's logit, not its probability: the gradient of a saturated probability is zero. Where a
    method's scores are log-probabilities, which saturate too, it is the log-odds. Of a prototype it is the cosine.
    Every image is scaled by itself, so saliency compares places in one image, not images.

    Args:
        method: a trained method; it is put in evaluation mode for the time being, its weights stay as they are.
        views: each (n, ...), as the method is trained on them.
        targets: (n,) cluster or prototype asked about for each sample.
        view: number of the view that is looked at, from 0; images (n, C, H, W).
        cam: one of `CAM_METHODS`.
        layer: name of one of the method's `cam_layers`; by default the first.
        of: what the targets are.
        batch_size: samples at once.
        progress: told how far the work is, 0 to 1.

    Raises:
        ValueError: the method has no convolutional layer to look at, or a CAM method, layer or target is not known.
    """
    import torch

    package = _package()
    from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget

    layers = method.cam_layers(view)
    name = _layer_name(method, layers, layer, cam)
    images = views[view]
    assert len(images) == len(targets), (len(images), len(targets))
    # Views of one shape may share the layer, which then runs once for each of them.
    call = sum(method.cam_layers(other).get(name) is layers[name] for other in range(view))

    class Scores(torch.nn.Module):
        """The method as the package wants it: images of one view in, scores out."""

        def __init__(self) -> None:
            super().__init__()
            self.method = method
            self.others: list[torch.Tensor] = []

        def forward(self, batch: torch.Tensor) -> torch.Tensor:
            others = [other.to(batch.device) for other in self.others]
            inputs = (*others[:view], batch, *others[view:])
            if of == "prototype":
                return self.method.prototype_scores(inputs)
            scores = self.method.logits(inputs)
            if scores.detach().logsumexp(dim=1).abs().max() > 1e-3:
                return scores
            own = torch.eye(scores.shape[1], dtype=torch.bool, device=scores.device)
            return scores - scores.unsqueeze(1).masked_fill(own, -torch.inf).logsumexp(dim=2)

    class OfOneCall(getattr(package, CAM_METHODS[cam].name)):
        """The package's algorithm on one of the layer's calls."""

        def compute_cam_per_layer(self, *args: Any) -> Any:
            seen = self.activations_and_grads
            seen.activations, seen.gradients = seen.activations[call : call + 1], seen.gradients[call : call + 1]
            return super().compute_cam_per_layer(*args)

    was_training = {module: module.training for module in method.modules()}
    cams = np.zeros((len(images), *images.shape[2:]), dtype=np.float32)
    scores = Scores()
    try:
        _check(method, targets, of)
        with torch.enable_grad(), OfOneCall(model=scores, target_layers=[layers[name]]) as explain:
            for start in range(0, len(images), batch_size):
                part = slice(start, start + batch_size)
                batches = [torch.from_numpy(np.array(values[part])) for values in views]  # the source may be read-only
                batch = batches.pop(view)
                scores.others = batches
                asked: list[Any] = [ClassifierOutputTarget(int(k)) for k in targets[part]]
                cams[part] = explain(input_tensor=batch, targets=asked)
                if progress:
                    progress(min(1.0, (start + batch_size) / len(images)))
    finally:
        method.zero_grad(set_to_none=True)
        for module, training in was_training.items():
            module.training = training
    return np.nan_to_num(cams)


def _layer_name(method: "Method", layers: Mapping[str, Any], layer: str, cam: str) -> str:
    """The layer to look at.

    Raises:
        ValueError: there is none, or the layer or the CAM method is not known.
    """
    if not layers:
        raise ValueError(f"{type(method).__name__} has no convolutional layer; Grad-CAM needs one, choose an image set")
    name = layer or next(iter(layers))
    for kind, word, known in (("cam", cam, CAM_METHODS), ("layer", name, layers)):
        if word not in known:
            raise ValueError(f"{kind} {word!r} is not known; choose one of {', '.join(known)}")
    return name


def _package() -> Any:
    """The package grad-cam, which takes seconds to load.

    It imports `torchvision.transforms`. While another thread is importing torchvision, neither could go on, and Python
    would hand out a half-made module; so torchvision as a whole comes first.
    """
    import_module("torchvision")
    return import_module("pytorch_grad_cam")


def _check(method: "Method", targets: np.ndarray, of: str) -> None:
    landmarks = method.landmarks() if of == "prototype" else {}
    known = max((len(points) for points in landmarks.values()), default=method.spec.n_clusters)
    if len(targets) and not 0 <= int(np.min(targets)) <= int(np.max(targets)) < known:
        raise ValueError(f"{of} {int(np.max(targets))} was asked about; {of}s go from 0 to {known - 1}")
