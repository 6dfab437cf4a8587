"""What was understood of the file that data come from: the sentence, what was left out, what was asked."""

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from mmclust.escaping import markdown

SHOWN = 8
"""So many things that were left out stand in the list; the others are counted."""


def left_out(parts: Sequence[str]) -> None:
    """What is in no view and why; nothing where that is nothing."""
    if not parts:
        return
    more = [f"and {len(parts) - SHOWN:,} more"] if len(parts) > SHOWN else []
    lines = [markdown(part) for part in parts[:SHOWN]] + more
    text = lines[0] if len(lines) == 1 else "\n" + "\n".join(f"- {line}" for line in lines)
    st.warning(f"Left out: {text}", icon=":material/content_cut:")


def panel(found: Mapping[str, Any]) -> None:
    """All that was kept of a reading, as a run or a data set of one's own has it."""
    st.markdown(markdown(str(found["understood"])))
    for question in found["questions"]:
        state = ":orange-badge[open]" if question["open"] else ":green-badge[answered]"
        st.markdown(f"{state} {markdown(question['text'])} Taken as: **{markdown(question['answer'])}**")
    for sentence in found["advice"]:
        st.caption(markdown(sentence))
