"""Heat over images: worked out in the background, laid over by the browser, faded there without asking the server."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any, Literal

import numpy as np
import streamlit as st
from PIL import Image
from streamlit.components.v2 import component

from mmclust import models
from mmclust.analysis import attribution, disk_cache, gradcam
from mmclust.analysis.source import Source
from mmclust.clustering import Clustering
from mmclust.methods import METHODS, card
from mmclust.plots import images as drawing
from mmclust.ui.components import pictures, trained_network
from mmclust.ui.explain import attributions
from mmclust.ui.shell import cache, jobs, state

HEAT_PX = 64
"""Edge of a heat picture; the browser stretches it over the image."""

SLIDER = """
<label title="0 shows the image alone, 100 the heat alone">
  <span>Heat</span><input type="range" min="0" max="100" step="1" aria-label="Strength of the heat, percent">
  <output></output>
</label>
"""
SLIDER_CSS = """
label { display: flex; align-items: center; gap: 0.6rem; height: 2.5rem; color: var(--st-text-color);
  font-family: var(--st-font); font-size: 0.875rem; }
input { width: 9rem; height: 6px; appearance: none; border-radius: 3px;
  background: color-mix(in srgb, currentColor 22%, transparent); }
input::-webkit-slider-thumb { appearance: none; width: 14px; height: 14px; border-radius: 50%;
  background: var(--st-primary-color); }
input::-moz-range-thumb { border: 0; width: 14px; height: 14px; border-radius: 50%;
  background: var(--st-primary-color); }
input:focus-visible { outline: 2px solid var(--st-primary-color); outline-offset: 2px; }
output { min-width: 2.6rem; font-variant-numeric: tabular-nums; }
"""
SLIDER_JS = """
export default function ({ parentElement }) {
  const input = parentElement.querySelector("input"), output = parentElement.querySelector("output");
  const show = () => {
    output.textContent = `${input.value} %`;
    document.documentElement.style.setProperty("--mm-heat", input.value / 100);
    sessionStorage.setItem("mm-heat", input.value);
  };
  input.value = sessionStorage.getItem("mm-heat") ?? 60;
  input.oninput = show;
  show();
}
"""


@dataclass(frozen=True, kw_only=True)
class Lens:
    """Through what a view of the data is looked at."""

    view: int
    """Number of the data's view."""
    way: str = "grad-cam"
    """One of `gradcam.WAYS`; of no meaning for views without convolutions."""
    layer: str = ""
    """Name of a layer; empty for the method's first."""


@dataclass(frozen=True, kw_only=True)
class Heat:
    """Where images speak for clusters, and by which way that was found."""

    cams: np.ndarray
    """(n, H, W) in [0, 1]."""
    what: str
    """Grad-CAM, ..., or Attribution."""


def slider() -> None:
    """How strongly heat covers the images of the page; nothing is sent to the server."""
    _registered()(key="heat")


@st.cache_resource(show_spinner=False)
def _registered() -> Any:
    return component("mmclust-heat", html=SLIDER, css=SLIDER_CSS, js=SLIDER_JS)


def lens(clustering: Clustering, number: int) -> Lens:
    """The controls of a view's lens; all stand in the URL."""
    if cache.prepared(clustering.record.spec).spec.views[number].kind != "image":
        return Lens(view=number)
    ways = list(gradcam.WAYS)
    first = "hirescam" if len(clustering.data.views) > 1 else ways[0]  # stems of several views are read place by place
    st.selectbox(
        "Heat by",
        ways,
        key=state.linked("cam", ways, first),
        width=180,
        format_func=lambda way: gradcam.WAYS[way].title,
        help="\n".join(f"- **{way.title}**: {way.about}" for way in gradcam.WAYS.values()),
    )
    way, layer = state.link("cam", first), ""
    layers = card(clustering.record.spec.method).cam_layers if clustering.record.spec.method in METHODS else ()
    if layers:
        st.segmented_control(
            "Layer",
            layers,
            key=state.linked("layer", layers, layers[0]),
            required=True,
            help="Deep layers say what, in coarse maps; earlier ones say where, in finer maps.",
        )
        layer = state.link("layer", layers[0])
    return Lens(view=number, way=way, layer=layer)


def of(
    clustering: Clustering,
    lens: Lens,
    rows: np.ndarray,
    targets: np.ndarray,
    *,
    kind: Literal["cluster", "prototype"] = "cluster",
    height: int = 430,
) -> Heat | None:
    """Heat of samples; None while a progress bar stands in its place.

    Args:
        clustering: the run at its last epoch.
        lens: which view of the data is looked at, and how.
        rows: (n,) places of the samples in the view's arrays.
        targets: (n,) cluster or prototype asked about for each.
        kind: what the targets are.
        height: room in pixels that the result will need.
    """
    ids, time = clustering.ids[rows], trained_network.written(clustering)
    key = ("heat", time, lens.view, lens.way, lens.layer, kind, disk_cache.content(ids), disk_cache.content(targets))

    def work(report: jobs.Report) -> Heat:
        found = disk_cache.arrays(
            clustering.folder("heat"),
            key,
            lambda: _worked_out(clustering, lens, ids, targets, kind, report),
            source=gradcam.SOURCE + Source(alone=(__name__,)) + attributions.source(clustering),
        )
        return Heat(cams=found["cams"] / np.float32(255), what=str(found["what"]))

    label = f"Looking at {len(rows):,} {clustering.word}{'s' * (len(rows) != 1)}"
    return jobs.result((*key, clustering.record.run_id), work, label=label, height=height)


def _worked_out(
    clustering: Clustering,
    lens: Lens,
    ids: np.ndarray,
    targets: np.ndarray,
    kind: Literal["cluster", "prototype"],
    report: Callable[[float], None],
) -> disk_cache.Arrays:
    data, spec = cache.prepared(clustering.record.spec), clustering.data.spec.views[lens.view]
    method = models.restore(clustering.run, clustering.data.spec)
    report(0.05)
    views = [values[ids] for values in data.views]
    if data.spec.views[lens.view].kind == "image" and method.cam_layer(lens.view) is not None:
        cams = gradcam.grad_cam(
            method,
            views,
            targets,
            view=lens.view,
            way=lens.way,
            layer=lens.layer,
            of=kind,
            progress=lambda share: report(0.05 + 0.95 * share),
        )
        what = gradcam.WAYS[lens.way].title
    else:
        slopes = attribution.mean_slopes(method, views, targets, attributions.baselines(clustering, data))[lens.view]
        found = attributions.effect(clustering, lens.view, ids, slopes)
        cams, what = attribution.heat(found.reshape(-1, *(spec.image_shape or spec.shape))), "Attribution"
    return {"cams": np.rint(cams * 255).astype(np.uint8), "what": np.array(what)}


def sources(cams: np.ndarray) -> list[str]:
    """Heat (n, H, W) as `data:` addresses of small smooth pictures."""
    size = (HEAT_PX, max(1, round(HEAT_PX * cams.shape[1] / cams.shape[2])))
    smooth = [np.asarray(Image.fromarray(cam).resize(size, Image.Resampling.BICUBIC)) for cam in cams]
    return [drawing.data_uri(drawing.jpeg(drawing.saliency_colors(np.clip(cam, 0, 1)), 80)) for cam in smooth]


def picture(plain: str, heat: str, label: str, *, px: int) -> str:
    """HTML of an image under its heat, as strong as the slider says."""
    size = f"width:{px}px;height:{px}px"
    return (
        f'<span class="mm-heat" style="{size}"><img src="{plain}" alt="" style="{size}">'
        f'<img src="{heat}" alt="{escape(label)}" title="{escape(label)}" style="{size}"></span>'
    )


def pairs(
    plain: Sequence[str], heats: Sequence[str], labels: Sequence[str], captions: Sequence[str], *, px: int, what: str
) -> str:
    """HTML of images, each beside itself under heat.

    Args:
        plain: addresses of the images.
        heats: addresses of their heat.
        labels: what each image is; alt text and tooltip.
        captions: text under each; empty for none.
        px: width of an image on the page.
        what: name of the heat.
    """
    cells = []
    for i, (image, heat, label) in enumerate(zip(plain, heats, labels, strict=True)):
        text = f'<span class="mm-cap">{escape(captions[i])}</span>' if captions else ""
        cells.append(
            f'<li class="mm-pair"><div><img src="{image}" alt="{escape(label)}" title="{escape(label)}" '
            f'style="width:{px}px;height:{px}px">{picture(image, heat, f"{what} of {label}", px=px)}</div>{text}</li>'
        )
    return f'<ul class="mm-grid mm-wrap mm-pairs">{"".join(cells)}</ul>'


def samples(
    clustering: Clustering,
    lens: Lens,
    rows: np.ndarray,
    heat: Heat,
    *,
    px: int = 84,
    captions: Sequence[str] | None = None,
) -> str:
    """HTML of samples beside their heat; under each its class and how sure the run is, or other texts."""
    key = (
        "heated",
        lens,
        disk_cache.content(rows),
        disk_cache.content(heat.cams),
        px,
        None if captions is None else tuple(captions),
    )
    return clustering.derive(key, lambda: _samples(clustering, lens, rows, heat, px, captions))


def _samples(
    clustering: Clustering, lens: Lens, rows: np.ndarray, heat: Heat, px: int, captions: Sequence[str] | None
) -> str:
    labels = [pictures.describe(clustering, int(i)) for i in rows]
    texts = [caption(clustering, int(i)) for i in rows] if captions is None else captions
    return pairs(plain(clustering, lens, rows), sources(heat.cams), labels, texts, px=px, what=heat.what)


def plain(clustering: Clustering, lens: Lens, rows: np.ndarray) -> list[str]:
    """Addresses of the images of a lens without heat."""
    return pictures.sources(clustering.data, lens.view, clustering.ids[rows].tolist())


def caption(clustering: Clustering, row: int) -> str:
    """Class, where it is known, and how sure the run is."""
    known = "" if clustering.y_true is None else f"{clustering.class_name(int(clustering.y_true[row]))} · "
    return f"{known}{clustering.confidence[row]:.0%}"


def meaning(found: Heat) -> str:
    """What bright places mean."""
    if any(way.title == found.what and not way.of_a_score for way in gradcam.WAYS.values()):
        return "Bright: what stands out in the feature maps, whatever the cluster."
    text = "Bright: what speaks for the cluster."
    if dark := int((found.cams.max(axis=(1, 2), initial=0) == 0).sum()):
        text += (
            f" {dark} of {len(found.cams)} are dark: by {found.what} nothing in them does; try another way or layer."
        )
    return text
