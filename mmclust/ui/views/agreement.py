"""The Views page: how the assignments of the views go together, in figures, as a table, and in samples."""

from collections.abc import Callable
from typing import Any

import numpy as np
import streamlit as st

from mmclust.analysis import agreement
from mmclust.clustering import Clustering
from mmclust.escaping import markdown
from mmclust.evaluation.metric_names import MAIN
from mmclust.plots.confusion import confusion_figure
from mmclust.ui.components import markup, picker, pictures
from mmclust.ui.shell import state
from mmclust.ui.views import chart_selection

LARGEST = 6
SHOWN = 48
"""Pictures of samples of a cell."""
MANY = 12
"""Signs that are written out."""


def clusters(clustering: Clustering, source: int | None) -> np.ndarray:
    """(n,) clusters of an assignment."""
    return clustering.y_pred if source is None else clustering.snapshot.view_logits[source].argmax(axis=1)


def table(clustering: Clustering) -> str:
    """HTML table of the assignments: agreement with the classes and with the fused assignment."""
    return clustering.derive("agreement table", lambda: _table(clustering))


def _table(clustering: Clustering) -> str:
    heads = ["assignment", *(["ACC", "NMI", "ARI"] if clustering.y_true is not None else []), "as fused", "confidence"]
    rows = []
    for source in picker.sources(clustering).values():
        of = clustering.of_view(source)
        cells = [f"{of.scores[name]:.1%}" for name in MAIN if name in of.scores]
        same = "" if source is None else f"{float((of.y_pred == clustering.y_pred).mean()):.1%}"
        cells += [same, f"{float(of.confidence.mean()):.0%}"]
        rows.append((picker.source_name(clustering, source), cells))
    return markup.table(heads, rows)


def draw_agreement(clustering: Clustering) -> None:
    """The table of two assignments, what it says in words, and the samples of a cell."""
    with st.container(key="mm-agreement"):
        left, right = st.columns([7, 5], gap="large")
    with left:
        with st.container(horizontal=True, gap="medium"):
            first = _choice(clustering, "Rows", "rows", "view 1")
            second = _choice(
                clustering, "Columns", "columns", "view 2" if "view 2" in picker.sources(clustering) else "fused"
            )
        counts = joint(clustering, first, second)
        names = [clustering.cluster_name(k) for k in range(len(clustering.sizes))]
        a, b = picker.source_name(clustering, first), picker.source_name(clustering, second)
        figure = clustering.derive(
            ("joint figure", first, second, tuple(names)),
            lambda: confusion_figure(
                counts,
                names,
                names,
                order=np.arange(len(names)),
                axes=(f"cluster in {a}", f"cluster in {b}"),
                height=min(760, max(380, 44 * len(names) + 60)),
            ),
        )
        chart = st.plotly_chart(
            figure,
            key=f"joint-{clustering.record.run_id}-{clustering.epoch}-{first}-{second}",
            on_select="rerun",
            selection_mode="points",
            config={"displayModeBar": False},
            alt=f"Table of the clusters of {a} against those of {b}, {len(names)} each",
        )
    with right:
        st.html(table(clustering))
        _diagnosis(clustering, counts, a, b, names)
        _cells(clustering, counts, (first, second), chart.selection.points)


def joint(clustering: Clustering, left: int | None, right: int | None) -> np.ndarray:
    """(K, K) samples by their clusters in two assignments."""
    return clustering.derive(
        ("joint", left, right),
        lambda: agreement.joint_table(clusters(clustering, left), clusters(clustering, right), len(clustering.sizes)),
    )


def _choice(clustering: Clustering, label: str, name: str, first: str) -> int | None:
    """One of the two assignments to compare."""
    known = picker.sources(clustering)
    st.selectbox(
        label,
        list(known),
        key=state.linked(name, list(known), first),
        width=220,
        format_func=lambda source: picker.source_name(clustering, known[source]),
        help="The assignment to show: fused over all views, or of a single view.",
    )
    return known[state.link(name, first)]


def _diagnosis(clustering: Clustering, counts: np.ndarray, left: str, right: str, names: list[str]) -> None:
    if left == right:
        st.caption("Choose two different assignments to compare.")
        return
    signs = agreement.diagnose(counts)
    left, right, names = markdown(left), markdown(right), [markdown(name) for name in names]
    st.markdown(agreement.verdict(counts, signs, left, right))
    if signs:
        lines = [f"- {agreement.words(sign, left, right, names)}" for sign in signs[:MANY]]
        if len(signs) > MANY:
            lines.append(f"- and {len(signs) - MANY} more")
        st.markdown("\n".join(lines))


def _cells(
    clustering: Clustering, counts: np.ndarray, pair: tuple[int | None, int | None], points: list[dict[str, Any]]
) -> None:
    """The largest cells off the diagonal, and the samples of the chosen one."""
    off = counts - np.diag(np.diag(counts))
    order = np.argsort(-off, axis=None, kind="stable")[:LARGEST]
    largest = [divmod(int(i), len(counts)) for i in order if off.flat[i]]
    keys = ("joint-row", "joint-column")
    clicked = next((found for point in points if (found := chart_selection.values(point))), None)
    if clicked is not None and clicked != st.session_state.get("joint-clicked"):
        _go(int(clicked[0]), int(clicked[1]))
    st.session_state["joint-clicked"] = clicked
    for key, value in zip(keys, largest[0] if largest else (0, 0), strict=True):
        if st.session_state.get(key, len(counts)) >= len(counts):
            st.session_state[key] = value
    if largest:
        st.markdown("**Largest differences** :gray[(row / column: samples)]")
        with st.container(horizontal=True, gap="xsmall"):
            for row, column in largest:
                text = (
                    f"{clustering.cluster_meaning(row)} / {clustering.cluster_meaning(column)}: {counts[row, column]:,}"
                )
                st.button(markdown(text), key=f"joint-{row}-{column}", on_click=_go, args=(row, column))
    left, right = st.columns(2)
    clusters_of = range(len(counts))
    row = left.selectbox("Cluster in rows", clusters_of, key=keys[0], format_func=clustering.cluster_name)
    column = right.selectbox("Cluster in columns", clusters_of, key=keys[1], format_func=clustering.cluster_name)
    member = (clusters(clustering, pair[0]) == row) & (clusters(clustering, pair[1]) == column)
    positions = np.flatnonzero(member)
    if not len(positions):
        st.caption("No samples in this cell.")
        return
    st.markdown(f"**{len(positions):,} samples** in this cell.")
    shown = positions[np.argsort(-clustering.confidence[positions], kind="stable")][
        : SHOWN // len(clustering.data.views)
    ]
    with st.container(height=230, border=False):
        st.html(pictures.samples(clustering, shown, px=44, captions=clustering.y_true is not None))


def _go(row: int, column: int) -> None:
    st.session_state["joint-row"], st.session_state["joint-column"] = row, column


def disagreements(clustering: Clustering) -> None:
    """Samples whose views are sure of different clusters."""
    found = clustering.derive("disagreements", lambda: _certain(clustering))
    if not len(found):
        st.success("All views agree on every sample.", icon=":material/check_circle:")
        return
    st.markdown(
        f"**{len(found):,} of {len(clustering.ids):,} samples** have views that disagree "
        f":gray[({len(found) / len(clustering.ids):.1%}; those with confident views first)]",
        help="The line and the text under each picture give the cluster assigned by this view alone.",
    )
    per_page = max(6, 60 // len(clustering.data.views))
    page = 1
    if len(found) > per_page:
        page = st.pagination(-(-min(len(found), 20 * per_page) // per_page), key="disagree-page") or 1
    shown = found[(page - 1) * per_page : page * per_page]
    st.html(pictures.samples(clustering, shown, px=64, captions=_captions(clustering, shown)))


def _certain(clustering: Clustering) -> np.ndarray:
    every: Callable[[int], np.ndarray] = lambda number: clustering.of_view(number).log_probs  # noqa: E731
    return agreement.certain_disagreements([every(number) for number in range(len(clustering.snapshot.view_logits))])


def _captions(clustering: Clustering, positions: np.ndarray) -> list[str]:
    """What each view says of a sample, and its class where that is known."""
    named = [clusters(clustering, number)[positions] for number in range(len(clustering.snapshot.view_logits))]
    texts = [
        " / ".join(clustering.cluster_meaning(int(k)) for k in of_sample) for of_sample in zip(*named, strict=True)
    ]
    if clustering.y_true is None:
        return texts
    classes = [clustering.class_name(int(label)) for label in clustering.y_true[positions]]
    return [f"{text} (is {name})" for text, name in zip(texts, classes, strict=True)]
