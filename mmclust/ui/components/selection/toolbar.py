"""The bar that says what is selected and what can be done with it."""

import re

import numpy as np
import streamlit as st

from mmclust.clustering import Clustering
from mmclust.escaping import markdown
from mmclust.ui.components.selection import samples
from mmclust.ui.components.selection.codec import Selection
from mmclust.ui.components.selection.session import address, clear, current, select

PAGES = {
    "map.py": ("Show on map", ":material/scatter_plot:", "Show these samples on the map"),
    "explain.py": ("Explain", ":material/visibility:", "Explain the assignment of these samples"),
}
"""Pages that `bar` leads to: label, icon and help."""


def link(
    clustering: Clustering,
    page: str,
    rows: np.ndarray,
    title: str,
    *,
    key: str,
    label: str = "",
    icon: str | None = None,
    help: str = "",
    disabled: bool = False,
) -> None:
    """A button that opens another page with samples selected.

    Args:
        clustering: the run at an epoch.
        page: file of the page, e.g. "map.py".
        rows: (m,) places in the clustering's arrays.
        title: what they are.
        key: of the button.
        label: of the button; by default the page's.
        icon: of the button; by default the page's.
        help: what it does; by default the page's.
        disabled: whether it only stands there.
    """
    text, picture, about = PAGES.get(
        page, (page.removesuffix(".py").capitalize(), None, "Open the page with these samples selected")
    )
    disabled = disabled or not len(rows)
    if st.button(label or text, icon=icon or picture, help=help or about, key=key, disabled=disabled):
        select(clustering, rows, title)
        st.switch_page(page, query_params=address(clustering))


def bar(clustering: Clustering, *, page: str = "") -> Selection | None:
    """The strip that says what is selected and what can be done with it; nothing while nothing is selected.

    Args:
        clustering: the run at an epoch.
        page: file of the page it stands on, which needs no link to itself.

    Returns:
        What is selected.
    """
    found = current(clustering)
    if found is None:
        return None
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="mm-selection"):
        word = clustering.word if len(found.rows) == 1 else f"{clustering.word}s"
        st.markdown(f"**{markdown(found.title)}** :gray[{len(found.rows):,} {word}]", width="content")
        actions(clustering, found, page=page)
    return found


def actions(clustering: Clustering, found: Selection, *, page: str = "", images: bool = True) -> None:
    """Buttons of what can be done with a selection.

    Args:
        clustering: the run at an epoch.
        found: what is selected.
        page: file of the page they stand on.
        images: whether to offer the samples in a window of their own.
    """
    for file, (label, icon, about) in PAGES.items():
        if file != page and st.button(label, icon=icon, help=about, key=f"selection-{file}", type="tertiary"):
            st.switch_page(file, query_params=address(clustering))
    if images and st.button(
        f"As {clustering.word}s",
        icon=":material/grid_view:",
        help="Show the selected samples",
        key="selection-images",
        type="tertiary",
    ):
        _window(clustering, found)
    st.download_button(
        "CSV",
        lambda: samples.table(clustering, found.rows),
        f"{_file_name(found.title)}.csv",
        "text/csv",
        type="tertiary",
        key="selection-csv",
        on_click="ignore",
        icon=":material/download:",
        help="Download ids, clusters and classes as CSV",
    )
    st.button(
        "Clear",
        icon=":material/close:",
        help="Clear the selection",
        key="selection-clear",
        on_click=clear,
        type="tertiary",
    )


@st.dialog("Selected samples", width="large")
def _window(clustering: Clustering, found: Selection) -> None:
    st.markdown(f"**{markdown(found.title)}** :gray[{len(found.rows):,} of {len(clustering.ids):,}]")
    samples.images(clustering, found.rows, px=56)


def _file_name(title: str) -> str:
    return re.sub(r"[^\w]+", "-", title).strip("-").lower() or "selection"
