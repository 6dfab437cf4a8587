"""All samples of a run as points: neighbours in the code are neighbours on the map."""

import streamlit as st

from mmclust.ui.components import picker
from mmclust.ui.map import maps

clustering = picker.clustering(
    "Map",
    "Each point is a sample; nearby points have similar codes. Draw a lasso to inspect samples.",
    what="the map",
)

if clustering is not None:
    chosen = maps.controls(clustering)
    places = st.columns(len(chosen)) if len(chosen) > 1 else [st.container()]
    drawn = []
    for place, settings in zip(places, chosen, strict=True):
        with place:
            drawn.append((settings, maps.layout(clustering, settings)))
    ready = [(settings, points) for settings, points in drawn if points is not None]
    if len(ready) == len(drawn):
        maps.explore(clustering, ready)
    else:  # what is there is not held back by what is still laid out
        for place, (settings, points) in zip(places, drawn, strict=True):
            if points is not None:
                with place:
                    maps.one(clustering, settings, points)
