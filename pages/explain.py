"""What the network looked at: Grad-CAM of typical right and wrong images of a cluster, and of any image."""

from mmclust.ui import explain, frame, picker

view = picker.view(
    "Explain",
    "Grad-CAM: bright regions of an image speak for its cluster. Compare images it sorts right and wrong.",
    what="Grad-CAM",
)

if view is not None and view.images is None:
    frame.empty(
        "No images here", "Grad-CAM explains images; this data set has none.", page="map.py", button="See the map"
    )
elif view is not None:
    explain.page(explain.last(view))
