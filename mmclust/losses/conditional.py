"""Conditional generation: one discriminator output per cluster and one for "real", and the code that must be recovered.

Equations: Wang, Wang, Zhang, Deep Mutual Information Decoupling based Unsupervised Image Clustering (DMID-UIC),
Journal of Applied Science and Engineering 28(6), 2025.
Shapes: B batch, K clusters; a discriminator has K+1 outputs f, and D = sigmoid(f).
"""

import torch
import torch.nn.functional as F  # noqa: N812
from jaxtyping import Float, Int
from torch import Tensor

LARGEST_LOGIT = 3.0
"""Above it a logit counts as this in the exponential generator loss: a few samples would carry all of the gradient."""


def unit_weights(clusters: Float[Tensor, "b k"]) -> Float[Tensor, "b k_1"]:
    """Weights of the K+1 units: the cluster weights, and 1 for the last unit, which says "real" whatever the cluster.

    DMID-UIC Eq. 5-6 leave the last weight open.
    """
    return F.pad(clusters, (0, 1), value=1.0)


def discriminator_loss(
    real: Float[Tensor, "b k_1"],
    fake: Float[Tensor, "b k_1"],
    probs: Float[Tensor, "b k"],
    codes: Float[Tensor, "b k"],
    *,
    fake_units: str = "code",
) -> Float[Tensor, ""]:
    """Cross-entropy of telling real from generated samples, unit by unit; mean over samples, in nats.

    DMID-UIC Eq. 6, sign flipped so that smaller is better. Unit i <= K learns p(x, i) / (p(x, i) + g(x, i)).

    Args:
        real: logits of real samples.
        fake: logits of generated samples.
        probs: assignments of the real samples; rows sum to 1.
        codes: one-hot codes that the generated samples were made from.
        fake_units: which units reject a generated sample: the one of its "code" and the last, or "all" alike, as the
            unweighted second sum of Eq. 6 is printed.

    Returns:
        Scalar, 0 or more; when every unit is undecided 4 ln 2, with all units (K + 3) ln 2.
    """
    told_real = (unit_weights(probs) * F.softplus(-real)).sum(dim=1).mean()  # -log sigmoid(f)
    weights = unit_weights(codes) if fake_units == "code" else torch.ones_like(fake)
    told_fake = (weights * F.softplus(fake)).sum(dim=1).mean()  # -log(1 - sigmoid(f))
    return told_real + told_fake


def generator_loss(fake: Float[Tensor, "b k_1"], codes: Float[Tensor, "b k"]) -> Float[Tensor, ""]:
    """Cross-entropy of the generated samples passing as real ones of their cluster; mean over samples, in nats.

    The non-saturating form (Goodfellow et al., NeurIPS 2014) of DMID-UIC Eq. 5.

    Returns:
        Scalar, 0 or more.
    """
    return (unit_weights(codes) * F.softplus(-fake)).sum(dim=1).mean()


def generator_loss_exponential(fake: Float[Tensor, "b k_1"], codes: Float[Tensor, "b k"]) -> Float[Tensor, ""]:
    """-1/2 E sum_i a_i exp(f_i): DMID-UIC Eq. 5 as printed, the inverse sigmoid of D read as its logit f.

    exp(f) = D / (1 - D), the maximum-likelihood objective of a generator (Goodfellow, NIPS 2016 tutorial). Logits are
    cut at `LARGEST_LOGIT`, above which a sample passes no gradient.
    """
    return -0.5 * (unit_weights(codes) * fake.clamp(max=LARGEST_LOGIT).exp()).sum(dim=1).mean()


def code_loss(log_probs: Float[Tensor, "*s b k"], clusters: Int[Tensor, " b"]) -> Float[Tensor, " *s"]:
    """Cross-entropy of finding the code again in what was generated from it, in nats, mean over the batch.

    DMID-UIC Eq. 14, read as -sum c log p: up to the entropy of the code, the lower bound of I(c; G(z, c)) of its Eq. 8
    (Chen et al., InfoGAN, NeurIPS 2016).

    Args:
        log_probs: logarithms of assignments of generated samples; any leading dimensions stay.
        clusters: the codes as numbers.
    """
    return -log_probs[..., torch.arange(len(clusters), device=clusters.device), clusters].mean(dim=-1)
