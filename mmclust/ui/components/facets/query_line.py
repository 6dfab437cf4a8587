"""The line that selects samples by a query over all columns."""

import streamlit as st

from mmclust.clustering import Clustering
from mmclust.columns import apart, query
from mmclust.columns.table import RunTable
from mmclust.columns.wording import QueryError
from mmclust.escaping import markdown
from mmclust.ui.components import selection

PARAMETER = "query"
"""Name in the URL, and of the session's key."""
_FAILED = "query-failed"


def draw(clustering: Clustering, columns: RunTable) -> None:
    """Draw the line; what a query finds becomes the selection."""
    apart.make_ready()

    def ask() -> None:
        text = str(st.session_state.get(PARAMETER) or "").strip()
        st.session_state.pop(_FAILED, None)
        if not text:
            return
        try:
            rows = query.select(columns, text)
        except QueryError as error:
            st.session_state[_FAILED] = (str(error), error.marked())
            return
        if not len(rows):
            st.session_state[_FAILED] = ("No sample fits the query; nothing is selected.", "")
        selection.select(clustering, rows, text)

    st.text_input(
        "Query",
        key=PARAMETER,
        bind="query-params",
        on_change=ask,
        placeholder=_example(columns),
        help="Selects the samples for which it is true, by any column: `confidence < 0.6 and cluster in [1, 4]`, "
        '`caption ilike "%cat%"`, or a SELECT from run. Columns: '
        + ", ".join(f"`{name.replace('`', '')}`" for name in columns.columns),
    )


def tell_error() -> None:
    """Below the line: what was wrong with the last query, and where."""
    if failed := st.session_state.get(_FAILED):
        message, marked = failed
        st.caption(f":material/info: {markdown(message)}")
        if marked:
            st.code(marked, language=None)


def _example(columns: RunTable) -> str:
    """A query that this run can answer."""
    return "confidence < 0.6 and not correct" if "correct" in columns.columns else "confidence < 0.6 and cluster == 1"
