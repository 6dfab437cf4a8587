"""The samples of a data set in all their views, and the sizes of its classes."""

import numpy as np
import streamlit as st

from mmclust.data.dataset import MultiViewDataset
from mmclust.data.entry import Entry
from mmclust.escaping import markdown
from mmclust.plots import numbers
from mmclust.plots.palette import cluster_colors
from mmclust.ui.components import descriptions, markup, pictures, sample_cards
from mmclust.ui.data import about
from mmclust.ui.shell import cache, jobs

SHOWN = 120
"""Images on the page."""
ROWS, PAGE_PX = 8, 950
"""Rows of samples of several views, and the room for them on a usual screen."""


def read(entry: Entry) -> MultiViewDataset | None:
    """The data set, or None while a progress bar stands in its place."""
    return jobs.result(
        ("data", entry.name, str(entry.found_at())),
        lambda report: cache.dataset(entry.name, progress=lambda fraction, _: report(fraction)),
        label=f"Reading {entry.title}",
        height=420,
    )


def samples(entry: Entry, data: MultiViewDataset) -> None:
    """Samples of the set, of one class or of all, and the sizes of the classes."""
    word = "images" if entry.kind == "image" else "samples"
    height = 48 if len(data.views) <= 3 else 40
    count = SHOWN if entry.kind == "image" else sample_cards.fitting(data, height=height, width=PAGE_PX, rows=ROWS)
    label = _class(data, entry.name)
    chosen = _chosen(data, label, word, count, _holding(data))
    names, colors = [descriptions.class_name(data, int(i)) for i in chosen], cluster_colors(data.spec.n_clusters)
    marks = descriptions.class_colors(data, chosen)
    if entry.kind == "image":
        texts = [
            ", ".join(filter(None, (f"Image {i}", f"class {name}" if name else "", descriptions.caption(data, int(i)))))
            for i, name in zip(chosen, names, strict=True)
        ]
        px = 48 if entry.view_specs[0].shape[-1] <= 32 else 72
        short = None if data.texts is None else [descriptions.caption(data, int(i), 24) for i in chosen]
        addresses = [pictures.source(data, int(i)) for i in chosen]
        with st.container(key="mm-data-samples"):  # its room is kept until it is drawn
            st.html(pictures.grid(addresses, texts, px=px if short is None else 96, colors=marks, captions=short))
    else:
        st.caption(f"Each sample, left to right: {markdown(', '.join(entry.views))}.{_about_profiles(data)}")
        short = (
            names
            if data.texts is None
            else [descriptions.caption(data, int(i), 32) or name for i, name in zip(chosen, names, strict=True)]
        )
        with st.container(key="mm-data-cards" if len(chosen) == count else "mm-data-few-cards"):
            st.html(sample_cards.cards(data, chosen, height=height, labels=short if any(short) else None, colors=marks))
        _one_in_full(data)
    if data.labels is not None:
        st.markdown(f"### {word.capitalize()} per class")
        st.html(
            class_bars(
                np.bincount(data.labels[data.labels >= 0], minlength=data.spec.n_clusters), data.spec.classes, colors
            )
        )
    st.caption(markdown(about.origin(entry)))


def _about_profiles(data: MultiViewDataset) -> str:
    """How a profile is read; empty where all views are images."""
    if all(view.kind == "image" for view in data.spec.views):
        return ""
    return (
        " A profile has one bar per column; its height is the value relative to the column's 1st and 99th "
        "percentile. With many columns, neighbouring ones are averaged."
    )


def _holding(data: MultiViewDataset) -> str:
    """Words that captions must hold, as the user has written them; empty without captions."""
    if data.texts is None:
        return ""
    return st.text_input(
        "In the caption",
        key="data:words",
        width=300,
        placeholder="Words in the caption",
        icon=":material/search:",
        label_visibility="collapsed",
        help="Only samples whose caption contains all these words are shown.",
    )


def _class(data: MultiViewDataset, name: str) -> int | None:
    """The class to look at, None for all."""
    if data.labels is None:
        return None
    options = [None, *range(data.spec.n_clusters)]
    known = data.spec.classes or tuple(f"{label + 1}" for label in range(data.spec.n_clusters))
    text = "Show the samples of one class."

    def show(label: int | None) -> str:
        return "All classes" if label is None else known[label]

    if len(options) <= 12:
        # Pills have no option of the value None: -1 stands for all.
        found = st.pills(
            "Class",
            [-1, *options[1:]],
            default=-1,
            key=f"class-{name}",
            required=True,
            help=text,
            format_func=lambda label: markdown(show(None if label == -1 else label)),
        )
        return None if found == -1 else found
    return st.selectbox("Class", options, key=f"class-{name}", width=300, format_func=show, help=text)


def _chosen(data: MultiViewDataset, label: int | None, word: str, count: int, words: str = "") -> np.ndarray:
    """Samples drawn at random, others after each press of the button."""
    ids = np.arange(data.n_samples)
    if label is not None and data.labels is not None:
        ids = np.flatnonzero(data.labels == label)
    if data.texts is not None and (wanted := words.lower().split()):
        holds = [all(part in str(data.texts[i]).lower() for part in wanted) for i in ids]
        ids = ids[np.array(holds, bool)]
    with st.container(horizontal=True, vertical_alignment="center"):
        page = st.session_state.setdefault("data:page", 0)
        st.markdown(f":gray[{min(count, len(ids))} of {len(ids):,} {word}, drawn at random]")
        if st.button(
            "Shuffle", icon=":material/refresh:", key="data-others", type="tertiary", help=f"Draw other {word}."
        ):
            page = st.session_state["data:page"] = page + 1
    return np.random.default_rng(page).choice(ids, min(count, len(ids)), replace=False)


def _one_in_full(data: MultiViewDataset) -> None:
    """All numbers of one sample, with axes."""
    with st.expander("Single sample"):
        sample = int(
            st.number_input(
                "Sample number",
                0,
                data.n_samples - 1,
                key="data-sample",
                step=1,
                width=180,
                help="Index of the sample in the data set. Hover over a picture to see its number.",
            )
        )
        name = descriptions.class_name(data, sample)
        st.caption(f"Class {markdown(name)}" if data.spec.classes and name else name.capitalize() or "No class")
        for start in range(0, len(data.views), 2):
            for place, view in zip(st.columns(2), range(start, min(start + 2, len(data.views))), strict=False):
                with place:
                    _in_full(data, view, sample)


def _in_full(data: MultiViewDataset, view: int, sample: int) -> None:
    spec = data.spec.views[view]
    st.markdown(f"**{markdown(spec.name)}** :gray[{descriptions.size(spec)}]")
    if spec.kind == "image":
        address = sample_cards.sources(data, view, np.array([sample]))
        width, _ = sample_cards.shown_size(spec, 200)
        st.html(pictures.grid(address, [f"{spec.name} of sample {sample}"], px=width))
        return
    values = data.views[view]
    figure = numbers.sample_figure(values[sample], values.mean(axis=0, dtype=np.float64))
    st.plotly_chart(figure, key=f"full-{data.spec.name}-{view}", config={"displayModeBar": False})


def class_bars(counts: np.ndarray, names: tuple[str, ...], colors: list[str]) -> str:
    """HTML bars of the class sizes."""
    largest = max(1, int(counts.max()))
    rows = [
        markup.Bar(names[i] if i < len(names) else f"{i}", 60 * n / largest, colors[i % len(colors)], f"{n:,}")
        for i, n in enumerate(counts[:40])
    ]
    return markup.bars(rows, alt="Samples per class")
