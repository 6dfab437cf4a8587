"""What the network looked at: typical right and wrong samples of a cluster, and what in them decided."""

from mmclust.ui.components import picker
from mmclust.ui.explain import page

clustering = picker.clustering(
    "Explain",
    "What speaks for a cluster: bright regions of an image, or the columns of a view of numbers. "
    "Compare samples it sorts right and wrong.",
    what="what the network looked at",
    annotated=False,
)

if clustering is not None:
    page.page(clustering)
