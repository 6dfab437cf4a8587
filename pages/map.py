"""All samples of a run as points: neighbours in the code are neighbours on the map."""

from mmclust.ui import maps, picker

view = picker.view(
    "Map",
    "Every sample is a point, similar codes are neighbours. Draw a lasso to see what is inside.",
    what="the map",
)

if view is not None:
    settings = maps.controls(view)
    points = maps.layout(view, settings)
    if points is not None:
        maps.explore(view, points, settings)
