"""The line that finds pictures by words, where the network that described them reads words too."""

import numpy as np
import streamlit as st

from mmclust.clustering import Clustering
from mmclust.columns import of_run
from mmclust.escaping import markdown
from mmclust.features import phrases
from mmclust.ui.components import selection
from mmclust.ui.shell import jobs

PARAMETER = "words"
"""Name in the URL, and of the session's key."""
FEWEST, SHARE = 20, 0.01
"""So many of the nearest samples are lit, or such a share of all if that is more."""
_LIT = "words-lit"
"""Session key of what was lit last: the phrase, and where."""


def draw(clustering: Clustering) -> None:
    """Draw the line; nothing where no such network described the data."""
    if clustering.dataset is None or clustering.dataset.word_space is None:
        return
    st.text_input(
        "Find by words",
        key=PARAMETER,
        bind="query-params",
        max_chars=phrases.LONGEST,
        width=280,
        placeholder="a red car at night",
        help="Selects the samples nearest to a phrase, and adds the column similarity. Described by "
        f"{markdown(clustering.dataset.word_space.extractor)}.",
    )


def find(clustering: Clustering) -> None:
    """Light what is nearest to the phrase in the line, as soon as it is known."""
    data, phrase = clustering.dataset, " ".join(str(st.session_state.get(PARAMETER) or "").split())
    if data is None or data.word_space is None or not phrase:
        st.session_state.pop(_LIT, None)
        return
    label = f"Looking for “{phrase}”"
    near: np.ndarray | None = jobs.result(
        (PARAMETER, data.spec.name, len(data.word_space.codes), data.word_space.extractor, phrase),
        lambda report: phrases.similarities(data, phrase),
        label=label,
        height=64,
        border=False,
    )
    here = (phrase, clustering.record.run_id)
    if near is None:
        return
    near = near[clustering.ids]
    of_run.keep_phrase(clustering, phrase, near)
    if st.session_state.get(_LIT) == here:
        return
    most = min(len(near), max(FEWEST, round(SHARE * len(near))))
    selection.select(clustering, np.argsort(-near, kind="stable")[:most], f"Nearest to “{phrase}”")
    st.session_state[_LIT] = here
    st.rerun()  # maps and samples above show what is lit
