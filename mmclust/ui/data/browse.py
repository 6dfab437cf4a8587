"""The Data page: the list of data sets, what is known of one, its samples in all their views."""

from html import escape
from typing import NoReturn

import numpy as np
import streamlit as st

from mmclust.data import catalogue
from mmclust.data.dataset import MultiViewDataset, ViewSpec
from mmclust.data.entry import Entry
from mmclust.plots import numbers
from mmclust.plots.palette import cluster_colors
from mmclust.ui.components import pictures, sample_cards
from mmclust.ui.shell import cache, forms, jobs, login

SHOWN = 120
"""Images on the page."""
ROWS, PAGE_PX = 8, 950
"""Rows of samples of several views, and the room for them on a usual screen."""
KEY = "data:choice"


KEPT_NOW, UNSEEN = "data:kept-now", "data:unseen"
"""Session keys: the data set that the visitor has just kept, and whether the page has yet to scroll up to it."""
ADD = "add"
"""The choice that stands for adding data."""
_TO_TOP = "<script>document.querySelector('[data-testid=\"stMain\"]').scrollTo(0, 0)</script>"


def choose() -> str:
    """The list of data sets, the visitor's own first, then those that are here; the choice stands in the URL."""
    known = {entry.name: entry for entry in (*login.entries(), *catalogue.DATASETS.values())}
    here = {name for name, entry in known.items() if entry.available()}
    wanted = forms.kept("dataset")
    st.button(
        "Add data",
        icon=":material/upload_file:",
        width="stretch",
        type="primary" if wanted == ADD else "secondary",
        key="data-add",
        on_click=_add,
        help="Pictures, arrays or tables of your own.",
    )
    words = (
        st.text_input(
            "Search",
            key="data:search",
            placeholder="Search",
            label_visibility="collapsed",
            icon=":material/search:",
            help="Names, descriptions, classes: only data sets that hold all the words are listed.",
        )
        .lower()
        .split()
    )
    names = sorted((name for name in known if _matches(known[name], words)), key=lambda name: name not in here)
    if not names:
        st.caption("No data set holds these words; clear the search to see all.")
        names = sorted(known, key=lambda name: name not in here)
    if st.session_state.get(KEY) not in names:
        st.session_state[KEY] = wanted if wanted in names else None if wanted == ADD else names[0]
    name = st.radio(
        "Data set",
        names,
        index=None,
        key=KEY,
        format_func=lambda n: known[n].title if n in here else f":gray[{known[n].title}]",
        captions=[_caption(known[n], n in here) for n in names],
        help="Sets in grey are not on this machine yet; choose one to see how to get it.",
    )
    chosen = name or ADD
    forms.keep("dataset", chosen)
    forms.write_url({"dataset": chosen})
    return chosen


def _add() -> None:
    st.session_state[KEY] = None
    forms.keep("dataset", ADD)
    forms.write_url({"dataset": ADD})


def _matches(entry: Entry, words: list[str]) -> bool:
    text = " ".join((entry.name, entry.title, entry.about, *entry.classes, *entry.views)).lower()
    return all(word in text for word in words)


def _caption(entry: Entry, here: bool) -> str:
    what = f"{len(entry.views)} views" if entry.kind == "multi-view" else size(entry.view_specs[0])
    whose = "yours · " if entry.place else ""
    return f"{whose}{entry.n_samples:,} · {what}" + ("" if here else " · not here yet")


def size(view: ViewSpec) -> str:
    """How large a view is: 28 × 28 for an image, 72 numbers for a vector."""
    return f"{view.shape[2]} × {view.shape[1]}" if view.kind == "image" else f"{view.shape[0]:,} numbers"


def summary(entry: Entry) -> str:
    """A data set in one line: how many samples of what, and how many classes."""
    classes = f"{entry.n_clusters} classes" if entry.n_clusters else "no classes"
    if entry.kind == "image":
        return f"{entry.n_samples:,} images of {size(entry.view_specs[0])} pixels, {classes}"
    views = ", ".join(f"{view.name} {size(view)}" for view in entry.view_specs)
    count = f"{len(entry.views)} views" if len(entry.views) > 1 else "1 view"
    return f"{entry.n_samples:,} samples in {count} ({views}), {classes}"


def turn_to(name: str) -> NoReturn:
    """Run the page again for a data set that was just kept."""
    forms.keep("dataset", name)
    forms.write_url({"dataset": name})
    st.session_state.pop(KEY, None)
    st.session_state[KEPT_NOW], st.session_state[UNSEEN] = name, True
    st.rerun()


def kept_now(entry: Entry) -> None:
    """What can be done next with a data set that was just kept; the page, still at the end of a form, scrolls up."""
    if st.session_state.get(KEPT_NOW) != entry.name:
        st.session_state.pop(KEPT_NOW, None)
        return
    with st.container(key="data-kept-now"):
        st.success(
            f"**{entry.title}** is in your list of data sets now. Look at it below, or press *Train on this*.",
            icon=":material/check:",
        )
        if st.session_state.pop(UNSEEN, False):
            st.html(_TO_TOP, unsafe_allow_javascript=True)


def about(entry: Entry) -> None:
    """Title, description, figures, source."""
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.markdown(f"### {entry.title}")
        if entry.available() and st.button(
            "Train on this",
            type="primary",
            icon=":material/play_arrow:",
            key="data-train",
            help="Open the Train page with this data set.",
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
    figures.append(("classes", f"{entry.n_clusters}" if entry.n_clusters else "no"))
    if entry.captioned:
        figures.append(("", "with captions"))
    cells = "".join(f"<span><b>{value}</b> <small>{name}</small></span>" for name, value in figures)
    st.html(f'<div class="mm-chips">{cells}</div>')


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
    names, colors = [class_name(data, int(i)) for i in chosen], cluster_colors(data.spec.n_clusters)
    marks = None if data.labels is None else [colors[data.labels[i] % len(colors)] for i in chosen]
    if entry.kind == "image":
        texts = [
            ", ".join(filter(None, (f"Image {i}", f"class {name}" if name else "", caption(data, int(i)))))
            for i, name in zip(chosen, names, strict=True)
        ]
        px = 48 if entry.view_specs[0].shape[-1] <= 32 else 72
        short = None if data.texts is None else [caption(data, int(i), 24) for i in chosen]
        addresses = [pictures.source(data, int(i)) for i in chosen]
        st.html(pictures.grid(addresses, texts, px=px if short is None else 96, colors=marks, captions=short))
    else:
        st.caption(f"Each sample, left to right: {', '.join(entry.views)}.{_about_profiles(data)}")
        short = (
            names
            if data.texts is None
            else [caption(data, int(i), 32) or name for i, name in zip(chosen, names, strict=True)]
        )
        st.html(sample_cards.cards(data, chosen, height=height, labels=short if any(short) else None, colors=marks))
        _one_in_full(data)
    if data.labels is not None:
        st.markdown(f"#### {word.capitalize()} per class")
        st.html(class_bars(np.bincount(data.labels, minlength=data.spec.n_clusters), data.spec.classes, colors))
    st.caption(origin(entry))


def origin(entry: Entry) -> str:
    """Citation, where one is known, source and licence of a data set."""
    told = [entry.citation] * bool(entry.citation) + [f"Source: {entry.source}", f"Licence: {entry.licence}"]
    return " ".join(f"{one.removesuffix('.')}." for one in told)


def statistics(entry: Entry, data: MultiViewDataset) -> None:
    """What each view holds: size, values, mean and deviation, constant columns, the mean of all samples."""
    table = jobs.result(
        ("views", entry.name, str(entry.found_at())), lambda _: views_table(data), label="Measuring the views"
    )
    if table:
        st.html(table)
        st.caption("Means and deviations are over all samples and all pixels or columns of a view, as they are stored.")


def _about_profiles(data: MultiViewDataset) -> str:
    """How a profile is read; empty where all views are images."""
    if all(view.kind == "image" for view in data.spec.views):
        return ""
    return (
        " A profile has a bar for each column, as high as the value lies between the column's usual lowest and highest "
        "(1 % and 99 % of all samples); of many columns, neighbours are averaged."
    )


def caption(data: MultiViewDataset, sample: int, longest: int = 200) -> str:
    """The caption of a sample, cut to so many letters; empty without one."""
    text = "" if data.texts is None else str(data.texts[sample])
    return text if len(text) <= longest else f"{text[: longest - 1].rstrip()}…"


def class_names(data: MultiViewDataset) -> list[str]:
    """Names of all classes."""
    return list(data.spec.classes) or [f"class {label + 1}" for label in range(data.spec.n_clusters)]


def _holding(data: MultiViewDataset) -> str:
    """Words that captions must hold, as the visitor has written them; empty without captions."""
    if data.texts is None:
        return ""
    return st.text_input(
        "In the caption",
        key="data:words",
        width=300,
        placeholder="Words in the caption",
        icon=":material/search:",
        label_visibility="collapsed",
        help="Only samples whose caption holds all of these words are shown.",
    )


def class_name(data: MultiViewDataset, sample: int) -> str:
    """The class of a sample in words; empty without labels."""
    if data.labels is None:
        return ""
    label = int(data.labels[sample])
    return data.spec.classes[label] if data.spec.classes else f"class {label + 1}"


def _class(data: MultiViewDataset, name: str) -> int | None:
    """The class to look at, None for all."""
    if data.labels is None:
        return None
    options = [None, *range(data.spec.n_clusters)]
    known = data.spec.classes or tuple(f"{label + 1}" for label in range(data.spec.n_clusters))
    text = "Look at the samples of one class alone."

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
            format_func=lambda label: show(None if label == -1 else label),
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
            "Others", icon=":material/refresh:", key="data-others", type="tertiary", help=f"Draw other {word}."
        ):
            page = st.session_state["data:page"] = page + 1
    return np.random.default_rng(page).permutation(ids)[:count]


def _one_in_full(data: MultiViewDataset) -> None:
    """All numbers of one sample, with axes."""
    with st.expander("One sample in full"):
        sample = int(
            st.number_input(
                "Sample number",
                0,
                data.n_samples - 1,
                key="data-sample",
                step=1,
                width=180,
                help="The number of a sample in the data set; it is shown when the pointer rests on a picture.",
            )
        )
        name = class_name(data, sample)
        st.caption(f"Class {name}" if data.spec.classes and name else name.capitalize() or "Without a class")
        for start in range(0, len(data.views), 2):
            for place, view in zip(st.columns(2), range(start, min(start + 2, len(data.views))), strict=False):
                with place:
                    _in_full(data, view, sample)


def _in_full(data: MultiViewDataset, view: int, sample: int) -> None:
    spec = data.spec.views[view]
    st.markdown(f"**{spec.name}** :gray[{size(spec)}]")
    if spec.kind == "image":
        address = sample_cards.sources(data, view, np.array([sample]))
        width, _ = sample_cards.shown_size(spec, 200)
        st.html(pictures.grid(address, [f"{spec.name} of sample {sample}"], px=width))
        return
    values = data.views[view]
    figure = numbers.sample_figure(values[sample], values.mean(axis=0, dtype=np.float64))
    st.plotly_chart(figure, key=f"full-{data.spec.name}-{view}", config={"displayModeBar": False})


def views_table(data: MultiViewDataset) -> str:
    """HTML table of the views: what they are, their size, their values, their mean."""
    every = np.arange(data.n_samples)
    has_vectors = any(spec.kind == "vector" for spec in data.spec.views)
    heads = ["View", "Size", "Values", "Mean ± deviation", *["Constant columns"] * has_vectors, "Mean of all samples"]
    rows = []
    for view, (spec, values) in enumerate(zip(data.spec.views, data.views, strict=True)):
        cells = [
            size(spec) if spec.kind == "vector" else f"{size(spec)} pixels",
            f"{_number(values.min())} to {_number(values.max())}",
            f"{_number(values.mean(dtype=np.float64))} ± {_number(values.std(dtype=np.float64))}",
        ]
        if has_vectors:
            constant = (values.min(axis=0) == values.max(axis=0)).sum() if spec.kind == "vector" else ""
            cells.append(f"{constant}")
        width, height = sample_cards.shown_size(spec, 40)
        mean = sample_cards.average(data, view, every, size=(width, height))
        rows.append(
            f'<tr><th scope="row"><b>{escape(spec.name)}</b></th>{"".join(f"<td>{cell}</td>" for cell in cells)}'
            f'<td><img src="{mean}" alt="Mean of {escape(spec.name)} over all samples" '
            f'title="Mean over all samples" style="width:{width}px;height:{height}px"></td></tr>'
        )
    head = "".join(f'<th scope="col">{name}</th>' for name in heads)
    return f'<table class="mm-table mm-views"><thead><tr>{head}</tr></thead><tbody>{"".join(rows)}</tbody></table>'


def _number(value: float) -> str:
    """Three digits, or all of a large number."""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"


def class_bars(counts: np.ndarray, names: tuple[str, ...], colors: list[str]) -> str:
    """HTML bars of the class sizes."""
    largest = max(1, int(counts.max()))
    rows = "".join(
        f"<div><span>{escape(names[i]) if i < len(names) else i}</span>"
        f'<i style="width:{60 * n / largest:.1f}%;background:{colors[i % len(colors)]}"></i><small>{n:,}</small></div>'
        for i, n in enumerate(counts[:40])
    )
    return f'<div class="mm-bars" role="img" aria-label="Samples per class">{rows}</div>'


def missing(entry: Entry) -> None:
    """How to get a data set that is not here; a button where it can be downloaded."""
    with st.container(border=True):
        st.markdown("**Not on this machine yet**")
        st.markdown(entry.how_to_get)
        if entry.downloads:
            key = ("download", entry.name)
            wanted = st.session_state.setdefault("data:downloads", set())
            if st.button(
                "Download",
                type="primary",
                icon=":material/download:",
                key=f"get-{entry.name}",
                help="Fetch it once into this program's folder.",
            ):
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
        st.caption(origin(entry))
