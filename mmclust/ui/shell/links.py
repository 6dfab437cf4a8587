"""What a link may say to a page: names that are another page's are dropped, values that are not allowed are told."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import streamlit as st

from mmclust.escaping import markdown
from mmclust.ui.shell import state

_OF_RUNS = frozenset({"map", "clusters", "confusion", "explain", "views", "disentangle"})
_FORMS = frozenset({"train", "data", "sensitivity"})
OWNERS: Mapping[str, frozenset[str]] = {
    state.RUN: _OF_RUNS | {"train"},
    state.EPOCH: _OF_RUNS,
    state.ANNOTATION: _OF_RUNS,
    state.N_CLUSTERS: _OF_RUNS,
    "sel": _OF_RUNS | {"compare"},
    "runs": frozenset({"compare"}),
    "sweep": frozenset({"sensitivity"}),
    "lesson": frozenset({"learn"}),
    "step": frozenset({"learn"}),
    "guess": frozenset({"learn"}),
    "dataset": _FORMS,
    "method": _FORMS,
    "preset": _FORMS,
}
"""Pages that a name in the URL belongs to. Others belong to one widget, with which Streamlit takes them out."""
_VISIT = "links-visit"
MOST = 60
"""Letters of a value that are repeated."""


@contextmanager
def followed(page: str) -> Iterator[None]:
    """Run a page on what the URL says to it, and say above it what the page does not know.

    Args:
        page: its name in the URL, empty for Home.
    """
    if page or _VISIT in st.session_state:  # a session that begins at Home keeps what its link says for other pages
        for name in list(st.query_params):
            if name in OWNERS and page not in OWNERS[name]:
                del st.query_params[name]
    arrives = st.session_state.get(_VISIT) != page
    st.session_state[_VISIT] = page
    asked = dict(st.query_params) if arrives else {}
    state.forget_accepted()
    place = st.container()
    yield
    refused = {
        name: value
        for name, value in asked.items()
        if name != state.RUN and st.query_params.get(name) != value and not _taken(name, value)
    }
    if refused:
        with place:
            st.warning(sentence(refused), icon=":material/link_off:")


def sentence(refused: Mapping[str, str]) -> str:
    """What is said of parts of a link that the page cannot show."""
    told = ", ".join(f"`{markdown(name[:MOST])} = {_short(value)}`" for name, value in refused.items())
    verb, them = ("is", "it") if len(refused) == 1 else ("are", "them")
    return (
        f"The link asks for {told}, which {verb} not available here. The page shows its own choice instead of {them}."
    )


def _taken(name: str, value: str) -> bool:
    """Whether a value was taken that need not stand in the URL: a default, also that of a widget bound to the name."""
    return name in state.accepted() or str(st.session_state.get(name)).lower() == value.lower()


def _short(value: str) -> str:
    text = value.replace("`", "'")
    return text if len(text) <= MOST else f"{text[: MOST - 1]}…"
