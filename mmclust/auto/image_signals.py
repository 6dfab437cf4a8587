"""What can be known of a deep clustering of images without labels: collapse, use of clusters, agreement.

Shapes: N images, K clusters, D columns.
"""

import math
from dataclasses import asdict, dataclass

import numpy as np

from mmclust.auto.shallow import predictability
from mmclust.evaluation.metrics import usage_entropy

COLLAPSED_USE = 0.5
COLLAPSED_INFORMATION = 0.3
UNTRAINED_LOSS = 0.65
"""Loss of DCCS's discriminator above which it has learned nothing; ln 2 = 0.69 is chance."""
DOUBTFUL_WASSERSTEIN = 0.2
MOST_SAMPLES = 5000
"""Images that predictability is measured on, at most."""


@dataclass(frozen=True, kw_only=True)
class Signals:
    """Signals of one clustering; fractions of what is possible, but for the Wasserstein estimate."""

    use: float
    """Entropy of the mean assignment over ln K: 1 where all clusters are used alike."""
    information: float
    """Mutual information of images and assignments over ln K: 1 where assignments are even and certain."""
    confidence: float
    """Mean largest probability."""
    agreement: float
    """Fraction of images of which two augmentations get the same code."""
    predictability: float
    """How often the nearest images, by pixels and edges, tell an image's cluster."""
    wasserstein: float | None = None
    """DCCS's distance of codes to the prior; None for other methods."""
    discriminator: float | None = None
    """Loss of DCCS's discriminator, in nats."""

    @property
    def worth(self) -> float:
        """What candidates of one method are compared by."""
        return self.use - (self.wasserstein or 0.0)

    @property
    def collapsed(self) -> bool:
        """Whether most images lie in few clusters, or assignments say little about images."""
        return self.use < COLLAPSED_USE or self.information < COLLAPSED_INFORMATION

    @property
    def untrained(self) -> bool:
        """Whether the discriminator of DCCS has learned nothing."""
        return self.discriminator is not None and self.discriminator > UNTRAINED_LOSS

    @property
    def doubtful(self) -> bool:
        """Whether codes are still far from the prior."""
        return self.wasserstein is not None and self.wasserstein > DOUBTFUL_WASSERSTEIN

    def as_dict(self) -> dict[str, float | bool | None]:
        """For a JSON document."""
        return asdict(self) | {"worth": self.worth, "collapsed": self.collapsed}


def measure(
    probs: np.ndarray,
    *,
    agreement: float,
    points: np.ndarray,
    wasserstein: float | None = None,
    discriminator: float | None = None,
) -> Signals:
    """Signals of a clustering.

    Args:
        probs: (N, K) assignments of plain images.
        agreement: fraction of images of which two augmentations get the same code.
        points: (N, D) the images in the space of the shallow start.
        wasserstein: smoothed, of DCCS.
        discriminator: likewise.
    """
    clusters = probs.argmax(axis=1)
    largest = math.log(probs.shape[1])
    mean_entropy = float(-np.where(probs > 0, probs * np.log(np.maximum(probs, 1e-30)), 0).sum(axis=1).mean())
    use = usage_entropy(probs)
    some = np.random.default_rng(0).permutation(len(points))[:MOST_SAMPLES]
    return Signals(
        use=use / largest,
        information=(use - mean_entropy) / largest,
        confidence=float(probs.max(axis=1).mean()),
        agreement=agreement,
        predictability=predictability(points[some], clusters[some]),
        wasserstein=wasserstein,
        discriminator=discriminator,
    )
