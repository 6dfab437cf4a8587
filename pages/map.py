"""All samples of a run as points: neighbours in the code are neighbours on the map."""

from mmclust.ui import maps, picker

view = picker.view(
    "Map",
    "Every image is a point, similar codes are neighbours. Draw a lasso to see the images inside.",
    what="the map",
)

if view is not None:
    settings = maps.controls(view)
    xy = maps.layout(view, settings)
    if xy is not None:
        maps.explore(view, xy, settings)
