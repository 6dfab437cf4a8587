"""What is selected: one choice of samples, shared by all pages and kept in the URL.

The parameter `sel` says it in the shortest way there is: `cluster:4` (as pages count, from 1), `class:2`, `cell:2-4`
(class 2 in cluster 4), else `ids:...` with the packed ids of the samples, else `file:...`, the name of a file of them.
A rule speaks of the shown run and epoch; ids stay the same samples in every epoch and every run of the data set.

Shapes: n samples of the clustering, m of them selected.
"""

import base64
import hashlib
import os
import re
import zlib
from dataclasses import dataclass

import numpy as np
import streamlit as st

from mmclust import settings
from mmclust.clustering import Clustering
from mmclust.ui.components import selected_samples
from mmclust.ui.shell import cache, state

PARAMETER = "sel"
"""Name in the URL, and of the session's key."""
LONGEST = 1200
"""Characters of packed ids that an address may hold; longer ones go to a file."""
MOST_IDS = 2_000_000
KEPT_FILES = 200
PAGES = {
    "map.py": ("On the map", ":material/scatter_plot:", "Where these samples lie among the others"),
    "explain.py": ("Explain", ":material/visibility:", "What the network looked at in these samples"),
}
"""Pages that `bar` leads to: label, icon and help."""


@dataclass(frozen=True, eq=False)
class Selection:
    """Some samples of a view."""

    rows: np.ndarray
    """(m,) places in the clustering's arrays, ascending."""
    title: str
    """What they are, e.g. "Cluster 4 · seven"."""


@dataclass(frozen=True)
class _Chosen:
    """What a session has selected, and where."""

    text: str
    run_id: str
    data: tuple[str, int | None]


def current(clustering: Clustering) -> Selection | None:
    """What is selected, for the run and epoch of a view; None while nothing is, or where it means nothing here.

    What stands in the URL comes first, else what was selected earlier in this session, which is put into the URL.
    """
    chosen: _Chosen | None = st.session_state.get(PARAMETER)
    here = _Chosen(st.query_params.get(PARAMETER) or "", clustering.record.run_id, _data(clustering))
    if here.text and (chosen is None or chosen.text != here.text):
        chosen = here
    if chosen is not None and chosen.run_id != here.run_id:
        carries = chosen.data == here.data and not chosen.text.startswith(("cluster:", "cell:"))
        chosen = _Chosen(chosen.text, here.run_id, here.data) if carries else None
    found = None if chosen is None else _resolved(clustering, chosen)
    if chosen is None or found is None:
        if here.text and chosen is not None:
            st.toast("What the link selects is not known here: nothing is selected.", icon=":material/info:")
        clear()
        return None
    _remember(chosen)
    return found


def select(clustering: Clustering, rows: np.ndarray, title: str) -> None:
    """Select samples on all pages; no samples clear the selection.

    Args:
        clustering: the run at an epoch.
        rows: (m,) places in the clustering's arrays, in any order.
        title: what they are; samples that are just one cluster, class or cell are called by its name instead.
    """
    rows = np.unique(np.asarray(rows, dtype=np.intp))
    if not len(rows):
        clear()
        return
    _remember(_Chosen(encode(clustering, rows, title), clustering.record.run_id, _data(clustering)))


def clear() -> None:
    """Select nothing."""
    st.session_state.pop(PARAMETER, None)
    st.query_params.pop(PARAMETER, None)


def link(
    clustering: Clustering,
    page: str,
    rows: np.ndarray,
    title: str,
    *,
    key: str,
    label: str = "",
    icon: str | None = None,
    help: str = "",
    disabled: bool = False,
) -> None:
    """A button that opens another page with samples selected.

    Args:
        clustering: the run at an epoch.
        page: file of the page, e.g. "map.py".
        rows: (m,) places in the clustering's arrays.
        title: what they are.
        key: of the button.
        label: of the button; by default the page's.
        icon: of the button; by default the page's.
        help: what it does; by default the page's.
        disabled: whether it only stands there.
    """
    text, picture, about = PAGES.get(page, (page.removesuffix(".py").capitalize(), None, "Open the page with these"))
    disabled = disabled or not len(rows)
    if st.button(label or text, icon=icon or picture, help=help or about, key=key, disabled=disabled):
        select(clustering, rows, title)
        st.switch_page(page, query_params=address(clustering))


def address(clustering: Clustering) -> dict[str, str]:
    """Query parameters that lead another page to the same run, epoch and selection."""
    found = {state.RUN: clustering.record.run_id}
    if (epoch := state.epoch()) is not None:
        found[state.EPOCH] = str(epoch)
    if chosen := st.session_state.get(PARAMETER):
        found[PARAMETER] = chosen.text
    return found


def bar(clustering: Clustering, *, page: str = "") -> Selection | None:
    """The strip that says what is selected and what can be done with it; nothing while nothing is selected.

    Args:
        clustering: the run at an epoch.
        page: file of the page it stands on, which needs no link to itself.

    Returns:
        What is selected.
    """
    found = current(clustering)
    if found is None:
        return None
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="mm-selection"):
        word = clustering.word if len(found.rows) == 1 else f"{clustering.word}s"
        st.markdown(f"**{plain(found.title)}** :gray[{len(found.rows):,} {word}]", width="content")
        actions(clustering, found, page=page)
    return found


def actions(clustering: Clustering, found: Selection, *, page: str = "", images: bool = True) -> None:
    """Buttons of what can be done with a selection.

    Args:
        clustering: the run at an epoch.
        found: what is selected.
        page: file of the page they stand on.
        images: whether to offer the samples in a window of their own.
    """
    for file, (label, icon, about) in PAGES.items():
        if file != page and st.button(label, icon=icon, help=about, key=f"selection-{file}", type="tertiary"):
            st.switch_page(file, query_params=address(clustering))
    if images and st.button(
        f"As {clustering.word}s",
        icon=":material/grid_view:",
        help="See the samples themselves",
        key="selection-images",
        type="tertiary",
    ):
        _window(clustering, found)
    st.download_button(
        "CSV",
        lambda: selected_samples.table(clustering, found.rows),
        f"{_file_name(found.title)}.csv",
        "text/csv",
        type="tertiary",
        key="selection-csv",
        on_click="ignore",
        icon=":material/download:",
        help="Ids, clusters and classes as a table",
    )
    st.button(
        "Clear", icon=":material/close:", help="Select nothing", key="selection-clear", on_click=clear, type="tertiary"
    )


@st.dialog("Selected samples", width="large")
def _window(clustering: Clustering, found: Selection) -> None:
    st.markdown(f"**{plain(found.title)}** :gray[{len(found.rows):,} of {len(clustering.ids):,}]")
    selected_samples.images(clustering, found.rows, px=56)


def plain(text: str) -> str:
    """A text as Markdown that shows it letter by letter."""
    return re.sub(r"([\\`*_{}\[\]<>#:$~|])", r"\\\1", text)


def _file_name(title: str) -> str:
    return re.sub(r"[^\w]+", "-", title).strip("-").lower() or "selection"


# ---------------------------------------------------------------------------------------------- what stands in the URL


def encode(clustering: Clustering, rows: np.ndarray, title: str) -> str:
    """Samples as the text of the URL's parameter.

    Args:
        clustering: the run at an epoch.
        rows: (m,) places in the clustering's arrays, ascending.
        title: kept with them where they are no whole cluster, class or cell.
    """
    if rule := _rule(_whole(clustering), rows):
        return rule
    packed, name = _pack(clustering.ids[rows]), title[:80]
    if len(packed) * 4 / 3 > LONGEST and (digest := _keep(packed)):
        return f"file:{digest}:{name}"
    return f"ids:{base64.urlsafe_b64encode(packed).decode().rstrip('=')}:{name}"


def decode(clustering: Clustering, text: str) -> Selection | None:
    """What the text of the URL's parameter selects of a view; None where it says nothing of it."""
    if found := re.fullmatch(r"(cluster|class|cell):(\d{1,6})(?:-(\d{1,6}))?", text):
        return _by_rule(clustering, found[1], int(found[2]), None if found[3] is None else int(found[3]))
    kind, _, rest = text.partition(":")
    payload, _, name = rest.partition(":")
    packed = _read(payload) if kind == "file" else _from_base64(payload) if kind == "ids" else None
    ids = None if packed is None else _unpack(packed)
    if ids is None:
        return None
    rows = np.flatnonzero(np.isin(clustering.ids, ids))
    return Selection(rows, name[:80] or "Selection") if len(rows) else None


def _rule(clustering: Clustering, rows: np.ndarray) -> str:
    """The rule that just these samples follow; one sample alone is itself."""
    if len(rows) < 2:
        return ""
    cluster, first = clustering.y_pred[rows[0]], rows[0]
    whole = bool((clustering.y_pred[rows] == cluster).all())
    if whole and len(rows) == clustering.sizes[cluster]:
        return f"cluster:{cluster + 1}"
    if (
        clustering.y_true is None
        or clustering.counts is None
        or not (clustering.y_true[rows] == clustering.y_true[first]).all()
    ):
        return ""
    label = clustering.y_true[first]
    if len(rows) == clustering.counts[label].sum():
        return f"class:{label}"
    return f"cell:{label}-{cluster + 1}" if whole and len(rows) == clustering.counts[label, cluster] else ""


def _by_rule(clustering: Clustering, kind: str, number: int, cluster: int | None) -> Selection | None:
    whole = _whole(clustering)
    cluster = number if kind == "cluster" else cluster
    if (kind == "class") != (cluster is None) or (cluster is not None and not 1 <= cluster <= len(whole.sizes)):
        return None
    if kind == "cluster":
        return Selection(np.flatnonzero(whole.y_pred == number - 1), f"Cluster {whole.cluster_name(number - 1)}")
    if whole.y_true is None or whole.counts is None or number >= len(whole.counts):
        return None
    inside, title = whole.y_true == number, f"Class {clustering.class_name(number)}"
    if cluster is not None:
        inside = inside & (whole.y_pred == cluster - 1)
        title += f" in cluster {whole.cluster_name(cluster - 1)}"
    return Selection(np.flatnonzero(inside), title)


def _whole(clustering: Clustering) -> Clustering:
    """The run's own assignment at the epoch, which rules speak of: a page may show that of one view alone."""
    for epoch, path in clustering.run.snapshots():
        if epoch == clustering.epoch:
            return cache.clustering(clustering.record, epoch, path)
    return clustering


def _pack(ids: np.ndarray) -> bytes:
    """Distances between ascending ids, byte by byte, compressed."""
    steps = np.diff(np.sort(ids).astype("<u4"), prepend=np.uint32(0)).astype("<u4")
    return zlib.compress(steps.view(np.uint8).reshape(-1, 4).T.tobytes(), 9)


def _unpack(packed: bytes) -> np.ndarray | None:
    """The ids; None where the bytes hold none, or more than any data set has."""
    unzip = zlib.decompressobj()
    try:
        flat = np.frombuffer(unzip.decompress(packed, 4 * MOST_IDS), np.uint8)
    except zlib.error:
        return None
    if not unzip.eof or not len(flat) or len(flat) % 4:
        return None
    return np.cumsum(flat.reshape(4, -1).T.copy().view("<u4").ravel(), dtype=np.int64)


def _from_base64(text: str) -> bytes | None:
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except ValueError:
        return None


def _keep(packed: bytes) -> str:
    """Write ids to a file by their content, and give its name; nothing where that cannot be done."""
    digest = hashlib.blake2b(packed, digest_size=12).hexdigest()
    folder = settings.home() / "cache" / "selections"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        temporary = folder / f"{digest}.{os.getpid()}.tmp"
        temporary.write_bytes(packed)
        temporary.replace(folder / digest)
        oldest = sorted(folder.iterdir(), key=lambda path: path.stat().st_mtime)
        for path in oldest[: max(0, len(oldest) - KEPT_FILES)]:
            path.unlink(missing_ok=True)
    except OSError:
        return ""
    return digest


def _read(digest: str) -> bytes | None:
    if not re.fullmatch(r"[0-9a-f]{24}", digest):
        return None
    path = settings.home() / "cache" / "selections" / digest
    try:
        return path.read_bytes()
    except OSError:
        return None


def _data(clustering: Clustering) -> tuple[str, int | None]:
    """What ids are ids of."""
    return clustering.record.spec.dataset, clustering.record.spec.limit


def _remember(chosen: _Chosen) -> None:
    st.session_state[PARAMETER] = chosen
    if st.query_params.get(PARAMETER) != chosen.text:
        st.query_params[PARAMETER] = chosen.text


def _resolved(clustering: Clustering, chosen: _Chosen) -> Selection | None:
    """`decode`, done once for a view as long as the same is selected."""
    key = (clustering.record.run_id, clustering.epoch, clustering.version, clustering.record.cluster_names, chosen.text)
    known = st.session_state.get("selection-resolved")
    if known is None or known[0] != key:
        known = st.session_state["selection-resolved"] = (key, decode(clustering, chosen.text))
    return known[1]
