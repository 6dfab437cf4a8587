"""Words on the map: what is typical of the captions in each dense region, or of the columns that hold words.

The more of them the closer one looks.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from mmclust.analysis import regions
from mmclust.analysis.regions import Regions
from mmclust.clustering import Clustering
from mmclust.columns.column import Groups, grouped
from mmclust.features.texts import typical_words
from mmclust.ui.components.pointmap import Words

WORDS = 2
MOST = 250
"""Regions with words, at most."""


def of_map(clustering: Clustering, xy: np.ndarray, rows: np.ndarray) -> list[Words]:
    """Typical words of the map's dense regions, the coarsest and largest first.

    They come from the captions, or from the columns beside the data where there are none.

    Args:
        clustering: the run at an epoch.
        xy: (m, 2) positions of samples.
        rows: (m,) their places in the clustering's arrays, each once.
    """
    data, samples = clustering.data, clustering.ids[rows]
    columns = [] if data.texts is not None else _columns_of_words(data.columns, samples)
    if data.texts is None and not columns:
        return []
    found: list[Words] = []
    for level, scale in enumerate(regions.find(xy)):
        named = _of_captions(data.texts, samples, scale) if data.texts is not None else _of_columns(columns, scale)
        found += [
            Words(x=float(x), y=float(y), text=", ".join(words), level=level)
            for (x, y), words in zip(scale.peaks, named, strict=True)
            if words
        ]
    return found[:MOST]


def _of_captions(texts: np.ndarray, samples: np.ndarray, scale: Regions) -> list[list[str]]:
    groups = np.full(len(texts), -1)
    groups[samples] = scale.of_sample
    return typical_words(texts, groups, len(scale.sizes), count=WORDS)


def _columns_of_words(columns: Mapping[str, np.ndarray], samples: np.ndarray) -> list[Groups]:
    """The columns whose words repeat: names of files tell nothing of a region."""
    found = [grouped(values[samples]) for values in columns.values() if values.dtype.kind in "OU"]
    return [groups for groups in found if len(groups.names) > 1 and groups.is_category]


def _of_columns(columns: Sequence[Groups], scale: Regions) -> list[list[str]]:
    n_regions = len(scale.sizes)
    typical: list[list[tuple[float, str]]] = [[] for _ in range(n_regions)]
    for groups in columns:
        values = regions.typical_values(scale.of_sample, n_regions, groups.codes, len(groups.names))
        for region, (value, excess) in enumerate(values):
            if value >= 0:
                typical[region].append((excess, str(groups.names[value])))
    return [[word for _, word in sorted(words, reverse=True)[:WORDS]] for words in typical]
