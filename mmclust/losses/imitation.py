"""Teaching a network a clustering found without it. Shapes: S sources of an assignment, B batch, K clusters."""

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn import functional as F  # noqa: N812


def imitation(logits: Float[Tensor, "s b k"], clusters: Int[Tensor, " b"], smoothing: float) -> Float[Tensor, ""]:
    """Cross entropy of assignments to given clusters, mean over sources, in nats.

    Args:
        logits: scores of every source, such as each view and their fusion.
        clusters: cluster of each sample.
        smoothing: probability that is spread over all clusters, so that no assignment becomes final
            (Szegedy et al., CVPR 2016, Sec. 7).
    """
    return torch.stack([F.cross_entropy(scores, clusters, label_smoothing=smoothing) for scores in logits]).mean()
