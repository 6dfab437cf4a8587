"""The Explain page: which samples, and what in them the network looked at.

Views that go through convolutions are explained by Grad-CAM or HiResCAM; other images by attributions laid over them;
views of numbers by the columns that decide.
"""

from dataclasses import dataclass

import numpy as np
import streamlit as st
from PIL import Image

from mmclust import worker
from mmclust.analysis import attribution, gradcam
from mmclust.plots import images as drawing
from mmclust.ui import attributions, cache, cluster_rows, frame, jobs, pictures, state

COUNT = 6
PX = 84
"""Edge of an image on the page."""
ENLARGED = 128
"""Edge in pixels at which heat is drawn over images that are smaller."""


@dataclass(frozen=True, kw_only=True)
class Heat:
    """Where images speak for clusters, and by which method that was found."""

    cams: np.ndarray
    """(n, H, W) in [0, 1]."""
    what: str
    """Grad-CAM, HiResCAM or Attribution."""


def last(view: cache.View) -> cache.View:
    """The view at the run's last snapshot: the weights of earlier epochs are not kept."""
    kept = view.run.snapshots()
    if view.epoch == kept[-1][0]:
        return view
    st.caption(f"Weights are kept of the last epoch only, so this page shows epoch {kept[-1][0]}.")
    return cache.view(view.record, *kept[-1])


def page(view: cache.View) -> None:
    """What decided for the samples of a cluster, in one view of the data."""
    if not (view.run.folder / "checkpoint.pt").exists():
        frame.empty(
            "No trained weights yet",
            "An explanation needs the network itself; it is stored with the first checkpoint, some seconds into a "
            "training.",
            page="train.py",
            button="Watch the training",
        )
        return
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        number = _view(view)
        cluster = int(
            st.selectbox("Cluster", range(len(view.sizes)), key="cam-cluster", format_func=view.cluster_name, width=200)
        )
        strength, by_place = 0.6, False
        if attributions.drawn_on(view, number):
            strength = st.slider("Heat", 0.0, 1.0, 0.6, 0.05, key="heat", bind="query-params", width=240,
                                 help="0 shows the image alone, 1 the heat alone.")  # fmt: skip
        by_place = _by_place(view, number)
    if len(view.data.views) > 1 or not attributions.drawn_on(view, number):
        averages = attributions.averages(view)
        if averages is None:
            return
        if len(view.data.views) > 1:
            st.html(attributions.shares(view, averages, cluster))
        if not attributions.drawn_on(view, number):
            attributions.page(view, number, cluster, averages)
            return
        st.markdown("**On average** :gray[(mean image of each cluster, and what speaks for it)]")
        st.html(attributions.mean_heat(view, number, averages))
    _groups(view, number, cluster, strength, by_place)
    _one(view, number, strength, by_place)


def _by_place(view: cache.View, number: int) -> bool:
    """Which algorithm reads the feature maps of a view, where there may be such maps."""
    if cache.prepared(view.record.spec).spec.views[number].kind != "image":
        return False
    ways = ["Grad-CAM", "HiResCAM"]
    first = ways[len(view.data.views) > 1]  # stems of several views are read place by place
    st.segmented_control(
        "Heat by", ways, key=state.linked("cam", ways, first), required=True,
        help="Grad-CAM weighs each feature map as a whole, HiResCAM weighs every place of it.",
    )  # fmt: skip
    return state.link("cam", first) == "HiResCAM"


def _view(view: cache.View) -> int:
    """Which view of the data is looked at."""
    if len(view.data.views) == 1:
        return 0
    names = [f"view {number + 1}" for number in range(len(view.data.views))]
    st.segmented_control(
        "View", names, key=state.linked("view", names, names[0]), required=True,
        format_func=lambda name: view.view_names[names.index(name)],
        help="Images with a convolutional encoder are explained by its feature maps, others by integrated gradients.",
    )  # fmt: skip
    return names.index(state.link("view", names[0]))


def _groups(view: cache.View, number: int, cluster: int, strength: float, by_place: bool) -> None:
    """Typical images of a cluster, right and wrong, and its least sure ones."""
    parts = groups(view, cluster)
    chosen = np.concatenate([positions for _, _, positions in parts])
    heat = _heat(view, number, chosen, view.y_pred[chosen], by_place, label="Looking at what the network looked at")
    if heat is None:
        return
    shares = np.split(heat.cams, np.cumsum([len(positions) for _, _, positions in parts])[:-1])
    columns = st.columns(2, gap="large") if len(parts) == 3 else [st.container()]
    places = [*columns, st.container()]
    for place, (title, text, positions), cams in zip(places, parts, shares, strict=True):
        with place:
            st.markdown(f"**{title}** :gray[{text}]")
            if len(positions):
                _pairs(view, number, positions, Heat(cams=cams, what=heat.what), strength)
            else:
                st.caption("None in this cluster.")


def groups(view: cache.View, cluster: int) -> list[tuple[str, str, np.ndarray]]:
    """Heading, explanation and places in the view of the images to show for a cluster."""
    surest = cluster_rows.members(view, cluster, "surest", len(view.ids))
    own = surest[view.y_pred[surest] == cluster]
    if view.right is None:
        parts = [("Typical", f"{view.word}s the cluster is surest about", own[:COUNT])]
    else:
        parts = [
            ("Typical and right", f"surest {view.word}s, of the matched class", own[view.right[own]][:COUNT]),
            ("Typical but wrong", f"surest {view.word}s of another class", own[~view.right[own]][:COUNT]),
        ]
    return [*parts, ("Least sure", "smallest margin", cluster_rows.members(view, cluster, "least sure", COUNT))]


def _pairs(view: cache.View, number: int, positions: np.ndarray, heat: Heat, strength: float) -> None:
    plain, heated = _pictures(view, number, positions, heat.cams, strength)
    labels = [pictures.describe(view, int(i)) for i in positions]
    captions = [_caption(view, int(i)) for i in positions]
    st.html(pictures.pairs(plain, heated, labels, captions, px=PX, what=heat.what))


def _one(view: cache.View, number: int, strength: float, by_place: bool) -> None:
    st.markdown(f"#### One {view.word}, several clusters")
    left, right = st.columns([3, 9], gap="large")
    with left:
        sample = st.number_input(
            f"{view.word.capitalize()} number", 0, int(view.ids.max()), key="image", bind="query-params",
            value=_unsure(view), step=1,
            help=f"The number of the {view.word} in the data set; other pages show it when the pointer rests on it.",
        )  # fmt: skip
        position = int(np.searchsorted(view.ids, sample))
        if position >= len(view.ids) or view.ids[position] != sample:
            st.caption(f"This {view.word} is not part of the snapshot; the next one is shown.")
            position = min(position, len(view.ids) - 1)
        st.html(pictures.samples(view, [position], px=150 if len(view.data.views) == 1 else 110, mark=False))
        st.caption(pictures.describe(view, position))
    probs = np.exp(view.log_probs[position])
    best = np.argsort(-probs)[: min(5, len(probs))]
    with right:
        heat = _heat(
            view,
            number,
            np.repeat(position, len(best)),
            best,
            by_place,
            label=f"Looking at one {view.word}",
            height=210,
        )
        if heat is not None:
            _, heated = _pictures(view, number, np.repeat(position, len(best)), heat.cams, strength)
            labels = [f"What speaks for cluster {view.cluster_name(int(k))}, probability {probs[k]:.1%}" for k in best]
            st.html(
                pictures.grid(
                    heated, labels, px=150, colors=[view.colors[k] for k in best],
                    captions=[f"cluster {view.cluster_name(int(k))}: {probs[k]:.1%}" for k in best],
                )
            )  # fmt: skip
            st.caption(
                "The same image for each of its most probable clusters: heat marks what raises that cluster's score."
            )


def _unsure(view: cache.View) -> int:
    """The sample with the smallest confidence: the most interesting one to start with."""
    return int(view.ids[np.argmin(view.confidence)])


def _heat(
    view: cache.View,
    number: int,
    positions: np.ndarray,
    targets: np.ndarray,
    by_place: bool,
    *,
    label: str,
    height: int = 430,
) -> Heat | None:
    """Heat of the images of a view for clusters; None while it is computed."""
    data = cache.prepared(view.record.spec)
    time = (view.run.folder / "checkpoint.pt").stat().st_mtime_ns
    spec = view.data.spec.views[number]

    def work(report: jobs.Report) -> Heat:
        method = worker.restore(view.run, view.data.spec)
        report(0.5)
        views = [values[view.ids[positions]] for values in data.views]
        if data.spec.views[number].kind == "image" and method.cam_layer(number) is not None:
            cams = gradcam.grad_cam(method, views, targets, view=number, by_place=by_place)
            return Heat(cams=cams, what="HiResCAM" if by_place else "Grad-CAM")
        slopes = attribution.mean_slopes(method, views, targets, attributions.baselines(view, data))[number]
        found = attributions.effect(view, number, view.ids[positions], slopes)
        shape = spec.image_shape or spec.shape
        return Heat(cams=attribution.heat(found.reshape(-1, *shape)), what="Attribution")

    name = ("cam", view.record.run_id, time, number, by_place, tuple(positions.tolist()), tuple(targets.tolist()))
    return jobs.result(name, work, label=label, height=height)


def _pictures(
    view: cache.View, number: int, positions: np.ndarray, cams: np.ndarray, strength: float
) -> tuple[list[str], list[str]]:
    """The images, and the images under their heat, as `data:` addresses; small ones are enlarged under smooth heat."""
    key = ("heated", number, tuple(positions.tolist()), hash(cams.tobytes()), strength)
    return cache.derive(view, key, lambda: _draw(view, number, positions, cams, strength))


def _draw(
    view: cache.View, number: int, positions: np.ndarray, cams: np.ndarray, strength: float
) -> tuple[list[str], list[str]]:
    rgb = pictures.pixels(view.data, number, view.data.views[number][view.ids[positions]])
    large = drawing.resize(rgb, max(ENLARGED, *rgb.shape[1:3]))
    size = (large.shape[2], large.shape[1])
    smooth = [np.asarray(Image.fromarray(cam).resize(size, Image.Resampling.BICUBIC)) for cam in cams]
    heated = drawing.overlay(large, np.clip(np.stack(smooth), 0, 1), strength)
    return [drawing.data_uri(drawing.jpeg(i, 90)) for i in large], [
        drawing.data_uri(drawing.jpeg(i, 88)) for i in heated
    ]


def _caption(view: cache.View, position: int) -> str:
    known = "" if view.y_true is None else f"{view.class_name(int(view.y_true[position]))} · "
    return f"{known}{view.confidence[position]:.0%}"
