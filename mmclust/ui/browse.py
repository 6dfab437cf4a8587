"""The Data page: the list of data sets, what is known of one, its images."""

from html import escape

import numpy as np
import streamlit as st

from mmclust.data import catalogue
from mmclust.data.dataset import ViewSpec
from mmclust.data.entry import Entry
from mmclust.plots.palette import cluster_colors
from mmclust.ui import cache, forms, jobs, pictures

SHOWN = 120
KEY = "data:choice"


def choose() -> str:
    """The list of data sets, those that are here first; the choice stands in the URL."""
    names = sorted(catalogue.DATASETS, key=lambda name: not catalogue.DATASETS[name].available())
    here = {name for name in names if catalogue.DATASETS[name].available()}
    if st.session_state.get(KEY) not in names:
        wanted = forms.kept("dataset")
        st.session_state[KEY] = wanted if wanted in names else names[0]
    name = st.radio(
        "Data set",
        names,
        key=KEY,
        format_func=lambda n: catalogue.DATASETS[n].title if n in here else f":gray[{catalogue.DATASETS[n].title}]",
        captions=[_caption(catalogue.DATASETS[n], n in here) for n in names],
    )
    forms.keep("dataset", name)
    forms.write_url({"dataset": name})
    return name


def _caption(entry: Entry, here: bool) -> str:
    what = f"{len(entry.views)} views" if entry.kind == "multi-view" else size(entry.view_specs[0])
    return f"{entry.n_samples:,} · {what}" + ("" if here else " · not here yet")


def size(view: ViewSpec) -> str:
    """How large a view is: 28 × 28 for an image, 72 numbers for a vector."""
    return f"{view.shape[2]} × {view.shape[1]}" if view.kind == "image" else f"{view.shape[0]:,} numbers"


def summary(entry: Entry) -> str:
    """A data set in one line: how many samples of what, and how many classes."""
    if entry.kind == "image":
        return f"{entry.n_samples:,} images of {size(entry.view_specs[0])} pixels, {entry.n_clusters} classes"
    views = ", ".join(f"{view.name} {size(view)}" for view in entry.view_specs)
    return f"{entry.n_samples:,} samples in {len(entry.views)} views ({views}), {entry.n_clusters} classes"


def about(entry: Entry) -> None:
    """Title, description, figures, source."""
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.markdown(f"### {entry.title}")
        if entry.available() and st.button(
            "Train on this", type="primary", icon=":material/play_arrow:", key="data-train"
        ):
            st.session_state.pop("form:dataset", None)
            st.switch_page("train.py", query_params={"dataset": entry.name})
    st.markdown(entry.about)
    if entry.kind == "image":
        channels, height, width = entry.shape
        colors = {1: "gray", 3: "colour"}.get(channels, f"{channels} channels")
        figures = [("images", f"{entry.n_samples:,}"), ("pixels", f"{width} × {height}"), ("", colors)]
    else:
        figures = [("samples", f"{entry.n_samples:,}"), ("views", f"{len(entry.views)}")]
    figures.append(("classes", f"{entry.n_clusters}"))
    cells = "".join(f"<span><b>{value}</b> <small>{name}</small></span>" for name, value in figures)
    st.html(f'<div class="mm-chips">{cells}</div>')


def images(entry: Entry) -> None:
    """Images of the set, of one class or of all, with the sizes of the classes."""
    data = jobs.result(
        ("data", entry.name, str(entry.found_at())),
        lambda report: cache.dataset(entry.name, progress=lambda fraction, _: report(fraction)),
        label=f"Reading {entry.title}",
        height=420,
    )
    if data is None:
        return
    shown = "All classes"
    if data.labels is not None:
        options = ["All classes", *data.spec.classes]
        if len(options) <= 12:
            shown = st.pills("Class", options, default="All classes", key=f"class-{entry.name}", required=True)
        else:
            shown = st.selectbox("Class", options, key=f"class-{entry.name}", width=300)
    ids = np.arange(data.n_samples)
    if data.labels is not None and shown in data.spec.classes:
        ids = np.flatnonzero(data.labels == data.spec.classes.index(shown))
    with st.container(horizontal=True, vertical_alignment="center"):
        page = st.session_state.setdefault("data:page", 0)
        st.markdown(f":gray[{min(SHOWN, len(ids))} of {len(ids):,} images, drawn at random]")
        if st.button("Others", icon=":material/refresh:", key="data-others", type="tertiary"):
            page = st.session_state["data:page"] = page + 1
    chosen = np.random.default_rng(page).permutation(ids)[:SHOWN]
    labels, colors = data.labels, cluster_colors(data.spec.n_clusters)
    texts, marks = [f"Image {i}" for i in chosen], None
    if labels is not None:
        names = data.spec.classes
        texts = [f"Image {i}, class {names[labels[i]] if names else labels[i]}" for i in chosen]
        marks = [colors[labels[i] % len(colors)] for i in chosen]
    px = 48 if entry.view_specs[0].shape[-1] <= 32 else 72
    st.html(pictures.grid([pictures.source(data, int(i)) for i in chosen], texts, px=px, colors=marks))
    if labels is not None:
        st.html(class_bars(np.bincount(labels, minlength=data.spec.n_clusters), data.spec.classes, colors))
    st.caption(f"{entry.citation}. Source: {entry.source}. Licence: {entry.licence}.")


def class_bars(counts: np.ndarray, names: tuple[str, ...], colors: list[str]) -> str:
    """HTML bars of the class sizes."""
    largest = max(1, int(counts.max()))
    rows = "".join(
        f"<div><span>{escape(names[i]) if i < len(names) else i}</span>"
        f'<i style="width:{60 * n / largest:.1f}%;background:{colors[i % len(colors)]}"></i><small>{n:,}</small></div>'
        for i, n in enumerate(counts[:40])
    )
    return f'<div class="mm-bars" role="img" aria-label="Images per class">{rows}</div>'


def missing(entry: Entry) -> None:
    """How to get a data set that is not here; a button where it can be downloaded."""
    with st.container(border=True):
        st.markdown("**Not on this machine yet**")
        st.markdown(entry.how_to_get)
        if entry.downloads:
            key = ("download", entry.name)
            wanted = st.session_state.setdefault("data:downloads", set())
            if st.button("Download", type="primary", icon=":material/download:", key=f"get-{entry.name}"):
                wanted.add(entry.name)
            if entry.name in wanted:
                done = jobs.result(
                    key,
                    lambda report: catalogue.download(entry.name, lambda fraction, _: report(fraction)) or True,
                    label=f"Downloading {entry.title}",
                    height=110,
                )
                if done:
                    wanted.discard(entry.name)
                    st.rerun()
        st.caption(f"{entry.citation}. Source: {entry.source}. Licence: {entry.licence}.")
