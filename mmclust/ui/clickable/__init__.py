"""A grid of samples in which one can click a picture, or walk to it with the tab key and press Enter."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import streamlit as st
from streamlit.components.v2 import component

_SOURCE = Path(__file__).with_name("clickable.js").read_text()


def grid(html: str, *, key: str, help: str, on_pick: Callable[[int], None], chosen: int = -1) -> None:
    """Show a grid that `pictures.grid` or `pictures.samples` made.

    Args:
        html: the grid; each `<li>` of it can be picked.
        key: of the component on its page.
        help: what a click does, for the pointer and for readers of the screen.
        on_pick: called before the page runs again, with the number of the picked sample in the grid.
        chosen: number of a sample that is marked, -1 for none.
    """

    def picked() -> None:
        number = (st.session_state.get(key) or {}).get("picked")
        if isinstance(number, int) and number >= 0:
            on_pick(number)

    _registered()(key=key, data={"html": html, "help": help, "chosen": chosen}, on_picked_change=picked)


@st.cache_resource(show_spinner=False)
def _registered() -> Any:
    # the grid is drawn with the page's own styles
    return component("mmclust-clickable", html="<div></div>", js=_SOURCE, isolate_styles=False)
