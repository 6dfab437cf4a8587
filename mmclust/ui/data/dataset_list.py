"""The list of data sets on the Data page; the choice stands in the URL."""

from typing import NoReturn

import streamlit as st

from mmclust.data import catalogue
from mmclust.data.entry import Entry
from mmclust.escaping import markdown
from mmclust.ui.components import descriptions
from mmclust.ui.data import baselines
from mmclust.ui.shell import forms, frame, login

KEY = "data:choice"
JUST_ADDED, UNSEEN = "data:just-added", "data:unseen"
"""Session keys: the data set that the user has just kept, and whether the page has yet to scroll up to it."""
ADD = "add"
"""The choice that stands for adding data."""


def choose() -> str:
    """The list of data sets, the user's own first, then those that are here; the choice stands in the URL."""
    known = {entry.name: entry for entry in (*login.entries(), *catalogue.DATASETS.values())}
    here = {name for name, entry in known.items() if entry.available()}
    wanted = forms.saved("dataset")
    st.button(
        "Add data",
        icon=":material/upload_file:",
        width="stretch",
        type="primary" if wanted == ADD else "secondary",
        key="data-add",
        on_click=_add,
        help="Upload your own images, arrays or tables.",
    )
    words = (
        st.text_input(
            "Search",
            key="data:search",
            placeholder="Search",
            label_visibility="collapsed",
            icon=":material/search:",
            help="Search names, descriptions and classes. All words must match.",
        )
        .lower()
        .split()
    )
    names = sorted((name for name in known if _matches(known[name], words)), key=lambda name: name not in here)
    if not names:
        st.caption("No data set matches. Clear the search to see all.")
        names = sorted(known, key=lambda name: name not in here)
    if st.session_state.get(KEY) not in names:
        st.session_state[KEY] = wanted if wanted in names else None if wanted == ADD else names[0]
    with st.container(key="data-list"):
        name = st.radio(
            "Data set",
            names,
            index=None,
            key=KEY,
            format_func=lambda n: markdown(known[n].title) if n in here else f":gray[{markdown(known[n].title)}]",
            captions=[_caption(known[n], n in here) for n in names],
            help="Data sets in grey are not available on this machine; select one to see how to get it.",
        )
    chosen = name or ADD
    forms.save("dataset", chosen)
    forms.write_url({"dataset": chosen})
    return chosen


def _add() -> None:
    st.session_state[KEY] = None
    forms.save("dataset", ADD)
    forms.write_url({"dataset": ADD})


def _matches(entry: Entry, words: list[str]) -> bool:
    text = " ".join((entry.name, entry.title, entry.about, *entry.classes, *entry.views)).lower()
    return all(word in text for word in words)


def _caption(entry: Entry, here: bool) -> str:
    several = f"{len(entry.views)} view{'s' if len(entry.views) > 1 else ''}"
    what = several if entry.kind == "multi-view" else descriptions.size(entry.view_specs[0])
    whose = "yours · " if entry.place else ""
    return f"{whose}{entry.n_samples:,} · {what}" + ("" if here else " · not available")


def turn_to(name: str) -> NoReturn:
    """Run the page again for a data set that was just kept."""
    forms.save("dataset", name)
    forms.write_url({"dataset": name})
    st.session_state.pop(KEY, None)
    st.session_state[JUST_ADDED], st.session_state[UNSEEN] = name, True
    st.rerun()


def just_added(entry: Entry) -> None:
    """What can be done next with a data set that was just kept; the page, still at the end of a form, scrolls up."""
    if st.session_state.get(JUST_ADDED) != entry.name:
        st.session_state.pop(JUST_ADDED, None)
        return
    further = "Explore with baselines" if baselines.fits_alone(entry) else "Train on this"
    with st.container(key="data-just-added"):
        st.success(
            f"**{markdown(entry.title)}** was added to your data sets. Browse it below, or press *{further}*.",
            icon=":material/check:",
        )
        if st.session_state.pop(UNSEEN, False):
            st.html(frame.TO_TOP, unsafe_allow_javascript=True)
