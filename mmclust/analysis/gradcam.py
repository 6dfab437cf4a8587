"""Where a network looked: Grad-CAM (Selvaraju et al., ICCV 2017), by the grad-cam package.

Shapes: n images, C channels, H x W pixels, B batch, K clusters.
"""

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from mmclust.methods.base import Method


def grad_cam(method: "Method", images: np.ndarray, targets: np.ndarray, *, batch_size: int = 64) -> np.ndarray:
    """Heat (n, H, W) float32 in [0, 1]: where an image speaks for a cluster.

    The score is the cluster's logit, not its probability: the gradient of a saturated probability is zero.
    Every image is scaled by itself, so that heat compares places in an image, never two images.

    Args:
        method: a trained method; it is put in evaluation mode for the time being, its weights stay as they are.
        images: (n, C, H, W) in the data's source type.
        targets: (n,) cluster asked about for each image.
        batch_size: images at once.

    Raises:
        ValueError: the method has no convolutional layer to look at, or a target is no cluster.
    """
    import torch
    from pytorch_grad_cam import GradCAM
    from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget

    layer = method.cam_layer()
    if layer is None:
        raise ValueError(f"{type(method).__name__} has no convolutional layer; Grad-CAM needs one, choose an image set")
    assert len(images) == len(targets), (len(images), len(targets))
    n_clusters = method.spec.n_clusters
    if len(targets) and not 0 <= int(np.min(targets)) <= int(np.max(targets)) < n_clusters:
        raise ValueError(f"cluster {int(np.max(targets))} was asked about; clusters go from 0 to {n_clusters - 1}")

    class Scores(torch.nn.Module):
        """The method as the package wants it: images in, logits out."""

        def __init__(self) -> None:
            super().__init__()
            self.method = method

        def forward(self, batch: torch.Tensor) -> torch.Tensor:
            return self.method.logits((batch,))

    was_training = {module: module.training for module in method.modules()}
    cams = np.zeros((len(images), *images.shape[2:]), dtype=np.float32)
    try:
        with torch.enable_grad(), GradCAM(model=Scores(), target_layers=[layer]) as cam:
            for start in range(0, len(images), batch_size):
                part = slice(start, start + batch_size)
                batch = torch.from_numpy(np.array(images[part]))  # a copy: the source may be a read-only file
                asked: list[Any] = [ClassifierOutputTarget(int(k)) for k in targets[part]]
                cams[part] = cam(input_tensor=batch, targets=asked)
    finally:
        method.zero_grad(set_to_none=True)
        for module, training in was_training.items():
            module.training = training
    return np.nan_to_num(cams)
