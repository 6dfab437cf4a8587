"""What a result is worth without labels, before anybody looks at its accuracy: a badge, a line, and the reasons."""

import streamlit as st

from mmclust.auto import account
from mmclust.auto.account import Account
from mmclust.runs.run import Run

LOOKS = {
    "nothing found": ("orange", ":material/search_off:"),
    "worse than a simple method": ("orange", ":material/trending_down:"),
    "as good as a simple method": ("blue", ":material/balance:"),
    "better than k-means": ("green", ":material/verified:"),
    "better than simple methods": ("green", ":material/verified:"),
    "views disagree": ("orange", ":material/call_split:"),
    "too small": ("orange", ":material/compress:"),
    "collapsed": ("red", ":material/radio_button_checked:"),
}
"""Colour and icon of a badge."""
HELP = "Judged without labels, from the samples and the clusters alone."


def badge(about: Account | None) -> str:
    """Markdown of the badge of a verdict, and of a start that was kept; empty where nothing is known."""
    if about is None or about.verdict is None:
        return ""
    color, icon = LOOKS[about.verdict.word]
    kept = " :violet-badge[:material/start: start kept]" if about.kept == "start" else ""
    return f":{color}-badge[{icon} {about.headline}]{kept}"


def line(run: Run, *, expanded: bool = False) -> None:
    """The verdict on a run in one line that opens to its reasons; nothing where there is none."""
    about = account.read(run.folder)
    if about is None or about.verdict is None:
        return
    with st.expander(f"{badge(about)} {about.sentence}", expanded=expanded, key=f"mm-verdict-{run.id}"):
        st.markdown("\n".join(f"- {_plain(reason)}" for reason in about.reasons))
        st.caption(HELP)


def _plain(text: str) -> str:
    """Text of names that users chose, as Markdown that shows it as it is."""
    return "".join(f"\\{letter}" if letter in r"\`*_{}[]<>#$|~:" else letter for letter in text)
