"""What a user may change of a data set of their own: title, description, licence, citation; or delete it."""

import streamlit as st

from mmclust.data import uploads
from mmclust.data.entry import Entry
from mmclust.escaping import markdown
from mmclust.ui.data import dataset_list
from mmclust.ui.data.add_data import LICENCES
from mmclust.ui.shell import frame, login


def edit(entry: Entry) -> None:
    """The form of what is said of a data set, and the button that deletes it."""
    known = uploads.about(entry.name)
    with st.form(f"edit-{entry.name}", border=True):
        left, right = st.columns(2)
        with left:
            title = st.text_input("Title", known.title, max_chars=80, help="Name shown in lists.")
            options = list(dict.fromkeys((known.licence or LICENCES[0], *LICENCES)))
            licence = st.selectbox(
                "Licence", options, accept_new_options=True, help="Select a licence or type another."
            )
        with right:
            source = st.text_input("Source", known.source, help="Where the data comes from.")
            citation = st.text_input("Citation", known.citation, help="Paper or page to cite.")
        about = st.text_area(
            "Description", known.about, height="content", help="What a sample is, in one or two sentences."
        )
        if st.form_submit_button("Save", type="primary", icon=":material/save:", help="Save the changes."):
            with frame.messages():
                said = uploads.About(title=title, about=about, source=source, licence=licence or "", citation=citation)
                uploads.describe(entry.name, said)
                st.session_state.pop(dataset_list.KEY, None)  # the list is drawn anew, under the new title
                st.rerun()
    n_runs = sum(record.spec.dataset == entry.name for record in login.runs())
    if st.button("Delete this data set", icon=":material/delete:", help="Permanently delete it from this machine."):
        _delete(entry, n_runs)


@st.dialog("Delete this data set?", icon=":material/delete:")
def _delete(entry: Entry, n_runs: int) -> None:
    runs = {0: "No run uses it.", 1: "One run uses it. Its metrics are kept, but its samples can no longer be shown."}
    many = f"{n_runs} runs use it. Their metrics are kept, but their samples can no longer be shown."
    st.markdown(f"**{markdown(entry.title)}**, {entry.n_samples:,} samples. {runs.get(n_runs, many)}")
    if st.button("Delete", type="primary", key="delete-for-good", help="This cannot be undone."):
        with frame.messages():
            uploads.delete(entry.name)
        st.rerun()
