"""HTML and SVG whose parts can be clicked: one small component in place of a Streamlit button for each part."""

from pathlib import Path
from typing import Any

import streamlit as st
from streamlit.components.v2 import component

_SCRIPT = (Path(__file__).parent / "click.js").read_text()


def show(html: str, *, key: str) -> str | None:
    """Draw trusted HTML, and give the `data-click` of the part that was just clicked; None in all other reruns.

    Streamlit does not clean this HTML: texts of users in it have to be escaped.

    Args:
        html: with `data-click` on whatever can be clicked, and `data-walk` on groups that arrow keys walk through.
        key: of the component on its page.
    """
    result = _registered()(key=key, data={"html": html}, on_clicked_change=lambda: None)
    return result.get("clicked")


@st.cache_resource(show_spinner=False)
def _registered() -> Any:
    # Not isolated: the rules of style.css hold for it as for all of the page.
    return component("mmclust-clicks", html='<div class="mm-clicks"></div>', js=_SCRIPT, isolate_styles=False)
