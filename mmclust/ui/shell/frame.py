"""What all pages share: style, headings, messages instead of tracebacks, empty states, and the run they show."""

import logging
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from mmclust.errors import is_for_the_user
from mmclust.escaping import markdown
from mmclust.settings import ASSETS

if TYPE_CHECKING:
    import pandas as pd
    from pandas.io.formats.style_render import StylerRenderer

TO_TOP = "<script>document.querySelector('[data-testid=\"stMain\"]').scrollTo(0, 0)</script>"
"""The one script that a page brings; the server's content policy knows it."""

log = logging.getLogger(__name__)


STYLE = Path(__file__).with_name("style.css")


def style() -> None:
    """Put the logo on the page; the rules that the theme cannot express come with the page itself (`address`)."""
    st.logo(ASSETS / "logo.svg", size="large")


def heading(title: str, sentence: str) -> None:
    """The head of a page: its name and what it answers."""
    with st.container(key="mm-heading"):  # its room is kept until it is drawn
        st.html(f'<div class="mm-head"><h1>{title}</h1><p>{sentence}</p></div>')


@contextmanager
def messages() -> Iterator[None]:
    """Turn an error of the block into a message; the details go to the log."""
    try:
        yield
    except Exception as error:
        show_error(error)


def show_error(error: Exception) -> None:
    """Say what went wrong in one sentence, with what to do; never a traceback.

    What is no sentence for the user (`mmclust.errors`) is a defect and goes to the log.
    """
    if is_for_the_user(error):
        st.warning(markdown(sentence(error)), icon=":material/info:")
        return
    log.error("a page failed", exc_info=error)
    st.error(
        "This page could not be displayed because of an internal error. Your runs are safe. Reload the page or "
        "choose another run; see the server log for details.",
        icon=":material/error:",
    )


def sentence(error: Exception) -> str:
    """The error's text as a sentence: capital first, full stop last; names of files and settings stay as they are."""
    text = str(error).strip() or type(error).__name__
    is_name = re.search(r"[=._/]\w", text.split()[0])
    return (text[0] if is_name else text[0].upper()) + text[1:] + ("" if text[-1] in ".!?" else ".")


def percents(table: "pd.DataFrame", columns: Iterable[str]) -> "StylerRenderer":
    """A table whose fractions are shown as percent with one decimal, as everywhere; sorting goes by the values."""
    shown = [column for column in columns if column in table]
    return table.style.format("{:.1%}".format, subset=shown, na_rep="")


def empty(
    title: str,
    text: str,
    *,
    page: str | None = None,
    button: str = "",
    key: str = "empty",
    query: dict[str, str] | None = None,
) -> None:
    """An empty state: what is missing, why, and the button that leads on.

    Args:
        title: what is missing.
        text: why, and what to do.
        page: where the button leads; None for no button.
        button: its text.
        key: tells several empty states of a page apart.
        query: what the page is told in the URL.
    """
    with st.container(border=True, horizontal_alignment="center", gap="small", key=f"mm-empty-{key}"):
        st.html(f'<div class="mm-empty"><h2>{title}</h2><p>{text}</p></div>')
        if page and st.button(button, type="primary", key=f"{key}-button"):
            st.switch_page(page, query_params=query)
