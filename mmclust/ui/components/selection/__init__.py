"""What is selected: one choice of samples, shared by all pages and kept in the URL.

The parameter `sel` says it in the shortest way there is: `cluster:4` (as pages count, from 1), `class:2`, `cell:2-4`
(class 2 in cluster 4), else `ids:...` with the packed ids of the samples, else `file:...`, the name of a file of them.
A rule speaks of the shown run and epoch; ids stay the same samples in every epoch and every run of the data set.

Shapes: n samples of the clustering, m of them selected.
"""

from mmclust.ui.components.selection.codec import Selection
from mmclust.ui.components.selection.samples import images
from mmclust.ui.components.selection.session import (
    PARAMETER,
    address,
    clear,
    current,
    each_once,
    forget_clusters,
    select,
)
from mmclust.ui.components.selection.toolbar import actions, bar, link

__all__ = [
    "PARAMETER",
    "Selection",
    "actions",
    "address",
    "bar",
    "clear",
    "current",
    "each_once",
    "forget_clusters",
    "images",
    "link",
    "select",
]
