"""Agreement of two assignments of the same samples. Shapes: B batch, K clusters."""

from jaxtyping import Float
from torch import Tensor


def assignment_divergence(log_probs: Float[Tensor, "b k"], log_probs_other: Float[Tensor, "b k"]) -> Float[Tensor, ""]:
    """Kullback-Leibler divergence KL(p || q) in nats, mean over the batch; both sides keep their gradient.

    The augmentation term of DCCS, with p the plain image and q its augmentation.

    Returns:
        Scalar, 0 or more; 0 when all rows are equal.
    """
    return (log_probs.exp() * (log_probs - log_probs_other)).sum(dim=1).mean()
