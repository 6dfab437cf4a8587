"""What is known of a data set, where it comes from, and how to get it."""

import streamlit as st

from mmclust.data import catalogue, uploads
from mmclust.data.entry import Entry
from mmclust.escaping import markdown
from mmclust.ui.components import markup
from mmclust.ui.components.results import understanding
from mmclust.ui.data import baselines
from mmclust.ui.shell import jobs


def about(entry: Entry) -> None:
    """Title, description, figures, source."""
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.markdown(f"## {markdown(entry.title)}")
        if entry.available():
            _train(entry)
    st.markdown(markdown(entry.about) if entry.place else entry.about)
    if entry.kind == "image":
        channels, height, width = entry.shape
        colors = {1: "grayscale", 3: "colour"}.get(channels, f"{channels} channels")
        figures = [("images", f"{entry.n_samples:,}"), ("pixels", f"{width} × {height}"), ("", colors)]
    else:
        figures = [
            ("samples", f"{entry.n_samples:,}"),
            ("views" if len(entry.views) > 1 else "view", f"{len(entry.views)}"),
        ]
    figures.append(("classes", f"{entry.n_clusters}" if entry.n_clusters else "no"))
    if entry.captioned:
        figures.append(("", "with captions"))
    st.html(markup.chips([(value, name) for name, value in figures]))
    if entry.place and (found := uploads.understanding(entry.name)) is not None:
        with st.expander("Data as read", icon=":material/dataset:", key="data-as-read"):
            understanding.panel(found)


def _train(entry: Entry) -> None:
    """The button that leads on: to training, or to the baselines where no method takes the data."""
    if baselines.fits_alone(entry):
        st.button(
            "Explore with baselines",
            type="primary",
            icon=":material/scatter_plot:",
            key="data-baselines",
            on_click=st.session_state.__setitem__,
            args=("data-tab", baselines.TAB),
            help="k-means and mixtures take any data set; the methods need images, or several views.",
        )
    elif st.button(
        "Train on this",
        type="primary",
        icon=":material/play_arrow:",
        key="data-train",
        help="Open the Train page with this data set.",
    ):
        st.session_state.pop("form:dataset", None)
        st.switch_page("train.py", query_params={"dataset": entry.name})


def origin(entry: Entry) -> str:
    """Citation, where one is known, source and licence of a data set."""
    told = [entry.citation] * bool(entry.citation) + [f"Source: {entry.source}", f"Licence: {entry.licence}"]
    return " ".join(f"{one.removesuffix('.')}." for one in told)


def missing(entry: Entry) -> None:
    """How to get a data set that is not here; a button where it can be downloaded."""
    with st.container(border=True):
        st.markdown("**Not available on this machine**")
        st.markdown(entry.how_to_get)
        if entry.downloads:
            key = ("download", entry.name)
            wanted = st.session_state.setdefault("data:downloads", set())
            if st.button(
                "Download",
                type="primary",
                icon=":material/download:",
                key=f"get-{entry.name}",
                help="Download once to the mmclust folder.",
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
        st.caption(markdown(origin(entry)))
