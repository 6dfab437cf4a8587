"""Saliency maps over images: computed in the background, overlaid and faded by the browser without the server."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import streamlit as st
from markupsafe import Markup
from PIL import Image
from streamlit.components.v2 import component

from mmclust import models
from mmclust.analysis import attribution, disk_cache, gradcam
from mmclust.analysis.source import Source
from mmclust.clustering import Clustering
from mmclust.methods import METHODS, card
from mmclust.plots import images as drawing
from mmclust.ui.components import markup, pictures, trained_network
from mmclust.ui.explain import attributions
from mmclust.ui.shell import cache, jobs, state

SALIENCY_PX = 64
"""Edge of a saliency picture in pixels; the browser stretches it over the image."""

SLIDER = """
<label title="Opacity of the saliency map: 0 shows only the image, 100 only the map">
  <span>Overlay</span><input type="range" min="0" max="100" step="1" aria-label="Opacity of the saliency map, percent">
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
    document.documentElement.style.setProperty("--mm-saliency", input.value / 100);
    sessionStorage.setItem("mm-saliency", input.value);
  };
  input.value = sessionStorage.getItem("mm-saliency") ?? 60;
  input.oninput = show;
  show();
}
"""


@dataclass(frozen=True, kw_only=True)
class Lens:
    """Through what a view of the data is looked at."""

    view: int
    """Number of the data's view."""
    cam: str = "grad-cam"
    """One of `gradcam.CAM_METHODS`; of no meaning for views without convolutions."""
    layer: str = ""
    """Name of a layer; empty for the method's first."""


@dataclass(frozen=True, kw_only=True)
class SaliencyMaps:
    """Regions of images that support clusters, and the method that found them."""

    cams: np.ndarray
    """(n, H, W) in [0, 1]."""
    what: str
    """Grad-CAM, ..., or Attribution."""


def slider() -> None:
    """The slider for the opacity of saliency maps; nothing is sent to the server."""
    _registered()(key="saliency")


@st.cache_resource(show_spinner=False)
def _registered() -> Any:
    return component("mmclust-saliency", html=SLIDER, css=SLIDER_CSS, js=SLIDER_JS)


def lens(clustering: Clustering, number: int) -> Lens:
    """The controls of a view's lens; all stand in the URL."""
    if cache.prepared(clustering.record.spec).spec.views[number].kind != "image":
        return Lens(view=number)
    cams = list(gradcam.CAM_METHODS)
    first = "hirescam" if len(clustering.data.views) > 1 else cams[0]  # stems of several views are read place by place
    st.selectbox(
        "CAM method",
        cams,
        key=state.linked("cam", cams, first),
        width=180,
        format_func=lambda cam: gradcam.CAM_METHODS[cam].title,
        help="\n".join(f"- **{cam.title}**: {cam.about}" for cam in gradcam.CAM_METHODS.values()),
    )
    cam, layer = state.link("cam", first), ""
    layers = card(clustering.record.spec.method).cam_layers if clustering.record.spec.method in METHODS else ()
    if layers:
        st.segmented_control(
            "Layer",
            layers,
            key=state.linked("layer", layers, layers[0]),
            required=True,
            help="Deeper layers give coarser, more semantic maps; earlier layers give finer maps.",
        )
        layer = state.link("layer", layers[0])
    return Lens(view=number, cam=cam, layer=layer)


def of(
    clustering: Clustering,
    lens: Lens,
    rows: np.ndarray,
    targets: np.ndarray,
    *,
    kind: Literal["cluster", "prototype"] = "cluster",
    height: int = 430,
) -> SaliencyMaps | None:
    """Saliency maps of samples; None while a progress bar stands in its place.

    Args:
        clustering: the run at its last epoch.
        lens: which view of the data is looked at, and how.
        rows: (n,) places of the samples in the clustering's arrays.
        targets: (n,) cluster or prototype asked about for each.
        kind: what the targets are.
        height: room in pixels that the result will need.
    """
    ids, time = clustering.ids[rows], trained_network.written(clustering)
    key = ("heat", time, lens.view, lens.cam, lens.layer, kind, disk_cache.content(ids), disk_cache.content(targets))

    def work(report: jobs.OnProgress) -> SaliencyMaps:
        found = disk_cache.arrays(
            clustering.folder("heat"),
            key,
            lambda: _computed(clustering, lens, ids, targets, kind, report),
            source=gradcam.SOURCE + Source(alone=(__name__,)) + attributions.source(clustering),
        )
        return SaliencyMaps(cams=found["cams"] / np.float32(255), what=str(found["what"]))

    label = f"Explaining {len(rows):,} {clustering.word}{'s' * (len(rows) != 1)}"
    return jobs.result((*key, clustering.record.run_id), work, label=label, height=height)


def _computed(
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
            cam=lens.cam,
            layer=lens.layer,
            of=kind,
            progress=lambda share: report(0.05 + 0.95 * share),
        )
        what = gradcam.CAM_METHODS[lens.cam].title
    else:
        slopes = attribution.mean_slopes(method, views, targets, attributions.baselines(clustering, data))[lens.view]
        found = attributions.effect(clustering, lens.view, ids, slopes)
        cams, what = attribution.saliency_map(found.reshape(-1, *(spec.image_shape or spec.shape))), "Attribution"
    return {"cams": np.rint(cams * 255).astype(np.uint8), "what": np.array(what)}


def sources(cams: np.ndarray) -> list[str]:
    """Saliency maps (n, H, W) as `data:` addresses of small smooth pictures."""
    size = (SALIENCY_PX, max(1, round(SALIENCY_PX * cams.shape[1] / cams.shape[2])))
    smooth = [np.asarray(Image.fromarray(cam).resize(size, Image.Resampling.BICUBIC)) for cam in cams]
    return [drawing.data_uri(drawing.jpeg(drawing.saliency_colors(np.clip(cam, 0, 1)), 80)) for cam in smooth]


_OVERLAID = Markup(
    '<span class="mm-saliency" style="{size}"><img src="{plain}" alt="" style="{size}">'
    '<img src="{overlay}" alt="{label}" title="{label}" style="{size}"></span>'
)
_PAIR = Markup(
    '<li class="mm-pair"><div><img src="{image}" alt="{label}" title="{label}" style="width:{px}px;height:{px}px">'
    "{overlaid}</div>{text}</li>"
)


def picture(plain: str, overlay: str, label: str, *, px: int) -> Markup:
    """HTML of an image under its saliency map, as opaque as the slider says."""
    return _OVERLAID.format(size=f"width:{px}px;height:{px}px", plain=plain, overlay=overlay, label=label)


def pairs(
    plain: Sequence[str], overlays: Sequence[str], labels: Sequence[str], captions: Sequence[str], *, px: int, what: str
) -> str:
    """HTML of images, each beside its saliency map.

    Args:
        plain: addresses of the images.
        overlays: addresses of their saliency.
        labels: what each image is; alt text and tooltip.
        captions: text under each; empty for none.
        px: width of an image on the page.
        what: name of the method.
    """
    cells = []
    for i, (image, overlay, label) in enumerate(zip(plain, overlays, labels, strict=True)):
        text = markup.caption(captions[i]) if captions else ""
        overlaid = picture(image, overlay, f"{what} of {label}", px=px)
        cells.append(_PAIR.format(image=image, label=label, px=px, overlaid=overlaid, text=text))
    return f'<ul class="mm-grid mm-wrap mm-pairs">{"".join(cells)}</ul>'


def samples(
    clustering: Clustering,
    lens: Lens,
    rows: np.ndarray,
    maps: SaliencyMaps,
    *,
    px: int = 84,
    captions: Sequence[str] | None = None,
) -> str:
    """HTML of samples beside their saliency; under each its class and its confidence, or other texts."""
    key = (
        "heated",
        lens,
        disk_cache.content(rows),
        disk_cache.content(maps.cams),
        px,
        None if captions is None else tuple(captions),
    )
    return clustering.derive(key, lambda: _samples(clustering, lens, rows, maps, px, captions))


def _samples(
    clustering: Clustering, lens: Lens, rows: np.ndarray, maps: SaliencyMaps, px: int, captions: Sequence[str] | None
) -> str:
    labels = [pictures.describe(clustering, int(i)) for i in rows]
    texts = [caption(clustering, int(i)) for i in rows] if captions is None else captions
    return pairs(plain(clustering, lens, rows), sources(maps.cams), labels, texts, px=px, what=maps.what)


def plain(clustering: Clustering, lens: Lens, rows: np.ndarray) -> list[str]:
    """Addresses of the images of a view without saliency."""
    return pictures.sources(clustering.data, lens.view, clustering.ids[rows].tolist())


def caption(clustering: Clustering, row: int) -> str:
    """Class, where it is known, and its confidence."""
    known = "" if clustering.y_true is None else f"{clustering.class_name(int(clustering.y_true[row]))} · "
    return f"{known}{clustering.confidence[row]:.0%}"


def meaning(found: SaliencyMaps) -> str:
    """What bright places mean."""
    if any(cam.title == found.what and not cam.of_a_score for cam in gradcam.CAM_METHODS.values()):
        return "Bright regions stand out in the feature maps, regardless of the cluster."
    text = "Bright regions support the cluster."
    if dark := int((found.cams.max(axis=(1, 2), initial=0) == 0).sum()):
        text += (
            f" {dark} of {len(found.cams)} maps are empty: {found.what} finds no supporting region; try "
            "another CAM method or layer."
        )
    return text
