"""Information that the views of a sample share. Shapes: V views, B batch, L latent dimensions."""

import math

import torch
import torch.nn.functional as F  # noqa: N812
from jaxtyping import Float
from torch import Tensor


def info_nce(codes: Float[Tensor, "v b l"], temperature: float) -> Float[Tensor, ""]:
    """Cross-entropy of finding a sample's other view among the batch, in nats, mean over ordered pairs of views.

    van den Oord, Li, Vinyals, Representation Learning with Contrastive Predictive Coding (2018), Eq. 4, with the
    cosine as score; log B minus it is a lower bound of the mutual information between two views' codes.

    Args:
        codes: one code per view and sample.
        temperature: divides the cosines.

    Returns:
        Scalar, 0 or more; log B when codes say nothing.
    """
    n_views, n_samples, _ = codes.shape
    codes = F.normalize(codes, dim=-1)
    first, second = torch.triu_indices(n_views, n_views, offset=1, device=codes.device)
    scores = torch.einsum("pbl,pcl->pbc", codes[first], codes[second]) / temperature
    own = torch.arange(n_samples, device=codes.device)
    forth, back = scores.log_softmax(dim=2), scores.log_softmax(dim=1)
    return -0.5 * (forth[:, own, own].mean() + back[:, own, own].mean())


ALIGN_RATE = 1e-3
"""Step size while views are aligned, before clusters are placed: no cluster is there yet to be fixed too early."""


def align_terms(codes: Float[Tensor, "v b l"], temperature: float) -> dict[str, Tensor]:
    """What a step of an alignment minimises, `align`, and the bound in nats to watch, `shared_information`.

    Always in float32, since exponentials of cosines over a small temperature need the digits.

    Args:
        codes: one code per view and sample.
        temperature: divides the cosines.
    """
    with torch.autocast(codes.device.type, enabled=False):
        loss = info_nce(codes.float(), temperature)
    return {"align": loss, "shared_information": math.log(codes.shape[1]) - loss.detach()}
