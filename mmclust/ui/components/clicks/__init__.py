"""HTML and SVG whose parts can be clicked: one small component in place of a Streamlit button for each part."""

import re
from collections.abc import Callable
from html import escape
from itertools import count
from pathlib import Path
from typing import Any

import streamlit as st
from streamlit.components.v2 import component

from mmclust.ui.components import modules

_SCRIPT = modules.joined(Path(__file__).parent / "click.js")


def clickable(
    html: str, *, key: str, chosen: str | None = None, on_click: Callable[[str], None] | None = None
) -> str | None:
    """Draw trusted HTML, and give the `data-click` of the part that was just clicked; None in all other reruns.

    Streamlit does not clean this HTML: texts of users in it have to be escaped.

    Args:
        html: with `data-click` on whatever can be clicked, and `data-walk` on groups that arrow keys walk through.
        key: of the component on its page.
        chosen: `data-click` of the part that is marked, empty for none; None where parts are no choices but actions.
        on_click: called with the `data-click` of the clicked part before the page runs again.
    """

    def clicked() -> None:
        name = (st.session_state.get(key) or {}).get("clicked")
        if on_click is not None and isinstance(name, str):
            on_click(name)

    result = _registered()(key=key, data={"html": html, "chosen": chosen}, on_clicked_change=clicked)
    return result.get("clicked")


def numbered(grid: str, help: str) -> str:
    """A grid that `pictures` made, whose samples can be clicked; their `data-click` is their number, from 0.

    Args:
        grid: its HTML.
        help: what a click does.
    """
    numbers, about = count(), escape(help)
    parts = re.sub(
        "<li", lambda _: f'<li role="option" aria-selected="false" title="{about}" data-click="{next(numbers)}"', grid
    )
    return parts.replace("<ul", f'<ul data-walk="samples" role="listbox" aria-label="{about}"', 1)


@st.cache_resource(show_spinner=False)
def _registered() -> Any:
    # Not isolated: the rules of style.css hold for it as for all of the page.
    return component("mmclust-clicks", html='<div class="mm-clicks"></div>', js=_SCRIPT, isolate_styles=False)
