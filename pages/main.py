"""The page script: the list of pages and the frame they share. Streamlit runs it on every interaction."""

import streamlit as st

from mmclust.settings import ASSETS
from mmclust.ui import server
from mmclust.ui.shell import frame, hidden, links, login

st.set_page_config(page_title="mmclust", page_icon=str(ASSETS / "favicon.png"), layout="wide")
frame.style()

PAGES = {
    "": [
        st.Page("home.py", title="Home", icon=":material/home:", default=True),
        st.Page("data.py", title="Data", icon=":material/photo_library:"),
        st.Page("train.py", title="Train", icon=":material/play_circle:"),
        st.Page("learn.py", title="Learn", icon=":material/school:"),
    ],
    "Look": [
        st.Page("map.py", title="Map", icon=":material/scatter_plot:"),
        st.Page("clusters.py", title="Clusters", icon=":material/workspaces:"),
        st.Page("explain.py", title="Explain", icon=":material/visibility:"),
        st.Page("views.py", title="Views", icon=":material/join_inner:"),
        st.Page("disentangle.py", title="Disentangle", icon=":material/tune:"),
    ],
    "Compare": [
        st.Page("confusion.py", title="Confusion", icon=":material/grid_on:"),
        st.Page("compare.py", title="Compare", icon=":material/compare_arrows:"),
        st.Page("sensitivity.py", title="Sensitivity", icon=":material/ssid_chart:"),
    ],
}
"""What looks at a run, and what compares, under a heading each: twelve links do not fit side by side at 1024 px."""

page = st.navigation(
    PAGES,
    position="top" if login.is_known() else "hidden",
)
with frame.messages():
    if login.is_known():  # no conditional expression: Streamlit writes the value of one on the page
        if page.url_path:
            server.wait_for_pages()
        hidden.bar()
        with links.followed(page.url_path):
            page.run()
    else:
        login.sign_in_page()
server.warm_up()
