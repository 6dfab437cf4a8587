"""What is selected in this session; it stands in the URL too."""

from dataclasses import dataclass

import numpy as np
import streamlit as st

from mmclust.clustering import Clustering
from mmclust.ui.components.selection.codec import Selection, decode, encode, is_rule
from mmclust.ui.shell import state

PARAMETER = "sel"
"""Name in the URL, and of the session's key."""
_RESOLVED = "selection-resolved"
"""Session key of the samples that were last selected, and of what they depend on."""


@dataclass(frozen=True)
class _Chosen:
    """What a session has selected, and where."""

    text: str
    run_id: str
    data: tuple[str, int | None]


def current(clustering: Clustering) -> Selection | None:
    """What is selected, for the run and epoch of a clustering; None while nothing is, or where it means nothing here.

    What stands in the URL comes first, else what was selected earlier in this session, which is put into the URL.
    """
    chosen: _Chosen | None = st.session_state.get(PARAMETER)
    here = _Chosen(st.query_params.get(PARAMETER) or "", clustering.record.run_id, _data(clustering))
    if here.text and (chosen is None or chosen.text != here.text):
        chosen = here
    if chosen is not None and chosen.run_id != here.run_id:
        carries = chosen.data == here.data and not chosen.text.startswith(("cluster:", "cell:"))
        chosen = _Chosen(chosen.text, here.run_id, here.data) if carries else None
    found = None if chosen is None else _resolved(clustering, chosen)
    if chosen is None or found is None:
        if here.text and chosen is not None:
            st.toast(
                "The selection in the link is not valid for this run; nothing is selected.", icon=":material/info:"
            )
        clear()
        return None
    _remember(chosen)
    return found


def select(clustering: Clustering, rows: np.ndarray, title: str) -> None:
    """Select samples on all pages; no samples clear the selection.

    Args:
        clustering: the run at an epoch.
        rows: (m,) places in the clustering's arrays, in any order.
        title: what they are; samples that are just one cluster, class or cell are called by its name instead.
    """
    rows = each_once(rows, len(clustering.ids))
    if not len(rows):
        clear()
        return
    chosen = _Chosen(encode(clustering, rows, title), clustering.record.run_id, _data(clustering))
    if not is_rule(chosen.text):  # else it gets a title of its own
        st.session_state[_RESOLVED] = (_key(clustering, chosen), Selection(rows, title[:80] or "Selection"))
    _remember(chosen)


def each_once(rows: np.ndarray, n: int) -> np.ndarray:
    """(m,) places among n, in any order and perhaps repeated, as ascending ones; sorting a million would be slow."""
    inside = np.zeros(n, bool)
    inside[np.asarray(rows, dtype=np.intp)] = True
    return np.flatnonzero(inside)


def clear() -> None:
    """Select nothing."""
    st.session_state.pop(PARAMETER, None)
    st.query_params.pop(PARAMETER, None)


def forget_clusters() -> None:
    """Select nothing where clusters are selected by their numbers, which mean others from now on."""
    chosen: _Chosen | None = st.session_state.get(PARAMETER)
    if chosen is not None and chosen.text.startswith(("cluster:", "cell:")):
        clear()


def address(clustering: Clustering) -> dict[str, str]:
    """Query parameters that lead another page to the same run, epoch and selection."""
    found = {state.RUN: clustering.record.run_id}
    if (epoch := state.epoch()) is not None:
        found[state.EPOCH] = str(epoch)
    if (number := state.n_clusters(clustering.record.run_id)) is not None:
        found[state.N_CLUSTERS] = str(number)
    if chosen := st.session_state.get(PARAMETER):
        found[PARAMETER] = chosen.text
    return found


def _data(clustering: Clustering) -> tuple[str, int | None]:
    """What ids are ids of."""
    return clustering.record.spec.dataset, clustering.record.spec.limit


def _remember(chosen: _Chosen) -> None:
    st.session_state[PARAMETER] = chosen
    if st.query_params.get(PARAMETER) != chosen.text:
        st.query_params[PARAMETER] = chosen.text


def _resolved(clustering: Clustering, chosen: _Chosen) -> Selection | None:
    """`decode`, done once for a clustering as long as the same is selected."""
    key = _key(clustering, chosen)
    known = st.session_state.get(_RESOLVED)
    if known is None or known[0] != key:
        known = st.session_state[_RESOLVED] = (key, decode(clustering, chosen.text))
    return known[1]


def _key(clustering: Clustering, chosen: _Chosen) -> tuple:
    """What the samples of a selection depend on."""
    of = (clustering.record.run_id, clustering.epoch, clustering.version, clustering.form)
    return (*of, clustering.record.cluster_names, chosen.text)
