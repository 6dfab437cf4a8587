"""What the network looked at: typical right and wrong samples of a cluster, and what in them decided."""

from mmclust.ui.components import picker
from mmclust.ui.explain import page

clustering = picker.clustering(
    "Explain",
    "Which image regions or feature columns support a cluster. Compare correctly and incorrectly assigned samples.",
    what="the explanation of its clusters",
    annotated=False,
)

if clustering is not None:
    page.draw_explanations(clustering)
