"""Words on the map: what is typical of the captions in each dense region, the more of them the closer one looks."""

import numpy as np

from mmclust.analysis import regions
from mmclust.clustering import Clustering
from mmclust.features.texts import typical_words
from mmclust.ui.components.pointmap import Words

WORDS = 2
MOST = 250
"""Regions with words, at most."""


def of_map(clustering: Clustering, xy: np.ndarray, rows: np.ndarray) -> list[Words]:
    """Typical words of the map's dense regions, the coarsest and largest first; none without captions.

    Args:
        clustering: the run at an epoch.
        xy: (m, 2) positions of samples.
        rows: (m,) their places in the clustering's arrays, each once.
    """
    texts = clustering.data.texts
    if texts is None:
        return []
    samples = clustering.ids[rows]
    found: list[Words] = []
    for level, scale in enumerate(regions.find(xy)):
        groups = np.full(len(texts), -1)
        groups[samples] = scale.of_sample
        named = typical_words(texts, groups, len(scale.sizes), count=WORDS)
        found += [
            Words(x=float(x), y=float(y), text=", ".join(words), level=level)
            for (x, y), words in zip(scale.peaks, named, strict=True)
            if words
        ]
    return found[:MOST]
