"""Where a network looked: Grad-CAM (Selvaraju et al., ICCV 2017) and HiResCAM, by the grad-cam package.

Grad-CAM weighs each feature map as a whole, which suits heads that pool over places. Where a head reads every place by
itself, as the stems of several views do, HiResCAM (Draelos and Carin, arXiv:2011.08891) weighs every place.

Shapes: n images, C channels, H x W pixels, B batch, K clusters.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from mmclust.methods.base import Method


def grad_cam(
    method: "Method",
    views: Sequence[np.ndarray],
    targets: np.ndarray,
    *,
    view: int = 0,
    by_place: bool = False,
    batch_size: int = 64,
) -> np.ndarray:
    """Heat (n, H, W) float32 in [0, 1]: where the image of a view speaks for a cluster.

    The score is the cluster's logit, not its probability: the gradient of a saturated probability is zero. Where a
    method's scores are log-probabilities, which saturate too, it is the log-odds.
    Every image is scaled by itself, so that heat compares places in an image, never two images.

    Args:
        method: a trained method; it is put in evaluation mode for the time being, its weights stay as they are.
        views: each (n, ...), as the method is trained on them.
        targets: (n,) cluster asked about for each sample.
        view: number of the view that is looked at, from 0; images (n, C, H, W).
        by_place: HiResCAM instead of Grad-CAM.
        batch_size: samples at once.

    Raises:
        ValueError: the method has no convolutional layer to look at, or a target is no cluster.
    """
    import torch
    from pytorch_grad_cam import GradCAM, HiResCAM
    from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget

    layer = method.cam_layer(view)
    if layer is None:
        raise ValueError(f"{type(method).__name__} has no convolutional layer; Grad-CAM needs one, choose an image set")
    images = views[view]
    assert len(images) == len(targets), (len(images), len(targets))
    n_clusters = method.spec.n_clusters
    if len(targets) and not 0 <= int(np.min(targets)) <= int(np.max(targets)) < n_clusters:
        raise ValueError(f"cluster {int(np.max(targets))} was asked about; clusters go from 0 to {n_clusters - 1}")
    # Views of one shape may share the layer, which then runs once for each of them.
    call = sum(method.cam_layer(other) is layer for other in range(view))

    class Scores(torch.nn.Module):
        """The method as the package wants it: images of one view in, logits out."""

        def __init__(self) -> None:
            super().__init__()
            self.method = method
            self.others: list[torch.Tensor] = []

        def forward(self, batch: torch.Tensor) -> torch.Tensor:
            scores = self.method.logits((*self.others[:view], batch, *self.others[view:]))
            if scores.detach().logsumexp(dim=1).abs().max() > 1e-3:
                return scores
            own = torch.eye(scores.shape[1], dtype=torch.bool, device=scores.device)
            return scores - scores.unsqueeze(1).masked_fill(own, -torch.inf).logsumexp(dim=2)

    class OfOneCall(HiResCAM if by_place else GradCAM):  # pyright: ignore[reportGeneralTypeIssues]
        """The package's algorithm on one of the layer's calls."""

        def compute_cam_per_layer(self, *args: Any) -> Any:
            seen = self.activations_and_grads
            seen.activations, seen.gradients = seen.activations[call : call + 1], seen.gradients[call : call + 1]
            return super().compute_cam_per_layer(*args)

    was_training = {module: module.training for module in method.modules()}
    cams = np.zeros((len(images), *images.shape[2:]), dtype=np.float32)
    scores = Scores()
    try:
        with torch.enable_grad(), OfOneCall(model=scores, target_layers=[layer]) as cam:
            for start in range(0, len(images), batch_size):
                part = slice(start, start + batch_size)
                batches = [torch.from_numpy(np.array(values[part])) for values in views]  # the source may be read-only
                batch = batches.pop(view)
                scores.others = batches
                asked: list[Any] = [ClassifierOutputTarget(int(k)) for k in targets[part]]
                cams[part] = cam(input_tensor=batch, targets=asked)
    finally:
        method.zero_grad(set_to_none=True)
        for module, training in was_training.items():
            module.training = training
    return np.nan_to_num(cams)
