"""Accuracy that a teacher hides until the class has guessed: in this browser session data have no labels.

Pages get runs, clusterings and curves as those of unlabelled data, so that nothing gives the accuracy away: no metrics,
no class colours, no names of matched classes, no confusion with classes.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import TypeVar

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from mmclust.data.dataset import MultiViewDataset
from mmclust.runs.record import RunRecord

T = TypeVar("T")

KEY = "accuracy-hidden"
"""In the session: whether accuracy is hidden."""
WIDGET = "hide-accuracy"
HELP = (
    "Hides ACC, NMI, ARI and all classes on every page of this browser session, so that a class can guess from the "
    "label-free evidence first; the lessons wait. Reveal them with the button at the top of the page."
)
OF_LABELS = ("eval/", "view/")
"""How the names of curves begin that compare clusters with classes."""


def hidden() -> bool:
    """Whether this browser session hides accuracy; background work has no session and hides nothing."""
    return get_script_run_ctx(suppress_warning=True) is not None and bool(st.session_state.get(KEY))


def of_record(record: RunRecord) -> RunRecord:
    """A run as this session may see it."""
    return replace(record, metrics=None) if record.metrics and hidden() else record


def of_curves(points: Mapping[str, T]) -> dict[str, T]:
    """Curves that this session may see."""
    if not hidden():
        return dict(points)
    return {name: curve for name, curve in points.items() if not name.startswith(OF_LABELS)}


def without_labels(dataset: MultiViewDataset) -> MultiViewDataset:
    """The same samples without their classes, and without columns such as names of files, which may tell them."""
    return replace(dataset, labels=None, columns={}, spec=replace(dataset.spec, classes=()))


def toggle() -> None:
    """The switch that hides accuracy."""
    st.session_state[WIDGET] = hidden()  # another page's switch may have changed it
    st.toggle("Hide accuracy until revealed", key=WIDGET, on_change=_follow, help=HELP)


def _follow() -> None:
    st.session_state[KEY] = st.session_state[WIDGET]


def bar() -> None:
    """Where accuracy is hidden, say so on top of every page, with the button that reveals it."""
    if not hidden():
        return
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="mm-hidden"):
        st.markdown(":material/visibility_off: Accuracy and classes are hidden in this browser session.")
        st.button("Reveal accuracy", icon=":material/visibility:", key="reveal", on_click=_reveal)


def _reveal() -> None:
    st.session_state[KEY] = False
