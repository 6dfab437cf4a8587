"""Beside the map: what is selected, its samples, and who is nearest to them in any space."""

from collections.abc import Sequence

import numpy as np
import streamlit as st

from mmclust.analysis.neighbours import nearest_to_mean
from mmclust.ui.components import clicks, pictures, selected_samples, selection
from mmclust.ui.components.selection import Selection
from mmclust.ui.shell import cache, state

ANCHOR = "map-anchor"
"""Session key of the sample whose picture was clicked: run and sample id."""
TAB = "map-tab"
NEAREST = 35
HEIGHT = 330


def anchor(view: cache.View) -> int:
    """Id of the sample whose picture was clicked, -1 without one."""
    run_id, sample = st.session_state.get(ANCHOR, ("", -1))
    return sample if run_id == view.record.run_id else -1


def panel(view: cache.View, found: Selection | None, spaces: Sequence[str], *, wide: bool) -> None:
    """What is selected; where nothing is, what can be done and what might be looked at first.

    Args:
        view: the run at an epoch.
        found: what is selected.
        spaces: names of the spaces that the maps show.
        wide: whether there is the whole width of the page.
    """
    if found is None:
        st.session_state.pop(ANCHOR, None)
        _nothing(view, wide)
        return
    word = view.word if len(found.rows) == 1 else f"{view.word}s"
    st.markdown(f"**{selection.plain(found.title)}** :gray[{len(found.rows):,} {word} of {len(view.ids):,}]")
    with st.container(horizontal=True, gap="small", key="mm-selected"):
        selection.actions(view, found, page="map.py", images=False)
    if not len(found.rows):
        st.caption("No sample of this epoch is part of it.")
        return
    columns = st.columns([4, 8], gap="large") if wide else [st.container(), st.container()]
    with columns[0]:
        st.html(selected_samples.shares(view, found.rows))
        st.session_state.setdefault(TAB, "samples")
        tabs = {"samples": f"{view.word.capitalize()}s", "nearest": "Nearest"}
        tab = st.segmented_control(
            "Show",
            list(tabs),
            key=TAB,
            required=True,
            label_visibility="collapsed",
            format_func=lambda name: tabs[name],
            help="The selected samples, or the others that are nearest to them in a space.",
        )
    with columns[1]:
        if tab == "nearest":
            _nearest(view, found, spaces)
        else:
            _samples(view, found)


def _nothing(view: cache.View, wide: bool) -> None:
    st.markdown("**Nothing selected**")
    st.caption(
        f"Draw around points with the lasso, drag a box, or click one point: its {view.word}s appear here. "
        "Shift adds to a selection, Ctrl takes away, Esc clears it. The wheel zooms in, down to the pictures; with "
        "the arrow keys one walks from point to point."
    )
    st.markdown(f"**Least sure {view.word}s of this run**")
    least = cache.derive(view, "least sure", lambda: np.argsort(view.confidence)[:70])
    _grid(view, least[: (70 if wide else 35) // len(view.data.views)], "map-least")


def _samples(view: cache.View, found: Selection) -> None:
    """The surest of the selected samples."""
    order = np.argsort(-view.confidence[found.rows], kind="stable")
    shown = found.rows[order][: selected_samples.SHOWN // len(view.data.views)]
    with st.container(height=HEIGHT, border=False):
        _grid(view, shown, "map-samples")
        if len(found.rows) > len(shown):
            st.caption(f"The {len(shown)} surest of them. A click shows who is nearest to one.")


def _nearest(view: cache.View, found: Selection, spaces: Sequence[str]) -> None:
    """The samples nearest to the middle of the selection, or to the one that was clicked."""
    names = list(view.snapshot.spaces)
    clicked = np.flatnonzero(view.ids == anchor(view))
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.selectbox(
            "In the space",
            names,
            key=state.linked("near", names, spaces[0]),
            width=130,
            help="Where distances are measured: any space of the method, not only the one on the map.",
        )
        name = state.link("near", spaces[0])
        of = found.rows
        if len(clicked) and len(found.rows) > 1:
            middle = "middle"
            one = f"{view.word} {view.ids[clicked[0]]}"
            if (
                st.segmented_control(
                    "To",
                    [one, middle],
                    default=one,
                    key=f"nearest-to-{one}",
                    required=True,
                    help="The sample that was clicked, or the mean of all that are selected.",
                )
                == one
            ):
                of = clicked
    rows, distances = nearest_to_mean(view.snapshot.spaces[name], of, NEAREST // len(view.data.views))
    who = f"{view.word} {view.ids[of[0]]}" if len(of) == 1 else "the middle of the selection"
    if not len(rows):
        st.caption("All samples are selected: there are no others.")
        return
    st.caption(_agreement(view, of, rows))
    with st.container(height=HEIGHT - 90, border=False):
        if len(of) == 1 and len(clicked):
            st.html(pictures.samples(view, of, px=64))
        _grid(view, rows, "map-nearest", captions=[f"{d:.2g}" for d in distances])
    st.button(
        f"Select these {len(rows)}",
        key="select-nearest",
        icon=":material/near_me:",
        help="See where they lie on the map",
        on_click=selection.select,
        args=(view, rows, f"Nearest to {who} in {name}"),
    )


def _agreement(view: cache.View, of: np.ndarray, rows: np.ndarray) -> str:
    """How many neighbours share the cluster, and the class, of what they are neighbours of."""
    cluster = np.bincount(view.y_pred[of]).argmax()
    text = f"{(view.y_pred[rows] == cluster).mean():.0%} of these {len(rows)} lie in the same cluster"
    if view.y_true is not None:
        label = np.bincount(view.y_true[of]).argmax()
        text += f", {(view.y_true[rows] == label).mean():.0%} are of the same class"
    return text + ". The number under a picture is its distance."


def _grid(view: cache.View, rows: np.ndarray, key: str, captions: Sequence[str] | bool = False) -> None:
    """Samples that can be clicked: the clicked one is marked on the map, and its neighbours are shown."""

    def pick(number: str) -> None:
        row = int(rows[int(number)])
        st.session_state[ANCHOR] = (view.record.run_id, int(view.ids[row]))
        st.session_state[TAB] = "nearest"
        if selection.current(view) is None:
            selection.select(view, np.array([row]), f"{view.word.capitalize()} {view.ids[row]}")

    marked = np.flatnonzero(view.ids[rows] == anchor(view))
    clicks.show(
        clicks.numbered(pictures.samples(view, rows, px=44, captions=captions), "Show who is nearest to it"),
        key=key,
        chosen=str(marked[0]) if len(marked) else "",
        on_click=pick,
    )
