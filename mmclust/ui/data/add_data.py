"""Adding data of one's own: files arrive in a draft, the page says what it understood, the user keeps it or not."""

from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st

from mmclust import fitting, settings
from mmclust.data import drafts, readers, uploads
from mmclust.data.dataset import MultiViewDataset
from mmclust.data.readers import archives
from mmclust.data.readers.reading import Reading, document, understood
from mmclust.escaping import markdown
from mmclust.plots.palette import cluster_colors
from mmclust.ui.components import descriptions, sample_cards
from mmclust.ui.components.results import understanding
from mmclust.ui.data import questions, samples, statistics
from mmclust.ui.shell import frame, jobs, login

DRAFT, ARRIVED, ROUND = "add:draft", "add:arrived", "add:round"
"""Session keys: path of the draft, ids of the files in it, how often the box of files was emptied."""
PREVIEWED = 24
LICENCES = ("not stated", "CC0", "CC BY 4.0", "CC BY-SA 4.0", "CC BY-NC 4.0", "MIT", "my own, all rights reserved")
TYPES = sorted({ending.rpartition(".")[2] for ending in (*readers.ENDINGS, *archives.PICTURES, ".txt")})
FORMS = """
| what you have | how to bring it |
|---|---|
| pictures | a `.zip` or `.tar.gz`, a folder per class or all together; or choose the pictures themselves |
| pictures and captions | the same, with `cat.txt` beside `cat.jpg`, or one table of picture names and captions |
| arrays | `.npz` or `.mat` with `X1`, `X2` ... and `Y`; or a `.npy` for each view |
| tables | `.csv`, `.tsv` or `.parquet`, one a view; a column `id` joins them, a column `label` scores the result |
"""


def panel() -> str | None:
    """Draw the panel; gives the name of the data set once it is kept."""
    st.markdown("## Add your own data")
    limit = settings.limit("UPLOAD_MIB")
    st.markdown("Upload one file, or several that belong together. Nothing is saved until you confirm the preview.")
    chosen = st.file_uploader(
        "Files",
        TYPES,
        accept_multiple_files=True,
        key=f"add:files:{st.session_state.get(ROUND, 0)}",
        max_upload_size=limit,
        help=f"Up to {limit:,} MiB in total. For larger data, use the MMCLUST_DATA folder or pass its path on the "
        "command line.",
    )
    if not chosen:
        _leave()
        st.markdown(FORMS)
        return None
    path = _draft(chosen)
    return _look(path) if path else None


def _draft(chosen: list[Any]) -> Path | None:
    """Where the chosen files lie; they are written once."""
    ids = tuple(file.file_id for file in chosen)
    if st.session_state.get(ARRIVED) != ids:
        _leave()
        st.session_state[ARRIVED] = ids
        drafts.sweep()
        try:
            path = drafts.receive([(file.name, file) for file in chosen], login.owner())
            st.session_state[DRAFT] = str(path)
        except ValueError as error:
            st.session_state[DRAFT] = ""
            st.session_state["add:refused"] = frame.sentence(error)
    if not st.session_state.get(DRAFT):
        st.warning(
            markdown(st.session_state.get("add:refused", "The files could not be read.")), icon=":material/info:"
        )
        return None
    return Path(st.session_state[DRAFT])


def _leave() -> None:
    """Forget the draft and what was answered about it."""
    if draft := st.session_state.pop(DRAFT, None):
        readers.forget(Path(draft), questions.answers())
        drafts.discard(Path(draft))
    st.session_state.pop(ARRIVED, None)
    questions.forget()


def _empty_box() -> None:
    """Take the files out of the box: a box under another key starts empty."""
    _leave()
    st.session_state[ROUND] = st.session_state.get(ROUND, 0) + 1


def _look(path: Path) -> str | None:
    given = questions.answers()
    read = jobs.result(
        ("read", str(path), tuple(sorted(given.items()))),
        lambda report: questions.timed(path, given, report),
        label=f"Reading {path.name if path.name != 'upload' else 'the files'}",
        height=300,
    )
    if read is None:
        st.button("Choose other files", on_click=_empty_box, help="Discard these files and start over.")
        return None
    data, reading, seconds = read
    if data is not None:
        st.success(f"Detected: {markdown(understood(data, reading.told))}", icon=":material/check_circle:")
    understanding.left_out([str(one) for one in reading.left_out])
    questions.draw(path, data, reading, seconds)
    if data is None:
        st.button("Choose other files", on_click=_empty_box, help="Discard these files and start over.")
        return None
    for sentence in [*reading.advice, *fitting.advice([view.shape for view in data.spec.views])]:
        st.info(sentence, icon=":material/info:")
    preview(data)
    return _keep(path, data, reading)


def preview(data: MultiViewDataset) -> None:
    """Some samples, the views, the sizes of the classes."""
    st.markdown("### Preview")
    chosen = np.random.default_rng(0).permutation(data.n_samples)[:PREVIEWED]
    names = [descriptions.class_name(data, int(i)) for i in chosen]
    captions = [descriptions.caption(data, int(i), 40) for i in chosen]
    labels = [c or n for c, n in zip(captions, names, strict=True)]
    colors = descriptions.class_colors(data, chosen)
    st.html(sample_cards.cards(data, chosen, height=56, labels=labels if any(labels) else None, colors=colors))
    st.html(statistics.views_table(data))
    if data.labels is not None:
        counts = np.bincount(data.labels[data.labels >= 0], minlength=data.spec.n_clusters)
        st.html(samples.class_bars(counts, data.spec.classes, cluster_colors(max(1, data.spec.n_clusters))))


def _keep(path: Path, data: MultiViewDataset, reading: Reading) -> str | None:
    st.markdown("### Save")
    if n_open := len(reading.open):
        several = n_open > 1
        st.caption(
            f"{n_open} question{'s are' if several else ' is'} open: the data set is saved with the "
            f"guess{'es' if several else ''} above, and every run says so."
        )
    stem = "" if path.name == "upload" else path.name.split(".")[0].replace("_", " ")
    with st.form("add-keep", border=True):
        left, right = st.columns(2)
        with left:
            title = st.text_input("Title", stem, max_chars=80, help="Name shown in lists.")
            licence = st.selectbox(
                "Licence",
                LICENCES,
                accept_new_options=True,
                help="Select a licence, or type the one stated by the owner.",
            )
        with right:
            source = st.text_input("Source", path.name if stem else "", help="Where the data comes from.")
            citation = st.text_input("Citation", help="Paper or page to cite.")
        about = st.text_area("Description", height="content", help="What a sample is, in one or two sentences.")
        kept = st.form_submit_button(
            "Save data set", type="primary", icon=":material/save:", help="Add it to your data sets."
        )
    st.button(
        "Discard", icon=":material/delete:", type="tertiary", on_click=_empty_box, help="Discard the uploaded files."
    )
    if not kept:
        return None
    try:
        name = uploads.keep(
            data,
            uploads.About(title=title, about=about, source=source, licence=licence or "", citation=citation),
            login.owner(),
            understood=document(data, reading),
        )
    except ValueError as error:
        st.warning(markdown(frame.sentence(error)), icon=":material/info:")
        return None
    _empty_box()
    return name
