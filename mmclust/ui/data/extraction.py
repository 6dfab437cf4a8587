"""Features as a visible step: from pictures and captions to views of numbers that the multi-view methods take."""

from collections.abc import Mapping, Sequence

import numpy as np
import streamlit as st
from markupsafe import Markup
from streamlit.delta_generator import DeltaGenerator

from mmclust.data import uploads
from mmclust.data.dataset import MultiViewDataset
from mmclust.data.entry import Entry
from mmclust.escaping import markdown
from mmclust.features import towers
from mmclust.features.extract import Made, Wanted, estimate, extract, left_out, sources
from mmclust.features.extractors import EXTRACTORS, Extractor, Options, find
from mmclust.ui.components import markup, sample_cards
from mmclust.ui.components.run_descriptions import duration
from mmclust.ui.data import dataset_list
from mmclust.ui.shell import frame, jobs, login

SCALES = {
    "none": "none",
    "minmax": "min-max (each column to [0, 1])",
    "standard": "standardise (each column to standard deviation 1)",
    "l2": "normalise (each sample to length 1)",
}
PREVIEWED = 12
LARGEST_INPUT = 224
"""Pixels; what the networks were trained at."""
KEY, TIMED = "features:wanted", "features:timed"


def panel(entry: Entry, data: MultiViewDataset) -> None:
    """The form, then the result with its explained variance, then the button that keeps it."""
    fitting = [one for one in EXTRACTORS.values() if sources(data, one.of)]
    if not fitting:
        st.info(
            "Features are extracted from images and captions; this data set has neither. Its numeric views can "
            "be used as they are.",
            icon=":material/info:",
        )
        return
    st.markdown(
        "Multi-view methods work on features. Choose two or more feature extractors; each becomes a view. "
        "Features are computed once and cached."
    )
    names = {one.name: one for one in fitting}
    first = [name for name in ("hog", "colours", "tfidf") if name in names]
    chosen = st.multiselect(
        "Features",
        list(names),
        default=[*first[:1], *first[-1:]] if len(first) > 1 else first,
        format_func=lambda name: names[name].title,
        key=f"features:{entry.name}",
        help="\n".join(f"- **{one.title}**: {one.about}" for one in fitting),
    )
    left, middle, right = st.columns(3)
    steps = _scaling(left, middle)
    networks = [names[name] for name in chosen if names[name].has_weights]
    weights = _weights(right, networks)
    _tell_weights(networks, weights)
    px = _input_size() if any(one.of == "image" for one in networks) else LARGEST_INPUT
    wanted = tuple(Wanted(extractor=name, steps=steps, weights=weights.get(name, "")) for name in chosen)
    options = Options(px=px, n_columns=max(100, st.session_state["features:pca"]))
    if chosen and st.button(
        "Estimate time",
        icon=":material/timer:",
        key="features-time",
        help="Measure some samples on this machine. Nothing is downloaded: networks are timed with random weights.",
    ):
        st.session_state[TIMED] = (entry.name, wanted, options)
    if chosen and st.session_state.get(TIMED) == (entry.name, wanted, options):
        _tell_times(entry, data, wanted, options)
    if st.button(
        "Compute features",
        type="primary",
        icon=":material/function:",
        disabled=not chosen,
        key="features-go",
        help="Extract features of all samples.",
    ):
        for name in weights.values():
            _check_weights(name)
        st.session_state[KEY] = (entry.name, wanted, options)
    if st.session_state.get(KEY) == (entry.name, wanted, options):
        _result(entry, data, wanted, options)


def _tell_times(entry: Entry, data: MultiViewDataset, wanted: tuple[Wanted, ...], options: Options) -> None:
    told = jobs.result(
        ("feature times", entry.name, wanted, options), lambda report: estimate(data, wanted, options), label="Timing"
    )
    if told is not None:
        rows = zip(wanted, told, strict=True)
        times = (f"{find(one.extractor).title} {'not known' if s is None else duration(s)}" for one, s in rows)
        st.caption(
            markdown(
                f"Estimated for {data.n_samples:,} samples: {', '.join(times)}; training then takes the "
                "minutes of its budget, 3 by default."
            )
        )


def _scaling(left: DeltaGenerator, middle: DeltaGenerator) -> tuple[str, ...]:
    """Steps after the extraction."""
    scale = left.selectbox(
        "Scaling",
        list(SCALES),
        index=1,
        format_func=SCALES.__getitem__,
        key="features:scale",
        help="Scaling applied before PCA.",
    )
    n_columns = middle.number_input(
        "PCA components (0: all)",
        0,
        4096,
        100,
        key="features:pca",
        help="Number of principal components per view; the papers use 100.",
    )
    return (*([scale] if scale != "none" else []), *([f"pca-{n_columns}"] if n_columns else []))


def _weights(right: DeltaGenerator, networks: Sequence[Extractor]) -> dict[str, str]:
    """Where each network's weights come from."""
    places = [right] if len(networks) < 2 else [right, *st.columns(3)]
    return {
        one.name: place.text_input(
            f"Weights of {one.title}",
            "download",
            key=f"features:weights:{one.name}",
            help="download: torchvision weights trained on ImageNet (for text: a published encoder), downloaded "
            "once. Or the path of a weights file (for text: a folder) on the server. random: untrained "
            "weights, for testing.",
        ).strip()
        for place, one in zip(places, networks, strict=False)
    }


def _input_size() -> int:
    return st.select_slider(
        "Input size in pixels",
        [64, 96, 128, 160, LARGEST_INPUT],
        LARGEST_INPUT,
        key="features:px",
        help="Images are resized to this size. The networks were trained at 224; smaller is faster but less accurate.",
    )


def _tell_weights(networks: Sequence[Extractor], weights: Mapping[str, str]) -> None:
    """Size and licence of what a button would fetch."""
    for one in networks:
        if weights.get(one.name) == "download":
            with frame.messages():
                st.caption(f"{markdown(one.title)} would be downloaded: {markdown(towers.about(one).sentence)}")


def _check_weights(weights: str) -> None:
    """Where people sign in, a server's files are not theirs to name."""
    if weights not in ("", "download", "random") and login.signs_in():
        raise ValueError("server files cannot be used here; choose download or random")


def _result(entry: Entry, data: MultiViewDataset, wanted: tuple[Wanted, ...], options: Options) -> None:
    found = jobs.result(
        ("features", entry.name, str(entry.found_at()), wanted, options),
        lambda report: extract(data, wanted, options, lambda fraction, _: report(fraction)),
        label=f"Extracting features of {data.n_samples:,} samples",
        height=160,
    )
    if found is None:
        return
    features, made = found
    if told := left_out(data, features):
        st.info(markdown(told), icon=":material/info:")
    st.html(table(made))
    rows = np.random.default_rng(0).permutation(features.n_samples)[:PREVIEWED]
    words = None if features.texts is None else [str(features.texts[i])[:40] for i in rows]
    st.html(sample_cards.cards(features, rows, height=48, labels=words))
    with st.form("features-keep", border=True):
        title = st.text_input(
            "Title",
            f"{entry.title}, {' and '.join(one.name for one in made)}"[:80],
            max_chars=80,
            help="Name shown in lists.",
        )
        if st.form_submit_button(
            "Save as data set",
            type="primary",
            icon=":material/save:",
            help="Add the features to your data sets, ready for training.",
        ):
            with frame.messages():
                name = _keep(entry, features, made, title, steps=wanted[0].steps)
                dataset_list.turn_to(name)


def _keep(entry: Entry, features: MultiViewDataset, made: list[Made], title: str, *, steps: tuple[str, ...]) -> str:
    what = " and ".join(one.name for one in made)
    after = f", then {', '.join(steps)}" if steps else ""
    said = uploads.About(
        title=title,
        about=f"{what} of {entry.title}{after}.",
        source=entry.source,
        licence=entry.licence,
        citation=entry.citation,
    )
    return uploads.keep(features, said, login.owner())


def table(made: list[Made]) -> str:
    """HTML table of the views that were made, with the variance that the reduction kept."""
    rows = [
        (Markup("<b>{}</b>").format(one.name), (f"{one.n_raw:,}", f"{one.n_columns:,}", f"{one.explained:.1%}"))
        for one in made
    ]
    heads = ("View", "Columns computed", "Columns kept", "Variance kept")
    return markup.table(heads, rows, kind="mm-table mm-views")
