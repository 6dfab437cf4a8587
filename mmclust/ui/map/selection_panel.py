"""Beside the map: what is selected, its samples, and who is nearest to them in any space."""

from collections.abc import Sequence

import numpy as np
import streamlit as st

from mmclust.analysis.neighbours import nearest_to_mean
from mmclust.clustering import Clustering
from mmclust.escaping import markdown
from mmclust.ui.components import clicks, facets, pictures, selection
from mmclust.ui.components.facets import ordering
from mmclust.ui.components.selection import Selection, samples
from mmclust.ui.shell import state

ANCHOR = "map-anchor"
"""Session key of the sample whose picture was clicked: run and sample id."""
TAB = "map-tab"
NEAREST = 35
HEIGHT = 330


def anchor(clustering: Clustering) -> int:
    """Id of the sample whose picture was clicked, -1 without one."""
    run_id, sample = st.session_state.get(ANCHOR, ("", -1))
    return sample if run_id == clustering.record.run_id else -1


def panel(clustering: Clustering, found: Selection | None, spaces: Sequence[str], *, wide: bool) -> None:
    """What is selected; where nothing is, what can be done and what might be looked at first.

    Args:
        clustering: the run at an epoch.
        found: what is selected.
        spaces: names of the spaces that the maps show.
        wide: whether there is the whole width of the page.
    """
    if found is None:
        st.session_state.pop(ANCHOR, None)
        _nothing(clustering, wide)
        return
    word = clustering.word if len(found.rows) == 1 else f"{clustering.word}s"
    st.markdown(f"**{markdown(found.title)}** :gray[{len(found.rows):,} {word} of {len(clustering.ids):,}]")
    with st.container(horizontal=True, gap="small", key="mm-selected"):
        selection.actions(clustering, found, page="map.py", images=False)
    if not len(found.rows):
        st.caption("None of the selected samples is in this epoch.")
        return
    columns = st.columns([4, 8], gap="large") if wide else [st.container(), st.container()]
    with columns[0]:
        st.html(samples.shares(clustering, found.rows))
        st.session_state.setdefault(TAB, "samples")
        tabs = {"samples": f"{clustering.word.capitalize()}s", "nearest": "Nearest"}
        tab = st.segmented_control(
            "Show",
            list(tabs),
            key=TAB,
            required=True,
            label_visibility="collapsed",
            format_func=lambda name: tabs[name],
            help="The selected samples, or their nearest neighbours in a space.",
        )
    with columns[1]:
        if tab == "nearest":
            _nearest(clustering, found, spaces)
        else:
            _samples(clustering, found)


def _nothing(clustering: Clustering, wide: bool) -> None:
    st.markdown("**Nothing selected**")
    st.caption(
        f"Draw a lasso, drag a box or click a point to see its {clustering.word}s here. Shift adds to the "
        "selection, Ctrl removes, Esc clears. Scroll to zoom in until pictures appear; use the arrow keys to "
        "move between points."
    )
    st.markdown(f"**Least confident {clustering.word}s of this run**")
    least = clustering.derive("least confident", lambda: np.argsort(clustering.confidence)[:70])
    _grid(clustering, least[: (70 if wide else 35) // len(clustering.data.views)], "map-least")


def _samples(clustering: Clustering, found: Selection) -> None:
    """The selected samples, the most confident first or by any column."""
    columns = facets.table_of(clustering)
    chosen = ordering.choose(
        columns,
        "sorted",
        "most confident first",
        label="Sort",
        help="The order of the selected samples, by any column.",
    )
    most = samples.SHOWN // len(clustering.data.views)
    shown = (
        ordering.order(columns, chosen, found.rows)[:most] if chosen else samples.surest(clustering, found.rows, most)
    )
    with st.container(height=HEIGHT, border=False):
        _grid(clustering, shown, "map-samples")
        if len(found.rows) > len(shown):
            first = f"{len(shown)} most confident" if not chosen else f"first {len(shown)}"
            st.caption(f"The {first}. Click one to see its nearest neighbours.")


def _nearest(clustering: Clustering, found: Selection, spaces: Sequence[str]) -> None:
    """The samples nearest to the middle of the selection, or to the one that was clicked."""
    names = list(clustering.snapshot.spaces)
    clicked = np.flatnonzero(clustering.ids == anchor(clustering))
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.selectbox(
            "In the space",
            names,
            key=state.linked("near", names, spaces[0]),
            width=130,
            help="The space in which distances are measured; it need not be the one on the map.",
        )
        name = state.link("near", spaces[0])
        of = found.rows
        if len(clicked) and len(found.rows) > 1:
            middle = "middle"
            one = f"{clustering.word} {clustering.ids[clicked[0]]}"
            if (
                st.segmented_control(
                    "To",
                    [one, middle],
                    default=one,
                    key=f"nearest-to-{one}",
                    required=True,
                    help="The clicked sample, or the mean of the selection.",
                )
                == one
            ):
                of = clicked
    rows, distances = nearest_to_mean(clustering.snapshot.spaces[name], of, NEAREST // len(clustering.data.views))
    who = f"{clustering.word} {clustering.ids[of[0]]}" if len(of) == 1 else "the middle of the selection"
    if not len(rows):
        st.caption("All samples are selected; there are no others.")
        return
    st.caption(_agreement(clustering, of, rows))
    with st.container(height=HEIGHT - 90, border=False):
        if len(of) == 1 and len(clicked):
            st.html(pictures.samples(clustering, of, px=64))
        _grid(clustering, rows, "map-nearest", captions=[f"{d:.2g}" for d in distances])
    st.button(
        f"Select these {len(rows)}",
        key="select-nearest",
        icon=":material/near_me:",
        help="Show them on the map",
        on_click=selection.select,
        args=(clustering, rows, f"Nearest to {who} in {name}"),
    )


def _agreement(clustering: Clustering, of: np.ndarray, rows: np.ndarray) -> str:
    """How many neighbours share the cluster, and the class, of what they are neighbours of."""
    cluster = np.bincount(clustering.y_pred[of]).argmax()
    text = f"{(clustering.y_pred[rows] == cluster).mean():.0%} of these {len(rows)} are in the same cluster"
    if clustering.y_true is not None:
        label = np.bincount(clustering.y_true[of] + 1).argmax() - 1
        text += f", {(clustering.y_true[rows] == label).mean():.0%} are of the same class"
    return text + ". The number under a picture is its distance."


def _grid(clustering: Clustering, rows: np.ndarray, key: str, captions: Sequence[str] | bool = False) -> None:
    """Samples that can be clicked: the clicked one is marked on the map, and its neighbours are shown."""

    def pick(number: str) -> None:
        row = int(rows[int(number)])
        st.session_state[ANCHOR] = (clustering.record.run_id, int(clustering.ids[row]))
        st.session_state[TAB] = "nearest"
        if selection.current(clustering) is None:
            selection.select(clustering, np.array([row]), f"{clustering.word.capitalize()} {clustering.ids[row]}")

    marked = np.flatnonzero(clustering.ids[rows] == anchor(clustering))
    clicks.clickable(
        clicks.numbered(pictures.samples(clustering, rows, px=44, captions=captions), "Show its nearest neighbours"),
        key=key,
        chosen=str(marked[0]) if len(marked) else "",
        on_click=pick,
    )
