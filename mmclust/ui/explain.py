"""The Explain page: which images, and the heat that the network's last feature maps lay over them."""

import numpy as np
import streamlit as st
from PIL import Image

from mmclust import worker
from mmclust.analysis import gradcam
from mmclust.plots import images as drawing
from mmclust.ui import cache, cluster_rows, frame, jobs, pictures

COUNT = 6
PX = 84
"""Edge of an image on the page."""
ENLARGED = 128
"""Edge in pixels at which heat is drawn over images that are smaller."""


def last(view: cache.View) -> cache.View:
    """The view at the run's last snapshot: the weights of earlier epochs are not kept."""
    kept = view.run.snapshots()
    if view.epoch == kept[-1][0]:
        return view
    st.caption(f"Weights are kept of the last epoch only, so this page shows epoch {kept[-1][0]}.")
    return cache.view(view.record, *kept[-1])


def page(view: cache.View) -> None:
    """Typical images of a cluster, then one image against several clusters."""
    if not (view.run.folder / "checkpoint.pt").exists():
        frame.empty(
            "No trained weights yet",
            "Grad-CAM needs the network itself; it is stored with the first checkpoint, some seconds into a training.",
            page="train.py",
            button="Watch the training",
        )
        return
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        cluster = st.selectbox(
            "Cluster", range(len(view.sizes)), key="cam-cluster", format_func=view.cluster_name, width=200
        )
        strength = st.slider("Heat", 0.0, 1.0, 0.6, 0.05, key="heat", bind="query-params", width=240,
                             help="0 shows the image alone, 1 the heat alone.")  # fmt: skip
    parts = groups(view, int(cluster))
    chosen = np.concatenate([positions for _, _, positions in parts])
    heat = _cams(view, chosen, view.y_pred[chosen], label="Looking at what the network looked at")
    if heat is None:
        return
    shares = np.split(heat, np.cumsum([len(positions) for _, _, positions in parts])[:-1])
    columns = st.columns(2, gap="large") if len(parts) == 3 else [st.container()]
    places = [*columns, st.container()]
    for place, (title, text, positions), cams in zip(places, parts, shares, strict=True):
        with place:
            st.markdown(f"**{title}** :gray[{text}]")
            if len(positions):
                _pairs(view, positions, cams, strength)
            else:
                st.caption("None in this cluster.")
    _one(view, strength)


def groups(view: cache.View, cluster: int) -> list[tuple[str, str, np.ndarray]]:
    """Heading, explanation and places in the view of the images to show for a cluster."""
    surest = cluster_rows.members(view, cluster, "surest", len(view.ids))
    own = surest[view.y_pred[surest] == cluster]
    if view.right is None:
        parts = [("Typical", "images the cluster is surest about", own[:COUNT])]
    else:
        parts = [
            ("Typical and right", "surest images, of the matched class", own[view.right[own]][:COUNT]),
            ("Typical but wrong", "surest images of another class", own[~view.right[own]][:COUNT]),
        ]
    return [*parts, ("Least sure", "smallest margin", cluster_rows.members(view, cluster, "least sure", COUNT))]


def _pairs(view: cache.View, positions: np.ndarray, cams: np.ndarray, strength: float) -> None:
    plain, heated = _pictures(view, positions, cams, strength)
    labels = [pictures.describe(view, int(i)) for i in positions]
    captions = [_caption(view, int(i)) for i in positions]
    st.html(pictures.pairs(plain, heated, labels, captions, px=PX))


def _one(view: cache.View, strength: float) -> None:
    st.markdown("#### One image, several clusters")
    left, right = st.columns([3, 9], gap="large")
    with left:
        sample = st.number_input(
            "Image number", 0, int(view.ids.max()), key="image", bind="query-params", value=_unsure(view), step=1,
            help="The number of an image in the data set; other pages show it when the pointer rests on an image.",
        )  # fmt: skip
        position = int(np.searchsorted(view.ids, sample))
        if position >= len(view.ids) or view.ids[position] != sample:
            st.caption("This image is not part of the snapshot; the next one is shown.")
            position = min(position, len(view.ids) - 1)
        st.html(pictures.samples(view, [position], px=150, mark=False))
        st.caption(pictures.describe(view, position))
    probs = np.exp(view.log_probs[position])
    best = np.argsort(-probs)[: min(5, len(probs))]
    with right:
        cams = _cams(view, np.repeat(position, len(best)), best, label="Looking at one image", height=210)
        if cams is not None:
            _, heated = _pictures(view, np.repeat(position, len(best)), cams, strength)
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
    """The image with the smallest confidence: the most interesting one to start with."""
    return int(view.ids[np.argmin(view.confidence)])


def _cams(
    view: cache.View, positions: np.ndarray, targets: np.ndarray, *, label: str, height: int = 430
) -> np.ndarray | None:
    """Heat (n, H, W) of images for clusters; None while it is computed."""
    assert view.images is not None
    images, time = view.images[view.ids[positions]], (view.run.folder / "checkpoint.pt").stat().st_mtime_ns

    def work(report: jobs.Report) -> np.ndarray:
        method = worker.restore(view.run, view.data.spec)
        report(0.5)
        return gradcam.grad_cam(method, [images], targets)

    name = ("cam", view.record.run_id, time, tuple(positions.tolist()), tuple(targets.tolist()))
    return jobs.result(name, work, label=label, height=height)


def _pictures(
    view: cache.View, positions: np.ndarray, cams: np.ndarray, strength: float
) -> tuple[list[str], list[str]]:
    """The images, and the images under their heat, as `data:` addresses; small ones are enlarged under smooth heat."""
    assert view.images is not None
    spec = view.data.spec.views[pictures.image_view(view.data) or 0]
    rgb = drawing.to_rgb(view.images[view.ids[positions]], low=spec.low, high=spec.high)
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
