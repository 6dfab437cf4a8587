"""Wasserstein distance between encoded and prior samples, with gradient penalty.

Gulrajani et al., Improved Training of Wasserstein GANs (2017), as used by Zhao et al., DCCS (2020).
Shapes: B batch.
"""

from jaxtyping import Float
from torch import Tensor


def wasserstein_gap(prior_scores: Float[Tensor, " b"], encoded_scores: Float[Tensor, " b"]) -> Float[Tensor, ""]:
    """Critic's estimate of the Wasserstein distance between prior and codes: mean C(z~) - mean C(z).

    The critic raises it, the encoder lowers it (DCCS, adversarial term; Gulrajani Eq. 3 without the penalty).
    """
    return prior_scores.mean() - encoded_scores.mean()


def gradient_penalty(input_gradients: Float[Tensor, "b d"]) -> Float[Tensor, ""]:
    """Mean squared distance of the critic's gradient norm from one: mean (|grad C|_2 - 1)^2.

    Gulrajani Eq. 3, second term, without its factor lambda.

    Args:
        input_gradients: gradient of the critic's score by its input, at points between prior and codes.

    Returns:
        Scalar, 0 or more.
    """
    norm = (input_gradients.square().sum(dim=1) + 1e-12).sqrt()  # the root has no gradient at 0
    return (norm - 1).square().mean()
