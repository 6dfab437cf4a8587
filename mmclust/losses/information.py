"""Lower bounds of mutual information. Shapes: B batch."""

import torch.nn.functional as F  # noqa: N812
from jaxtyping import Float
from torch import Tensor


def jensen_shannon_bce(joint_logits: Float[Tensor, " b"], marginal_logits: Float[Tensor, " b"]) -> Float[Tensor, ""]:
    """Cross-entropy of telling joint pairs (label 1) from shuffled pairs (label 0), in nats, mean over both.

    DCCS Eq. 6; the smaller, the more the pair's halves tell of each other.
    Published formula: sum of the two expectations. Published code, followed here: their mean.

    Returns:
        Scalar, 0 or more; ln 2 at chance.
    """
    return 0.5 * (F.softplus(-joint_logits).mean() + F.softplus(marginal_logits).mean())
