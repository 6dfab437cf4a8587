"""The Views page: what changed over the training, a line for each view."""

import streamlit as st

from mmclust.clustering import Clustering
from mmclust.plots.curves import named_curves
from mmclust.ui.components import markup
from mmclust.ui.shell import curves, frame
from mmclust.ui.shell.curves import Curves

HEIGHT = 270


def titles(points: Curves, prefix: str, views: tuple[str, ...]) -> dict[str, str]:
    """Curves of single views, `prefix` and the view's number, with the view's name for each."""
    return {f"{prefix}{i}": name for i, name in enumerate(views, start=1) if f"{prefix}{i}" in points}


def draw_view_curves(clustering: Clustering) -> None:
    """Weights of the fusion, agreement of the views, and how well each clusters alone."""
    points = curves.read(clustering.run)
    weights = titles(points, "signal/weight_", clustering.view_names)
    accs, nmis = (titles(points, f"view/{name}_", clustering.view_names) for name in ("acc", "nmi"))
    charts = [
        ("Fusion weights", "weight of each view in the fused features", weights, False),
        (
            "Agreement",
            "fraction of samples on which all views agree",
            {"signal/agreement": "all views"} if "signal/agreement" in points else {},
            True,
        ),
        ("ACC of each view alone", "compared with the fused assignment", accs and accs | {"eval/acc": "fused"}, True),
        ("NMI of each view alone", "compared with the fused assignment", nmis and nmis | {"eval/nmi": "fused"}, True),
    ]
    shown = [chart for chart in charts if chart[2]]
    if not shown:
        frame.empty("No curves yet", "Curves appear after the first evaluation.")
        return
    if weights:
        last = [(f"weight of {name}", f"{points[key].value[-1]:.3f}", "Last value") for key, name in weights.items()]
        st.html(markup.tiles(last))
    columns = st.columns(2, gap="large")
    for i, (title, text, names, percent) in enumerate(shown):
        with columns[i % 2]:
            st.markdown(f"**{title}** :gray[({text})]")
            option = named_curves(curves.thin(points, list(names)), list(names), names, percent=percent)
            option["xAxis"] |= {"max": clustering.record.epochs}
            st.echarts_chart(option, height=HEIGHT, key=f"views-{title}", alt=f"{title} against epochs: {text}")
